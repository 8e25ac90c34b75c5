"""A Redis that is away, hangs, is full, restarted, strange or hostile costs little and breaks nothing."""

import asyncio
import pickle
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from brainarr.domain.caching import Key, Kind
from brainarr.pipeline.ports import Fresh
from brainarr.store.cache import LayeredCache, MemoryLevel, RedisLevel
from brainarr.store.cache import shared as shared_module
from brainarr.store.cache.shared import LARGEST
from brainarr.store.cache.tally import Held
from brainarr.store.secrets import begin_rotation, end_rotation, open_secrets
from tests.servers import RedisServer
from tests.store.given import StandingClock

SECRET = b"of this Brainarr alone"
FACTS = Kind("facts", timedelta(days=30))
A, B = Key(FACTS, "a"), Key(FACTS, "b")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def level(redis: RedisServer, clock: StandingClock) -> AsyncIterator[RedisLevel]:
    level = RedisLevel(redis.url, clock, lambda: SECRET)
    yield level
    await level.aclose()


@pytest.fixture
def restored(redis: RedisServer):
    """Whatever the test does to it, the next one finds it running."""
    yield redis
    redis.stop()
    redis.start()


def held(value: bytes, clock: StandingClock, hours: float = 1) -> Held:
    return Held(value, clock() + timedelta(hours=hours))


async def seconds_for(level: RedisLevel, questions: int) -> float:
    began = time.perf_counter()
    for _ in range(questions):
        assert await level.get(A) is None
    return time.perf_counter() - began


async def test_what_one_process_put_another_one_gets(
    redis: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    other = RedisLevel(redis.url, clock, lambda: SECRET)
    assert await other.get(A) == held(b"1", clock)
    await other.aclose()
    clock.advance(hours=1)
    assert await level.get(A) is None


async def test_redis_itself_forgets_when_the_time_is_over(
    redis: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock, hours=0.5 / 3_600))
    assert redis.say("DBSIZE") == b":1\r\n"
    await asyncio.sleep(0.6)
    assert redis.say("DBSIZE") == b":0\r\n"


