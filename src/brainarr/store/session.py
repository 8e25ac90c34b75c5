"""The database as the services see it: short transactions that never lose an update."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from brainarr import metrics
from brainarr.errors import ConfigurationError, Fault
from brainarr.store.failures import storage_errors
from brainarr.store.postgres import check_options, postgres_engine
from brainarr.store.private import close_to_others
from brainarr.store.sqlite import sqlite_engine


class Database:
    """One engine. Connections live inside `transaction()` and `reading()` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        view = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reader = engine.execution_options(reads_only=True, postgresql_readonly=True, **view)
        # There is one writer at a time. Waiting here is first come, first served and occupies no connection;
        # SQLite's own waiting polls, and starves somebody when fifty ask at once.
        self._turn = asyncio.Lock()
        self.writes = 0
        """Transactions of this process that are over, but for those aside: while it stays, no list delivers
        anything else."""
        self.on_write: Callable[[], None] = lambda: None
        """Called after each of them; must not wait."""

    @property
    def kind(self) -> str:
        """sqlite or postgresql."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def transaction(
        self, *, patience_s: float | None = None, aside: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """What happens inside is stored together or not at all. Never wait for a remote service in it.

        `patience_s` is how long to wait for another process that writes, where the usual is not enough.
        `aside`: signs of life, remembered answers, money: nothing that any list delivers follows from it.
        """
        engine = self._engine if patience_s is None else self._engine.execution_options(patience_s=patience_s)
        with metrics.database_session("write") as session:
            async with self._turn:
                try:
                    with storage_errors():
                        async with engine.begin() as connection:
                            session.begun()
                            yield connection
                finally:
                    if not aside:
                        self.writes += 1
                        self.on_write()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view that waits for no writer; nothing may be written in it."""
        with metrics.database_session("read") as session, storage_errors():
            async with self._reader.connect() as connection:
                session.begun()
                yield connection

    async def dispose(self) -> None:
        """Closes every connection. A database that was not disposed keeps threads and files open."""
        await self._engine.dispose()


_ALLOWED = (
    "sqlite:///brainarr.db, an absolute path as sqlite:////config/brainarr.db, "
    "or postgresql://user:password@host/database"
)


def database_url(url: str, folder: Path, key: str = "database.url") -> URL:
    """The address of the database with its driver; a relative SQLite path lies in `folder`.

    Raises ConfigurationError, which calls the address `key`.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError([Fault(key, "an address that cannot be read", _ALLOWED)]) from None
    shown = parsed.render_as_string(hide_password=True)
    named = parsed.database not in (None, "", ":memory:") and "\0" not in url
    if named and parsed.drivername == "sqlite" and not parsed.query and not parsed.host:
        return parsed.set(drivername="sqlite+aiosqlite", database=str(folder / str(parsed.database)))
    if named and parsed.drivername in ("postgresql", "postgres") and (parsed.port or 0) < 65536:
        if fault := check_options(parsed):
            raise ConfigurationError([Fault(key, shown, f"{_ALLOWED}; {fault}")])
        return parsed.set(drivername="postgresql+asyncpg")
    raise ConfigurationError([Fault(key, shown, _ALLOWED)])


def open_database(url: str, folder: Path = Path()) -> Database:
    """The database at `url` (relative SQLite paths lie in `folder`). Upgrade it before its first use."""
    return Database(create_engine(database_url(url, folder)))


def create_engine(url: URL) -> AsyncEngine:
    """The engine for an address that `database_url` answered."""
    engine = sqlite_engine(url) if url.get_backend_name() == "sqlite" else postgres_engine(url)
    for name, connections in (("connect", 1), ("close", -1)):
        event.listen(engine.sync_engine, name, lambda *_, n=connections: metrics.pool_opened(engine.name, n))
    return engine


def close_database(url: URL) -> None:
    """The library and its history are nobody else's business; the folder of a SQLite file may be open."""
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        with suppress(OSError):
            # SQLite would make it as open as the umask allows, and its journals as open as the file.
            path.touch(mode=0o600)
        # Its journals lie beside it, and copies that older versions made; others named so are people's own.
        journals = (path.with_name(path.name + journal) for journal in ("", "-wal", "-shm", "-journal"))
        for file in (*journals, *path.parent.glob(f"{path.name}.before-*")):
            # One that is not there, or cannot be looked at: whoever opens the database says so.
            with suppress(OSError):
                close_to_others(file)
