"""Runs: one row for each pass of the pipeline, from its request to its end."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind, ListTerms
from brainarr.domain.recommendation import Progress, RunOverrides, RunResult
from brainarr.store.page import Page, PageOf
from brainarr.store.tables import FIRST_PERSON, lists, pauses, runs


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in OPEN


NOTHING_ELSE = RunOverrides()
OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


class Process(msgspec.Struct, frozen=True):
    """Who executes a run. `token` is drawn at its start: in a container every process is number 1."""

    host: str
    pid: int
    token: str


class RunRow(msgspec.Struct, frozen=True):
    """A run as the list of runs shows it."""

    id: int
    list_id: int
    list: str
    """The list's slug."""
    status: RunStatus
    dry_run: bool
    trigger: str
    """Who asked: manual (the web app), ask (its page of wishes), schedule, cli, api."""
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: Progress | None = None
    error: str | None = None
    remedy: str | None = None
    recommended: int = 0
    prompt_tokens: int = 0
    level: str = "none"
    compression_ratio: float = 1.0
    notes: tuple[str, ...] = ()
    overrides: RunOverrides = NOTHING_ELSE
    process: Process | None = None
    heartbeat_at: datetime | None = None
    kind: ListKind = ListKind.DISCOVER
    """Of its list, as the next two."""
    instance: str = DEFAULT_INSTANCE
    terms: ListTerms = NO_TERMS


SCHEDULE = "schedule"
"""The trigger of what starts by itself."""

_ROW = select(runs, lists.c.slug, lists.c.kind, lists.c.instance, lists.c.terms).join(
    lists, lists.c.id == runs.c.list_id
)


async def insert_run(
    connection: AsyncConnection,
    list_id: int,
    *,
    dry_run: bool,
    trigger: str,
    at: datetime,
    overrides: RunOverrides = NOTHING_ELSE,
) -> int | None:
    """The new queued run's id; None when a run of the list is queued or running already."""
    values = {
        "list_id": list_id,
        "status": RunStatus.QUEUED,
        "dry_run": dry_run,
        "trigger": trigger,
        "requested_at": at,
        "overrides": overrides,
    }
    try:
        # A savepoint: PostgreSQL would otherwise refuse everything after the broken rule.
        async with connection.begin_nested():
            return (await connection.execute(insert(runs).values(values).returning(runs.c.id))).scalar_one()
    except IntegrityError:
        return None


async def open_run(connection: AsyncConnection, list_id: int) -> RunRow | None:
    """The queued or running run of a list."""
    return await _one(connection, _ROW.where(runs.c.list_id == list_id, runs.c.status.in_(OPEN)))


async def run(connection: AsyncConnection, run_id: int) -> RunRow | None:
    return await _one(connection, _ROW.where(runs.c.id == run_id))


async def newest_of_lists(connection: AsyncConnection) -> tuple[RunRow, ...]:
    """Of every list the newest run that is no dry one."""
    newest = select(func.max(runs.c.id)).where(~runs.c.dry_run).group_by(runs.c.list_id)
    return tuple(_read(row) for row in await connection.execute(_ROW.where(runs.c.id.in_(newest))))


async def last_requested(connection: AsyncConnection, statuses: tuple[RunStatus, ...]) -> dict[int, datetime]:
    """For each list, when the last of its runs, not dry ones, that are now in one of `statuses` was asked
    for."""
    wanted = (~runs.c.dry_run, runs.c.status.in_(statuses))
    # The last by number, not by time: clocks are set back.
    last = select(func.max(runs.c.id)).where(*wanted).group_by(runs.c.list_id)
    query = select(runs.c.list_id, runs.c.requested_at).where(runs.c.id.in_(last))
    return {list_id: at for list_id, at in await connection.execute(query)}


async def busy_lists(connection: AsyncConnection) -> frozenset[int]:
    """Those with a queued or running run."""
    query = select(runs.c.list_id).where(runs.c.status.in_(OPEN))
    return frozenset((await connection.execute(query)).scalars())


