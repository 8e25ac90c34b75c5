"""Signals: in one process at once, through a real Redis to the others; a Redis that is away costs nothing."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from brainarr.domain.recommendation import Progress
from brainarr.service.progress import Broadcast
from brainarr.store.signals import LONGEST_BODY, OUTBOX, Signals, open_signals
from tests.servers import RedisServer, free_port

PATIENCE_S = 20


async def eventually(come_true: Callable[[], bool]) -> None:
    for _ in range(100 * PATIENCE_S):
        if come_true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


class Ear:
    """Remembers what it hears of one topic."""

    def __init__(self, signals: Signals, topic: str = "work") -> None:
        self.heard: list[bytes] = []
        self.stop = signals.listen(topic, self.heard.append)

    @property
    def words(self) -> list[bytes]:
        """Without the empty ones, of which there is one at every new connection."""
        return [body for body in self.heard if body]


async def connected(*all_signals: Signals) -> None:
    """Until each of them, just opened, is told of the gap before its connection."""
    ears = [Ear(signals, "connected") for signals in all_signals]
    await eventually(lambda: all(ear.heard for ear in ears))


def test_without_redis_a_listener_of_the_topic_hears_at_once_until_it_stops() -> None:
    signals = Signals()
    ear, other = Ear(signals), Ear(signals, "feeds")
    signals.tell("work", b"one")
    ear.stop()
    signals.tell("work", b"two")
    assert (ear.heard, other.heard) == ([b"one"], [])
    assert not signals.away


def test_a_listener_that_fails_disturbs_neither_who_tells_nor_the_others() -> None:
    signals = Signals()

    def fail(body: bytes) -> None:
        raise ValueError("a fault of ours")

    signals.listen("work", fail)
    ear = Ear(signals)
    signals.tell("work", b"one")
    assert ear.heard == [b"one"]


def test_a_listener_may_stop_while_it_is_told() -> None:
    signals = Signals()
    stops: list[Callable[[], None]] = []
    heard: list[bytes] = []

    def once(body: bytes) -> None:
        heard.append(body)
        stops[0]()

    stops.append(signals.listen("work", once))
    signals.tell("work", b"one")
    signals.tell("work", b"two")
    assert heard == [b"one"]


async def test_through_redis_the_others_hear_it_once_and_so_does_the_one_who_tells(
    redis: RedisServer,
) -> None:
    async with open_signals(redis.url, "home") as here, open_signals(redis.url, "home") as there:
        mine, theirs = Ear(here), Ear(there)
        await connected(here, there)
        for number in range(300):
            here.tell("work", b"%d" % number)
        there.tell("work", b"answer")
        wanted = [b"%d" % number for number in range(300)]
        await eventually(lambda: len(theirs.words) >= 301 and len(mine.words) >= 301)
        await asyncio.sleep(0.1)
        assert [body for body in theirs.words if body != b"answer"] == wanted
        assert [body for body in mine.words if body != b"answer"] == wanted
        assert theirs.words.count(b"answer") == mine.words.count(b"answer") == 1


async def test_two_brainarrs_share_one_redis_without_hearing_each_other(redis: RedisServer) -> None:
    async with open_signals(redis.url, "home") as here, open_signals(redis.url, "home2") as stranger:
        ear, mine = Ear(stranger), Ear(here)
        await connected(here, stranger)
        here.tell("work", b"of home")
        stranger.tell("work", b"of home2")
        await asyncio.sleep(0.3)
        assert ear.words == [b"of home2"]
        assert mine.words == [b"of home"]


async def test_what_strangers_write_there_is_bounded_and_reaches_nobody_as_a_fault(
    redis: RedisServer,
) -> None:
    async with open_signals(redis.url, "home") as signals, Redis.from_url(redis.url) as stranger:
        ear, odd = Ear(signals), Ear(signals, "progress")
        watched = Broadcast(signals)
        await connected(signals)
        for junk in (b"", b"short", b"12345678" + b"x" * (LONGEST_BODY + 1)):
            await stranger.publish("brainarr:home:work", junk)
        await stranger.publish("brainarr:home:\xff\xfe", b"12345678what")
        with watched.watch(7) as steps:
            await stranger.publish("brainarr:home:progress", b"12345678\xc1 no msgpack")
            # Unreadable: a watcher then looks at the row.
            assert await asyncio.wait_for(steps.get(), PATIENCE_S) is None
        await stranger.publish("brainarr:home:work", b"12345678last")
        await eventually(lambda: b"last" in ear.heard)
        assert ear.words == [b"last"]
        assert odd.words == [b"\xc1 no msgpack"]


@given(st.binary(max_size=200))
def test_no_bytes_make_a_watcher_fail(body: bytes) -> None:
    signals = Signals()
    broadcast = Broadcast(signals)
    with broadcast.watch(1) as steps:
        signals.tell("progress", body)
        while not steps.empty():
            assert isinstance(steps.get_nowait(), Progress | None)


@pytest.mark.loopback
async def test_a_dead_redis_delays_nobody_and_what_was_said_meanwhile_is_heard_as_a_gap(
    redis: RedisServer,
) -> None:
    async with open_signals(redis.url, "home") as here, open_signals(redis.url, "home") as there:
        ear = Ear(there)
        await connected(here, there)
        # Redis leaves under both ways, that of what is said too.
        here.tell("work", b"first")
        await eventually(lambda: ear.words == [b"first"])
        redis.stop()
        try:
            await eventually(lambda: here.away and there.away)
            began = time.perf_counter()
            for _ in range(3 * OUTBOX):
                here.tell("work", b"lost")
            assert (time.perf_counter() - began) / (3 * OUTBOX) < 0.001
            # Until it has tried to say that, too; at its next try Redis might be there again.
            line = here._line
            assert line is not None
            await eventually(lambda: not line._outbox)
            ear.heard.clear()
        finally:
            redis.start()
        await eventually(lambda: not here.away and not there.away)
        await eventually(lambda: len(ear.heard) >= 1)
        assert set(ear.heard) == {b""}
        here.tell("work", b"again")
        await eventually(lambda: ear.words == [b"again"])


@pytest.mark.loopback
async def test_a_redis_that_hangs_is_noticed_and_left_alone(redis: RedisServer) -> None:
    process = redis._process
    assert process is not None
    async with open_signals(redis.url, "home") as here, open_signals(redis.url, "home") as there:
        ear = Ear(there)
        await connected(here, there)
        os.kill(process.pid, signal.SIGSTOP)
        try:
            began = time.perf_counter()
            here.tell("work", b"into the void")
            assert time.perf_counter() - began < 0.05
            # Its own listeners need no Redis.
            mine = Ear(here)
            here.tell("work", b"here")
            assert mine.heard == [b"here"]
            await eventually(lambda: here.away)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        await eventually(lambda: not here.away and not there.away)
        here.tell("work", b"back")
        await eventually(lambda: b"back" in ear.words)


@pytest.mark.loopback
async def test_a_redis_that_is_not_there_at_the_start_hinders_neither_start_nor_end() -> None:
    began = time.perf_counter()
    async with open_signals(f"redis://127.0.0.1:{free_port()}/0", "home") as signals:
        signals.tell("work", b"one")
        # Nothing has failed yet.
        assert not signals.away
        await eventually(lambda: signals.away)
    assert time.perf_counter() - began < 1
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.perf_counter()
        async with open_signals(f"redis://127.0.0.1:{mute.getsockname()[1]}/0", "home") as signals:
            signals.tell("work", b"one")
            await asyncio.sleep(0.1)
        assert time.perf_counter() - began < 1


async def test_whenever_it_is_closed_it_ends_at_once(redis: RedisServer) -> None:
    for step in range(80):
        async with asyncio.timeout(2), open_signals(redis.url, "home") as signals:
            signals.tell("work")
            await asyncio.sleep(step / 20_000)


async def test_what_is_told_just_before_the_end_is_heard(redis: RedisServer) -> None:
    async with open_signals(redis.url, "home") as there:
        ear = Ear(there)
        await connected(there)
        for number in range(20):
            async with open_signals(redis.url, "home") as here:
                here.tell("work", str(number).encode())
        await eventually(lambda: len(ear.words) == 20)


async def test_a_watcher_in_another_process_gets_every_step(redis: RedisServer) -> None:
    async with open_signals(redis.url, "home") as here, open_signals(redis.url, "home") as there:
        works, watches = Broadcast(here), Broadcast(there)
        await connected(here, there)
        await asyncio.sleep(0.1)
        with watches.watch(3) as steps:
            works.publish(3, Progress("verify", "Slowdive", 1, 9))
            works.publish(4, Progress("verify", "of another run", 1, 9))
            works.publish(3, None)
            assert await asyncio.wait_for(steps.get(), PATIENCE_S) == Progress("verify", "Slowdive", 1, 9)
            assert await asyncio.wait_for(steps.get(), PATIENCE_S) is None
            assert steps.empty()
