"""The ledger and the cache."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from brainarr.domain.money import Limits, Reservation
from brainarr.domain.prompt import Usage
from brainarr.service.usage import every_call, month_of, read_month, read_usage
from brainarr.store import tables
from brainarr.store.usage import ModelUsage, StoredLedger
from tests.store.given import House, installed


def call(model: str, cost: int | None, tokens: int = 10) -> Usage:
    return Usage("cloud", model, tokens, 5, 0, cost, 1.5, "ok")


async def test_the_month_is_summed_by_model_dearest_first_and_the_unpriced_are_counted(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    for usage in (call("small", 20), call("large", 900), call("large", None), call("free", 0)):
        await ledger.record(usage)
    summary = await read_usage(house.db, clock=house.clock)
    assert summary.models == (
        ModelUsage("cloud", "large", 2, 20, 10, 900, 1),
        ModelUsage("cloud", "small", 1, 10, 5, 20, 0),
        ModelUsage("cloud", "free", 1, 10, 5, 0, 0),
    )
    assert (summary.spent_microdollars, summary.unpriced_calls) == (920, 1)
    assert (await ledger.reserve(1, Limits(month=920))).month == 920


async def test_a_new_month_begins_at_nothing_by_the_clock_of_utc(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    house.clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    await ledger.record(call("large", 7))
    assert (await ledger.reserve(1, Limits(month=7))).month == 7
    house.clock.advance(seconds=1)
    assert (await ledger.reserve(7, Limits(month=7))).id is not None
    assert (await read_usage(house.db, clock=house.clock)).since == datetime(2026, 12, 1, tzinfo=UTC)


async def test_many_calls_at_once_never_break_the_budget_together(house: House) -> None:
    """Half of them through a second engine, as another process has one."""
    async with installed(house.folder, house.url) as other:
        ledgers = [StoredLedger(db, house.clock, run) for run in (1, 2) for db in (house.db, other.db)]
        asked = [ledger.reserve(10, Limits(month=75)) for ledger in ledgers for _ in range(5)]
        answers = await asyncio.gather(*asked)
    kept = [answer.id for answer in answers if answer.id is not None]
    assert len(kept) == len(set(kept)) == 7
    await ledgers[0].release(kept[0])
    await ledgers[0].release(kept[0])
    assert (await ledgers[0].reserve(10, Limits(month=75))).id is not None
    assert (await ledgers[0].reserve(10, Limits(month=75))).id is None


async def test_the_cap_of_a_run_counts_that_run_alone(house: House) -> None:
    first, second = StoredLedger(house.db, house.clock, 1), StoredLedger(house.db, house.clock, 2)
    await first.record(call("large", 60))
    assert await first.reserve(50, Limits(run=100)) == Reservation(None, 60, 60)
    kept = await second.reserve(50, Limits(run=100))
    assert (kept.month, kept.run) == (60, 0)
    assert (await second.reserve(51, Limits(run=100))).run == 50


async def test_what_a_killed_process_kept_aside_counts_as_spent_after_the_longest_call(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock, 7)
    assert (await ledger.reserve(100, Limits(month=150))).id is not None
    house.clock.advance(hours=2)
    assert (await ledger.reserve(51, Limits(month=150))).month == 100
    assert (await read_usage(house.db, clock=house.clock)).spent_microdollars == 0
    house.clock.advance(seconds=1)
    assert (await ledger.reserve(51, Limits(month=150))).month == 100
    summary = await read_usage(house.db, clock=house.clock)
    assert summary.models == (ModelUsage("interrupted", "", 1, 0, 0, 100, 0, failed_calls=1),)


async def test_the_record_of_an_answer_settles_what_was_kept_aside_for_it(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    kept = await ledger.reserve(100, Limits(month=100))
    await ledger.record(call("large", 30), kept.id)
    assert (await ledger.reserve(70, Limits(month=100))).month == 30


async def test_a_call_is_on_the_account_of_its_run_with_its_cached_tokens(house: House) -> None:
    await StoredLedger(house.db, house.clock, 42).record(Usage("cloud", "large", 10, 5, 4, 7, 1.5, "ok"))
    async with house.db.reading() as connection:
        row = (await connection.execute(select(tables.usage))).one()
    assert (row.run_id, row.cached_tokens, row.cost_microdollars, row.outcome) == (42, 4, 7, "ok")


async def test_a_month_ends_where_the_pace_of_four_weeks_leads(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    house.clock.now = datetime(2026, 10, 20, tzinfo=UTC)
    await ledger.record(call("large", 2_800))
    house.clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    await ledger.record(call("large", 2_800))
    house.clock.now = datetime(2026, 11, 20, tzinfo=UTC)
    # Twenty-eight days with one call: a hundred a day for the eleven that are left.
    month = await read_month(house.db, clock=house.clock)
    assert (month.spent, month.expected, month.current) == (2_800, 2_800 + 11 * 100, True)


async def test_one_dear_day_is_no_pace(house: House) -> None:
    house.clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    await StoredLedger(house.db, house.clock).record(call("large", 700))
    house.clock.advance(days=1)
    # As if it had taken a week: a hundred a day.
    assert (await read_month(house.db, clock=house.clock)).expected == 700 + 29 * 100


async def test_a_month_tells_its_runs_dearest_first_and_how_many_calls_failed(house: House) -> None:
    for run, cost, outcome in ((1, 10, "ok"), (2, 50, "ok"), (2, None, "unavailable"), (None, 20, "empty")):
        usage = Usage("cloud", "large", 10, 5, 2, cost, 1.5, outcome)
        await StoredLedger(house.db, house.clock, run).record(usage)
    month = await read_month(house.db, clock=house.clock)
    assert [(run.run_id, run.totals.cost_microdollars, run.failed_calls) for run in month.runs] == [
        (2, 50, 1),
        (None, 20, 0),
        (1, 10, 0),
    ]
    assert month.runs[0].totals.unpriced_calls == 1 and month.runs[0].requested_at is None
    assert (month.spent, month.unpriced_calls, month.models[0].failed_calls) == (80, 1, 1)


async def test_what_is_left_takes_off_what_is_kept_aside(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    await ledger.record(call("large", 30))
    await ledger.reserve(50, Limits())
    month = await read_month(house.db, clock=house.clock, limits=Limits(month=100))
    assert (month.reserved, month.left) == (50, 20)
    over = await read_month(house.db, month_of(house.clock())[0].replace(month=10), clock=house.clock)
    assert (over.reserved, over.expected, over.current) == (0, None, False)


async def test_the_books_of_a_month_are_read_in_slices_and_no_call_of_another_is_among_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainarr.service.usage.SLICE", 3)
    ledger = StoredLedger(house.db, house.clock)
    house.clock.now = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    await ledger.record(call("before", 1))
    house.clock.advance(minutes=1)
    for number in range(7):
        await ledger.record(call(f"m{number}", number))
    since, until = month_of(house.clock().date())
    assert [row.model async for row in every_call(house.db, since, until)] == [f"m{n}" for n in range(7)]
    house.clock.now = until
    await ledger.record(call("after", 1))
    assert len([row async for row in every_call(house.db, since, until)]) == 7
