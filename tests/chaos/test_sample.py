"""A sample of what `make chaos` does in full: real servers, a few faults, every invariant."""

from random import Random
from typing import Any, cast

import pytest

from brainarr.domain.prompt import Usage
from brainarr.service.feeds import artists_feed
from brainarr.service.recommendations import Decision, decide
from brainarr.store.usage import StoredLedger
from tests.chaos import kills, wounds
from tests.chaos.book import APPROVE, REJECT, Book
from tests.chaos.brainarr import Brainarr
from tests.chaos.clock_jumps import clock_jumps
from tests.chaos.invariants import (
    Scene,
    kept_promises,
    nothing_twice,
    nothing_unwanted,
    sound_database,
    within_budget,
)
from tests.chaos.kills import kill_at_random
from tests.chaos.soak import Sample, judge, slope_of
from tests.chaos.table import Row, markdown
from tests.chaos.topology import SQLITE, Ground
from tests.chaos.world import World
from tests.conftest import Place
from tests.service.given import ran
from tests.store.given import installed, mbid, recommended

pytestmark = pytest.mark.loopback


async def test_killed_at_random_moments_it_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "LONGEST_WORK_S", 1.5)
    monkeypatch.setattr(kills, "CLEAN_WORK_S", 0.5)
    row = await kill_at_random(SQLITE, seed=7, times=1)
    assert (row.times, row.losses) == (1, [])


@pytest.mark.thorough
async def test_a_clock_that_jumps_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wounds, "PEACE_S", (0.1, 0.2))
    row = await clock_jumps(SQLITE, seed=2, times=1)
    assert (row.times, row.losses) == (1, [])


class Outside:
    """What Lidarr and the paid server know of two recommendations."""

    @staticmethod
    def state() -> dict[str, Any]:
        return {"artists": [mbid(1)], "albums": [], "billed": 700}


async def test_what_was_lost_is_seen(on_sqlite: Place) -> None:
    """Invariants are only worth something if a loss fails them: somebody meddles with the database."""
    book = Book()
    async with installed(*on_sqlite) as house:
        first, second = (await ran(house, [recommended(1), recommended(2)])).recommendations
        await StoredLedger(house.db, house.clock).record(Usage("model", "m", 1, 1, 0, 700, 1.0, "ok"))
        for row, decision in ((first, Decision.APPROVE), (second, Decision.REJECT)):
            await decide(house.db, row.id, decision, clock=house.clock)
            book.items[row.id] = ("artist", row.recommendation.artist_mbid)
            book.decide(row.id, decision, 1.0, 2.0)
        feed = await artists_feed(house.db, "default", clock=house.clock)
        book.carried(3.0, tuple(("artist", carried) for carried in feed.items))
    ground = Ground(SQLITE, on_sqlite.folder)
    scene = Scene(ground, cast(World, Outside()), Brainarr(ground, {}), book)
    checks = (kept_promises, nothing_unwanted, nothing_twice, within_budget, sound_database)
    assert [loss for check in checks for loss in check(scene)] == []
    ground.meddle("UPDATE recommendations SET status = 'pending'")
    ground.meddle("UPDATE usage SET cost_microdollars = 0")
    assert len([loss for loss in kept_promises(scene) if "was answered with success" in loss]) == 2
    assert any("the books know of 0" in loss for loss in within_budget(scene))
    scene.book.decisions.clear()
    losses = nothing_unwanted(scene)
    assert any("was delivered without an approval" in loss for loss in losses)
    assert any("nobody approved it" in loss for loss in losses)


def test_a_row_delivered_after_its_rejection_is_a_loss() -> None:
    book = Book()
    for number, verb in ((1, REJECT), (2, APPROVE)):
        book.items[number] = ("album", f"mbid-{number}")
        book.decide(number, verb, asked=1.0, promised=2.0)
    book.carried(1.5, (("album", "mbid-1"), ("album", "mbid-2")))
    assert book.delivered_after_rejection() == []
    book.carried(2.5, (("album", "mbid-1"), ("album", "mbid-2")))
    assert len(book.delivered_after_rejection()) == 1


def test_only_growth_is_called_growth() -> None:
    rng = Random(1)
    flat = [(minute / 10, 120 + rng.uniform(-1, 1)) for minute in range(60)]
    assert slope_of(flat).low < 0 < slope_of(flat).high
    growing = [Sample(minute / 10, 120 + 0.5 * minute, 5, 10, 2) for minute in range(60)]
    row = Row("soak", "sqlite", 1)
    judge(row, growing, growing[0], Sample(6, 150, 5, 30, 2))
    assert [loss.split(" ")[0] for loss in row.losses] == ["memory", "files"]


def test_the_table_names_the_seed_of_every_loss() -> None:
    row = Row("kill -9", "sqlite", 42, times=3)
    row.add(["recommendation 7 is gone"], "kill 2 (work)")
    assert "- kill -9, sqlite, seed 42: kill 2 (work): recommendation 7 is gone" in markdown([row])


def test_an_answer_of_500_is_a_loss_and_503_is_none() -> None:
    book = Book()
    book.answered("GET /ping", 503, "")
    book.answered("GET /ping", 500, "oh")
    book.synced(
        {
            "artists": 0,
            "albums": 0,
            "failures": [],
            "fetch_failures": ["list: All connection attempts failed"],
        }
    )
    book.synced(
        {
            "artists": 0,
            "albums": 0,
            "failures": ["UNIQUE constraint failed"],
            "fetch_failures": ["list: [401]"],
        }
    )
    assert len(book.wrong) == 3
