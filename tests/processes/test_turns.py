"""The pace towards services: all processes together are no faster than one may be."""

import asyncio
import os
import signal
import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.http import Http
from brainarr.store.turns import LONGEST_QUEUE_S, open_turns
from tests.servers import RedisServer, free_port

pytestmark = pytest.mark.loopback


async def ask(http: Http, times: int) -> None:
    await asyncio.gather(*(http.get_json("/") for _ in range(times)))


@pytest.fixture
def moments(httpserver: HTTPServer) -> list[float]:
    """When the service was asked."""
    asked: list[float] = []

    def answer(request: Request) -> Response:
        asked.append(time.monotonic())
        return Response("{}", mimetype="application/json")

    httpserver.expect_request("/").respond_with_handler(answer)
    return asked


async def test_two_processes_keep_the_pace_of_one(
    redis: RedisServer, httpserver: HTTPServer, moments: list[float]
) -> None:
    address = httpserver.url_for("")
    clients = [Http("catalogue", address, requests_per_second=10) for _ in range(3)]
    async with open_turns(redis.url) as one, open_turns(redis.url) as other, open_turns(redis.url) as third:
        for client, reserve in zip(clients, (one, other, third), strict=True):
            client.reserve = reserve
        await asyncio.gather(*(ask(client, 5) for client in clients))
    for client in clients:
        await client.aclose()
    assert len(moments) == 15
    assert max(moments) - min(moments) >= 1.35
    # Each by itself would be done in a third of that time; single gaps tell more of the machine.


async def test_each_moment_is_given_away_once_and_addresses_do_not_wait_for_each_other(
    redis: RedisServer,
) -> None:
    async with open_turns(redis.url) as one, open_turns(redis.url) as other:
        assert one is not None and other is not None
        waits = await asyncio.gather(
            *(reserve("http://a", 60.0 / 100) for _ in range(20) for reserve in (one, other))
        )
        assert await one("http://b", 10.0) == 0
    given = sorted(wait for wait in waits if wait is not None)
    assert len(given) == 40
    for number, wait in enumerate(given):
        assert wait == pytest.approx(number * 0.6, abs=0.3)


async def test_a_clock_of_redis_that_was_set_back_stops_nobody_for_long(redis: RedisServer) -> None:
    async with open_turns(redis.url) as reserve:
        assert reserve is not None
        assert await reserve("http://a", 10 * LONGEST_QUEUE_S) == 0
        assert await reserve("http://a", 1.0) == 0
        assert await reserve("http://a", 1.0) == pytest.approx(1.0, abs=0.3)


async def test_without_redis_there_is_nothing_to_share() -> None:
    async with open_turns(None) as reserve:
        assert reserve is None


async def test_a_redis_that_is_away_costs_little_and_the_own_pace_holds(
    httpserver: HTTPServer, moments: list[float]
) -> None:
    client = Http("catalogue", httpserver.url_for(""), requests_per_second=20)
    async with open_turns(f"redis://127.0.0.1:{free_port()}/0") as reserve:
        client.reserve = reserve
        began = time.monotonic()
        await ask(client, 6)
        assert time.monotonic() - began < 1.5
    await client.aclose()
    assert max(moments) - min(moments) >= 0.2


async def test_a_redis_that_hangs_costs_a_quarter_of_a_second_once_and_it_goes_on_when_it_is_back(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = redis._process
    assert process is not None
    async with open_turns(redis.url) as reserve:
        assert reserve is not None
        assert await reserve("http://a", 0.01) == 0
        os.kill(process.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert [await reserve("http://a", 0.01) for _ in range(100)] == [None] * 100
            assert time.monotonic() - began < 1
        finally:
            os.kill(process.pid, signal.SIGCONT)
        monkeypatch.setattr("brainarr.store.turns._REST_S", 0.0)
        reserve.__self__._rests_until = 0.0  # type: ignore[attr-defined]
        for _ in range(20):
            if await reserve("http://a", 0.01) is not None:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it does not come back")
