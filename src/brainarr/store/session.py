"""The database as the services see it: short transactions that never lose an update."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as TooBusy
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from brainarr.errors import ConfigurationError, Fault, StorageError
from brainarr.store.postgres import postgres_engine
from brainarr.store.sqlite import sqlite_engine

_REMEDIES = (
    ("full", "the disk is full", "Free some space; nothing was half stored."),
    ("no space left", "the disk is full", "Free some space; nothing was half stored."),
    (
        "readonly",
        "the file may not be written",
        "Give Brainarr's user write permission to it and its folder.",
    ),
    (
        "unable to open",
        "the file cannot be opened",
        "Check that its folder exists and that Brainarr's user may use it.",
    ),
    ("locked", "another process holds it", "Stop the other Brainarr, or try again when its work is done."),
    ("malformed", "the file is damaged", "Restore one of the copies that lie beside it."),
    (
        "not a database",
        "the file is not a database",
        "Check database.url; restore one of the copies beside it.",
    ),
    ("disk i/o", "the disk did not answer", "Check the disk or the network share that holds it."),
)


def storage_error(error: BaseException) -> StorageError:
    """What a driver's complaint means for the person who runs Brainarr."""
    text = str(error).lower()
    for mark, what, remedy in _REMEDIES:
        if mark in text:
            return StorageError(f"The database cannot be used: {what}.", remedy=remedy)
    return StorageError(
        f"The database cannot be used: {str(error)[:200]}.", remedy="See the log for the statement."
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """What the driver or the system raises becomes StorageError; broken constraints pass as they are."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise storage_error(error.orig or error) from error
    except (OSError, sqlite3.Error) as error:
        raise storage_error(error) from error
    except TooBusy as error:
        raise StorageError("The database is too busy.", remedy="Try again in a minute.") from error


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
        """Transactions of this process that are over: unchanged, it has changed nothing since."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """What happens inside is stored together or not at all. Never wait for a remote service in it."""
        async with self._turn:
            try:
                with storage_errors():
                    async with self._engine.begin() as connection:
                        yield connection
            finally:
                self.writes += 1

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view that waits for no writer; nothing may be written in it."""
        with storage_errors():
            async with self._reader.connect() as connection:
                yield connection

    async def dispose(self) -> None:
        """Closes every connection. A database that was not disposed keeps threads and files open."""
        await self._engine.dispose()


def database_url(url: str, folder: Path) -> URL:
    """The address of the database with its driver; a relative SQLite path lies in `folder`.

    Raises ConfigurationError.
    """
    allowed = (
        "sqlite:///brainarr.db, an absolute path as sqlite:////config/brainarr.db, "
        "or postgresql://user:password@host/database"
    )
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError([Fault("database.url", "an address that cannot be read", allowed)]) from None
    named = parsed.database not in (None, "", ":memory:")
    if named and parsed.drivername == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite", database=str(folder / str(parsed.database)))
    if named and parsed.drivername in ("postgresql", "postgres"):
        return _as_asyncpg(parsed)
    raise ConfigurationError([Fault("database.url", parsed.render_as_string(hide_password=True), allowed)])


def _as_asyncpg(url: URL) -> URL:
    """libpq's name for encryption, which everybody's addresses have, is not the driver's."""
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def open_database(url: str, folder: Path = Path()) -> Database:
    """The database at `url` (relative SQLite paths lie in `folder`). Upgrade it before its first use."""
    return Database(create_engine(database_url(url, folder)))


def create_engine(url: URL) -> AsyncEngine:
    """The engine for an address that `database_url` answered."""
    return sqlite_engine(url) if url.get_backend_name() == "sqlite" else postgres_engine(url)