async def test_a_stopped_redis_is_noticed_rested_and_used_again_by_itself(
    restored: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    restored.stop()
    assert await seconds_for(level, 1_000) < 0.5
    assert level.trouble is not None and level.trouble.what == "it cannot be reached"
    assert level.trouble.since == clock()
    restored.start()
    assert await level.get(A) is None
    clock.advance(seconds=1)
    await level.get(A)
    assert level.trouble is None
    await level.put(A, held(b"2", clock))
    assert await level.get(A) == held(b"2", clock)


async def test_one_that_hangs_costs_its_patience_once_not_once_for_each_question(
    restored: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    restored.freeze()
    began = time.perf_counter()
    # A hundred at once wait side by side; the rest afterwards not at all.
    assert set(await asyncio.gather(*(level.get(A) for _ in range(100)))) == {None}
    assert await seconds_for(level, 900) < 0.2
    assert time.perf_counter() - began < 10 * shared_module.PATIENCE_S
    assert level.trouble is not None and "does not answer" in level.trouble.what
    clock.advance(seconds=1)
    # One tries; the others go without meanwhile.
    tries = [asyncio.create_task(level.get(A)) for _ in range(50)]
    done, waiting = await asyncio.wait(tries, timeout=shared_module.PATIENCE_S / 4)
    assert (len(done), len(waiting)) == (49, 1)
    await asyncio.gather(*tries)
    restored.thaw()
    clock.advance(seconds=2)
    assert await level.get(A) == held(b"1", clock, hours=1 - 3 / 3_600)
    assert level.trouble is None


async def test_the_pause_doubles_up_to_half_a_minute_and_no_jump_of_the_clock_prolongs_it(
    restored: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    restored.stop()
    pauses: list[int] = []
    for _ in range(8):
        before = level.tallies["facts"].errors
        await level.get(A)
        assert level.tallies["facts"].errors == before + 1
        seconds = 0
        while not level._reading.allows(clock()):
            clock.advance(seconds=1)
            seconds += 1
        # `allows` has promised a try: it must end.
        level._reading.failed("away", clock())
        pauses.append(seconds)
    assert pauses[0] == 1 and pauses == sorted(pauses) and max(pauses) == 30
    clock.advance(days=-365)
    restored.start()
    await level.get(A)
    assert level.trouble is None


async def test_a_restarted_redis_has_lost_everything_and_no_connection_of_old_disturbs(
    restored: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    restored.stop()
    restored.start()
    # The connection from before is broken: that may cost one question.
    await level.get(A)
    clock.advance(seconds=1)
    await level.put(A, held(b"2", clock))
    assert await level.get(A) == held(b"2", clock)


async def test_a_wrong_password_is_named_without_showing_it(redis: RedisServer, clock: StandingClock) -> None:
    level = RedisLevel(redis.url.replace(redis.PASSWORD, "wrong-4711"), clock, lambda: SECRET)
    assert await level.get(A) is None
    assert level.trouble is not None
    assert "password" in level.trouble.what and "4711" not in level.trouble.what
    await level.aclose()


@pytest.mark.loopback
async def test_a_blackhole_costs_the_patience_once(clock: StandingClock) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        level = RedisLevel(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", clock, lambda: SECRET)
        assert await seconds_for(level, 200) < 5 * shared_module.PATIENCE_S
        assert level.trouble is not None
        await level.aclose()


async def test_a_full_redis_goes_on_reading(
    restored: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    restored.say("CONFIG", "SET", "maxmemory", "1")
    await level.put(B, held(b"2", clock))
    assert level.trouble is not None and level.trouble.what == "it is full and takes nothing more"
    assert await level.get(A) == held(b"1", clock)
    began = time.perf_counter()
    for _ in range(500):
        await level.put(B, held(b"2", clock))
    assert time.perf_counter() - began < 0.3
    restored.say("CONFIG", "SET", "maxmemory", "0")
    clock.advance(seconds=30)
    await level.put(B, held(b"2", clock))
    assert level.trouble is None
    assert await level.get(B) == held(b"2", clock)


async def test_strange_and_hostile_bytes_are_as_good_as_absent_and_nothing_is_unpickled(
    redis: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    name = level._name("c", A.text)

    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return pytest.fail, ("a pickle of Redis was read",)

    for strange in ("", "7", "1234567890", "\x80\x04.", "x" * 100, pickle.dumps(Harm(), 0).decode()):
        redis.say("SET", name, strange)
        assert await level.get(A) is None
    assert level.tallies["facts"].errors == 6
    assert level.trouble is None


async def test_an_answer_cannot_be_passed_off_as_another_one_nor_another_brainarrs_as_ours(
    redis: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    await level.put(A, held(b"1", clock))
    redis.say("COPY", level._name("c", A.text), level._name("c", B.text))
    assert await level.get(B) is None
    other = RedisLevel(redis.url, clock, lambda: b"another one's")
    assert await other.get(A) is None
    await other.put(A, held(b"theirs", clock))
    assert await level.get(A) == held(b"1", clock)
    assert await other.forget() == 1
    assert await level.get(A) == held(b"1", clock)
    await other.aclose()


async def test_a_value_that_is_too_large_is_skipped(level: RedisLevel, clock: StandingClock) -> None:
    await level.put(A, held(b"x" * (LARGEST + 1), clock))
    assert await level.get(A) is None
    assert level.tallies["facts"].too_large == 1


async def test_what_it_holds_is_counted_ours_alone(
    redis: RedisServer, level: RedisLevel, clock: StandingClock
) -> None:
    redis.say("SET", "docket", "x" * 1_000)
    for number in range(250):
        await level.put(Key(FACTS, str(number)), held(b"x" * 100, clock))
    holding = await level.holding()
    assert holding.entries == 250
    assert holding.bytes is not None and 250 * 100 < holding.bytes < 250 * 500
    assert await level.forget("facts") == 250
    assert redis.say("DBSIZE") == b":1\r\n"


# Single flight across processes.


def read(kept: bytes) -> int:
    return msgspec.msgpack.decode(kept, type=int)


async def test_of_two_processes_that_want_the_same_one_asks_and_the_other_one_gets_it(
    redis: RedisServer, clock: StandingClock
) -> None:
    asked: list[int] = []
    begun, gate = asyncio.Event(), asyncio.Event()

    async def make() -> Fresh:
        asked.append(1)
        begun.set()
        await gate.wait()
        return Fresh(msgspec.msgpack.encode(len(asked)), timedelta(days=1))

    processes = [
        LayeredCache(clock, MemoryLevel(10_000), None, RedisLevel(redis.url, clock, lambda: SECRET))
        for _ in range(3)
    ]
    asking = [asyncio.create_task(process.fetch(A, read, make)) for process in processes for _ in range(5)]
    await begun.wait()
    # Long enough for the others to ask for the lock, and be refused.
    await asyncio.sleep(0.1)
    gate.set()
    assert set(await asyncio.gather(*asking)) == {1}
    assert len(asked) == 1
    for process in processes:
        await process.aclose()


async def test_the_lock_of_a_process_that_died_frees_itself(redis: RedisServer, level: RedisLevel) -> None:
    redis.say("SET", level._name("l", A.text), "of a dead process", "PX", "300")
    began = time.perf_counter()
    async with level.alone(A) as waited:
        assert waited
    assert 0.1 < time.perf_counter() - began < 3


async def test_nobody_waits_for_ever_for_a_lock(
    redis: RedisServer, level: RedisLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_module, "LOCK_S", 0.2)
    redis.say("SET", level._name("l", A.text), "of one who never ends")
    async with level.alone(A) as waited:
        assert waited
    # It was not ours to free.
    assert redis.say("EXISTS", level._name("l", A.text)) == b":1\r\n"


async def test_without_redis_nobody_waits_for_a_lock(restored: RedisServer, level: RedisLevel) -> None:
    restored.stop()
    async with asyncio.timeout(2):
        async with level.alone(A) as waited:
            assert not waited


async def test_processes_from_before_and_after_a_rotation_of_the_key_share_their_answers(
    redis: RedisServer, clock: StandingClock, tmp_path: Path
) -> None:
    before = RedisLevel(redis.url, clock, open_secrets(tmp_path).of_all)
    try:
        await before.put(A, held(b"1", clock))
        begin_rotation(tmp_path)
        assert await before.get(A) is None
        end_rotation(tmp_path)
        after = RedisLevel(redis.url, clock, open_secrets(tmp_path).of_all)
        try:
            await after.put(A, held(b"2", clock))
            assert await before.get(A) == held(b"2", clock)
        finally:
            await after.aclose()
    finally:
        await before.aclose()
