"""Signals between the parts of Brainarr, in one process or, through Redis, in all of them.

A signal is a nudge: what counts stands in the database. Redis forgets a message that nobody hears at that
moment (https://redis.io/docs/latest/develop/interact/pubsub/), so a gap is told as one: an empty body means
"anything may have happened", and every listener hears one when the connection is there again.
"""

import asyncio
import secrets as tokens
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from brainarr.store.redis_client import connect_redis, redis_troubles

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

WORK = "work"
"""A job waits in the database."""
PROGRESS = "progress"
"""A step of a run."""
FEEDS = "feeds"
"""What some list delivers has changed."""
SETTINGS = "settings"
"""A setting in the database has changed."""

LONGEST_BODY = 64 * 1024
OUTBOX = 1_000
"""Messages that may wait for Redis; those before them become one empty message of their topic."""

_BATCH = 100
_ANSWER_S = 2.0
_PULSE_S = 5.0
"""So long a silence makes it ask whether Redis still lives, and a second one is taken for a no."""
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_SENDER = 8
"""Bytes in front of each body that name the process that sent it."""

Heard = Callable[[bytes], None]

log = structlog.get_logger(__name__)


class Signals:
    """Call it on the event loop; listeners are called there too, and must not take long."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[object, Heard]] = {}
        self._line: _Line | None = None

    def tell(self, topic: str, body: bytes = b"") -> None:
        """To this process's listeners at once, and with Redis to those of the other processes.

        Never raises and never waits. May be lost while Redis is away.
        """
        self._hear(topic, body)
        if self._line is not None:
            self._line.put(topic, body)

    def listen(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Until the answered function is called. An empty body: anything may have happened."""
        key = object()
        self._listeners.setdefault(topic, {})[key] = heard

        def stop() -> None:
            self._listeners.get(topic, {}).pop(key, None)

        return stop

    @property
    def away(self) -> bool:
        """Whether other processes cannot be told anything now, because Redis does not answer."""
        return self._line is not None and self._line.away

    def _hear(self, topic: str, body: bytes) -> None:
        for heard in tuple(self._listeners.get(topic, {}).values()):
            try:
                heard(body)
            except Exception:
                # Whoever tells something is not to blame for those who listen.
                log.exception("a listener failed", topic=topic)

    def _catch_up(self) -> None:
        for topic in tuple(self._listeners):
            self._hear(topic, b"")


@asynccontextmanager
async def open_signals(url: str | None, name: str) -> AsyncIterator[Signals]:
    """Signals of this process alone, or with the address of a Redis of all that open the same `name` there.

    Waits for nobody: Redis may come later, and go.
    """
    signals = Signals()
    if url is None:
        yield signals
        return
    line = _Line(f"brainarr:{name}:", signals._hear, signals._catch_up)
    signals._line = line
    async with connect_redis(url, answer_s=_ANSWER_S) as redis:
        tasks = [asyncio.create_task(line.speak(redis)), asyncio.create_task(line.hear(redis))]
        try:
            yield signals
        finally:
            signals._line = None
            await _end(tasks)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """The client loses a cancellation that arrives while it connects, and works on: it is told again."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)


class _Line:
    """The way to the other processes: an outbox that is sent when Redis answers, and what they say."""

    def __init__(self, prefix: str, heard: Callable[[str, bytes], None], gap: Callable[[], None]) -> None:
        self._prefix = prefix
        self._heard = heard
        self._gap = gap
        self._me = tokens.token_bytes(_SENDER)
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._unsaid: set[str] = set()
        self._waiting = asyncio.Event()
        self._deaf = self._dumb = True
        self._noticed = False
        """A failure, and not yet that both ways are open again: at the start nothing has failed yet."""

    @property
    def away(self) -> bool:
        return self._noticed

    def put(self, topic: str, body: bytes) -> None:
        if len(body) > LONGEST_BODY:
            self._unsaid.add(topic)
        else:
            self._outbox.append((topic, body))
        if len(self._outbox) > OUTBOX:
            self._unsaid.add(self._outbox.popleft()[0])
        self._waiting.set()

    async def speak(self, redis: "Redis") -> None:
        pause = _FIRST_PAUSE_S
        self._waiting.set()
        while True:
            await self._waiting.wait()
            batch = [(topic, b"") for topic in sorted(self._unsaid)]
            self._unsaid.clear()
            batch += [self._outbox.popleft() for _ in range(min(_BATCH, len(self._outbox)))]
            try:
                async with asyncio.timeout(_ANSWER_S), redis.pipeline(transaction=False) as pipeline:
                    for topic, body in batch:
                        pipeline.publish(self._prefix + topic, self._me + body)
                    # With nothing to say it still learns whether somebody is there.
                    pipeline.ping()
                    await pipeline.execute()
            except redis_troubles() as error:
                # What was to be said is old by the time that it can be: only that there was something stays.
                self._unsaid.update(topic for topic, _ in (*batch, *self._outbox))
                self._outbox.clear()
                self._dumb = True
                self._notice(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                continue
            pause = _FIRST_PAUSE_S
            self._dumb = False
            self._notice()
            if not self._outbox and not self._unsaid:
                self._waiting.clear()

    async def hear(self, redis: "Redis") -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with redis.pubsub(ignore_subscribe_messages=False) as pubsub:
                    async with asyncio.timeout(_ANSWER_S):
                        await pubsub.psubscribe(f"{self._prefix}*")
                        while await pubsub.get_message(timeout=_ANSWER_S) is None:
                            pass
                    pause = _FIRST_PAUSE_S
                    self._deaf = False
                    self._notice()
                    self._gap()
                    await self._follow(pubsub)
            except redis_troubles() as error:
                self._deaf = True
                self._notice(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _follow(self, pubsub: "PubSub") -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=_PULSE_S)
            if message is not None:
                asked = False
                if message["type"] == "pmessage":
                    self._take(message["channel"], message["data"])
            elif asked:
                raise TimeoutError("Redis does not answer any more")
            else:
                asked = True
                await pubsub.ping()

    def _take(self, channel: bytes, data: bytes) -> None:
        """Anybody who may use that Redis can write there: what is not ours in size and shape is dropped."""
        sender, body = data[:_SENDER], data[_SENDER:]
        if sender == self._me or len(sender) < _SENDER or len(body) > LONGEST_BODY:
            return
        self._heard(channel.decode("utf-8", "replace").removeprefix(self._prefix), body)

    def _notice(self, error: BaseException | None = None) -> None:
        if error is not None and not self._noticed:
            self._noticed = True
            log.warning("Redis is away: other processes hear of changes late", error=str(error)[:200])
        elif error is None and self._noticed and not (self._deaf or self._dumb):
            self._noticed = False
            log.info("Redis answers again")
