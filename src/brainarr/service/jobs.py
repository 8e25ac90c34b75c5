"""Jobs: asking for one, executing it exactly once, giving back what a dead process left."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr import log as logs
from brainarr.domain.recommendation import Progress
from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock
from brainarr.service.liveness import is_orphan, stay_alive
from brainarr.service.progress import OnProgress
from brainarr.store import jobs as rows
from brainarr.store.jobs import JobRow
from brainarr.store.runs import Process, RunStatus
from brainarr.store.session import Database

MOST_ATTEMPTS = 3
"""A job whose process died so often may be what kills it."""

EXECUTIONS_KEPT = 200
"""Of each kind, in the history of executions."""

Work = Callable[[JobRow, OnProgress], Awaitable[object]]
"""What a job of some kind is: one call of a service function."""

log = structlog.get_logger(__name__)


class JobDeps(msgspec.Struct, frozen=True):
    """What executing a job needs; wiring fills it."""

    db: Database
    clock: Clock
    process: Process
    beat_s: float = 2.0
    """Seconds between signs of life."""


async def request_job(
    db: Database, kind: str, *, trigger: str, clock: Clock, about: str | None = None
) -> bool:
    """Queues a job; False when one of its kind is queued or running, and this is it."""
    now = clock()
    async with db.transaction(aside=True) as connection:
        made = await rows.insert_job(connection, kind, trigger=trigger, at=now, due_at=now, about=about)
        if made is None:
            await rows.ask_in_person(connection, kind, trigger)
    return made is not None


async def execute_job(deps: JobDeps, job_id: int, work: Callable[[str], Work | None]) -> None:
    """Executes a queued job; one that does not wait for a worker is left alone.

    `work` knows what to do by kind. A failure, also a fault of ours, is stored and logged, not raised.
    Cancelling the task gives the job back, and raises CancelledError. Raises StorageError when not even the
    end can be stored: then it is given back once it has been silent for a while.
    """
    async with deps.db.transaction(aside=True) as connection:
        mine = await rows.claim_job(connection, job_id, deps.process, deps.clock())
    if mine is None:
        return
    do = work(mine.kind)
    if do is None:
        await _fail(deps, mine, f"This Brainarr knows no task {mine.kind!r}.", "Update all of its processes.")
        return
    steps = _Latest()
    task = asyncio.create_task(_do(do, mine, steps))

    async def beat() -> bool:
        async with deps.db.transaction(aside=True) as connection:
            return await rows.beat_job(connection, mine, deps.clock(), steps.step)

    alive = asyncio.create_task(stay_alive(deps.beat_s, beat, task))
    this = asyncio.current_task()
    try:
        await task
        await _close(deps, mine, RunStatus.DONE)
    except asyncio.CancelledError:
        # Else another process has it, which took this one for dead.
        if this is not None and this.cancelling():
            async with deps.db.transaction(aside=True) as connection:
                await rows.give_back(connection, mine)
            raise
    except BrainarrError as error:
        log.warning("a job was not done", kind=mine.kind, error=error.message, remedy=error.remedy)
        await _fail(deps, mine, error.message, error.remedy)
    except Exception as error:
        log.error("a job failed unexpectedly", kind=mine.kind, exc_info=error)
        await _fail(deps, mine, f"Brainarr has a fault: {type(error).__name__}.", "Please report it.")
    finally:
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)


async def recover_jobs(db: Database, process: Process, *, clock: Clock) -> int:
    """Jobs whose process died are queued again, those that it befell too often fail; how many there were."""
    now = clock()

    async def orphans(connection: AsyncConnection) -> list[JobRow]:
        under_way = await rows.running_jobs(connection)
        return [job for job in under_way if is_orphan(job.process, job.heartbeat_at, process, now)]

    async with db.reading() as connection:
        if not await orphans(connection):
            return 0
    async with db.transaction(aside=True) as connection:
        dead = await orphans(connection)
        for job in dead:
            if job.attempts < MOST_ATTEMPTS:
                await rows.give_back(connection, job)
                continue
            error = f"Interrupted {job.attempts} times: each process that executed it ended."
            remedy = "See the log, and the system's own, for why: it may have run out of memory."
            await rows.close_job(connection, job, RunStatus.FAILED, now, error=error, remedy=remedy)
    return len(dead)


async def newest_job(db: Database, kind: str) -> JobRow | None:
    async with db.reading() as connection:
        return await rows.newest_job(connection, kind)


async def forget_executions(db: Database) -> int:
    """All but the newest of each kind; runs have a history of their own. How many that were."""
    async with db.transaction(aside=True) as connection:
        return await rows.forget_jobs(connection, await rows.known_kinds(connection), EXECUTIONS_KEPT)


class _Latest:
    """The newest step of a job."""

    def __init__(self) -> None:
        self.step: Progress | None = None

    def __call__(self, step: Progress) -> None:
        self.step = step


async def _do(work: Work, mine: JobRow, steps: _Latest) -> None:
    with logs.bound(job=mine.id, task=mine.kind):
        await work(mine, steps)


async def _fail(deps: JobDeps, mine: JobRow, error: str, remedy: str) -> None:
    await _close(deps, mine, RunStatus.FAILED, error, remedy)


async def _close(deps: JobDeps, mine: JobRow, status: RunStatus, error: str = "", remedy: str = "") -> None:
    async with deps.db.transaction(aside=True) as connection:
        await rows.close_job(connection, mine, status, deps.clock(), error=error, remedy=remedy)
