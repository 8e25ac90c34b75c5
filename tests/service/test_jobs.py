"""Jobs: exactly one execution for each, whoever dies in the middle of it."""

import asyncio
import os
import subprocess
from datetime import UTC, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from brainarr.domain.schedule import Interval
from brainarr.errors import StorageError
from brainarr.service.jobs import (
    EXECUTIONS_KEPT,
    MOST_ATTEMPTS,
    JobDeps,
    Work,
    execute_job,
    forget_executions,
    newest_job,
    recover_jobs,
    request_job,
)
from brainarr.service.liveness import SILENCE, is_orphan, this_process
from brainarr.service.tasks import Task, list_executions, list_tasks, request_due, waiting_work
from brainarr.store import tables
from brainarr.store.jobs import JobRow, claim_job, insert_job
from brainarr.store.page import PageOf
from brainarr.store.runs import Process, RunStatus
from tests.service.given import HERE
from tests.store.given import NOW, House

THERE = Process("there", 7, "that")


def here(house: House, process: Process = HERE, *, beat_s: float = 0.005) -> JobDeps:
    return JobDeps(house.db, house.clock, process, beat_s)


async def queued(house: House, kind: str = "tidy") -> int:
    assert await request_job(house.db, kind, trigger="api", clock=house.clock)
    job = await newest_job(house.db, kind)
    assert job is not None
    return job.id


async def claimed(house: House, job_id: int, process: Process) -> JobRow:
    async with house.db.transaction() as connection:
        job = await claim_job(connection, job_id, process, house.clock())
    assert job is not None
    return job


def doing(done: list[int]) -> Work:
    async def do(job: JobRow, *_: object) -> None:
        done.append(job.id)

    return do


async def test_a_ticket_that_comes_many_times_executes_once(house: House):
    job_id, done = await queued(house), list[int]()
    await asyncio.gather(*(execute_job(here(house), job_id, lambda _: doing(done)) for _ in range(20)))
    await execute_job(here(house, THERE), job_id, lambda _: doing(done))
    assert done == [job_id]


async def test_asked_for_by_fifty_at_once_there_is_one(house: House):
    asked = (request_job(house.db, "tidy", trigger="api", clock=house.clock) for _ in range(50))
    assert sum(await asyncio.gather(*asked)) == 1


async def test_what_is_late_is_queued_once_by_many_processes(house: House):
    tasks = [Task("tidy", Interval(timedelta(minutes=1))), Task("rest", None)]
    house.clock.advance(days=9)
    for _ in range(2):
        await asyncio.gather(*(request_due(house.db, tasks, clock=house.clock, zone=UTC) for _ in range(20)))
        assert len(await waiting_work(house.db)) == 1
    await execute_job(here(house), (await waiting_work(house.db))[0].id, lambda _: doing([]))
    assert await request_due(house.db, tasks, clock=house.clock, zone=UTC) == house.clock() + timedelta(
        minutes=1
    )
    assert await waiting_work(house.db) == ()


async def test_what_a_dead_process_left_is_queued_again_but_not_for_ever(house: House):
    job_id = await queued(house)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert (await claimed(house, job_id, THERE)).attempts == attempt
        assert await recover_jobs(house.db, HERE, clock=house.clock) == 0
        house.clock.advance(seconds=SILENCE.total_seconds() + 1)
        assert await recover_jobs(house.db, HERE, clock=house.clock) == 1
    job = await newest_job(house.db, "tidy")
    assert job is not None and job.status is RunStatus.FAILED
    assert "Interrupted 3 times" in (job.error or "") and job.remedy
    assert await request_job(house.db, "tidy", trigger="api", clock=house.clock)


