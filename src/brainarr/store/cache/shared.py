"""The second level: a Redis that several processes share. It may be away, and nobody waits for it.

What comes out of it is believed only with our signature: another program's, another Brainarr's or a
stranger's bytes are as good as absent. Nothing is ever pickled: cashews' `get` and `set` may do that, so only
its raw commands are used.
"""

import asyncio
import hmac
import secrets as tokens
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

import structlog

from brainarr import metrics
from brainarr.domain.caching import Key
from brainarr.pipeline.ports import Clock
from brainarr.store.cache.rest import Rest, Trouble
from brainarr.store.cache.tally import Held, Holding, Tallies
from brainarr.store.redis_client import in_words

if TYPE_CHECKING:
    from cashews.backends.redis import Redis

PATIENCE_S = 0.2
"""How long one command may take, connecting included. A Redis that hangs costs that once for each rest."""
LARGEST = 2**20
"""Bytes of one value: a larger one would hold up everybody else's commands."""
LOCK_S = 15.0
"""The lock of a process that died frees itself after so long; whoever waits for it waits as long at most."""
LOOK_AGAIN_S = 0.05
COUNTING_S = 1.0
SAMPLE = 100

_SIGNATURE = 16
_STAMP = 8
T = TypeVar("T")
log = structlog.get_logger(__name__)


class _Away(Exception):
    """Redis did not answer, or rests."""


