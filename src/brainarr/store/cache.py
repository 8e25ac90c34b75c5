"""The cache's level in the database: remote answers that stay good for days or weeks."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from brainarr.pipeline.ports import Clock
from brainarr.store.session import Database
from brainarr.store.tables import cache
from brainarr.store.upsert import upsert


class StoredCache:
    """Remembers bytes under a key until their lifetime is over."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def get(self, key: str) -> bytes | None:
        query = select(cache.c.value).where(cache.c.key == key, cache.c.expires_at > self._clock())
        async with self._db.reading() as connection:
            return (await connection.execute(query)).scalar()

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those of `keys` that are remembered."""
        found: dict[str, bytes] = {}
        async with self._db.reading() as connection:
            # In slices: SQLite bounds how many values one statement may name.
            for start in range(0, len(keys), 500):
                wanted = cache.c.key.in_(keys[start : start + 500])
                query = select(cache.c.key, cache.c.value).where(wanted, cache.c.expires_at > self._clock())
                found.update((row.key, row.value) for row in await connection.execute(query))
        return found

    async def put(self, key: str, value: bytes, lifetime: timedelta) -> None:
        row = {"key": key, "value": value, "expires_at": self._clock() + lifetime}
        async with self._db.transaction() as connection:
            await connection.execute(upsert(connection, cache, ("value", "expires_at")), row)

    async def purge(self) -> int:
        """Forgets what has expired; how many answers that were."""
        async with self._db.transaction() as connection:
            gone = await connection.execute(delete(cache).where(cache.c.expires_at <= self._clock()))
        return gone.rowcount
