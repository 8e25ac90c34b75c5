"""Jobs: one row for each execution of work that is no run; and, with the runs, the history of all work.

A job has the states of a run: queued, running, done, failed, cancelled.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Progress
from brainarr.store.page import Page, PageOf
from brainarr.store.runs import OPEN, SCHEDULE, Process, RunStatus, may_start
from brainarr.store.tables import jobs, lists, pauses, runs
from brainarr.store.upsert import insert_new

RECOMMEND = "recommend"
"""The kind under which runs stand among other work."""
FOLLOW = "lidarr_events"
"""The kind that follows the Lidarrs: what they tell, and what they are told."""

DELIVERIES = "deliveries"
"""The kind that looks after what is to go out to Lidarr; an approval asks for one."""


class JobRow(msgspec.Struct, frozen=True):
    """One execution of work that is no run."""

    id: int
    kind: str
    about: str | None
    status: RunStatus
    trigger: str
    requested_at: datetime
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    process: Process | None
    heartbeat_at: datetime | None
    progress: Progress | None
    error: str | None
    remedy: str | None


class Execution(msgspec.Struct, frozen=True):
    """One execution of any work; the ids of runs and of jobs are counted apart."""

    kind: str
    id: int
    about: str | None
    """Of a run: the slug of its list."""
    status: RunStatus
    trigger: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    remedy: str | None


async def insert_job(
    connection: AsyncConnection,
    kind: str,
    *,
    trigger: str,
    at: datetime,
    due_at: datetime,
    about: str | None = None,
) -> int | None:
    """The new queued job's id; None when one of its kind is queued or running."""
    open_one = select(jobs.c.id).where(jobs.c.key == kind, jobs.c.status.in_(OPEN))
    if (await connection.execute(open_one)).scalar() is not None:
        return None
    row = {
        "kind": kind,
        "key": kind,
        "about": about,
        "status": RunStatus.QUEUED,
        "trigger": trigger,
        "requested_at": at,
        "due_at": due_at,
    }
    return (await connection.execute(insert(jobs).values(row).returning(jobs.c.id))).scalar_one()


async def newest_job(connection: AsyncConnection, kind: str) -> JobRow | None:
    query = select(jobs).where(jobs.c.kind == kind).order_by(jobs.c.id.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return _read(row) if row else None


async def job(connection: AsyncConnection, job_id: int) -> JobRow | None:
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).first()
    return _read(row) if row else None


async def ready_jobs(connection: AsyncConnection) -> tuple[JobRow, ...]:
    """What waits for a worker, in its order."""
    query = select(jobs).where(jobs.c.status == RunStatus.QUEUED, may_start(jobs.c.trigger))
    return tuple(_read(row) for row in await connection.execute(query.order_by(jobs.c.id)))


async def claim_job(
    connection: AsyncConnection, job_id: int, process: Process, at: datetime
) -> JobRow | None:
    """Takes a queued job for this process; None when it does not wait (any more)."""
    claimed = await connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.status == RunStatus.QUEUED, may_start(jobs.c.trigger))
        .values(
            status=RunStatus.RUNNING,
            attempts=jobs.c.attempts + 1,
            started_at=at,
            heartbeat_at=at,
            host=process.host,
            pid=process.pid,
            process=process.token,
        )
        .returning(*jobs.c)
    )
    row = claimed.first()
    return _read(row) if row else None


async def beat_job(
    connection: AsyncConnection, mine: JobRow, at: datetime, progress: Progress | None
) -> bool:
    """Says that the job is alive and where it is; False when it is not `mine` any more."""
    changed = await connection.execute(
        update(jobs).where(_still(mine)).values(heartbeat_at=at, progress=progress)
    )
    return changed.rowcount == 1


async def close_job(
    connection: AsyncConnection,
    mine: JobRow,
    status: RunStatus,
    at: datetime,
    *,
    error: str = "",
    remedy: str = "",
) -> bool:
    """Ends this execution; False when it is not `mine` any more."""
    changed = await connection.execute(
        update(jobs)
        .where(_still(mine))
        .values(status=status, finished_at=at, progress=None, error=error or None, remedy=remedy or None)
    )
    return changed.rowcount == 1


async def give_back(connection: AsyncConnection, mine: JobRow) -> None:
    """Queues it once more, as if nobody had taken it."""
    values = {"status": RunStatus.QUEUED, "progress": None, "host": None, "pid": None, "process": None}
    await connection.execute(update(jobs).where(_still(mine)).values(values))


async def running_jobs(connection: AsyncConnection) -> tuple[JobRow, ...]:
    query = select(jobs).where(jobs.c.status == RunStatus.RUNNING)
    return tuple(_read(row) for row in await connection.execute(query))


