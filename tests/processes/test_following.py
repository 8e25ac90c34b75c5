"""Settings that change under load: no request is refused, and every process follows."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.processes.town import KEY, PATIENCE_S, Member, environment, serving, sign_in
from tests.servers import RedisServer

pytestmark = pytest.mark.loopback

SQLITE = "sqlite:///brainarr.db"
QUIET = {"RECOMMEND__SCHEDULE": "off", "HEALTH__PROBE_INTERVAL": "0", "SERVER__REQUESTS_PER_MINUTE": "0"}
SETTINGS = "/api/v1/settings"


def client_of(member: Member, **options: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=member.address, headers={"X-Api-Key": KEY}, timeout=PATIENCE_S, trust_env=False, **options
    )


async def change(client: httpx2.AsyncClient, **values: object) -> None:
    dotted = {key.replace("__", "."): value for key, value in values.items()}
    answer = await client.patch(SETTINGS, json={"values": dotted})
    assert answer.status_code == 200, answer.text


async def hammer(member: Member, path: str, over: asyncio.Event, fresh: bool, visitor: httpx2.Cookies) -> int:
    """Asks again and again, over one connection or a fresh one each time; how often it was answered."""
    answered = 0
    headers = {"Connection": "close"} if fresh else {}
    async with client_of(member, cookies=visitor) as client:
        while not over.is_set():
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.status_code, answer.text)
            answered += 1
            await asyncio.sleep(0.01)
    return answered


def figures(member: Member) -> tuple[int, int]:
    process = psutil.Process(member.process.pid)
    return process.num_fds(), process.num_threads()


async def change_under_load(member: Member, numbers: range) -> None:
    over = asyncio.Event()
    paths = ("/ping", "/settings/lidarr", "/api/v1/runs")
    visitor = await asyncio.to_thread(sign_in, member)
    async with asyncio.TaskGroup() as crowd, client_of(member) as client:
        ways = [hammer(member, path, over, fresh, visitor) for path in paths for fresh in (False, True)]
        load = [crowd.create_task(way) for way in ways]
        for number in numbers:
            await change(client, recommend__max_recommendations=number)
        over.set()
    assert all(task.result() for task in load)
    # The last house that was left is empty by then.
    await asyncio.sleep(0.5)


@pytest.mark.thorough
async def test_no_request_is_refused_while_settings_change_twenty_times(tmp_path: Path) -> None:
    with serving(environment(tmp_path, SQLITE, None, **QUIET)) as member:
        await change_under_load(member, range(1, 6))
        before = figures(member)
        await change_under_load(member, range(21, 36))
        assert member.events.count("the new settings hold") == 20
        after = figures(member)
        assert all(now <= then + 3 for now, then in zip(after, before, strict=True)), (before, after)
        assert member.stop() == 0
        assert not [line for line in member.log if line.get("level") in ("error", "critical")]


async def test_a_watcher_of_a_run_is_let_go_and_finds_the_run_again(tmp_path: Path) -> None:
    with serving(environment(tmp_path, SQLITE, None, **QUIET)) as member:
        async with client_of(member) as client:
            run = (await client.post("/api/v1/runs", json={})).json()["id"]
            path = f"/api/v1/runs/{run}/events"
            async with client.stream("GET", path) as events:
                await change(client, log__level="debug")
                # Over, and properly so: a connection that breaks would raise here.
                async with asyncio.timeout(30):
                    async for _ in events.aiter_bytes():
                        pass
            assert (await client.get(f"/api/v1/runs/{run}")).status_code == 200


async def until(come_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not come_true():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.05)


@pytest.mark.thorough
async def test_every_web_process_follows_what_one_of_them_was_told(
    tmp_path: Path, redis: RedisServer
) -> None:
    environ = environment(tmp_path, SQLITE, redis.url, **QUIET, SERVER__WORKERS="2")
    with serving(environ) as member:
        async with client_of(member) as client:
            await until(lambda: len(member.children()) == 2)
            await change(client, metrics__open=True)
            # Two children and the parent, whose worker follows too.
            await until(lambda: member.events.count("the new settings hold") == 3)
            for _ in range(12):
                async with httpx2.AsyncClient(
                    base_url=member.address, trust_env=False, timeout=60
                ) as stranger:
                    assert (await stranger.get("/metrics")).status_code == 200
        assert member.stop() == 0