class RedisLevel:
    """Connects when it is first used. `aclose` at the end."""

    def __init__(self, url: str, clock: Clock, secret: Callable[[], bytes]) -> None:
        """`secret` is asked for at every use, for it may change: it is the same in all processes of one
        Brainarr, and known to nobody else."""
        self.tallies = Tallies()
        self._clock = clock
        self._secret = secret
        self._reading = Rest()
        # A full Redis refuses to write and goes on reading.
        self._writing = Rest()
        self._redis = _client(url)

    @property
    def _prefix(self) -> str:
        # Two Brainarrs on one Redis must not forget each other's answers.
        return f"brainarr:{blake2b(self._secret(), person=b'cache prefix', digest_size=6).hexdigest()}"

    @property
    def trouble(self) -> Trouble | None:
        """None: as far as it was asked, all is well."""
        return self._reading.trouble or self._writing.trouble

    async def get(self, key: Key) -> Held | None:
        tally = self.tallies[key.kind.name]
        name = self._name("c", key.text)
        try:
            raw: bytes | None = await self._ask(self._reading, lambda redis: redis.get_raw(name))
        except _Away:
            tally.errors += 1
            metrics.cache_looked_up("redis", "failed")
            return None
        held = self._opened_up(name, raw) if raw is not None else None
        now = self._clock()
        if held is None or not now < held.until <= now + key.kind.longest:
            tally.errors += raw is not None and held is None
            tally.misses += 1
            metrics.cache_looked_up("redis", "miss")
            return None
        tally.hits += 1
        metrics.cache_looked_up("redis", "hit")
        return held

    async def put(self, key: Key, held: Held) -> None:
        tally = self.tallies[key.kind.name]
        if len(held.value) > LARGEST:
            tally.too_large += 1
            return
        left = int((held.until - self._clock()) / timedelta(milliseconds=1))
        if left < 1:
            return
        name = self._name("c", key.text)
        raw = self._sealed(name, held)
        try:
            await self._ask(self._writing, lambda redis: redis.set_raw(name, raw, px=left))
        except _Away:
            tally.errors += 1
            return
        tally.written += 1
        tally.bytes_written += len(held.value)

    @asynccontextmanager
    async def alone(self, key: Key) -> AsyncIterator[bool]:
        """One process at a time. Whether another one was waited for: it may have left the answer.

        Waits `LOCK_S` at most, and not at all where Redis is away: then several processes may do the same.
        """
        name, token = self._name("l", key.text), tokens.token_hex(16)
        waited = mine = False
        with suppress(_Away, TimeoutError):
            async with asyncio.timeout(LOCK_S):
                while not (mine := await self._lock(name, token)):
                    waited = True
                    await asyncio.sleep(LOOK_AGAIN_S)
        try:
            yield waited
        finally:
            if mine:
                with suppress(_Away):
                    await self._ask(self._writing, lambda redis: redis.unlock(name, token))

    async def forget(self, kind: str | None = None) -> int | None:
        """Everything of `kind`, or everything; how many answers that were. None: Redis is away."""
        count = 0
        try:
            redis = await self._backend()
            async with asyncio.timeout(COUNTING_S * 10):
                names = [name async for name in redis.scan(self._pattern(kind), batch_size=1_000)]
                for start in range(0, len(names), 1_000):
                    part = names[start : start + 1_000]
                    await redis.delete_many(*part)
                    count += len(part)
        except _failures() as error:
            self._failed(self._writing, error)
            return None
        return count

    async def holding(self) -> Holding:
        """Ours alone. The bytes are taken from a sample: Redis knows each answer's only one by one."""
        entries, sampled = 0, list[str]()
        try:
            redis = await self._backend()
            async with asyncio.timeout(COUNTING_S):
                async for name in redis.scan(self._pattern(None), batch_size=1_000):
                    entries += 1
                    if len(sampled) < SAMPLE:
                        sampled.append(name)
                sizes = [await redis.get_size(name) for name in sampled]
        except _failures() as error:
            self._failed(self._reading, error)
            return Holding(None, None)
        self._answered(self._reading)
        return Holding(entries, round(sum(sizes) / len(sizes) * entries) if sizes else 0)

    async def aclose(self) -> None:
        with suppress(*_failures()), warnings.catch_warnings():
            # cashews closes by a name that redis-py calls outdated.
            warnings.simplefilter("ignore", DeprecationWarning)
            await self._redis.close()

    async def _lock(self, name: str, token: str) -> bool:
        return await self._ask(self._writing, lambda redis: redis.set_lock(name, token, LOCK_S))

    async def _ask(self, rest: Rest, command: Callable[["Redis"], Awaitable[T]]) -> T:
        if not (
            self._reading.allows(self._clock()) and (rest is self._reading or rest.allows(self._clock()))
        ):
            raise _Away
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await command(await self._backend())
        except _failures() as error:
            self._failed(rest, error)
            raise _Away from error
        self._answered(rest)
        return answer

    async def _backend(self) -> "Redis":
        if not self._redis.is_init:
            await self._redis.init()
        return self._redis

    def _failed(self, rest: Rest, error: BaseException) -> None:
        # cashews wraps what redis-py says.
        cause = error if isinstance(error, OSError) else error.__cause__ or error
        if rest is self._writing and not _refuses_writing(cause):
            rest = self._reading
        what = in_words(cause, PATIENCE_S)
        if rest.failed(what, self._clock()):
            log.warning("the shared cache is out of use; Brainarr goes on without it", reason=what)

    def _answered(self, rest: Rest) -> None:
        # Who took a write can be reached.
        if any([one.answered() for one in {self._reading, rest}]):
            log.info("the shared cache is in use again")

    def _name(self, sort: str, text: str) -> str:
        return f"{self._prefix}:{sort}:{text}"

    def _pattern(self, kind: str | None) -> str:
        return self._name("c", "*" if kind is None else f"v*/{kind}/*")

    def _sealed(self, name: str, held: Held) -> bytes:
        stamp = round(held.until.timestamp() * 1_000).to_bytes(_STAMP)
        return self._signature(name, stamp + held.value) + stamp + held.value

    def _opened_up(self, name: str, raw: bytes) -> Held | None:
        signature, said = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if len(said) < _STAMP or not hmac.compare_digest(signature, self._signature(name, said)):
            return None
        until = int.from_bytes(said[:_STAMP]) / 1_000
        return Held(said[_STAMP:], datetime.fromtimestamp(until, UTC))

    def _signing(self) -> bytes:
        return blake2b(self._secret(), person=b"cache signature", digest_size=32).digest()

    def _signature(self, name: str, said: bytes) -> bytes:
        # With its name, or an answer could be passed off as another one's.
        return blake2b(name.encode() + b"\0" + said, key=self._signing(), digest_size=_SIGNATURE).digest()


def _client(url: str) -> "Redis":
    """Connects to nothing yet. Imported here: most Brainarrs have no Redis, and its client is large."""
    from cashews.backends.redis import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis(
        url,
        suppress=False,
        client_name="brainarr",
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        wait_for_connection_timeout=PATIENCE_S,
        max_connections=32,
        health_check_interval=0,
        # A second try within one question would double what an absent Redis costs.
        retry=Retry(NoBackoff(), 0),
    )


def _failures() -> tuple[type[Exception], ...]:
    from cashews.exceptions import CacheBackendInteractionError
    from redis.exceptions import RedisError

    return CacheBackendInteractionError, RedisError, OSError


def _refuses_writing(error: BaseException) -> bool:
    from redis.exceptions import OutOfMemoryError, ReadOnlyError

    return isinstance(error, OutOfMemoryError | ReadOnlyError) or str(error).startswith("MISCONF")
