"""Three levels as one cache: memory, then Redis, then the database (pipeline.ports.Cache)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TypeVar

import msgspec

from brainarr.domain.caching import Key, Kind, spread
from brainarr.pipeline.ports import Clock, Fresh, Unusable
from brainarr.store.cache.flights import Flights
from brainarr.store.cache.memory import MemoryLevel
from brainarr.store.cache.shared import RedisLevel
from brainarr.store.cache.stored import StoredCache
from brainarr.store.cache.tally import Held, Tallies

T = TypeVar("T")


class LayeredCache:
    """What a lower level knows is handed up to the levels above it, for no longer than it lives below."""

    def __init__(
        self,
        clock: Clock,
        memory: MemoryLevel,
        stored: StoredCache | None = None,
        shared: RedisLevel | None = None,
        *,
        kinds: Sequence[Kind] = (),
    ) -> None:
        """`kinds`: all there are, for whoever looks at the cache."""
        self.memory = memory
        self.shared = shared
        self.stored = stored
        self.kinds = tuple(kinds)
        self._clock = clock
        self._flights = Flights()

    @property
    def tallies(self) -> Mapping[str, Tallies]:
        """By the name of each level that is there, from the top."""
        levels = {"memory": self.memory, "redis": self.shared, "database": self.stored}
        return {name: level.tallies for name, level in levels.items() if level is not None}

    async def get(self, key: Key) -> bytes | None:
        held = self.memory.get(key, self._clock()) or await self._below(key)
        return held.value if held else None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, bytes]:
        """Past Redis: one question to the database answers all of them."""
        now = self._clock()
        found = {key: held for key in keys if (held := self.memory.get(key, now))}
        if self.stored is not None and (missing := [key for key in keys if key not in found]):
            found |= await self.stored.get_many(missing)
        return {key: held.value for key, held in found.items()}

    async def put(self, key: Key, value: bytes, lifetime: timedelta) -> None:
        if lifetime <= timedelta():
            return
        held = Held(value, self._clock() + lifetime)
        self._remember(key, held)
        if self.shared is not None:
            await self.shared.put(key, self._shorter(key, held, key.kind.shared))
        if self.stored is not None and key.kind.stored:
            await self.stored.put(key, held)

    async def fetch(self, key: Key, read: Callable[[bytes], T], make: Callable[[], Awaitable[Fresh]]) -> T:
        with suppress(Unusable, msgspec.DecodeError):
            if held := self.memory.get(key, self._clock()):
                return read(held.value)
        return await self._flights.join(key.text, lambda: self._find(key, read, make))

    async def forget(self, kind: str | None = None) -> None:
        """Everything of `kind`, or everything, at every level that can be reached; the memories of other
        processes follow within minutes. Raises StorageError."""
        self.memory.forget(kind)
        if self.shared is not None:
            await self.shared.forget(kind)
        if self.stored is not None:
            await self.stored.forget(kind)

    async def purge(self) -> int:
        """What is past its time, and what is too much, goes from the database; how many answers that were.
        The other levels do that by themselves. Raises StorageError."""
        return await self.stored.purge() if self.stored is not None else 0

    async def aclose(self) -> None:
        if self.shared is not None:
            await self.shared.aclose()

    async def _find(self, key: Key, read: Callable[[bytes], T], make: Callable[[], Awaitable[Fresh]]) -> T:
        """One caller's work for all: looks below, and makes the answer where there is none."""
        with suppress(Unusable, msgspec.DecodeError):
            if held := await self._below(key):
                return read(held.value)
        async with self._alone(key) as waited:
            with suppress(Unusable, msgspec.DecodeError):
                if waited and (held := await self._below(key)):
                    return read(held.value)
            fresh = await make()
            await self.put(key, fresh.value, fresh.lifetime)
        return read(fresh.value)

    @asynccontextmanager
    async def _alone(self, key: Key) -> AsyncIterator[bool]:
        """The only process that makes this answer; whether another one just did."""
        if self.shared is None:
            yield False
            return
        async with self.shared.alone(key) as waited:
            yield waited

    async def _below(self, key: Key) -> Held | None:
        """What the levels below the memory know."""
        if self.shared is not None and (held := await self.shared.get(key)):
            self._remember(key, held)
            return held
        if self.stored is not None and key.kind.stored and (held := await self.stored.get(key)):
            self._remember(key, held)
            if self.shared is not None:
                await self.shared.put(key, self._shorter(key, held, key.kind.shared))
            return held
        return None

    def _remember(self, key: Key, held: Held) -> None:
        self.memory.put(key, self._shorter(key, held, key.kind.memory))

    def _shorter(self, key: Key, held: Held, lifetime: timedelta) -> Held:
        return Held(held.value, min(held.until, self._clock() + spread(key.text, lifetime)))