class SoughtRuns(msgspec.Struct, frozen=True):
    """Which runs are asked for; None: any."""

    status: RunStatus | None = None
    list: str | None = None
    """A list's slug."""
    trigger: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Requested from `since` to before `until`."""


ALL_RUNS = SoughtRuns()


async def page_of_runs(
    connection: AsyncConnection, asked: PageOf, sought: SoughtRuns = ALL_RUNS, *, owner: int = FIRST_PERSON
) -> Page[RunRow]:
    """Newest first."""
    wanted = [runs.c.owner == owner]
    equal = {runs.c.status: sought.status, lists.c.slug: sought.list, runs.c.trigger: sought.trigger}
    wanted += [column == value for column, value in equal.items() if value is not None]
    if sought.since is not None:
        wanted.append(runs.c.requested_at >= sought.since)
    if sought.until is not None:
        wanted.append(runs.c.requested_at < sought.until)
    counted = select(func.count()).select_from(runs.join(lists, lists.c.id == runs.c.list_id)).where(*wanted)
    total = (await connection.execute(counted)).scalar_one()
    query = _ROW.where(*wanted).order_by(runs.c.id.desc()).limit(asked.limit).offset(asked.offset)
    items = tuple(_read(row) for row in await connection.execute(query))
    return Page(items, total, max(asked.page, 1), asked.limit)


async def ask_in_person(connection: AsyncConnection, run_id: int, trigger: str) -> None:
    """A queued run that came of the schedule is from now on one that somebody asked for."""
    await connection.execute(
        update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED).values(trigger=trigger)
    )


async def claim(connection: AsyncConnection, run_id: int, process: Process, at: datetime) -> bool:
    """Takes a queued run for this process; False when it does not wait (any more)."""
    taken = await connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED, may_start(runs.c.trigger))
        .values(
            status=RunStatus.RUNNING,
            started_at=at,
            heartbeat_at=at,
            host=process.host,
            pid=process.pid,
            process=process.token,
        )
    )
    return taken.rowcount == 1


def may_start(trigger: ColumnElement[str]) -> ColumnElement[bool]:
    """While there is a pause, only what somebody asked for."""
    return or_(trigger != SCHEDULE, ~exists(select(pauses.c.id)))


async def ready_runs(connection: AsyncConnection) -> tuple[int, ...]:
    """What waits for a worker, in its order."""
    query = select(runs.c.id).where(runs.c.status == RunStatus.QUEUED, may_start(runs.c.trigger))
    return tuple((await connection.execute(query.order_by(runs.c.id))).scalars())


async def beat(connection: AsyncConnection, run_id: int, at: datetime, progress: Progress | None) -> bool:
    """Says that the run is alive and where it is; True when somebody asked it to stop."""
    query = (
        update(runs)
        .where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING)
        .values(heartbeat_at=at, progress=progress)
        .returning(runs.c.stop_asked)
    )
    stop = (await connection.execute(query)).scalar()
    return stop is None or stop


async def ask_to_stop(connection: AsyncConnection, run_id: int) -> None:
    await connection.execute(
        update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING).values(stop_asked=True)
    )


async def close_run(
    connection: AsyncConnection,
    run_id: int,
    status: RunStatus,
    at: datetime,
    *,
    error: str = "",
    remedy: str = "",
) -> bool:
    """Ends a run without a result; False when it has ended already."""
    closed = await connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status.in_(OPEN))
        .values(status=status, finished_at=at, error=error or None, remedy=remedy or None)
    )
    return closed.rowcount == 1


async def finish_run(
    connection: AsyncConnection, run_id: int, result: RunResult, at: datetime, *, dry_run: bool
) -> bool:
    """Ends a run with its figures, as cancelled when it was stopped; False when somebody else has."""
    done = await connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING)
        .values(
            status=RunStatus.CANCELLED if result.stopped else RunStatus.DONE,
            finished_at=at,
            progress=Progress("done"),
            recommended=len(result.recommendations),
            prompt_tokens=result.prompt_tokens,
            level=result.level,
            compression_ratio=result.compression_ratio,
            notes=result.notes,
            preview=result.recommendations if dry_run else None,
        )
    )
    return done.rowcount == 1


async def running(connection: AsyncConnection) -> tuple[RunRow, ...]:
    return tuple(
        _read(row) for row in await connection.execute(_ROW.where(runs.c.status == RunStatus.RUNNING))
    )


async def _one(connection: AsyncConnection, query: Select[Any]) -> RunRow | None:
    row = (await connection.execute(query)).first()
    return _read(row) if row else None


def _read(row: Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        list_id=row.list_id,
        list=row.slug,
        status=RunStatus(row.status),
        dry_run=row.dry_run,
        trigger=row.trigger,
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        progress=row.progress,
        error=row.error,
        remedy=row.remedy,
        recommended=row.recommended,
        prompt_tokens=row.prompt_tokens,
        level=row.level,
        compression_ratio=row.compression_ratio,
        notes=row.notes or (),
        overrides=row.overrides or NOTHING_ELSE,
        process=Process(row.host, row.pid, row.process) if row.host else None,
        heartbeat_at=row.heartbeat_at,
        kind=ListKind(row.kind),
        instance=row.instance,
        terms=row.terms,
    )
