"""brainarr worker: a process of its own beside others, killed and stopped in the middle of its work."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from brainarr.jobs.worker import GRACE_S
from brainarr.sandbox.faults import Fault
from brainarr.service.runs import cancel_run, read_run, request_run
from brainarr.service.tasks import list_executions
from brainarr.store.jobs import Execution
from brainarr.store.page import PageOf
from brainarr.store.runs import RunStatus
from tests.cli.conftest import Brainarr, World
from tests.servers import RedisServer, free_port
from tests.store.given import House

pytestmark = pytest.mark.loopback

# What PostgreSQL has no part in needs no second run.
on_sqlite_alone = pytest.mark.parametrize("place", ["on_sqlite"], indirect=True)

Processes = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def processes(house: House, outside: World, redis: RedisServer) -> Iterator[Processes]:
    """Starts further processes of one Brainarr; whatever is left of them at the end is stopped."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, **environ: str) -> "subprocess.Popen[str]":
        variables = {
            "BRAINARR_CONFIG": str(house.folder),
            "BRAINARR__DATABASE__URL": house.url,
            "BRAINARR__REDIS__URL": redis.url,
            "BRAINARR__RECOMMEND__SCHEDULE": "off",
            "BRAINARR__SCHEDULES__SETTLE": "off",
            "BRAINARR__SCHEDULES__CLEAN_UP": "off",
        }
        command = [sys.executable, "-m", "brainarr", *words]
        process = subprocess.Popen(
            command, env=os.environ | variables | environ, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    with reaping(started):
        yield start


@contextmanager
def reaping(started: "list[subprocess.Popen[str]]") -> Iterator[None]:
    try:
        yield
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.communicate()


async def come_true(probe: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1_200):
        if await probe():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come true within a minute")


async def executions(house: House, kind: str) -> list[Execution]:
    return list(reversed((await list_executions(house.db, PageOf(), kind)).items))


async def until(house: House, kind: str, *statuses: RunStatus) -> None:
    async def reached() -> bool:
        return [one.status for one in await executions(house, kind)] == list(statuses)

    await come_true(reached)


async def ended(process: "subprocess.Popen[str]") -> int:
    code = await asyncio.to_thread(process.wait, 30)
    return code


async def test_a_worker_killed_in_the_middle_of_its_work_leaves_nothing_undone(
    house: House, outside: World, processes: Processes
):
    # The chore that comes at once, and a run, both in the middle of reading the library.
    outside.lidarr.inject(Fault("/artist", delay=300))
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    first = processes("worker", "--concurrency", "2")
    await until(house, "library", RunStatus.RUNNING)
    await until(house, "recommend", RunStatus.RUNNING)
    first.kill()
    await ended(first)
    outside.lidarr.clear()
    processes("worker")
    # The chore is taken up again; a run may have cost money: asking once more is up to the person.
    await until(house, "library", RunStatus.DONE)
    await until(house, "recommend", RunStatus.FAILED)
    assert "Interrupted" in ((await read_run(house.db, run_id)).run.error or "")


async def test_two_workers_race_for_everything_and_each_thing_is_done_once(
    house: House, outside: World, processes: Processes
):
    before = len(outside.lidarr.requests)
    for _ in range(2):
        processes(
            "worker",
            BRAINARR__SCHEDULES__SETTLE="1h",
            BRAINARR__SCHEDULES__CLEAN_UP="1h",
            BRAINARR__SCHEDULES__LIDARR="off",
        )
    await request_run(house.db, "default", clock=house.clock)
    for kind in ("library", "settle", "clean_up", "recommend"):
        await until(house, kind, RunStatus.DONE)
    # One for each of the chores that read the library, one for the run.
    assert outside.lidarr.requests[before:].count("GET /api/v1/artist") == 3


@on_sqlite_alone
@pytest.mark.thorough
async def test_a_worker_told_to_stop_gives_back_what_it_cannot_end(
    house: House, outside: World, processes: Processes
):
    outside.lidarr.inject(Fault("/artist", delay=300))
    await request_run(house.db, "default", clock=house.clock)
    process = processes("worker")
    await until(house, "library", RunStatus.RUNNING)
    await until(house, "recommend", RunStatus.RUNNING)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(GRACE_S + 20):
        assert await ended(process) == 0
    await until(house, "library", RunStatus.QUEUED)
    await until(house, "recommend", RunStatus.CANCELLED)


@on_sqlite_alone
async def test_a_server_that_only_serves_leaves_the_work_to_the_worker(
    house: House, outside: World, processes: Processes
):
    environ = {"BRAINARR__SERVER__PORT": str(free_port()), "BRAINARR__JOBS__EMBEDDED": "false"}
    server = processes("serve", **environ)
    await until(house, "library", RunStatus.QUEUED)
    processes("worker")
    await until(house, "library", RunStatus.DONE)
    server.send_signal(signal.SIGTERM)
    assert await ended(server) == 0


@on_sqlite_alone
@pytest.mark.thorough
async def test_a_run_that_another_process_executes_can_be_stopped(
    house: House, outside: World, processes: Processes
):
    outside.lidarr.inject(Fault("/artist", delay=300))
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    processes("worker")
    await until(house, "recommend", RunStatus.RUNNING)
    await cancel_run(house.db, run_id, clock=house.clock)
    await until(house, "recommend", RunStatus.CANCELLED)


def test_without_a_redis_a_worker_says_what_to_do(brainarr: Brainarr):
    said = brainarr("worker")
    assert said.exit_code == 2
    assert "redis.url" in said.stderr and "`brainarr serve` works" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_concurrency_out_of_bounds_is_refused(brainarr: Brainarr):
    assert brainarr("worker", "--concurrency", "0").exit_code == 2
