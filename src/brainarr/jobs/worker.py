"""The worker: has queued work done, starts what is due, and tidies up behind processes that died.

What is to be done stands in the database. The worker looks there, at once when nudged, else when something is
due or every now and then, and hands a ticket for each row to a queue; who gets the ticket claims the row, and
only the first claim holds. So nothing is lost with a nudge, a queue or a process, and nothing is done twice.
"""

import asyncio
import secrets as tokens
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

import structlog

from brainarr.errors import BrainarrError
from brainarr.jobs.chores import Chore
from brainarr.jobs.tickets import IN_MEMORY, QueueAway, Ticket, read_ticket, write_ticket
from brainarr.loading import load
from brainarr.service.execution import RunDeps, take_run
from brainarr.service.jobs import JobDeps, Work, execute_job, recover_jobs
from brainarr.service.liveness import SILENCE
from brainarr.service.runs import recover_runs
from brainarr.service.tasks import Task, request_due, waiting_work

if TYPE_CHECKING:
    from brainarr.jobs.carrier import Carrier

LOOK_S = 30.0
"""Seconds between two looks into the database when nobody nudges."""

GRACE_S = 5.0
"""How long work under way may take once the worker is told to stop: container engines kill after ten."""

CONCURRENCY = 4
"""How much is done at the same time: chores go on beside a run, which may take an hour."""

log = structlog.get_logger(__name__)


