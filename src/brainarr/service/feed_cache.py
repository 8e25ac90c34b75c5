"""What the feeds answered last, at hand in memory: a hundred Lidarrs that poll at once cost one delivery.

An answer is made, and recorded as delivered, before it leaves. The same one may then go out again, without
another record, while nothing that it follows from has changed: that is a cheap question to the database,
asked after every transaction of this process, and every second for those of other processes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec

from brainarr import log
from brainarr.pipeline.ports import Clock
from brainarr.service.feeds import read_state
from brainarr.store.cache.flights import Flights
from brainarr.store.cache.tally import Tally
from brainarr.store.lists import FeedState
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

HELD = timedelta(minutes=1)
"""After that a poll is a new one: it is recorded again, and items that are stuck make room for others."""

FRESH = timedelta(seconds=1)
"""So long the database is not asked again whether another process has changed anything."""

STALE = timedelta(seconds=3)
"""So long an answer still goes out at once while that question is under way: what another process decided
counts after so long at the latest."""


class Answer(msgspec.Struct, frozen=True):
    """The body of a feed, and the tag that stands for it (RFC 9110, 8.8.3)."""

    body: bytes
    etag: str
    items: int
    """How many the body carries."""

    @classmethod
    def of(cls, body: bytes, items: int) -> "Answer":
        return cls(body, f'"{blake2b(body, digest_size=12).hexdigest()}"', items)


class Delivered(msgspec.Struct, frozen=True):
    """An answer that was recorded, and what it followed from."""

    answer: Answer
    state: FeedState


Deliver = Callable[[], Awaitable[Delivered]]


class _Known(msgspec.Struct, frozen=True):
    """What was known of a list when the database was asked last."""

    state: FeedState
    key: str
    at: datetime
    mark: tuple[int, int]


class _Held(msgspec.Struct, frozen=True):
    delivered: Delivered
    at: datetime


class FeedCache:
    """One for each process that serves feeds."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock) -> None:
        self.tally = Tally()
        """A hit needed no database at all."""
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._forgotten = 0
        self._known: dict[str, _Known] = {}
        self._held: dict[tuple[str, str], _Held] = {}
        self._flights = Flights()

    def forget(self) -> None:
        """Another process has changed something: the next poll asks the database first. Never waits."""
        self._forgotten += 1

    def clear(self) -> None:
        """The next poll is a new one, whatever was answered before."""
        self._held.clear()
        self.forget()

    def at_hand(self, slug: str, channel: str, opens: Callable[[str], bool]) -> Answer | None:
        """What may go out at once; None: it takes a question. `opens` is whether the given key is the one of
        the list. Waits for nothing."""
        now = self._clock()
        known = self._known.get(slug)
        if known is None or not self._counts(known, now, STALE):
            return None
        held = self._usable((slug, channel), known.state, now)
        if held is None or not opens(known.key):
            return None
        if not self._counts(known, now, FRESH):
            self._flights.launch((slug, known.mark), lambda: self._look(slug))
        self.tally.hits += 1
        return held

    async def key_of(self, slug: str) -> str:
        """The feed key of a list. Raises NotFound and StorageError."""
        return (await self._know(slug)).key

    async def answer(self, slug: str, channel: str, deliver: Deliver) -> Answer:
        """What is held, or what `deliver` makes and records, once for all who ask. Raises NotFound and
        StorageError."""
        known = await self._know(slug)
        held = self._usable((slug, channel), known.state, self._clock())
        if held is not None:
            self.tally.hits += 1
            return held
        self.tally.misses += 1
        # With the state: who asks after a change must not be given what was begun before it.
        return await self._flights.join(
            (slug, channel, known.state), lambda: self._deliver((slug, channel), deliver)
        )

    def _usable(self, feed: tuple[str, str], state: FeedState, now: datetime) -> Answer | None:
        held = self._held.get(feed)
        if held is None or held.delivered.state != state or not timedelta() <= now - held.at < HELD:
            return None
        return held.delivered.answer

    def _counts(self, known: _Known, now: datetime, age: timedelta) -> bool:
        """Whether nothing was changed here since, and nothing can have been changed elsewhere for `age`."""
        return known.mark == self._mark and timedelta() <= now - known.at < age

    @property
    def _mark(self) -> tuple[int, int]:
        return self._forgotten, self._db.writes

    async def _know(self, slug: str) -> _Known:
        known = self._known.get(slug)
        if known is not None and self._counts(known, self._clock(), FRESH):
            return known
        return await self._flights.join((slug, self._mark), lambda: self._look(slug))

    async def _look(self, slug: str) -> _Known:
        mark, now = self._mark, self._clock()
        async with self._db.reading() as connection:
            state = await read_state(connection, slug)
        before = self._known.get(slug)
        same_key = before is not None and before.state.feed_key == state.feed_key
        key = before.key if before and same_key else self._secrets.decrypt(state.feed_key)
        if not same_key:
            # Another process may have made it.
            log.hide([key])
        known = _Known(state, key, now, mark)
        # Of two that looked, the one that began later knows more.
        if before is None or before.mark <= mark:
            self._known[slug] = known
        return known

    async def _deliver(self, feed: tuple[str, str], deliver: Deliver) -> Answer:
        now = self._clock()
        delivered = await deliver()
        self._held[feed] = _Held(delivered, now)
        self.tally.written += 1
        self.tally.bytes_written += len(delivered.answer.body)
        return delivered.answer