async def ask_in_person(connection: AsyncConnection, kind: str, trigger: str) -> None:
    """What waits as part of the schedule is from now on what somebody asked for."""
    mine = (jobs.c.kind == kind, jobs.c.status == RunStatus.QUEUED, jobs.c.trigger == SCHEDULE)
    await connection.execute(update(jobs).where(*mine).values(trigger=trigger))


async def page_of_executions(
    connection: AsyncConnection, asked: PageOf, kind: str | None, about: str | None = None
) -> Page[Execution]:
    """Jobs and runs together, newest first; `kind`, `about`: of those alone."""
    work = _executions()
    query = select(work)
    if kind is not None:
        query = query.where(work.c.kind == kind)
    if about is not None:
        query = query.where(work.c.about == about)
    total = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    newest = (work.c.requested_at.desc(), work.c.kind, work.c.id.desc())
    found = await connection.execute(query.order_by(*newest).limit(asked.limit).offset(asked.offset))
    return Page(tuple(_read_execution(row) for row in found), total, max(asked.page, 1), asked.limit)


async def last_executions(
    connection: AsyncConnection, *, over: bool
) -> dict[tuple[str, str | None], Execution]:
    """The newest of each kind, and of runs of each list (kind, its slug); `over`: that has ended."""
    work = _executions()
    of_a_list = case((work.c.kind == RECOMMEND, work.c.about))
    place = func.row_number().over(partition_by=(work.c.kind, of_a_list), order_by=work.c.id.desc())
    placed = select(work, place.label("place"))
    if over:
        placed = placed.where(work.c.status.not_in(OPEN))
    newest = placed.subquery("newest")
    found = map(_read_execution, await connection.execute(select(newest).where(newest.c.place == 1)))
    return {(one.kind, one.about if one.kind == RECOMMEND else None): one for one in found}


async def last_done(connection: AsyncConnection, kind: str) -> datetime | None:
    """When a job of a kind last ended well."""
    done = (jobs.c.kind == kind, jobs.c.status == RunStatus.DONE)
    return (await connection.execute(select(func.max(jobs.c.finished_at)).where(*done))).scalar()


async def forget_jobs(connection: AsyncConnection, kinds: Sequence[str], keep: int) -> int:
    """All but the newest `keep` of each kind; how many that were."""
    gone = 0
    for kind in kinds:
        oldest = select(jobs.c.id).where(jobs.c.kind == kind).order_by(jobs.c.id.desc())
        kept_from = (await connection.execute(oldest.limit(1).offset(keep - 1))).scalar()
        if kept_from is not None:
            old = (jobs.c.kind == kind, jobs.c.id < kept_from, jobs.c.status.not_in(OPEN))
            gone += (await connection.execute(delete(jobs).where(*old))).rowcount
    return gone


async def known_kinds(connection: AsyncConnection) -> tuple[str, ...]:
    return tuple((await connection.execute(select(jobs.c.kind).distinct())).scalars())


async def pause(connection: AsyncConnection, at: datetime) -> None:
    await connection.execute(insert_new(connection, pauses, ("id",)), {"id": 1, "since": at})


async def resume(connection: AsyncConnection) -> None:
    await connection.execute(delete(pauses))


async def paused_since(connection: AsyncConnection) -> datetime | None:
    return (await connection.execute(select(pauses.c.since))).scalar()


def _executions() -> Any:
    columns = ("id", "status", "trigger", "requested_at", "started_at", "finished_at", "error", "remedy")
    of_jobs = select(jobs.c.kind, cast(null(), Text).label("about"), *(jobs.c[name] for name in columns))
    of_runs = select(
        literal(RECOMMEND).label("kind"),
        cast(lists.c.slug, Text).label("about"),
        *(runs.c[n] for n in columns),
    ).join(lists, lists.c.id == runs.c.list_id)
    return union_all(of_jobs, of_runs).subquery("work")


def _still(mine: JobRow) -> ColumnElement[bool]:
    token = mine.process.token if mine.process else None
    taken = (jobs.c.process == token) & (jobs.c.attempts == mine.attempts)
    return (jobs.c.id == mine.id) & (jobs.c.status == RunStatus.RUNNING) & taken


def _read_execution(row: Row[Any]) -> Execution:
    return Execution(
        kind=row.kind,
        id=row.id,
        about=row.about,
        status=RunStatus(row.status),
        trigger=row.trigger,
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=row.error,
        remedy=row.remedy,
    )


def _read(row: Row[Any]) -> JobRow:
    return JobRow(
        id=row.id,
        kind=row.kind,
        about=row.about,
        status=RunStatus(row.status),
        trigger=row.trigger,
        requested_at=row.requested_at,
        due_at=row.due_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        process=Process(row.host, row.pid, row.process) if row.host else None,
        heartbeat_at=row.heartbeat_at,
        progress=row.progress,
        error=row.error,
        remedy=row.remedy,
    )
