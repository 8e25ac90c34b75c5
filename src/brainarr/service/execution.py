"""Executing a run: library → pipeline → result, stored in one transaction or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from brainarr import log, metrics
from brainarr.domain.deliveries import CLEARED_FOR
from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights
from brainarr.domain.life import Actor, Event
from brainarr.domain.listens import with_plays
from brainarr.domain.music import Library, Plays
from brainarr.domain.recommendation import Memory, Progress, RunResult, Status
from brainarr.errors import BrainarrError, StorageError
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.blocks import enforce
from brainarr.service.instances import of_instance
from brainarr.service.learning import note_plays, remember
from brainarr.service.library import sync_library
from brainarr.service.liveness import stay_alive
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import LOOK_AGAIN_S, RunDetail, read_run, recover_runs
from brainarr.store import findings, lists, recommendations
from brainarr.store import runs as rows
from brainarr.store.history import write_history
from brainarr.store.runs import Process, RunRow, RunStatus
from brainarr.store.session import Database

events = structlog.get_logger(__name__)

Recommend = Callable[[RunRow, Library, Memory, OnProgress], Awaitable[RunResult]]
"""The pipeline with its options and providers bound by wiring."""

LIST_GONE = "The list was deleted meanwhile: what was found is shown here and stands in no list."

# Who stands behind a run's trigger; the others are commands and pages.
_ASKED_BY = {"schedule": Actor.SCHEDULE, "api": Actor.API}

Listen = Callable[[], Awaitable[tuple[Sequence[Plays], Sequence[str]]]]
"""What the person listened to, and a note for each service that did not tell."""


async def _nobody_listens() -> tuple[Sequence[Plays], Sequence[str]]:
    return (), ()


class RunDeps(msgspec.Struct, frozen=True):
    """What executing a run needs; wiring fills it."""

    db: Database
    clock: Clock
    process: Process
    broadcast: Broadcast
    libraries: Mapping[str, LibrarySource]
    """By instance; empty: no Lidarr is configured."""
    recommend: Recommend
    listen: Listen = _nobody_listens
    configured: FacetWeights = DEFAULT_WEIGHTS
    """The score's weights as the settings say, summing to 1: learning starts from them."""
    keep_prompts: bool = True
    """Setting `recommend.keep_prompts`: what models were asked and answered is stored with the run."""
    clears: bool = False
    """Whether `recommend` asks the run's Lidarr, by its own lookup, about all that it keeps."""
    auto_approve: bool = False
    """Setting `recommend.approval` is `auto`, which a list may want otherwise."""
    beat_s: float = 2.0
    """Seconds between signs of life; a wish to stop is heard as often."""
    end_again_s: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0, 30.0)
    """Pauses before the end of a run is stored again where the database was away. Left open, a run would keep
    its list from running until its silence is noticed."""


async def execute_run(deps: RunDeps, run_id: int, *, on_progress: OnProgress | None = None) -> RunDetail:
    """Executes a queued run and answers it; one that another process has taken is waited for.

    A failure ends the run as failed with a message for people, and is answered, not raised. Cancelling the
    task ends it as cancelled, with what it had verified by then, and raises CancelledError. Raises NotFound,
    and StorageError when not even the end can be stored (the next start then says that it was interrupted).
    """
    steps = _Steps(run_id, deps.broadcast, on_progress)
    if not await _claim(deps, run_id):
        return await _wait_for(deps, run_id, steps)
    return await _execute(deps, run_id, steps)


async def take_run(deps: RunDeps, run_id: int) -> None:
    """Executes a queued run as `execute_run` does; one that does not wait for a worker is left alone."""
    if await _claim(deps, run_id):
        await _execute(deps, run_id, _Steps(run_id, deps.broadcast, None))


async def _claim(deps: RunDeps, run_id: int) -> bool:
    async with deps.db.transaction() as connection:
        return await rows.claim(connection, run_id, deps.process, deps.clock())


async def _execute(deps: RunDeps, run_id: int, steps: "_Steps") -> RunDetail:
    """A claimed run, logged and measured."""
    run = (await read_run(deps.db, run_id)).run
    with log.bound(run=run_id, list=run.list), metrics.RunWatch(run_id, run.list) as steps.watch:
        events.info("a run began", trigger=run.trigger, dry_run=run.dry_run)
        detail = await _carry_out(deps, run, steps)
        steps.watch.ended(detail.run.status)
        found, error = len(detail.recommendations), detail.run.error
        events.info("a run ended", outcome=detail.run.status, recommended=found, error=error)
    return detail


