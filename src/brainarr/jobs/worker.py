"""The worker: executes queued runs, starts scheduled ones, and does the chores.

It lives in the web server's process. What is to be done stands in the database; the worker only looks there,
at once when nudged, else every now and then, so that nothing is lost with the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from brainarr.errors import BrainarrError
from brainarr.service.execution import RunDeps, execute_run
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import next_run, recover_runs, request_due_run

LOOK_S = 30.0
"""Seconds between two looks into the database when nobody nudges."""

log = structlog.get_logger(__name__)


class Chore(msgspec.Struct, frozen=True):
    """Work that comes round: one call of a service function."""

    name: str
    every: timedelta
    do: Callable[[], Awaitable[object]]
    aside: bool = False
    """Done beside the runs, which may take an hour, instead of between them."""


class Worker:
    """One loop, one thing at a time. `nudge` may be given away as the port Wake."""

    def __init__(self, deps: RunDeps, *, every: timedelta | None, chores: Sequence[Chore] = ()) -> None:
        """`every` is how often a run starts by itself; None: only when asked for."""
        self._deps = deps
        self._every = every
        self._chores = chores
        self._done_at: dict[str, datetime] = {}
        self._nudged = asyncio.Event()
        self._executing: tuple[int, asyncio.Task[object]] | None = None

    def nudge(self) -> None:
        self._nudged.set()

    def stop_run(self, run_id: int) -> bool:
        """Cancels a run that this worker is executing; False when it executes another one, or none."""
        if self._executing is None or self._executing[0] != run_id:
            return False
        return self._executing[1].cancel()

    async def work(self) -> None:
        """Until the task is cancelled; a run that is being executed then ends as cancelled."""
        aside = [asyncio.create_task(self._come_round(chore)) for chore in self._chores if chore.aside]
        try:
            await self._attend()
        finally:
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)

    async def _attend(self) -> None:
        while True:
            self._nudged.clear()
            try:
                await self._look()
            except BrainarrError as error:
                # A full disk or a busy database passes; what was to be done still stands there.
                log.error("the worker could not go on", error=error.message, remedy=error.remedy)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        deps = self._deps
        if recovered := await recover_runs(deps.db, deps.process, clock=deps.clock):
            log.warning("interrupted runs were closed", runs=recovered)
        if self._every is not None and deps.library is not None:
            await request_due_run(deps.db, DEFAULT_LIST, self._every, clock=deps.clock)
        tried: int | None = None
        while (run_id := await next_run(deps.db)) is not None and run_id != tried:
            # Queued still, it could not even be claimed, as on a full disk: it waits for the next look.
            tried = run_id
            await self._execute(run_id)
        for chore in self._chores:
            if not chore.aside:
                await self._do(chore)

    async def _execute(self, run_id: int) -> None:
        task: asyncio.Task[object] = asyncio.create_task(execute_run(self._deps, run_id))
        self._executing = run_id, task
        try:
            await asyncio.wait([task])
        finally:
            self._executing = None
            task.cancel()
            # A fault of ours in one run must not end the worker: the run is failed, the log has the rest.
            (fault,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(fault, BrainarrError):
            log.error("a run could not go on", run=run_id, error=fault.message, remedy=fault.remedy)
        elif isinstance(fault, Exception):
            log.error("a run failed unexpectedly", run=run_id, exc_info=fault)

    async def _come_round(self, chore: Chore) -> None:
        while True:
            # A fault of ours in a chore must not end it for good.
            (fault,) = await asyncio.gather(self._try(chore), return_exceptions=True)
            if isinstance(fault, Exception):
                log.error("a chore failed unexpectedly", chore=chore.name, exc_info=fault)
            await asyncio.sleep(chore.every.total_seconds())

    async def _do(self, chore: Chore) -> None:
        now = self._deps.clock()
        last = self._done_at.get(chore.name)
        if last is not None and now - last < chore.every:
            return
        self._done_at[chore.name] = now
        await self._try(chore)

    async def _try(self, chore: Chore) -> None:
        try:
            await chore.do()
        except BrainarrError as error:
            log.warning("a chore was not done", chore=chore.name, error=error.message, remedy=error.remedy)
