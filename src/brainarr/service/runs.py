"""Runs: asking for one, watching it, stopping it, reading what it found."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import (
    Exchange,
    Judged,
    Progress,
    ProviderReport,
    RunOverrides,
    Status,
    Verdict,
)
from brainarr.domain.schedule import Schedule, due_at, first_due
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.lists import find_list
from brainarr.service.liveness import is_orphan
from brainarr.service.progress import Broadcast, Steps
from brainarr.store import findings, recommendations
from brainarr.store import runs as rows
from brainarr.store.findings import SoughtVerdicts
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.runs import ALL_RUNS, Process, RunRow, RunStatus, SoughtRuns
from brainarr.store.session import Database

MANUAL, ASK = "manual", "ask"
"""Triggers: a person in the web app; a person's wish there."""

TRY_AGAIN = timedelta(hours=1)
"""How soon a scheduled run that failed is tried again."""

LOOK_AGAIN_S = 1.0
"""How often a run of another process is looked at."""

MOST_VERDICTS = 2_000

_TOLD = 64
"""Events that a watcher remembers: more steps than a run takes between two signs of life."""


class RequestedRun(msgspec.Struct, frozen=True):
    """`created` is False when a queued or running run of the same list is answered instead of a new one."""

    id: int
    created: bool


class Timetable(NamedTuple):
    """When runs of one list come by themselves."""

    schedule: Schedule
    since: datetime
    """When the list was made."""


class RunDetail(msgspec.Struct, frozen=True):
    """One run with everything it found out."""

    run: RunRow
    recommendations: tuple[RecommendationRow, ...]
    verdicts: dict[Verdict, int]
    """How many candidates ended with each verdict."""
    judged: tuple[Judged, ...]
    providers: tuple[ProviderReport, ...]


class RunEvent(msgspec.Struct, frozen=True):
    """What a watcher is told: the last event of a run is one whose status is over."""

    run_id: int
    status: RunStatus
    progress: Progress | None = None
    error: str | None = None


async def request_run(
    db: Database,
    list_slug: str,
    *,
    dry_run: bool = False,
    trigger: str = "manual",
    clock: Clock,
    overrides: RunOverrides = rows.NOTHING_ELSE,
) -> RequestedRun:
    """Queues a run of a list, or answers the one that is queued or running already. Raises NotFound.

    `overrides` are of this run alone; one that is answered instead keeps its own.
    """
    async with db.transaction() as connection:
        wanted = await find_list(connection, list_slug)
        present = await rows.open_run(connection, wanted.id)
        if present is not None:
            if present.trigger == rows.SCHEDULE != trigger:
                await rows.ask_in_person(connection, present.id, trigger)
            return RequestedRun(present.id, created=False)
        made = await rows.insert_run(
            connection, wanted.id, dry_run=dry_run, trigger=trigger, at=clock(), overrides=overrides
        )
        if made is None:
            raise Conflict("Another run of the list was started at this moment.", remedy="Ask once more.")
    return RequestedRun(made, created=True)


async def runs_due_at(
    connection: AsyncConnection, scheduled: Mapping[int, Timetable], now: datetime, zone: tzinfo
) -> dict[int, datetime]:
    """When the next scheduled run of each list (by its id) is due: by its last good one; sooner after one
    that failed. A list of which one is queued or running has none."""
    busy = await rows.busy_lists(connection)
    good = await rows.last_requested(connection, (RunStatus.DONE, RunStatus.CANCELLED))
    tried = await rows.last_requested(connection, tuple(RunStatus))
    return {
        list_id: _due(timetable, good.get(list_id), tried.get(list_id), now, zone)
        for list_id, timetable in scheduled.items()
        if list_id not in busy
    }


def _due(
    timetable: Timetable, good: datetime | None, tried: datetime | None, now: datetime, zone: tzinfo
) -> datetime:
    schedule = timetable.schedule
    if good is None:
        due = first_due(schedule, timetable.since, now, zone)
    else:
        due = due_at(schedule, good, now, zone)
    if tried is None or tried == good or tried - now > TRY_AGAIN:
        return due
    return max(due, min(tried + TRY_AGAIN, schedule.after(tried, zone)))


async def list_runs(db: Database, asked: PageOf = FIRST_PAGE, sought: SoughtRuns = ALL_RUNS) -> Page[RunRow]:
    """Newest first."""
    async with db.reading() as connection:
        return await rows.page_of_runs(connection, asked, sought)


class RunLine(msgspec.Struct, frozen=True):
    """A run in a list of runs, with how its providers did."""

    run: RunRow
    providers: tuple[ProviderReport, ...]

    @property
    def cost(self) -> int | None:
        """Micro-dollars, of the providers whose price is known; None where a price of one is not."""
        costs = [report.cost_microdollars for report in self.providers]
        return None if None in costs else sum(cost or 0 for cost in costs)


async def list_run_lines(
    db: Database, asked: PageOf = FIRST_PAGE, sought: SoughtRuns = ALL_RUNS
) -> Page[RunLine]:
    """As `list_runs`, with the providers of all of them."""
    async with db.reading() as connection:
        page = await rows.page_of_runs(connection, asked, sought)
        reports = await findings.reports_by_run(connection, [run.id for run in page.items])
    lines = tuple(RunLine(run, reports.get(run.id, ())) for run in page.items)
    return Page(lines, page.total, page.page, page.page_size)


