"""The trained filter in a whole Brainarr: built from listens, named in the settings, heard in a run."""

from pathlib import Path

import pytest

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.doctor import Check, Finding, Health, examine
from brainarr.service.execution import execute_run
from brainarr.service.runs import RunDetail, request_run
from brainarr.similarity.build import build
from brainarr.similarity.exports import read_files
from brainarr.similarity.recipe import Recipe
from brainarr.wiring.checkup import open_checkup
from brainarr.wiring.sandboxed import open_sandboxed
from tests.conftest import NOW

pytestmark = pytest.mark.loopback

WORLD = starter_world()
LIBRARY = demo_library(WORLD)[:8]
TRAINED = {"BRAINARR__SIMILARITY__PATH": "filters/home"}
# The filter alone: whatever it names comes from nobody else.
ALONE = {
    "BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": "5",
    "BRAINARR__RECOMMEND__TARGET": "artists",
    "BRAINARR__LISTENBRAINZ__ENABLED": "false",
    "BRAINARR__DEEZER__ENABLED": "false",
    "BRAINARR__MUSICBRAINZ__NEIGHBOUR_SEEDS": "0",
}


def train(folder: Path) -> None:
    """Sixty people, each with an owned artist's circle in the sandbox's world: the nearest twelve."""
    lines = ["user\tname\tmbid\tplays"]
    for person in range(60):
        owned = LIBRARY[person % len(LIBRARY)].artist
        circle = (owned, *(near for near, _ in WORLD.neighbours[owned][:12]))
        for place, artist in enumerate(circle):
            if place == 0 or (place + person) % 3:
                lines.append(f"user{person}\t{WORLD.artists[artist].name}\t{artist}\t{100 - place}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plays.tsv").write_text("\n".join(lines))
    listening, _ = read_files([folder / "plays.tsv"])
    build(listening, Recipe(), folder / "filters" / "home", trained_at=NOW, engine="local")


async def run_in(folder: Path, **more: str) -> RunDetail:
    async with open_sandboxed(folder, WORLD, LIBRARY, settings=ALONE | TRAINED | more) as place:
        asked = await request_run(place.house.db, "default", trigger="cli", clock=place.house.clock)
        return await execute_run(place.house.runs, asked.id)


async def doctor(folder: Path) -> list[Finding]:
    async with open_checkup(folder, TRAINED, places=()) as checks:
        asked = [check for check in checks if isinstance(check, Check) and check.name == "similarity"]
        return list(await examine(asked))


def report_in(detail: RunDetail) -> ProviderReport:
    (report,) = (report for report in detail.providers if report.name == "similarity")
    return report


async def test_a_filter_of_ones_own_is_a_source_of_every_run(tmp_path: Path):
    train(tmp_path)
    detail = await run_in(tmp_path)
    report = report_in(detail)
    assert (report.outcome, report.kind) == (Outcome.OK, "similarity")
    assert report.candidates > 5
    assert len(detail.recommendations) == 5
    owned = {WORLD.artists[one.artist].name for one in LIBRARY}
    near: set[Mbid] = {found for one in LIBRARY for found, _ in WORLD.neighbours[one.artist]}
    for row in detail.recommendations:
        found = row.recommendation
        assert found.artist_mbid in near
        assert "similarity" in found.evidence.sources
        assert found.evidence.seeds
        assert set(found.evidence.seeds) <= owned
        assert any(seed in found.reason for seed in found.evidence.seeds)


async def test_a_run_goes_on_without_its_filter_and_says_how_to_build_one(tmp_path: Path):
    detail = await run_in(tmp_path, BRAINARR__DEEZER__ENABLED="true")
    assert detail.recommendations
    report = report_in(detail)
    assert report.outcome is Outcome.REJECTED
    assert "similarity.json: there is no filter here" in report.detail
    assert "brainarr similarity build" in report.detail


async def test_a_run_goes_on_with_a_damaged_filter_and_names_the_file(tmp_path: Path):
    train(tmp_path)
    rot(tmp_path)
    detail = await run_in(tmp_path, BRAINARR__DEEZER__ENABLED="true")
    assert detail.recommendations
    assert "names.npy: not what was written" in report_in(detail).detail
    assert "brainarr similarity build" in report_in(detail).detail


async def test_doctor_tells_a_whole_filter_from_a_damaged_and_a_missing_one(tmp_path: Path):
    train(tmp_path / "whole")
    train(tmp_path / "damaged")
    rot(tmp_path / "damaged")
    (whole,), (damaged,), (missing,) = [
        await doctor(tmp_path / name) for name in ("whole", "damaged", "missing")
    ]
    assert whole.health is Health.OK
    assert "from 60 people" in whole.detail
    for found in (damaged, missing):
        assert found.health is not Health.OK
        assert "brainarr similarity build" in f"{found.detail} {found.remedy}"


def rot(folder: Path) -> None:
    (names,) = folder.glob("filters/home/*/names.npy")
    content = names.read_bytes()
    names.write_bytes(content[:-9] + b"\xff" * 9)
