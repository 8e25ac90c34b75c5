"""The ledger and the cache."""

from datetime import UTC, datetime, timedelta

from brainarr.domain.prompt import Usage
from brainarr.service.usage import read_usage
from brainarr.store.cache import StoredCache
from brainarr.store.usage import ModelUsage, StoredLedger
from tests.store.given import House


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
    assert await ledger.spent_this_month() == 920


async def test_a_new_month_begins_at_nothing_by_the_clock_of_utc(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    house.clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    await ledger.record(call("large", 7))
    assert await ledger.spent_this_month() == 7
    house.clock.advance(seconds=1)
    assert await ledger.spent_this_month() == 0
    assert (await read_usage(house.db, clock=house.clock)).since == datetime(2026, 12, 1, tzinfo=UTC)


async def test_the_cache_remembers_until_the_lifetime_is_over(house: House) -> None:
    cache = StoredCache(house.db, house.clock)
    await cache.put("a", b"1", timedelta(days=3))
    await cache.put("a", b"2", timedelta(days=14))
    await cache.put("b", b"3", timedelta(days=3))
    house.clock.advance(days=3)
    assert (await cache.get("a"), await cache.get("b"), await cache.get("c")) == (b"2", None, None)
    assert await cache.purge() == 1
    assert await cache.get("a") == b"2"
