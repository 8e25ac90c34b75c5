"""What an answer costs at each level of the cache, and what a Redis that hangs or is away adds to that.

    python -m benchmarks.cache [QUESTIONS]        (default: 2000)

Prints one JSON object. The Redis is a real one, thrown away afterwards, the database SQLite in a file. Each
answer is an artist of MusicBrainz as it is remembered, and comes out decoded, as the pipeline gets it.
Microseconds are medians; the levels take turns, so that whatever else the machine does slows down all three.
"""

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from brainarr.domain.caching import Key
from brainarr.domain.music import CatalogArtist, Mbid
from brainarr.pipeline.ports import Fresh
from brainarr.store.cache import LayeredCache, MemoryLevel, RedisLevel, StoredCache
from brainarr.store.session import open_database
from brainarr.store.upgrade import upgrade
from brainarr.wiring.caching import ARTIST, FACTS
from tests.servers import RedisServer

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DATABASE = "sqlite:///brainarr.db"
ROUND = 50
KNOWN = CatalogArtist(
    mbid=Mbid("a74b1b7f-71a5-4011-9441-d0b5e4122711"),
    name="Radiohead",
    aliases=("On a Friday", "レディオヘッド", "Radio Head"),
    genres=tuple((f"genre {number}", float(number)) for number in range(12)),
    begin=1991,
)
KEY = Key(ARTIST, KNOWN.mbid)
Ask = Callable[[], Awaitable[object]]


class Watch:
    """A clock that runs, from the same moment on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=time.perf_counter() - self._began)


def read(kept: bytes) -> CatalogArtist:
    return msgspec.msgpack.decode(kept, type=CatalogArtist)


async def never() -> Fresh:
    raise AssertionError("it was remembered")


async def microseconds(asks: dict[str, Ask], questions: int) -> dict[str, float]:
    """The median of one question of each sort, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for name in asks:
        await asks[name]()
    for _ in range(max(1, questions // ROUND)):
        for name, ask in asks.items():
            for _ in range(ROUND):
                began = time.perf_counter()
                await ask()
                taken[name].append(time.perf_counter() - began)
    return {name: round(statistics.median(times) * 1e6, 2) for name, times in taken.items()}


@asynccontextmanager
async def levels(folder: Path, redis: RedisServer, clock: Watch) -> AsyncIterator[dict[str, Ask]]:
    """Questions that are answered by each level; the ones above it hold nothing."""
    await upgrade(DATABASE, folder, now=NOW)
    db = open_database(DATABASE, folder)
    stored, shared = StoredCache(db, clock), RedisLevel(redis.url, clock, lambda: b"a benchmark's secret")
    memory = LayeredCache(clock, MemoryLevel(2**20), stored, shared)
    await memory.put(KEY, msgspec.msgpack.encode(KNOWN), FACTS)
    no_memory = LayeredCache(clock, MemoryLevel(0), None, shared)
    database = LayeredCache(clock, MemoryLevel(0), stored)
    try:
        yield {
            "memory": lambda: memory.fetch(KEY, read, never),
            "redis": lambda: no_memory.fetch(KEY, read, never),
            "database": lambda: database.fetch(KEY, read, never),
        }
    finally:
        await shared.aclose()
        await db.dispose()


async def measure(questions: int, folder: Path, redis: RedisServer) -> dict[str, object]:
    clock = Watch()
    async with levels(folder, redis, clock) as asks:
        hits = await microseconds(asks, questions)
    memory, shared, database = hits["memory"], hits["redis"], hits["database"]
    return {
        "benchmark": "cache",
        "questions": questions,
        "value_bytes": len(msgspec.msgpack.encode(KNOWN)),
        "hit_us": hits,
        "redis_to_memory": round(shared / memory, 1),
        "database_to_redis": round(database / shared, 2),
        "database_to_memory": round(database / memory, 1),
        "hanging_redis": await absent(redis, redis.freeze, redis.thaw),
        "stopped_redis": await absent(redis, redis.stop, redis.start),
    }


async def absent(redis: RedisServer, go: Callable[[], None], back: Callable[[], None]) -> dict[str, float]:
    """Ten seconds of steady questions: what the first one costs, and one in the mean, in milliseconds; how
    long after its return it is used again, in seconds."""
    level = RedisLevel(redis.url, lambda: datetime.now(UTC), lambda: b"a benchmark's secret")  # noqa: TID251
    await level.get(KEY)
    go()
    taken: list[float] = []
    until = time.perf_counter() + 10
    while time.perf_counter() < until:
        began = time.perf_counter()
        await level.get(KEY)
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    back()
    came = time.perf_counter()
    while level.trouble is not None:
        await level.get(KEY)
        await asyncio.sleep(0.01)
    again = time.perf_counter() - came
    await level.aclose()
    return {
        "first_ms": round(taken[0] * 1_000, 2),
        "mean_ms": round(statistics.mean(taken) * 1_000, 3),
        "median_ms": round(statistics.median(taken) * 1_000, 4),
        "used_again_after_s": round(again, 2),
    }


def main(arguments: list[str]) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if shutil.which("redis-server") is None:
        raise SystemExit("needs Redis: apt-get install redis-server")
    questions = int(arguments[0]) if arguments else 2_000
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        try:
            print(json.dumps(asyncio.run(measure(questions, Path(folder), redis)), indent=2))
        finally:
            redis.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
