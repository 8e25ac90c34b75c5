"""Carries tickets from whoever asks for work to a worker: docket, in this process's memory or in Redis.

Nothing is lost with it, for what is to be done stands in the database. Only tickets go through it, and
nothing that comes out of it is unpickled: who can write into Redis can at most have waiting work done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

# Slow to import (0.4 s, 15 MB), so this module is only loaded when there is a ticket to carry.
import docket.execution
import docket.strikelist
import structlog
from docket import Docket, TaskKey
from docket import Worker as DocketWorker
from redis.exceptions import RedisError

from brainarr.jobs.tickets import IN_MEMORY, QueueAway

REDELIVERY = timedelta(seconds=30)
"""What a worker took and gave no sign of for so long goes to another one. Signs are given four times as often
as long as it lives, so work may take as long as it wants."""

_POLL = timedelta(seconds=1)
"""How long docket waits for a message in one go; one that comes is read at once."""

_NEVER = timedelta(hours=1)
"""Docket's own schedule is not used: ours stands in the database."""

_PATIENCE_S = 2.0
_RECONNECT = timedelta(seconds=2)

Deliver = Callable[[str], Awaitable[None]]
"""Takes a ticket's name; never raises but CancelledError."""

log = structlog.get_logger(__name__)


class _NoArguments(tuple[()]):
    """Neither positional nor named ones: what `f(*x, **x)` makes a plain call."""

    def keys(self) -> tuple[()]:
        return ()

    def items(self) -> tuple[()]:
        return ()


class _NothingPickled:
    """Stands where docket has cloudpickle, through which arguments come out of Redis as code.

    Our one task takes no argument, its ticket is its key; so nothing is written and nothing is read.
    """

    @staticmethod
    def dumps(_: Any) -> bytes:
        return b""

    @staticmethod
    def loads(_: bytes) -> _NoArguments:
        return _NoArguments()


docket.execution.cloudpickle = _NothingPickled  # type: ignore[assignment]
docket.strikelist.cloudpickle = _NothingPickled  # type: ignore[assignment]
# It reports a Redis that is away with a traceback every other second; what needs to be known is said below.
logging.getLogger("docket").setLevel(logging.CRITICAL)


class Carrier:
    """One queue of tickets."""

    def __init__(self, queue: Docket, task: Callable[..., Awaitable[None]]) -> None:
        self._queue = queue
        self._task = task

    async def carry(self, name: str) -> None:
        """Hands a ticket in; one that waits or is being worked on already is not taken twice.

        Raises QueueAway.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._queue.add(self._task, key=name)()
        except (RedisError, OSError) as error:
            raise QueueAway(f"Redis does not answer, or refuses: {type(error).__name__}.") from error

    async def work(self, process: str, concurrency: int) -> None:
        """Delivers tickets until it is cancelled, `concurrency` at a time; then waits for those under way.

        `process` tells this worker from all others.
        """
        while True:
            worker = DocketWorker(
                self._queue,
                name=process,
                concurrency=concurrency,
                redelivery_timeout=REDELIVERY,
                reconnection_delay=_RECONNECT,
                minimum_check_interval=_POLL,
                scheduling_resolution=_NEVER,
                schedule_automatic_tasks=False,
            )
            try:
                async with worker:
                    await worker.run_forever()
                # Cancelled, it returns when what was under way has ended.
                return
            except Exception as error:
                # A message that it cannot read would end it again at every delivery. What else was in the
                # queue is handed in anew by the next look into the database.
                log.error("the queue holds what is not ours: it is emptied", exc_info=error)
                with suppress(RedisError):
                    await self._queue.clear()
            await asyncio.sleep(_RECONNECT.total_seconds())


@asynccontextmanager
async def open_carrier(url: str, name: str, deliver: Deliver) -> AsyncIterator[Carrier]:
    """A queue at `url` (IN_MEMORY: of whoever has this `name` in this process), called `name`.

    A Redis that is away is no fault here.
    """

    async def carried(ticket: str = TaskKey()) -> None:
        await deliver(ticket)

    address = f"{IN_MEMORY}{name}" if url == IN_MEMORY else url
    # execution_ttl: nothing is kept of a ticket that was worked off, so that it may come again.
    queue = Docket(
        name=name, url=address, heartbeat_interval=timedelta(seconds=10), execution_ttl=timedelta(0)
    )
    async with queue:
        # Docket's own samples, one of which logs what it is given.
        queue.tasks.clear()
        queue.register(carried)
        yield Carrier(queue, carried)