async def test_who_was_taken_for_dead_stops_and_changes_nothing_any_more(house: House):
    job_id, begun = await queued(house), asyncio.Event()

    async def endless(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    slow = asyncio.create_task(execute_job(here(house, THERE), job_id, lambda _: endless))
    await begun.wait()
    async with house.db.transaction() as connection:
        # As if it had been silent for long: another process has taken it up again.
        await connection.execute(update(tables.jobs).values(status="queued", host=None, process=None))
    mine = await claimed(house, job_id, HERE)
    await slow
    job = await newest_job(house.db, "tidy")
    assert job is not None
    assert (job.status, job.process, job.attempts) == (RunStatus.RUNNING, HERE, mine.attempts)


async def test_a_job_that_takes_long_gives_signs_of_life(house: House):
    job_id, beats = await queued(house), list[bool]()

    async def long(*_: object) -> None:
        house.clock.advance(minutes=5)
        for _look in range(2_000):
            job = await newest_job(house.db, "tidy")
            if job is not None and job.heartbeat_at == house.clock():
                beats.append(await recover_jobs(house.db, HERE, clock=house.clock) == 0)
                return
            await asyncio.sleep(0.005)

    await execute_job(here(house, THERE), job_id, lambda _: long)
    assert beats == [True]


async def test_failures_and_faults_are_stored_with_what_to_do(house: House):
    async def full(*_: object) -> None:
        raise StorageError("The disk is\0 full.", remedy="Free some space.")

    async def buggy(*_: object) -> None:
        raise KeyError("x")

    said: list[tuple[str | None, str | None]] = []
    with capture_logs():
        for work in (full, buggy, None):
            await execute_job(here(house), await queued(house), lambda _, work=work: work)
            job = await newest_job(house.db, "tidy")
            assert job is not None and job.status is RunStatus.FAILED
            said.append((job.error, job.remedy))
    assert said[0] == ("The disk is full.", "Free some space.")
    assert said[1] == ("Brainarr has a fault: KeyError.", "Please report it.")
    assert "'tidy'" in (said[2][0] or "") and "Update" in (said[2][1] or "")


async def test_history_keeps_the_newest_of_each_kind_and_what_is_open(house: House):
    async with house.db.transaction() as connection:
        for kind, count in (("many", EXECUTIONS_KEPT + 50), ("few", 3)):
            for number in range(count):
                at = NOW + timedelta(seconds=number)
                await insert_job(connection, kind, trigger="schedule", at=at, due_at=at)
                if number < count - 1:
                    mine = tables.jobs.c.kind == kind
                    await connection.execute(update(tables.jobs).where(mine).values(status="done"))
    assert await forget_executions(house.db) == 50
    assert await forget_executions(house.db) == 0
    page = await list_executions(house.db, PageOf(), "many")
    assert page.total == EXECUTIONS_KEPT and page.items[0].status is RunStatus.QUEUED
    async with house.db.reading() as connection:
        assert (await connection.execute(select(tables.jobs.c.id).where(tables.jobs.c.kind == "few"))).all()


async def test_a_duration_is_never_negative(house: House):
    job_id = await queued(house)

    async def back(*_: object) -> None:
        house.clock.advance(hours=-1)

    await execute_job(here(house), job_id, lambda _: back)
    (row,) = await list_tasks(house.db, [Task("tidy", None)], clock=house.clock, zone=UTC)
    assert row.last_duration == timedelta()


def test_a_process_of_this_machine_is_dead_when_it_is_gone_and_its_number_alone_proves_nothing():
    me = this_process()
    assert not is_orphan(me, NOW, me, NOW)
    child = subprocess.Popen(["sleep", "60"])
    other = Process(me.host, child.pid, "other")
    assert not is_orphan(other, NOW, me, NOW)
    child.kill()
    # Not waited for yet: a zombie keeps its number.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_orphan(other, NOW, me, NOW)
    child.wait()
    assert is_orphan(other, NOW, me, NOW)
    # In a container every process is number 1.
    assert is_orphan(Process(me.host, me.pid, "before"), NOW, me, NOW)


@pytest.mark.parametrize(
    ("minutes", "dead"), [(0, False), (1.9, False), (2.1, True), (-1.9, False), (-9, True)]
)
def test_a_process_of_another_machine_is_dead_when_it_is_silent(minutes: float, dead: bool):
    assert is_orphan(THERE, NOW - timedelta(minutes=minutes), HERE, NOW) is dead