class Worker:
    """One of this process. `nudge` may be given away as the port Wake."""

    def __init__(
        self,
        deps: RunDeps,
        chores: Sequence[Chore],
        *,
        recommend: Task,
        zone: tzinfo,
        redis: str | None = None,
        queue: str = "brainarr",
        works: bool = True,
        concurrency: int = CONCURRENCY,
        grace_s: float = GRACE_S,
    ) -> None:
        """`queue`: the name of this Brainarr's queue, the same in all of its processes.

        `works` is False where others do the work: then it only starts what is due and hands out tickets.
        """
        self._deps = deps
        self._jobs = JobDeps(deps.db, deps.clock, deps.process, deps.beat_s)
        self._work: dict[str, Work] = {chore.task.name: chore.do for chore in chores}
        self._tasks = (recommend, *(chore.task for chore in chores))
        self._zone = zone
        self._redis = redis
        self._queue = queue
        self._works = works
        self.concurrency = concurrency
        self._grace_s = grace_s
        self._name = f"{deps.process.token}-{tokens.token_hex(4)}"
        """A worker that takes over is another one to the queue, in the same process."""
        self._nudged = asyncio.Event()
        self._retired = False
        self._executing: dict[Ticket, asyncio.Task[None]] = {}
        self._carriers: dict[str, Carrier] = {}
        self._delivering: list[asyncio.Task[None]] = []
        self._queue_away = False
        self._looked: tuple[datetime, float] | None = None

    def nudge(self) -> None:
        self._nudged.set()

    def retire(self) -> None:
        """Takes no work from now on; `work` returns when what is under way has ended, in its own time."""
        self._retired = True
        self.nudge()

    async def work(self) -> None:
        """Until the task is cancelled, or it retires. Cancelled, it gives back what cannot end within the
        grace time; a run ends as cancelled, with what it had verified."""
        async with AsyncExitStack() as queues:
            try:
                if self._works and self._redis is not None:
                    # Others hand in tickets too, so it listens from the start.
                    await self._carrier(self._redis, queues)
                await self._attend(queues)
                await self._finish()
            finally:
                await self._stop()

    async def _attend(self, queues: AsyncExitStack) -> None:
        while not self._retired:
            self._nudged.clear()
            soon = LOOK_S
            try:
                soon = await self._look(queues)
            except BrainarrError as error:
                # A full disk or a busy database passes; what was to be done still stands there.
                log.error("the worker could not go on", error=error.message, remedy=error.remedy)
            except Exception as error:
                log.error("the worker met a fault", exc_info=error)
            try:
                async with asyncio.timeout(soon):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _look(self, queues: AsyncExitStack) -> float:
        """Does what is to be done now; answers in how many seconds to look again."""
        deps = self._deps
        if not self._clock_jumped():
            if recovered := await recover_runs(deps.db, deps.process, clock=deps.clock):
                log.warning("interrupted runs were closed", runs=recovered)
            if recovered := await recover_jobs(deps.db, deps.process, clock=deps.clock):
                log.warning("interrupted jobs were taken up again", jobs=recovered)
        due = await request_due(deps.db, self._tasks, clock=deps.clock, zone=self._zone)
        now = deps.clock()
        for table, number, attempts in await waiting_work(deps.db):
            await self._carry(write_ticket(Ticket(table, number), attempts, now), queues)
        if due is None:
            return LOOK_S
        return min(LOOK_S, max((due - deps.clock()).total_seconds(), 0.01))

    def _clock_jumped(self) -> bool:
        """Whether the clock was set since the last look, or the machine slept: then what is alive has had no
        time yet to say so."""
        now, ticks = self._deps.clock(), time.monotonic()
        before, self._looked = self._looked, (now, ticks)
        if before is None:
            return False
        return abs((now - before[0]).total_seconds() - (ticks - before[1])) > SILENCE.total_seconds() / 2

    async def _carry(self, name: str, queues: AsyncExitStack) -> None:
        if self._redis is not None:
            try:
                await (await self._carrier(self._redis, queues)).carry(name)
            except QueueAway as away:
                if not self._queue_away:
                    log.warning("no work can be handed to other processes", error=away.message)
                self._queue_away = True
                if not self._works:
                    return
            else:
                if self._queue_away:
                    log.info("work is handed to other processes again")
                self._queue_away = False
                return
        await (await self._carrier(IN_MEMORY, queues)).carry(name)

    async def _carrier(self, url: str, queues: AsyncExitStack) -> "Carrier":
        """Opened when it is first needed: the one in memory is not, as long as Redis is there or nothing is
        to be done."""
        if url not in self._carriers:
            await load("brainarr.jobs.carrier")
            from brainarr.jobs.carrier import open_carrier

            name = f"{self._queue}-{self._deps.process.token}" if url == IN_MEMORY else self._queue
            carrier = await queues.enter_async_context(open_carrier(url, name, self._deliver))
            self._carriers[url] = carrier
            if self._works:
                work = carrier.work(self._name, self.concurrency)
                self._delivering.append(asyncio.create_task(work))
        return self._carriers[url]

    async def _deliver(self, name: str) -> None:
        ticket = read_ticket(name)
        if ticket is None or ticket in self._executing:
            return
        task = asyncio.create_task(self._execute(ticket))
        self._executing[ticket] = task
        try:
            await asyncio.wait([task])
        finally:
            del self._executing[ticket]
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, BrainarrError):
            log.error("work could not go on", ticket=name, error=fault.message, remedy=fault.remedy)
        elif fault is not None:
            log.error("work failed unexpectedly", ticket=name, exc_info=fault)

    async def _execute(self, ticket: Ticket) -> None:
        if ticket.table == "run":
            await take_run(self._deps, ticket.id)
        else:
            await execute_job(self._jobs, ticket.id, self._work.get)

    async def _finish(self) -> None:
        for delivering in self._delivering:
            delivering.cancel()
        # Each ends when what it delivered has ended.
        if self._delivering:
            await asyncio.wait(self._delivering)

    async def _stop(self) -> None:
        for delivering in self._delivering:
            delivering.cancel()
        try:
            if self._executing:
                await asyncio.wait(self._executing.values(), timeout=self._grace_s)
        finally:
            # Also when it is told a second time, in a hurry.
            for task in self._executing.values():
                task.cancel()
            await asyncio.gather(*self._delivering, return_exceptions=True)
