"""What is forgotten, when, and what never is; in slices that keep nobody waiting."""

import asyncio
import time
from datetime import datetime

import pytest
from sqlalchemy import func, insert, select

from brainarr.domain.learning import DEFAULT_WEIGHTS
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Status, Verdict
from brainarr.service.feeds import artists_feed
from brainarr.service.history import read_history, read_life
from brainarr.service.keeping import settle_recommendations
from brainarr.service.league import read_league
from brainarr.service.learning import read_taste, remember
from brainarr.service.recommendations import Decision, decide, decide_many, read_recommendation
from brainarr.service.retention import Forgotten, Retention, clean_up
from brainarr.service.runs import list_runs, read_run, request_run
from brainarr.store import tables
from brainarr.store.retention import LIVES
from brainarr.store.usage import StoredLedger
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


async def count(house: House, table: object) -> int:
    async with house.db.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]


async def test_verdicts_go_and_stay_counted(house: House) -> None:
    detail = await ran(house, [recommended(1)])
    before = await read_league(house.db, clock=house.clock)
    house.clock.advance(days=91)
    gone = await clean_up(house.db, clock=house.clock)
    assert (gone.verdicts, gone.rows) == (3, 3)
    after = await read_run(house.db, detail.run.id)
    assert (after.verdicts, after.judged) == ({Verdict.KEPT: 1, Verdict.OWNED: 2}, ())
    assert after.providers == detail.providers
    assert await read_league(house.db, clock=house.clock) == before
    assert (await clean_up(house.db, clock=house.clock)).rows == 0


async def test_runs_that_recommended_nothing_go_the_others_keep_their_line(house: House) -> None:
    kept = await ran(house, [recommended(1)])
    empty = await ran(house, [])
    dry = await ran(house, [recommended(2)], dry_run=True)
    newest = await ran(house, [])
    queued = await request_run(house.db, "default", clock=house.clock)
    house.clock.advance(days=366)
    before = await read_league(house.db, clock=house.clock)
    gone = await clean_up(house.db, clock=house.clock)
    # The newest one keeps its reports, and its number cannot be given again.
    assert (gone.runs, gone.reports) == (3, 4)
    left = {run.id for run in (await list_runs(house.db)).items}
    assert left == {kept.run.id, queued.id}
    assert {empty.run.id, dry.run.id, newest.run.id}.isdisjoint(left)
    assert (await read_run(house.db, kept.run.id)).providers == ()
    assert await read_league(house.db, clock=house.clock) == before


async def test_the_newest_run_stays_however_old_it_is(house: House) -> None:
    detail = await ran(house, [])
    house.clock.advance(days=4_000)
    gone = await clean_up(house.db, clock=house.clock)
    assert (gone.runs, gone.reports, gone.verdicts) == (0, 0, 3)
    assert (await read_run(house.db, detail.run.id)).providers == detail.providers


async def test_a_life_that_ended_long_ago_is_forgotten_and_what_it_taught_is_not(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    found = [recommended(number) for number in range(1, 6)]
    rejected, waiting, kept, delivered, late = (
        row.id for row in (await ran(house, found, library=lidarr)).recommendations
    )
    await decide(house.db, rejected, Decision.REJECT, clock=house.clock, note="no")
    for number in (kept, delivered):
        await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    await artists_feed(house.db, "default", clock=house.clock)
    lidarr.artists.append(owned(3))
    await settle_recommendations(house.db, lidarr, house.clock)
    house.clock.advance(days=31)
    await settle_recommendations(house.db, lidarr, house.clock)
    house.clock.advance(days=700)
    await decide(house.db, late, Decision.REJECT, clock=house.clock)
    house.clock.advance(days=31)
    taste = await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock)
    memory = await remember(house.db, DEFAULT_WEIGHTS, clock=house.clock)
    league = await read_league(house.db, clock=house.clock)

    gone = await clean_up(house.db, Retention(runs_days=None, verdicts_days=None), clock=house.clock)
    # rejected: 2 events; kept: proposed, approved, delivered, imported, kept.
    assert gone.history == 7
    lives = {
        number: len((await read_life(house.db, number)).events)
        for number in (rejected, waiting, kept, delivered, late)
    }
    assert lives == {rejected: 0, waiting: 1, kept: 0, delivered: 3, late: 2}
    assert await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock) == taste
    assert await remember(house.db, DEFAULT_WEIGHTS, clock=house.clock) == memory
    assert await read_league(house.db, clock=house.clock) == league
    row = await read_recommendation(house.db, rejected)
    assert (row.status, row.note, row.recommendation.reason) == (Status.REJECTED, "no", "Near Slowdive.")
    assert (row.recommendation.voices, row.recommendation.evidence.seeds) == ((), ())
    open_one = await read_recommendation(house.db, waiting)
    assert open_one.recommendation == recommended(2)
    assert mbid(1) in memory.rejected


