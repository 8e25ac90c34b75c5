"""The last level: the database, where remote answers stay good for days or weeks."""

from collections.abc import Sequence

import structlog
from sqlalchemy import delete, func, select

from brainarr import metrics
from brainarr.domain.caching import Key
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Clock
from brainarr.store.cache.tally import Held, Holding, Tallies
from brainarr.store.session import Database
from brainarr.store.tables import cache
from brainarr.store.upsert import upsert

LARGEST = 4 * 2**20
"""Bytes of one value."""
MOST_ROWS = 200_000
SLICE = 500
"""SQLite bounds how many values one statement may name."""

_SIZE = func.length(cache.c.key) + func.length(cache.c.value)
log = structlog.get_logger(__name__)


class StoredCache:
    """Remembers bytes under a key until their lifetime is over, within a bound of rows and bytes."""

    def __init__(
        self, db: Database, clock: Clock, *, most_bytes: int = 256 * 2**20, most_rows: int = MOST_ROWS
    ) -> None:
        self.limit = most_bytes
        self.tallies = Tallies()
        self._db = db
        self._clock = clock
        self._most_rows = most_rows

    async def get(self, key: Key) -> Held | None:
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Held]:
        """Those of `keys` that are remembered; none where the database cannot be read."""
        found: dict[Key, Held] = {}
        by_text = {key.text: key for key in keys}
        texts = list(by_text)
        now = self._clock()
        try:
            async with self._db.reading() as connection:
                for start in range(0, len(texts), SLICE):
                    wanted = cache.c.key.in_(texts[start : start + SLICE])
                    query = select(cache).where(wanted, cache.c.expires_at > now)
                    for row in await connection.execute(query):
                        key = by_text[row.key]
                        if row.expires_at <= now + key.kind.longest:
                            found[key] = Held(row.value, row.expires_at)
        except StorageError as error:
            self._failed(keys, error)
            # As many lookups as would have hit or missed.
            for _ in by_text:
                metrics.cache_looked_up("database", "failed")
            return {}
        for key in by_text.values():
            tally = self.tallies[key.kind.name]
            tally.hits += key in found
            tally.misses += key not in found
            metrics.cache_looked_up("database", "hit" if key in found else "miss")
        return found

    async def put(self, key: Key, held: Held) -> None:
        tally = self.tallies[key.kind.name]
        if len(held.value) > LARGEST:
            tally.too_large += 1
            return
        row = {"key": key.text, "value": held.value, "expires_at": held.until}
        try:
            async with self._db.transaction(aside=True) as connection:
                await connection.execute(upsert(connection, cache, ("value", "expires_at")), row)
        except StorageError as error:
            self._failed([key], error)
            return
        tally.written += 1
        tally.bytes_written += len(held.value)

    async def purge(self) -> int:
        """Forgets what has expired and, where there is still too much, what expires soonest; how many answers
        that were. Raises StorageError."""
        expired = 0
        old = select(cache.c.key).where(cache.c.expires_at <= self._clock()).limit(SLICE)
        while True:
            # In slices, so that others may write in between.
            async with self._db.transaction(aside=True) as connection:
                gone = (await connection.execute(delete(cache).where(cache.c.key.in_(old)))).rowcount
            expired += gone
            if gone < SLICE:
                break
        evicted = 0
        while over := await self._overfull():
            async with self._db.transaction(aside=True) as connection:
                for key in over:
                    self.tallies[kind_of(key)].evictions += 1
                await connection.execute(delete(cache).where(cache.c.key.in_(over)))
            evicted += len(over)
            metrics.cache_evicted("database", len(over))
        return expired + evicted

    async def forget(self, kind: str | None = None) -> int:
        """Everything of `kind`, or everything; how many answers that were. Raises StorageError."""
        statement = delete(cache)
        if kind is not None:
            statement = statement.where(cache.c.key.like(f"v%/{kind}/%"))
        async with self._db.transaction(aside=True) as connection:
            return (await connection.execute(statement)).rowcount

    async def holding(self) -> Holding:
        """Raises StorageError."""
        query = select(func.count(), func.coalesce(func.sum(_SIZE), 0)).select_from(cache)
        async with self._db.reading() as connection:
            entries, size = (await connection.execute(query)).one()
        return Holding(entries, size)

    async def _overfull(self) -> list[str]:
        """Keys that should go: at most a slice of them, so that no transaction takes long."""
        query = select(func.count(), func.coalesce(func.sum(_SIZE), 0)).select_from(cache)
        async with self._db.reading() as connection:
            rows, size = (await connection.execute(query)).one()
            if rows <= self._most_rows and size <= self.limit:
                return []
            soonest = select(cache.c.key, _SIZE).order_by(cache.c.expires_at)
            going: list[str] = []
            for key, taken in await connection.execute(soonest.limit(SLICE)):
                if rows <= self._most_rows and size <= self.limit:
                    break
                going.append(key)
                rows -= 1
                size -= taken
        return going

    def _failed(self, keys: Sequence[Key], error: StorageError) -> None:
        # The cache fails nobody; who needs the database itself meets the same trouble and says so.
        for name in {key.kind.name for key in keys}:
            self.tallies[name].errors += 1
        log.warning("the cache cannot use the database", error=error.message)


def kind_of(text: str) -> str:
    """The kind in a key's text."""
    return text.split("/", 2)[1] if text.count("/") > 1 else ""
