"""How fast one provider may be asked: questions at once, requests and tokens a minute, and its lessons."""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from brainarr.errors import ProviderUnavailable

LONGEST_WAIT_S = 15.0
"""For one's turn; who would wait longer is told so instead. Longer pauses are the circuit breaker's."""

LESSON_S = 600.0
"""How long a refusal's lesson is kept: limits change with the account and the hour."""

Sleep = Callable[[float], Awaitable[object]]

_MINUTE_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0


class TooBusy(Exception):
    """The question was not asked: its turn would come too late."""


class _Visit(msgspec.Struct, eq=False):
    at: float
    tokens: int


class Pace:
    """The turns of one provider's questions, first come, first served.

    `requests` and `tokens` bound any 60 seconds, `at_once` the questions under way. After an answer that may
    be asked for again (a status such as 429 or 503) everyone waits as long as Retry-After says, else for a
    growing, jittered pause. A 429 also teaches: for ten minutes no more requests a minute than were answered
    in the last one.
    """

    def __init__(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        at_once: int = 1,
        rng: random.Random,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._at_once = at_once
        self._rng = rng
        self._now = now
        self._sleep = sleep
        self._seats = asyncio.Semaphore(at_once)
        self._visits: deque[_Visit] = deque()
        self._free_at = 0.0
        self._misses = 0
        self._learnt: tuple[int, float] | None = None

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[None]:
        """Waits for one's turn with a question of `tokens` (room for its answer included). Raises TooBusy."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._seats.acquire()
        except TimeoutError:
            raise TooBusy(f"as many questions as it takes at once ({self._at_once}) are under way") from None
        try:
            visit = await self._wait(tokens)
            try:
                yield
            except ProviderUnavailable as error:
                self._learn(error, visit)
                raise
            self._misses = 0
        finally:
            self._seats.release()

    async def _wait(self, tokens: int) -> _Visit:
        now = self._now()
        visit = _Visit(self._next_start(now, tokens), tokens)
        wait = visit.at - now
        if wait > LONGEST_WAIT_S:
            raise TooBusy(f"by its limits its turn would come in {wait:.0f} s")
        self._visits.append(visit)
        if wait > 0:
            try:
                await self._sleep(wait)
            except asyncio.CancelledError:
                self._visits.remove(visit)
                raise
        return visit

    def _next_start(self, now: float, tokens: int) -> float:
        """The first moment, after everyone who came before, whose last 60 seconds have room."""
        while self._visits and self._visits[0].at <= now - _MINUTE_S:
            self._visits.popleft()
        start = max(now, self._free_at, self._visits[-1].at if self._visits else now)
        recent = deque(visit for visit in self._visits if visit.at > start - _MINUTE_S)
        while recent and self._is_full(recent, tokens, now):
            start = recent.popleft().at + _MINUTE_S
        return start

    def _is_full(self, recent: deque[_Visit], tokens: int, now: float) -> bool:
        learnt = self._learnt[0] if self._learnt and now < self._learnt[1] else None
        requests = min((limit for limit in (self._requests, learnt) if limit), default=None)
        spent = sum(visit.tokens for visit in recent)
        return bool(
            (requests and len(recent) >= requests) or (self._tokens and spent + tokens > self._tokens)
        )

    def _learn(self, error: ProviderUnavailable, visit: _Visit) -> None:
        if not worth_repeating(error):
            return
        now = self._now()
        pause = min(_FIRST_PAUSE_S * 2**self._misses, _LONGEST_PAUSE_S) * self._rng.uniform(0.5, 1.5)
        if error.retry_after is not None:
            # A little later than asked, each time differently: everybody else was told the same moment.
            pause = min(error.retry_after, LONGEST_WAIT_S) + self._rng.uniform(0.0, 0.25)
        self._misses += 1
        self._free_at = max(self._free_at, now + pause)
        if error.status == 429:
            if visit in self._visits:
                self._visits.remove(visit)
            if answered := sum(now - _MINUTE_S < other.at <= now for other in self._visits):
                self._learnt = (answered, now + LESSON_S)


def worth_repeating(error: Exception) -> bool:
    """Whether the same question may soon be answered: the server itself said that it could not just now.

    Silence and a lost connection are no such thing: the answer may have been written, and billed.
    """
    return isinstance(error, ProviderUnavailable) and error.status is not None
