"""The composition root: which layer wins, and that what is configured has its effect in a run."""

from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
import stamina

from brainarr.domain.recommendation import Outcome
from brainarr.errors import ConfigurationError, Conflict
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.estimate import estimate_run
from brainarr.service.execution import execute_run
from brainarr.service.runs import RunDetail, request_run
from brainarr.service.settings import write_settings
from brainarr.wiring.build import House, open_house, utc_now
from brainarr.wiring.sandboxed import Sandboxed, open_sandboxed

pytestmark = pytest.mark.loopback

QUICK = {"BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": "3"}


async def run_in(place: Sandboxed) -> RunDetail:
    house = place.house
    asked = await request_run(house.db, "default", trigger="cli", clock=house.clock)
    return await execute_run(house.runs, asked.id)


async def write(house: House, **changes: object) -> None:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    await write_settings(house.db, house.installation.secrets, dotted, clock=utc_now)


async def test_the_database_is_a_layer_below_file_and_environment(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("recommend: {target: artists}")
    async with open_house(tmp_path, {}) as house:
        await write(house, recommend__target="mixed", recommend__discovery="similar", server__port=7)
    async with open_house(tmp_path, {"BRAINARR__SERVER__PORT": "9"}) as house:
        settings = house.settings
        assert (settings.recommend.target, settings.recommend.discovery) == ("artists", "similar")
        assert settings.server.port == 9
        locked = [
            key
            for key in ("recommend.target", "recommend.discovery", "server.port")
            if house.loaded.locked(key)
        ]
        assert locked == ["recommend.target", "server.port"]


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


async def test_in_a_folder_open_to_all_the_database_is_for_its_owner_alone(open_folder: Path):
    async with open_house(open_folder, {}) as house:
        await write(house, recommend__target="mixed")
        modes = _modes_in(open_folder)
    assert set(modes.values()) == {0o600}, modes


def _modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.glob("brainarr.db*")}


async def test_a_setting_in_the_database_that_became_unusable_is_named(tmp_path: Path):
    async with open_house(tmp_path, {}) as house:
        await write(house, recommend__target="songs")
    with pytest.raises(ConfigurationError, match=r"recommend\.target: songs \(the database\)"):
        async with open_house(tmp_path, {}):
            pass


async def test_without_a_lidarr_the_house_stands_and_says_what_is_missing(tmp_path: Path):
    async with open_house(tmp_path, {"BRAINARR__LIDARR__URL": "http://127.0.0.1:9"}) as house:
        assert house.runs.libraries == {}
        with pytest.raises(ConfigurationError, match=r"lidarr\.api_key"):
            house.require_lidarr()


async def test_what_the_person_listened_to_enters_the_run(tmp_path: Path):
    world = starter_world()
    owned = demo_library(world)[:8]
    settings = QUICK | {"BRAINARR__LISTENBRAINZ__USER": "somebody"}
    scores = []
    for listens in ({}, {owned[0].artist: 50_000}):
        folder = tmp_path / str(len(scores))
        heard = {"somebody": listens}
        async with open_sandboxed(folder, world, owned, settings=settings, listens=heard) as place:
            detail = await run_in(place)
            assert detail.run.notes == ()
            scores.append([row.recommendation.score for row in detail.recommendations])
    assert scores[0] != scores[1]


async def test_listens_that_cannot_be_read_are_a_note_and_not_the_end(tmp_path: Path):
    world = starter_world()
    settings = QUICK | {"BRAINARR__LISTENBRAINZ__USER": "nobody-known"}
    async with open_sandboxed(tmp_path, world, demo_library(world)[:8], settings=settings) as place:
        detail = await run_in(place)
        assert detail.recommendations
        assert any("Listens were not counted" in note for note in detail.run.notes)


async def test_musicbrainz_proposes_too_unless_it_is_to_verify_only(tmp_path: Path):
    world = starter_world()
    owned = demo_library(world)[:8]
    for seeds in (10, 0):
        settings = QUICK | {"BRAINARR__MUSICBRAINZ__NEIGHBOUR_SEEDS": str(seeds)}
        async with open_sandboxed(tmp_path / str(seeds), world, owned, settings=settings) as place:
            detail = await run_in(place)
            reports = [report for report in detail.providers if report.name == "musicbrainz"]
            assert [report.outcome for report in reports] == ([Outcome.OK] if seeds else [])
            voices = {voice.source for row in detail.recommendations for voice in row.recommendation.voices}
            assert ("musicbrainz" in voices) is bool(seeds)


