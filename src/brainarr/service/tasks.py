"""Tasks: what comes round by itself, when it is due, and whether all of that is paused.

Runs of each list are a task of their own: `recommend` those of the first one, `recommend:late-night` those of
the list of that slug. Lists come and go, so they are read at each question. The next time is computed from
the last one in the database, so that no restart repeats or skips one.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.schedule import Schedule, due_at, first_due, parse_schedule
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.jobs import request_job
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import Timetable, request_run, runs_due_at
from brainarr.store import jobs as rows
from brainarr.store import lists, runs
from brainarr.store.install import installed_at
from brainarr.store.jobs import RECOMMEND, Execution
from brainarr.store.lists import StoredList
from brainarr.store.page import Page, PageOf
from brainarr.store.runs import RunStatus
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
    lidarrs: frozenset[str] | None = None
    """Of `recommend`: those that are configured, so that lists for them have runs; None: it matters not."""
    list: StoredList | None = None
    """That it is a run of; None: it is no run of one."""


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
    missing: str = ""
    """Why it cannot be done here."""
    list: str | None = None
    """The slug of the list that it is a run of."""

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
        dues = await _dues(connection, await _with_lists(connection, tasks), now, zone)
    if any(due <= now for _, due in dues):
        async with db.transaction() as connection:
            # Once more: another process may just have queued it, or have done it already.
            for task, due in await _dues(connection, await _with_lists(connection, tasks), now, zone):
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
        present = await _with_lists(connection, tasks)
        dues = {task.name: due for task, due in await _dues(connection, present, now, zone)}
        newest = await rows.last_executions(connection, over=False)
        last = await rows.last_executions(connection, over=True)
    return tuple(
        TaskRow(
            name=task.name,
            schedule=_when(task),
            running=(latest := newest.get(_kind(task))) is not None and latest.status is RunStatus.RUNNING,
            last=last.get(_kind(task)),
            next_at=dues.get(task.name),
            paused=paused and (task.schedule is not None or task.wanted is not None),
            missing=task.missing,
            list=task.list.slug if task.list else None,
        )
        for task in present
    )


async def start_task(db: Database, tasks: Sequence[Task], name: str, *, clock: Clock) -> bool:
    """Asks for one execution now; False when one is queued or running, and this is it.

    Raises NotFound, and Conflict where it cannot be done.
    """
    async with db.reading() as connection:
        present = await _with_lists(connection, tasks)
    task = next((task for task in present if task.name == name), None)
    if task is None:
        known = ", ".join(sorted(task.name for task in present))
        raise NotFound(f"There is no task {name!r}.", remedy=f"There are {known}.")
    if task.missing:
        raise Conflict(f"The task {name} cannot be done.", remedy=task.missing)
    if task.list is not None:
        return (await request_run(db, task.list.slug, trigger="api", clock=clock)).created
    return await request_job(db, name, trigger="api", clock=clock)


async def list_executions(db: Database, asked: PageOf, name: str | None = None) -> Page[Execution]:
    """Of jobs and runs together, newest first; `name`: of that task alone, where `recommend` is all runs."""
    kind, _, about = (name or "").partition(":")
    async with db.reading() as connection:
        return await rows.page_of_executions(connection, asked, kind or None, about or None)


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
    timetables = {
        task.list.id: Timetable(task.schedule, task.list.created_at)
        for task in tasks
        if task.list and task.schedule and not task.missing
    }
    run_dues = await runs_due_at(connection, timetables, now, zone) if timetables else {}
    found: list[tuple[Task, datetime]] = []
    for task in tasks:
        if task.missing:
            continue
        if task.list is not None:
            due = run_dues.get(task.list.id)
        elif task.wanted is not None:
            due = await _left_due(connection, task.name, task.wanted)
        else:
            due = await _job_due(connection, task, now, zone)
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


async def _with_lists(connection: AsyncConnection, tasks: Sequence[Task]) -> list[Task]:
    """Instead of the task `recommend`, one for each list."""
    present: list[Task] = []
    for task in tasks:
        if task.name == RECOMMEND:
            present += [_of_list(task, one) for one in await lists.lists_of(connection)]
        else:
            present.append(task)
    return present


def _of_list(task: Task, wanted: StoredList) -> Task:
    """`task` is the one of runs in general, with the schedule of the settings."""
    schedule, missing = task.schedule, task.missing
    if wanted.terms.schedule is not None:
        schedule = parse_schedule(wanted.terms.schedule)
    if task.lidarrs is not None and wanted.instance != DEFAULT_INSTANCE:
        known = wanted.instance in task.lidarrs
        missing = "" if known else f"The Lidarr {wanted.instance} is not configured: see the setting lidarrs."
    name = RECOMMEND if wanted.slug == DEFAULT_LIST else f"{RECOMMEND}:{wanted.slug}"
    return Task(name, schedule, missing, list=wanted)


def _kind(task: Task) -> tuple[str, str | None]:
    """Under which its executions stand."""
    return (RECOMMEND, task.list.slug) if task.list else (task.name, None)


async def _job_due(connection: AsyncConnection, task: Task, now: datetime, zone: tzinfo) -> datetime | None:
    if task.schedule is None:
        return None
    last = await rows.newest_job(connection, task.name)
    if last is None:
        return first_due(task.schedule, await installed_at(connection), now, zone)
    return due_at(task.schedule, last.requested_at, now, zone) if last.status.over else None


async def _queue(connection: AsyncConnection, task: Task, due: datetime, now: datetime) -> None:
    if task.list is None:
        await rows.insert_job(connection, task.name, trigger=runs.SCHEDULE, at=now, due_at=due)
        return
    await runs.insert_run(connection, task.list.id, dry_run=False, trigger=runs.SCHEDULE, at=now)
