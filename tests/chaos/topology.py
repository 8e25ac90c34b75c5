"""What a Brainarr stands on: one process on SQLite, one on PostgreSQL, or several beside a Redis."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.servers import PostgresServer, RedisServer, postgres_server, redis_server


@dataclass(frozen=True)
class Shape:
    """Which topology; a name of the table's rows."""

    name: str
    postgres: bool = False
    redis: bool = False
    workers: int = 0
    """Processes `brainarr worker`; with any of them, the server itself executes nothing."""


SQLITE = Shape("sqlite")
POSTGRES = Shape("postgres", postgres=True)
SPREAD = Shape("postgres+redis+workers", postgres=True, redis=True, workers=2)
SHAPES = (SQLITE, POSTGRES, SPREAD)


@dataclass
class Ground:
    """A topology whose servers run, with a configuration folder and an empty database."""

    shape: Shape
    folder: Path
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    database: str = ""
    """The name of the database in PostgreSQL."""

    @property
    def environ(self) -> dict[str, str]:
        said = {"BRAINARR_CONFIG": str(self.folder)}
        if self.postgres is not None:
            said["BRAINARR__DATABASE__URL"] = self.postgres.url(self.database)
        if self.redis is not None:
            said["BRAINARR__REDIS__URL"] = self.redis.url
        if self.shape.workers:
            said["BRAINARR__JOBS__EMBEDDED"] = "false"
        return said

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers, asked past Brainarr."""
        if self.postgres is not None:
            return _ask_postgres(self.postgres.url(self.database), query)
        path = self.folder / "brainarr.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def meddle(self, statement: str) -> None:
        """Changes a SQLite database past Brainarr: how a test makes a loss."""
        with contextlib.closing(sqlite3.connect(self.folder / "brainarr.db", timeout=30)) as connection:
            connection.execute(statement)
            connection.commit()

    def damage(self) -> list[str]:
        """What is broken in the database itself; PostgreSQL holds its own constraints at every commit."""
        if self.postgres is not None:
            return []
        found = [
            f"integrity_check: {row[0]}" for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"
        ]
        return found + [f"foreign_key_check: {row}" for row in self.rows("PRAGMA foreign_key_check")]


@contextlib.contextmanager
def ground(shape: Shape, folder: Path) -> Iterator[Ground]:
    """Real servers, thrown away afterwards."""
    with contextlib.ExitStack() as stack:
        place = Ground(shape, folder)
        if shape.postgres:
            place.postgres = stack.enter_context(postgres_server())
            place.database = place.postgres.new_database()
        if shape.redis:
            place.redis = stack.enter_context(redis_server())
        yield place


def _ask_postgres(url: str, query: str) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row.values()) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    # In a thread of its own: whoever asks may have a loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()
