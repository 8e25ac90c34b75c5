"""The cache as the port has it, the same with one level, two and three; and what each level promises."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from brainarr.domain.caching import Key, Kind
from brainarr.errors import ProviderUnavailable
from brainarr.metrics.meters import REGISTRY
from brainarr.pipeline.ports import Fresh, Unusable
from brainarr.store.cache import LayeredCache, MemoryLevel, RedisLevel, StoredCache
from brainarr.store.cache.memory import ROOM_FOR_ONE
from brainarr.store.cache.tally import Held
from tests.conftest import Place, examples
from tests.servers import RedisServer
from tests.store.given import House, StandingClock, installed

pytestmark = pytest.mark.loopback

SECRET = b"of this Brainarr alone"
FACTS = Kind("facts", timedelta(days=30), timedelta(days=3))
A, B = Key(FACTS, "a"), Key(FACTS, "b")
ROOM = 2**20
DAY = timedelta(days=1)

Cached = Callable[[], LayeredCache]
"""Another process on the same lower levels."""


@pytest.fixture(params=["memory alone", "memory, SQLite", "memory, Redis, PostgreSQL"])
async def process(request: pytest.FixtureRequest, clock: StandingClock) -> AsyncIterator[Cached]:
    place: Place | None = None
    redis: RedisServer | None = None
    if request.param == "memory, SQLite":
        place = request.getfixturevalue("on_sqlite")
    elif request.param == "memory, Redis, PostgreSQL":
        place, redis = request.getfixturevalue("on_postgres"), request.getfixturevalue("redis")
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(installed(*place)) if place else None

        def open_one() -> LayeredCache:
            cache = LayeredCache(
                clock,
                MemoryLevel(ROOM),
                StoredCache(house.db, clock) if house else None,
                RedisLevel(redis.url, clock, lambda: SECRET) if redis else None,
                kinds=(FACTS,),
            )
            stack.push_async_callback(cache.aclose)
            return cache

        yield open_one


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def cache(process: Cached) -> LayeredCache:
    return process()


def read(kept: bytes) -> str:
    return msgspec.msgpack.decode(kept, type=str)


class Source:
    """Answers how often it was asked; `gate` holds it back."""

    def __init__(self, lifetime: timedelta = DAY) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.failure: Exception | None = None
        self._lifetime = lifetime

    async def __call__(self) -> Fresh:
        self.asked += 1
        self.begun.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return Fresh(msgspec.msgpack.encode(f"answer {self.asked}"), self._lifetime)


async def test_what_was_put_is_there_until_its_time_is_over(
    cache: LayeredCache, clock: StandingClock
) -> None:
    await cache.put(A, b"1", timedelta(minutes=2))
    await cache.put(A, b"2", timedelta(minutes=3))
    assert (await cache.get(A), await cache.get(B)) == (b"2", None)
    assert await cache.get_many([A, B]) == {A: b"2"}
    clock.advance(minutes=3)
    assert await cache.get(A) is None
    assert await cache.get_many([A]) == {}


async def test_what_was_found_out_once_is_not_asked_again(cache: LayeredCache) -> None:
    source = Source()
    assert [await cache.fetch(A, read, source) for _ in range(3)] == ["answer 1"] * 3
    assert await cache.fetch(B, read, source) == "answer 2"
    await cache.forget("facts")
    assert await cache.fetch(A, read, source) == "answer 3"


async def test_what_has_no_lifetime_is_given_and_not_remembered(cache: LayeredCache) -> None:
    source = Source(timedelta())
    assert [await cache.fetch(A, read, source) for _ in range(2)] == ["answer 1", "answer 2"]


async def test_a_hundred_who_ask_at_once_cause_one_question(cache: LayeredCache) -> None:
    source = Source()
    source.gate.clear()
    asking = [asyncio.create_task(cache.fetch(A, read, source)) for _ in range(100)]
    await source.begun.wait()
    source.gate.set()
    assert set(await asyncio.gather(*asking)) == {"answer 1"}
    assert source.asked == 1


async def test_the_first_who_asked_may_leave_without_harm_to_the_others(cache: LayeredCache) -> None:
    source = Source()
    source.gate.clear()
    first = asyncio.create_task(cache.fetch(A, read, source))
    await source.begun.wait()
    others = [asyncio.create_task(cache.fetch(A, read, source)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.gate.set()
    assert await asyncio.gather(*others) == ["answer 1"] * 3
    assert source.asked == 1


async def test_when_all_have_left_the_work_stops_and_the_next_one_begins_anew(cache: LayeredCache) -> None:
    source = Source()
    source.gate.clear()
    leaving = [asyncio.create_task(cache.fetch(A, read, source)) for _ in range(3)]
    await source.begun.wait()
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    source.gate.set()
    assert await cache.fetch(A, read, source) == "answer 2"


async def test_a_failure_reaches_everybody_who_waited_and_is_not_remembered(cache: LayeredCache) -> None:
    source = Source()
    source.failure = ProviderUnavailable("facts", "is away.")
    answers = await asyncio.gather(*(cache.fetch(A, read, source) for _ in range(5)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {ProviderUnavailable}
    assert source.asked == 1
    source.failure = None
    assert await cache.fetch(A, read, source) == "answer 2"


@pytest.mark.parametrize("damaged", [b"", b"\xc1", b"7", msgspec.msgpack.encode({"another": "shape"})])
async def test_what_cannot_be_read_is_as_good_as_absent(cache: LayeredCache, damaged: bytes) -> None:
    await cache.put(A, damaged, DAY)
    assert await cache.fetch(A, read, Source()) == "answer 1"
    assert await cache.fetch(A, read, Source()) == "answer 1"


async def test_who_reads_may_say_that_it_is_past_its_time(cache: LayeredCache) -> None:
    def never(_: bytes) -> str:
        raise Unusable

    await cache.put(A, msgspec.msgpack.encode("old"), DAY)
    with pytest.raises(Unusable):
        await cache.fetch(A, never, Source())
    assert await cache.fetch(A, read, Source()) == "answer 1"


async def test_an_answer_that_would_outlive_every_other_is_not_believed(
    cache: LayeredCache, clock: StandingClock
) -> None:
    await cache.put(A, b"1", DAY)
    clock.advance(days=-400)
    assert await cache.get(A) is None
    assert await cache.get_many([A]) == {}


async def test_another_process_has_it_without_asking_where_they_share_a_level(process: Cached) -> None:
    one, other = process(), process()
    source = Source()
    await one.fetch(A, read, source)
    shares = one.stored is not None
    assert await other.fetch(A, read, source) == ("answer 1" if shares else "answer 2")


async def test_upper_levels_are_warmed_for_no_longer_than_the_lower_ones_hold_it(
    process: Cached, clock: StandingClock
) -> None:
    one = process()
    if one.stored is None:
        return
    await one.put(A, b"1", timedelta(minutes=2))
    clock.advance(minutes=1, seconds=59)
    other = process()
    assert await other.get(A) == b"1"
    held = other.memory.get(A, clock())
    assert held is not None and held.until == clock() + timedelta(seconds=1)
    clock.advance(seconds=1)
    assert await other.get(A) is None


operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("ab"), st.binary(max_size=5), st.integers(1, 90_000)),
        st.tuples(st.just("get"), st.sampled_from("ab")),
        st.tuples(st.just("wait"), st.integers(1, 50_000)),
        st.tuples(st.just("restart")),
        st.tuples(st.just("forget")),
    ),
    max_size=25,
)


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=operations)
async def test_whatever_happens_it_never_answers_anything_but_the_last_word(
    steps: list[tuple[object, ...]], house: House
) -> None:
    """Against a model: a dictionary with lifetimes."""
    clock = StandingClock()
    stored = StoredCache(house.db, clock)
    await stored.forget()

    def started() -> LayeredCache:
        return LayeredCache(clock, MemoryLevel(1_000), stored)

    cache, model = started(), dict[str, tuple[bytes, object]]()
    for step in steps:
        match step:
            case "put", str(name), bytes(value), int(seconds):
                await cache.put(Key(FACTS, name), value, timedelta(seconds=seconds))
                model[name] = value, clock() + timedelta(seconds=seconds)
            case "get", str(name):
                value, until = model.get(name, (None, clock()))
                expected = value if clock() < until else None  # type: ignore[operator]
                assert await cache.get(Key(FACTS, name)) == expected
            case "wait", int(seconds):
                clock.advance(seconds=seconds)
            case ("restart",):
                cache = started()
            case _:
                await cache.forget()
                model.clear()


# Memory: bounded in bytes.


def held(value: bytes, clock: StandingClock) -> Held:
    return Held(value, clock() + DAY)


def test_memory_never_holds_more_than_it_may_and_forgets_the_least_recently_used(
    clock: StandingClock,
) -> None:
    level = MemoryLevel(10_000)
    for number in range(20):
        level.put(Key(FACTS, str(number)), held(b"x" * 600, clock))
        assert level.get(Key(FACTS, "0"), clock()) is not None
        assert (level.holding.bytes or 0) <= 10_000
    assert level.get(Key(FACTS, "1"), clock()) is None
    assert level.get(Key(FACTS, "19"), clock()) is not None
    assert level.tallies["facts"].evictions == 20 - (level.holding.entries or 0) > 5


def test_one_large_value_does_not_push_out_all_the_others(clock: StandingClock) -> None:
    level = MemoryLevel(10_000)
    level.put(A, held(b"x", clock))
    level.put(B, held(b"x" * (10_000 // ROOM_FOR_ONE), clock))
    assert level.get(A, clock()) is not None
    assert level.get(B, clock()) is None
    assert level.tallies["facts"].too_large == 1


def test_a_value_that_grew_too_large_takes_its_old_one_along(clock: StandingClock) -> None:
    level = MemoryLevel(10_000)
    level.put(A, held(b"x", clock))
    level.put(A, held(b"x" * 10_000, clock))
    assert level.get(A, clock()) is None
    assert level.holding.bytes == 0


async def test_without_memory_the_database_alone_serves(house: House) -> None:
    cache = LayeredCache(house.clock, MemoryLevel(0), StoredCache(house.db, house.clock))
    await cache.put(A, b"1", DAY)
    assert await cache.get(A) == b"1"
    assert cache.tallies["database"]["facts"].hits == 1


# The database: bounded in rows and bytes.


async def test_what_expired_is_purged_and_the_rest_stays(house: House) -> None:
    stored = StoredCache(house.db, house.clock)
    await stored.put(A, Held(b"1", house.clock() + timedelta(days=3)))
    await stored.put(A, Held(b"2", house.clock() + timedelta(days=14)))
    await stored.put(B, Held(b"3", house.clock() + timedelta(days=3)))
    house.clock.advance(days=3)
    assert await stored.get(B) is None
    assert await stored.purge() == 1
    assert (await stored.get(A) or Held(b"", house.clock())).value == b"2"


@pytest.mark.parametrize("bound", [{"most_rows": 3}, {"most_bytes": 3 * 1_100}])
async def test_what_is_too_much_goes_soonest_to_expire_first(house: House, bound: dict[str, int]) -> None:
    stored = StoredCache(house.db, house.clock, **bound)
    keys = [Key(FACTS, str(number)) for number in range(6)]
    for days, key in enumerate(keys, start=1):
        await stored.put(key, Held(b"x" * 1_000, house.clock() + timedelta(days=days)))
    assert await stored.purge() == 3
    assert list(await stored.get_many(keys)) == keys[3:]
    assert stored.tallies["facts"].evictions == 3


async def test_a_database_that_fails_costs_the_memory_of_it_and_nothing_else(house: House) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(text("ALTER TABLE cache RENAME TO elsewhere"))
    stored = StoredCache(house.db, house.clock)
    cache = LayeredCache(house.clock, MemoryLevel(ROOM), stored)
    assert [await cache.fetch(A, read, Source()) for _ in range(2)] == ["answer 1"] * 2
    assert stored.tallies["facts"].errors == 2
    async with house.db.transaction() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO cache"))


async def test_one_kind_is_forgotten_without_the_others(cache: LayeredCache) -> None:
    other = Key(Kind("fact", timedelta(days=30)), "a")
    await cache.put(A, b"1", DAY)
    await cache.put(other, b"2", DAY)
    await cache.forget("facts")
    assert (await cache.get(A), await cache.get(other)) == (None, b"2")


async def test_a_kind_that_memory_holds_as_long_never_touches_the_disk(house: House) -> None:
    cache = LayeredCache(house.clock, MemoryLevel(ROOM), StoredCache(house.db, house.clock))
    brief = Key(Kind("brief", timedelta(minutes=5)), "a")
    await cache.put(brief, b"1", brief.lives())
    assert await cache.get(brief) == b"1"
    assert cache.stored is not None and (await cache.stored.holding()).entries == 0


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_meters_show_what_memory_holds_also_after_something_went(clock: StandingClock) -> None:
    level = MemoryLevel(ROOM)

    def agrees() -> bool:
        entries, size = (shown(f"brainarr_cache_{what}", level="memory") for what in ("entries", "bytes"))
        return (level.holding.entries, level.holding.bytes) == (entries, size)

    level.put(A, Held(b"a", clock() + DAY))
    level.put(B, Held(b"b", clock() + 2 * DAY))
    assert agrees() and level.holding.entries == 2
    assert level.get(A, clock() + DAY) is None
    assert agrees() and level.holding.entries == 1
    level.put(B, Held(b"b" * ROOM, clock() + DAY))
    assert agrees() and level.holding.entries == 0
    level.put(A, Held(b"a", clock() + DAY))
    level.forget()
    assert agrees() and level.holding.entries == 0


async def test_a_look_into_a_database_that_is_away_is_measured_as_failed(
    on_sqlite: Place, clock: StandingClock
) -> None:
    def failed() -> float:
        return shown("brainarr_cache_lookups_total", level="database", outcome="failed")

    async with installed(*on_sqlite) as house:
        async with house.db.transaction() as connection:
            await connection.execute(text("ALTER TABLE cache RENAME TO elsewhere"))
        before = failed()
        assert await StoredCache(house.db, clock).get_many([A, B]) == {}
        assert failed() == before + 2