async def test_many_lives_go_in_slices_until_none_is_left(house: House) -> None:
    count_of_lives = 2 * LIVES + 1
    for start in range(0, count_of_lives, 100):
        found = [recommended(start + n + 1) for n in range(min(100, count_of_lives - start))]
        ids = [row.id for row in (await ran(house, found)).recommendations]
        await decide_many(house.db, ids, Decision.REJECT, clock=house.clock)
    house.clock.advance(days=731)
    assert (await clean_up(house.db, clock=house.clock)).history == 2 * count_of_lives
    assert (await read_history(house.db)).total == 0


async def test_this_months_books_are_never_burnt_and_older_ones_only_when_asked(house: House) -> None:
    house.clock.now = datetime(2026, 3, 1, tzinfo=house.clock.now.tzinfo)
    ledger = StoredLedger(house.db, house.clock)
    entry = Usage("home", "m", 1, 1, 0, 5, 0.1, "ok")
    await ledger.record(entry)
    house.clock.advance(days=30, hours=23)
    assert (await clean_up(house.db, clock=house.clock)).usage == 0
    assert (await clean_up(house.db, Retention(usage_days=1), clock=house.clock)).usage == 0
    house.clock.advance(hours=2)
    await ledger.record(entry)
    assert (await clean_up(house.db, Retention(usage_days=1), clock=house.clock)).usage == 1
    assert await count(house, tables.usage) == 1


async def test_null_is_for_ever(house: House) -> None:
    forever = Retention(None, None, None, None, None)
    (row,) = (await ran(house, [recommended(1)], auto_approve=True)).recommendations
    await artists_feed(house.db, "default", clock=house.clock)
    await decide(house.db, row.id, Decision.BLOCK, clock=house.clock)
    house.clock.advance(days=10_000)
    gone = await clean_up(house.db, forever, clock=house.clock)
    assert gone.rows == 0
    everything = await clean_up(house.db, clock=house.clock)
    assert (everything.history, everything.verdicts, everything.deliveries) == (4, 3, 1)


async def test_while_it_cleans_up_others_write(house: House) -> None:
    run = (await ran(house, [])).run.id
    await ran(house, [])
    rows = [
        {"run_id": run, "artist": f"Artist {n}", "verdict": "unknown", "detail": "", "sources": ("a",)}
        for n in range(20_000)
    ]
    async with house.db.transaction() as connection:
        await connection.execute(insert(tables.verdicts), rows)
    house.clock.advance(days=91)
    waits: list[float] = []

    async def write_often() -> None:
        while not cleaning.done():
            began = time.perf_counter()
            await request_run(house.db, "default", clock=house.clock)
            waits.append(time.perf_counter() - began)

    cleaning = asyncio.create_task(clean_up(house.db, clock=house.clock))
    await write_often()
    assert (await cleaning).verdicts == 20_006
    # Ten slices: a writer comes in between each two of them.
    assert len(waits) >= 10


async def test_a_full_house_that_has_nothing_old_loses_nothing(house: House) -> None:
    await ran(house, [recommended(1)], auto_approve=True)
    gone = await clean_up(house.db, clock=house.clock)
    assert gone == Forgotten(free_bytes=gone.free_bytes)
    assert (gone.free_bytes is None) == house.url.startswith("postgresql")


@pytest.mark.parametrize("days", [29, 0, -1, 36_501])
def test_a_period_that_would_forget_what_is_needed_is_refused(days: int) -> None:
    from brainarr.wiring.configuration import RetentionSettings

    with pytest.raises(ValueError, match="runs_days"):
        RetentionSettings(runs_days=days)
