"""The backtest's API and its file; its page: test_taste_backtest."""

from functools import partial
from typing import Any

import httpx2
import msgspec
import pytest

from brainarr.domain.backtest import FEWEST_HIDDEN, Backtest
from brainarr.service.backtest import work_backtest
from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.settings import read_settings
from brainarr.service.tasks import waiting_work
from brainarr.store.backtests import write_backtest
from brainarr.web.backtest_result import as_file
from brainarr.web.backtest_words import certainty, headline, span
from tests.service.given import HERE, MEASURED
from tests.web.conftest import House
from tests.web.markup import Tags


async def finished(house: House, api: httpx2.AsyncClient) -> dict[str, Any]:
    """What the API says when a worker has done what waits."""
    for work in await waiting_work(house.deps.db):
        assert (await api.get("/api/v1/backtest")).json()["running"]
        here = JobDeps(house.deps.db, house.deps.clock, HERE)
        await execute_job(here, work.id, lambda _: partial(work_backtest, house.deps.backtests))
    state = (await api.get("/api/v1/backtest")).json()
    assert not state["running"]
    return state


async def measured(house: House, made: Backtest = MEASURED) -> None:
    async with house.deps.db.transaction() as connection:
        await write_backtest(connection, made)


async def test_before_the_first_one_there_is_none(api: httpx2.AsyncClient):
    assert (await api.get("/api/v1/backtest")).json() == {
        "running": False,
        "progress": None,
        "error": None,
        "remedy": None,
        "backtest": None,
    }


async def test_one_is_started_in_the_background_and_then_there(house: House, api: httpx2.AsyncClient):
    started = await api.post("/api/v1/backtest", json={"hide": 20, "folds": 3})
    assert (started.status_code, started.json()) == (202, {"created": True})
    assert (await api.post("/api/v1/backtest")).json() == {"created": False}
    state = await finished(house, api)
    assert state["error"] is None
    found = state["backtest"]
    assert found["options"] == {"hide": 20, "folds": 3, "offline": False}
    assert found["systems"][0]["recall20"] == {"value": 0.1, "low": 0.0, "high": 0.3}
    slowdive = found["tested"][0]
    assert (slowdive["artist"], slowdive["place"], slowdive["days_before"]) == ("Slowdive", 7, 22)


@pytest.mark.parametrize("wanted", [{"hide": FEWEST_HIDDEN - 1}, {"folds": 0}, {"folds": 11}, {"cuts": 3}])
async def test_what_cannot_be_measured_is_refused(api: httpx2.AsyncClient, wanted: dict[str, int]):
    answer = await api.post("/api/v1/backtest", json=wanted)
    assert answer.status_code == 422
    assert not (await api.get("/api/v1/backtest")).json()["running"]


async def test_a_failure_is_told_with_what_to_do(house: House, api: httpx2.AsyncClient):
    await api.post("/api/v1/backtest", json={"offline": True})
    state = await finished(house, api)
    assert state["error"] == "The library has not been read yet."
    assert "lidarr.url" in state["remedy"]


async def test_suggested_weights_become_the_setting(house: House, api: httpx2.AsyncClient):
    assert (await api.post("/api/v1/backtest/apply")).status_code == 404
    await measured(house)
    applied = await api.post("/api/v1/backtest/apply")
    wanted = {"listenbrainz": 1.0, "deezer": 0.25}
    assert applied.json() == {"key": "recommend.source_weights", "weights": wanted}
    stored = await read_settings(house.deps.db, house.deps.secrets)
    assert stored["recommend.source_weights"] == wanted


def test_the_file_shows_hits_weights_and_what_it_rests_on():
    page = as_file(MEASURED, {"deezer": "Deezer"})
    assert "<h1>Of the 10 artists you added last, 1 would have been among" in page
    assert '<td>Slowdive</td><td class="number">7</td><td>3 weeks</td>' in page
    assert "2024-01-01 (30)" in page and "2 of 40 seeds failed" in page
    assert "Language models were not asked" in page and "brainarr backtest --apply" in page
    assert '<td>Deezer</td><td class="number">0.7</td><td class="number">0.25</td>' in page
    # It needs nothing beside it, and holds no form that could be sent from a file.
    assert not Tags(page).seen & {"script", "link", "img", "form"}


def test_whatever_an_artist_or_source_is_called_the_page_stays_a_page():
    hostile = '"><img src=x onerror=alert(1)><script>'
    made = msgspec.structs.replace(
        MEASURED,
        tested=tuple(msgspec.structs.replace(one, artist=hostile) for one in MEASURED.tested),
        asked=tuple(msgspec.structs.replace(one, source=hostile, detail=hostile) for one in MEASURED.asked),
        notes=(hostile,),
    )
    for one in (made, msgspec.structs.replace(made, trouble=hostile, remedy=hostile)):
        tags = Tags(as_file(one, {"deezer": hostile}))
        assert tags.open == [] and not tags.seen & {"script", "img"}
        assert not {name for name in tags.attributes if name == "style" or name.startswith("on")}


def test_what_could_not_be_measured_has_a_reason_and_no_figures():
    made = msgspec.structs.replace(
        MEASURED, systems=(), tested=(), cuts=(), trouble="The library is empty.", remedy="Come back."
    )
    page = as_file(made, {})
    assert "The library is empty. Come back." in page
    assert "<svg" not in page and "Recall" not in page


def test_a_small_lead_is_not_called_one():
    assert "not clearly different from naming the most popular artists (0%)" in certainty(MEASURED)
    assert MEASURED.lead is not None
    ahead = msgspec.structs.replace(MEASURED, lead=msgspec.structs.replace(MEASURED.lead, low=0.01))
    assert "clearly more than" in certainty(ahead)
    behind = msgspec.structs.replace(MEASURED, lead=msgspec.structs.replace(MEASURED.lead, high=-0.01))
    assert "clearly less than" in certainty(behind)


def test_finding_none_is_said_in_words():
    lost = tuple(msgspec.structs.replace(one, place=None) for one in MEASURED.tested)
    assert ", none would have been" in headline(msgspec.structs.replace(MEASURED, tested=lost))


@pytest.mark.parametrize(
    ("days", "said"), [(1, "1 day"), (13, "13 days"), (21, "3 weeks"), (61, "2 months"), (800, "2 years")]
)
def test_days_are_told_as_a_person_would(days: int, said: str):
    assert span(days) == said