async def _carry_out(deps: RunDeps, run: RunRow, steps: "_Steps") -> RunDetail:
    """To its end, whatever that is."""
    run_id = run.id
    work = asyncio.create_task(_work(deps, run, steps))

    async def beat() -> bool:
        async with deps.db.transaction(aside=True) as connection:
            return not await rows.beat(connection, run_id, deps.clock(), steps.latest)

    alive = asyncio.create_task(stay_alive(deps.beat_s, beat, work))
    task = asyncio.current_task()
    try:
        await work
        if task is not None and task.cancelling():
            # The work has ended as cancelled, and kept what it had.
            raise asyncio.CancelledError
    except asyncio.CancelledError:
        # Who stops the process does not wait.
        await _close(deps, run_id, RunStatus.CANCELLED, "", "")
        if task is None or task.cancelling():
            raise
    except BrainarrError as error:
        await _end(deps, run_id, RunStatus.FAILED, error.message, error.remedy)
    except BaseException as error:
        await _end(
            deps,
            run_id,
            RunStatus.FAILED,
            f"Brainarr has a fault: {type(error).__name__}.",
            "Please report it.",
        )
        raise
    finally:
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)
        deps.broadcast.publish(run_id, None)
    return await read_run(deps.db, run_id)


class _Steps:
    """Where a run is: the newest step, told to everyone who watches."""

    def __init__(self, run_id: int, broadcast: Broadcast, on_progress: OnProgress | None) -> None:
        self.latest: Progress | None = None
        self.watch: metrics.RunWatch | None = None
        """Measures a run that this process executes."""
        self._run_id = run_id
        self._broadcast = broadcast
        self._on_progress = on_progress

    def __call__(self, progress: Progress) -> None:
        self.latest = progress
        if self.watch is not None:
            self.watch.step(progress.stage)
        self._broadcast.publish(self._run_id, progress)
        if self._on_progress is not None:
            self._on_progress(progress)


async def _work(deps: RunDeps, run: RunRow, steps: _Steps) -> None:
    source = of_instance(deps.libraries, run.instance)
    library = await sync_library(deps.db, source, deps.clock, steps, instance=run.instance)
    plays, silent = await deps.listen()
    if plays:
        # Names of fifty thousand artists take half a second.
        library = await asyncio.to_thread(with_plays, library, plays)
        await note_plays(deps.db, library, clock=deps.clock)
    memory = await remember(deps.db, deps.configured, clock=deps.clock)
    result = await deps.recommend(run, library, memory, steps)
    told = result.exchanges if deps.keep_prompts else ()
    result = msgspec.structs.replace(result, notes=(*result.notes, *silent), exchanges=told)
    now = deps.clock()
    auto_approve = deps.auto_approve if run.terms.approval is None else run.terms.approval == "auto"
    async with deps.db.transaction() as connection:
        if gone := await lists.is_retired(connection, run.list_id):
            result = msgspec.structs.replace(result, notes=(*result.notes, LIST_GONE))
        looks_only = run.dry_run or gone
        if not await rows.finish_run(connection, run.id, result, now, dry_run=looks_only):
            return
        await findings.insert_findings(connection, run.id, result, dry_run=looks_only)
        if looks_only:
            return
        status = Status.APPROVED if auto_approve else Status.PENDING
        found = result.recommendations
        # Some were looked up at the end of the run, some at its beginning.
        cleared = run.started_at if deps.clears else None
        await recommendations.insert_recommendations(
            connection, run.id, run.list_id, found, status, now, cleared_at=cleared
        )
        stored = await recommendations.of_run(connection, run.id)
        asked_by = _ASKED_BY.get(run.trigger, Actor.PERSON)
        await write_history(connection, stored, Event.PROPOSED, now, actor=asked_by)
        if auto_approve:
            await write_history(connection, stored, Event.APPROVED, now, actor=Actor.AUTOMATIC)
            ids = [row.id for row in stored]
            await lists.want_syncs(connection, ids, now, cleared_since=now - CLEARED_FOR)
        await enforce(connection, now)


async def _end(deps: RunDeps, run_id: int, status: RunStatus, error: str = "", remedy: str = "") -> None:
    """What ended the run may be what keeps its end from being stored, as a restarted database does: tried
    again for a while. Raises StorageError."""
    for pause in deps.end_again_s:
        try:
            return await _close(deps, run_id, status, error, remedy)
        except StorageError:
            await asyncio.sleep(pause)
    await _close(deps, run_id, status, error, remedy)


async def _close(deps: RunDeps, run_id: int, status: RunStatus, error: str, remedy: str) -> None:
    async with deps.db.transaction() as connection:
        await rows.close_run(connection, run_id, status, deps.clock(), error=error, remedy=remedy)


async def _wait_for(deps: RunDeps, run_id: int, steps: _Steps) -> RunDetail:
    while True:
        await recover_runs(deps.db, deps.process, clock=deps.clock)
        detail = await read_run(deps.db, run_id)
        if detail.run.status.over:
            return detail
        if detail.run.progress is not None and detail.run.progress != steps.latest:
            steps(detail.run.progress)
        await asyncio.sleep(LOOK_AGAIN_S)
