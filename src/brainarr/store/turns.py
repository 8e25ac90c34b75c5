"""Turns: the pace towards remote services that all processes keep together, through Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

import structlog

from brainarr.pipeline.ports import Reserve
from brainarr.store.redis_client import connect_redis, redis_troubles

if TYPE_CHECKING:
    from redis.asyncio import Redis

LONGEST_QUEUE_S = 120.0
"""Who waits longer than this waits because the clock of Redis was set back."""

_ANSWER_S = 0.25
_REST_S = 5.0
"""So long a Redis that failed is left alone."""

# Redis runs a script undisturbed (https://redis.io/docs/latest/develop/programmability/eval-intro/), so two
# processes never reserve the same moment; and there is one clock. Milliseconds.
_RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local start = tonumber(redis.call('GET', KEYS[1]) or '0')
if start < now or start > now + tonumber(ARGV[2]) then start = now end
local free = start + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.3f', free), 'PX', math.ceil(free - now) + 1000)
return string.format('%.3f', start - now)
"""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_turns(url: str | None) -> AsyncIterator[Reserve | None]:
    """None without Redis: then this process alone keeps the pace.

    The pace is towards an address, whichever Brainarr asks: services count by the address that asks them, and
    two that share one Redis usually share that too.
    """
    if url is None:
        yield None
        return
    async with connect_redis(url, answer_s=_ANSWER_S) as redis:
        yield _Turns(redis).reserve


class _Turns:
    def __init__(self, redis: "Redis") -> None:
        self._reserve = redis.register_script(_RESERVE)
        # One at a time: forty at once would open forty connections.
        self._asks = asyncio.Lock()
        self._rests_until = 0.0
        self._noticed = False

    async def reserve(self, address: str, interval: float) -> float | None:
        """The port Reserve. A Redis that hangs costs a quarter of a second, once in five seconds."""
        async with self._asks:
            return await self._ask(address, interval)

    async def _ask(self, address: str, interval: float) -> float | None:
        now = asyncio.get_running_loop().time
        if now() < self._rests_until:
            return None
        key = f"brainarr:pace:{blake2b(address.encode(), digest_size=16).hexdigest()}"
        try:
            async with asyncio.timeout(_ANSWER_S):
                wait = float(await self._reserve(keys=[key], args=[interval * 1000, LONGEST_QUEUE_S * 1000]))
        except redis_troubles() as error:
            self._rests_until = now() + _REST_S
            if not self._noticed:
                self._noticed = True
                log.warning(
                    "Redis is away: each process keeps the pace towards services by itself",
                    error=str(error)[:200],
                )
            return None
        if self._noticed:
            self._noticed = False
            log.info("the processes keep the pace together again")
        return wait / 1000