async def test_the_lists_of_earlier_runs_stand_in_for_a_service_that_is_away(tmp_path: Path):
    world = starter_world()
    owned = demo_library(world)[:8]
    settings = QUICK | {"BRAINARR__DEEZER__ENABLED": "false", "BRAINARR__MUSICBRAINZ__NEIGHBOUR_SEEDS": "0"}
    nowhere = {
        "BRAINARR__LISTENBRAINZ__BASE_URL": "http://127.0.0.1:1",
        "BRAINARR__LISTENBRAINZ__LABS_URL": "http://127.0.0.1:1",
    }
    async with open_sandboxed(tmp_path, world, owned, settings=settings) as place:
        assert (await run_in(place)).recommendations

    def later() -> datetime:
        return utc_now() + timedelta(days=18)

    away = settings | nowhere
    async with open_sandboxed(tmp_path, world, owned, settings=away, clock=later) as place:
        with stamina.set_testing(True, attempts=10, cap=True):  # no pauses between attempts
            detail = await run_in(place)
        report = next(report for report in detail.providers if report.name == "listenbrainz")
        assert report.outcome is Outcome.UNAVAILABLE
        assert "for 8 seeds, what it said in earlier runs was used" in report.detail
        assert report.candidates > 0
        assert detail.recommendations


async def test_the_monthly_budget_reaches_the_chain(tmp_path: Path):
    world = starter_world()
    settings = QUICK | {
        "BRAINARR__COSTS__MONTHLY_BUDGET": "0",
        "BRAINARR__PROVIDER_CHAIN": "[{name: cloud, kind: openai, api_key: sk-x, model: gpt-5-mini,"
        " base_url: 'https://api.openai.com/v1'}]",
    }
    async with open_sandboxed(tmp_path, world, demo_library(world)[:8], settings=settings) as place:
        detail = await run_in(place)
        report = next(report for report in detail.providers if report.name == "cloud")
        assert report.outcome is Outcome.OVER_BUDGET
        assert detail.recommendations
        assert any("The budget did not bear cloud" in note for note in detail.run.notes)


async def test_an_estimate_writes_the_prompts_of_a_run_and_asks_no_model(tmp_path: Path):
    world = starter_world()
    settings = QUICK | {
        "BRAINARR__COSTS__RUN_BUDGET": "0.001",
        "BRAINARR__PROVIDER_CHAIN": "[{name: cloud, kind: openai, api_key: sk-x, model: gpt-5-mini,"
        " base_url: 'https://api.openai.com/v1'}, {name: none, kind: builtin}]",
    }
    async with open_sandboxed(tmp_path, world, demo_library(world)[:8], settings=settings) as place:
        house = place.house
        limits = house.settings.costs.limits
        with pytest.raises(Conflict, match="has not been read yet"):
            await estimate_run(house.db, house.cache, house.estimate, clock=house.clock, limits=limits)
        detail = await run_in(place)
        estimate = await estimate_run(house.db, house.cache, house.estimate, clock=house.clock, limits=limits)
        cloud, builtin = estimate.calls
        assert (cloud.name, cloud.model, cloud.problem) == ("cloud", "gpt-5-mini", "")
        assert cloud.prompt_tokens > 100 and cloud.output_tokens > 100
        # gpt-5-mini: 0.25 and 2 dollars for a million tokens.
        dearest = ceil(cloud.prompt_tokens * 0.25 + cloud.output_tokens * 2)
        assert cloud.cost_microdollars == estimate.at_most == dearest
        assert [estimate.affordable(call) for call in estimate.calls] == [False, True]
        assert (builtin.cost_microdollars, estimate.spent_microdollars) == (0, 0)
        report = next(report for report in detail.providers if report.name == "cloud")
        assert report.outcome is Outcome.OVER_BUDGET
