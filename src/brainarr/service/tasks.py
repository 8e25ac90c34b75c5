"""Tasks: what comes round by itself, when it is due, and whether all of that is paused.

The next time is computed from the last one in the database, so that no restart repeats or skips one.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.schedule import Schedule, due_at, first_due
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.jobs import request_job
from brainarr.service.lists import DEFAULT_LIST, find_list
from brainarr.service.runs import request_run, run_due_at
from brainarr.store import jobs as rows
from brainarr.store import runs
from brainarr.store.install import installed_at
from brainarr.store.jobs import RECOMMEND, Execution
from brainarr.store.page import Page, PageOf
from brainarr.store.session import Database

Wanted = Callable[[AsyncConnection], Awaitable[datetime | None]]
"""When what somebody left to be done is to be done; None: nothing was left."""


class Task(msgspec.Struct, frozen=True):
    """Work that is done again and again, or at a person's wish."""

    name: str
    schedule: Schedule | None
    """None: only when somebody asks."""
    missing: str = ""
    """Why it cannot be done here."""
    wanted: Wanted | None = None
    """Instead of a schedule: it comes by itself when there is something to do."""


class TaskRow(msgspec.Struct, frozen=True):
    """A task as people see it."""

    name: str
    schedule: str
    """In the words of the settings; `off`, or `when needed`."""
    running: bool
    last: Execution | None
    """The newest execution that has ended."""
    next_at: datetime | None
    """None: not by itself, or it is under way, or everything is paused."""
    paused: bool

    @property
    def last_duration(self) -> timedelta | None:
        if self.last is None or self.last.started_at is None or self.last.finished_at is None:
            return None
        # A clock that was set back between the two.
        return max(self.last.finished_at - self.last.started_at, timedelta())


async def request_due(db: Database, tasks: Sequence[Task], *, clock: Clock, zone: tzinfo) -> datetime | None:
    """Queues what is due, each once however late it is; answers when the next one will be.

    None: nothing comes by itself, or all of it is paused or under way.
    """
    now = clock()
    async with db.reading() as connection:
        dues = await _dues(connection, tasks, now, zone)
    late = [task for task, due in dues if due <= now]
    if late:
        async with db.transaction() as connection:
            # Once more: another process may just have queued it, or have done it already.
            for task, due in await _dues(connection, late, now, zone):
                if due <= now:
                    await _queue(connection, task, due, now)
    return min((due for _, due in dues if due > now), default=None)


class Waiting(NamedTuple):
    """A row that waits for a worker."""

    table: Literal["run", "job"]
    id: int
    attempts: int
    """How often somebody has begun it."""


async def waiting_work(db: Database) -> tuple[Waiting, ...]:
    """What may begin now, runs first; while there is a pause, only what somebody asked for."""
    async with db.reading() as connection:
        queued_runs = await runs.ready_runs(connection)
        queued_jobs = await rows.ready_jobs(connection)
    return (
        *(Waiting("run", run_id, 0) for run_id in queued_runs),
        *(Waiting("job", job.id, job.attempts) for job in queued_jobs),
    )


async def list_tasks(
    db: Database, tasks: Sequence[Task], *, clock: Clock, zone: tzinfo
) -> tuple[TaskRow, ...]:
    now = clock()
    async with db.reading() as connection:
        paused = await rows.paused_since(connection) is not None
        dues = {task.name: due for task, due in await _dues(connection, tasks, now, zone)}
        found: list[TaskRow] = []
        for task in tasks:
            newest = await rows.last_execution(connection, task.name, over=False)
            row = TaskRow(
                name=task.name,
                schedule=_when(task),
                running=newest is not None and newest.status is runs.RunStatus.RUNNING,
                last=await rows.last_execution(connection, task.name, over=True),
                next_at=dues.get(task.name),
                paused=paused and (task.schedule is not None or task.wanted is not None),
            )
            found.append(row)
    return tuple(found)


async def start_task(db: Database, tasks: Sequence[Task], name: str, *, clock: Clock) -> bool:
    """Asks for one execution now; False when one is queued or running, and this is it.

    Raises NotFound, and Conflict where it cannot be done.
    """
    task = next((task for task in tasks if task.name == name), None)
    if task is None:
        known = ", ".join(sorted(task.name for task in tasks))
        raise NotFound(f"There is no task {name!r}.", remedy=f"There are {known}.")
    if task.missing:
        raise Conflict(f"The task {name} cannot be done.", remedy=task.missing)
    if name == RECOMMEND:
        return (await request_run(db, DEFAULT_LIST, trigger="api", clock=clock)).created
    return await request_job(db, name, trigger="api", clock=clock)


async def list_executions(db: Database, asked: PageOf, kind: str | None = None) -> Page[Execution]:
    """Of jobs and runs together, newest first."""
    async with db.reading() as connection:
        return await rows.page_of_executions(connection, asked, kind)


async def pause_tasks(db: Database, *, clock: Clock) -> datetime:
    """From now on nothing starts by itself, in no process, also after a restart; since when that is."""
    async with db.transaction() as connection:
        await rows.pause(connection, clock())
        since = await rows.paused_since(connection)
    return since or clock()


async def paused_since(db: Database) -> datetime | None:
    """Since when nothing starts by itself; None: things do."""
    async with db.reading() as connection:
        return await rows.paused_since(connection)


async def resume_tasks(db: Database) -> None:
    """What became due in the pause is done once."""
    async with db.transaction() as connection:
        await rows.resume(connection)


async def _dues(
    connection: AsyncConnection, tasks: Sequence[Task], now: datetime, zone: tzinfo
) -> list[tuple[Task, datetime]]:
    """Those that come by themselves and are not under way, each with its time."""
    if await rows.paused_since(connection) is not None:
        return []
    found: list[tuple[Task, datetime]] = []
    for task in tasks:
        if task.missing:
            continue
        due = None
        if task.wanted is not None:
            due = await _left_due(connection, task.name, task.wanted)
        elif task.schedule is not None:
            due = await _due(connection, task.name, task.schedule, now, zone)
        if due is not None:
            found.append((task, due))
    return found


def _when(task: Task) -> str:
    if task.wanted is not None:
        return "when needed"
    return str(task.schedule) if task.schedule else "off"


async def _left_due(connection: AsyncConnection, name: str, wanted: Wanted) -> datetime | None:
    last = await rows.newest_job(connection, name)
    return await wanted(connection) if last is None or last.status.over else None


async def _due(
    connection: AsyncConnection, name: str, schedule: Schedule, now: datetime, zone: tzinfo
) -> datetime | None:
    if name == RECOMMEND:
        return await run_due_at(connection, DEFAULT_LIST, schedule, now, zone)
    last = await rows.newest_job(connection, name)
    if last is None:
        return first_due(schedule, await installed_at(connection), now, zone)
    return due_at(schedule, last.requested_at, now, zone) if last.status.over else None


async def _queue(connection: AsyncConnection, task: Task, due: datetime, now: datetime) -> None:
    if task.name != RECOMMEND:
        await rows.insert_job(connection, task.name, trigger=runs.SCHEDULE, at=now, due_at=due)
        return
    wanted = await find_list(connection, DEFAULT_LIST)
    await runs.insert_run(connection, wanted.id, dry_run=False, trigger=runs.SCHEDULE, at=now)