class RunVerdicts(msgspec.Struct, frozen=True):
    """A page of a run's verdicts, beside the counts of all."""

    run: RunRow
    counts: dict[Verdict, int]
    page: Page[Judged]


async def read_verdicts(db: Database, run_id: int, asked: PageOf, sought: SoughtVerdicts) -> RunVerdicts:
    """Raises NotFound."""
    async with db.reading() as connection:
        run = await rows.run(connection, run_id)
        if run is None:
            raise _no_run(run_id)
        counts = await findings.counted_verdicts(connection, run_id)
        return RunVerdicts(run, counts, await findings.page_of_verdicts(connection, run_id, asked, sought))


async def rerun(db: Database, run_id: int, *, real: bool, clock: Clock) -> RequestedRun:
    """A new run of the same list, asked for the same as that one; `real`: not a dry one in any case. Raises
    NotFound."""
    async with db.reading() as connection:
        run = await rows.run(connection, run_id)
    if run is None:
        raise _no_run(run_id)
    trigger = run.trigger if run.trigger == ASK else MANUAL
    dry_run = run.dry_run and not real
    return await request_run(
        db, run.list, dry_run=dry_run, trigger=trigger, clock=clock, overrides=run.overrides
    )


async def read_run(db: Database, run_id: int) -> RunDetail:
    """Raises NotFound."""
    async with db.reading() as connection:
        run = await rows.run(connection, run_id)
        if run is None:
            raise _no_run(run_id)
        if run.dry_run:
            shown = await findings.preview(connection, run_id)
            at = run.finished_at or run.requested_at
            found = tuple(
                RecommendationRow(0, run_id, run.list_id, run.list, Status.PENDING, item, at)
                for item in shown
            )
        else:
            found = await recommendations.of_run(connection, run_id)
        return RunDetail(
            run,
            found,
            await findings.counted_verdicts(connection, run_id),
            await findings.verdicts_of(connection, run_id, MOST_VERDICTS),
            await findings.reports_of(connection, run_id),
        )


class RunExchanges(msgspec.Struct, frozen=True):
    """What a run's models were asked and answered."""

    run: RunRow
    exchanges: tuple[Exchange, ...]
    """Empty where no model was asked, and where that is not kept, or not any more."""


async def read_exchanges(db: Database, run_id: int) -> RunExchanges:
    """Raises NotFound."""
    async with db.reading() as connection:
        run = await rows.run(connection, run_id)
        if run is None:
            raise _no_run(run_id)
        return RunExchanges(run, await findings.exchanges_of(connection, run_id))


async def cancel_run(db: Database, run_id: int, *, clock: Clock) -> RunRow:
    """Ends a queued run at once, asks a running one to stop, leaves one that is over. Raises NotFound."""
    async with db.transaction() as connection:
        run = await rows.run(connection, run_id)
        if run is None:
            raise _no_run(run_id)
        if run.status is RunStatus.QUEUED:
            await rows.close_run(connection, run_id, RunStatus.CANCELLED, clock())
        else:
            await rows.ask_to_stop(connection, run_id)
        return await rows.run(connection, run_id) or run


async def follow_run(db: Database, broadcast: Broadcast, run_id: int) -> AsyncIterator[RunEvent]:
    """Every step of a run until it is over, also when another process executes it. Raises NotFound."""
    with broadcast.watch(run_id) as steps:
        # A row is up to some seconds behind what was heard: what was told before is no news.
        told: deque[RunEvent] = deque(maxlen=_TOLD)
        while True:
            async with db.reading() as connection:
                run = await rows.run(connection, run_id)
            if run is None:
                raise _no_run(run_id)
            event = RunEvent(run_id, run.status, run.progress, run.error)
            if event not in told:
                told.append(event)
                yield event
            if run.status.over:
                return
            while step := await _next_step(steps):
                event = RunEvent(run_id, RunStatus.RUNNING, step)
                told.append(event)
                yield event


async def _next_step(steps: Steps) -> Progress | None:
    """None: look at the row; it changed, or another process executes the run."""
    try:
        return await asyncio.wait_for(steps.get(), LOOK_AGAIN_S)
    except TimeoutError:
        return None


async def recover_runs(db: Database, process: Process, *, clock: Clock) -> int:
    """Runs whose process died become failed; how many there were. Safe to call at any time."""
    now = clock()

    async def orphans(connection: AsyncConnection) -> list[RunRow]:
        under_way = await rows.running(connection)
        return [run for run in under_way if is_orphan(run.process, run.heartbeat_at, process, now)]

    async with db.reading() as connection:
        if not await orphans(connection):
            return 0
    async with db.transaction() as connection:
        dead = await orphans(connection)
        for run in dead:
            await rows.close_run(
                connection,
                run.id,
                RunStatus.FAILED,
                now,
                error="Interrupted: the process that executed it ended.",
                remedy="Start the run again.",
            )
    return len(dead)


def _no_run(run_id: int) -> NotFound:
    return NotFound(f"There is no run {run_id}.")
