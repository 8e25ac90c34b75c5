"""The database as the services see it: short transactions that never lose an update."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as TooBusy
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from brainarr.errors import ConfigurationError, Fault, StorageError

LOCK_PATIENCE_S = 30.0
"""How long a writer waits for another process that holds the database."""

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
        self._reader = engine.execution_options(reads_only=True)
        # SQLite has one writer at a time. Waiting here is first come, first served and occupies no thread;
        # SQLite's own waiting polls, and starves somebody when fifty ask at once.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """What happens inside is stored together or not at all. Never wait for a remote service in it."""
        async with self._turn:
            with storage_errors():
                async with self._engine.begin() as connection:
                    yield connection

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
    """The address of the database with its driver; a relative SQLite path lies in `folder`."""
    allowed = "sqlite:///brainarr.db, or an absolute path as sqlite:////config/brainarr.db"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError([Fault("database.url", "an address that cannot be read", allowed)]) from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError(
            [Fault("database.url", parsed.render_as_string(hide_password=True), allowed)]
        )
    return parsed.set(drivername="sqlite+aiosqlite", database=str(folder / parsed.database))


def open_database(url: str, folder: Path = Path()) -> Database:
    """The database at `url` (relative SQLite paths lie in `folder`). Upgrade it before its first use."""
    return Database(create_engine(database_url(url, folder)))


def create_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions take SQLite's write lock when they begin.

    The driver's own deferred BEGIN upgrades a read lock at the first write; of two transactions that both
    read first, one then overwrites the other silently: https://www.sqlite.org/lang_transaction.html
    """
    # isolation_level=None: the driver begins nothing by itself, so that the event below is the only BEGIN.
    arguments = {"isolation_level": None, "timeout": LOCK_PATIENCE_S, "factory": _Connection}
    arguments["async_creator_fn"] = _open_driver
    engine = create_async_engine(url, connect_args=arguments)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


class _Driver(aiosqlite.Connection):
    """Stops once. SQLAlchemy stops the driver of a connection that was cancelled, perhaps before the closing
    that it had begun comes to its turn; that one stops the driver again, and would wait for an answer of its
    dead thread for ever: a server that never comes to its end.
    """

    def stop(self) -> asyncio.Future[Any] | None:
        return super().stop() if self._running else None


def _open_driver(database: str, **options: Any) -> _Driver:
    driver = _Driver(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    # As SQLAlchemy has it for drivers that it opens itself: a forgotten one must not keep the process.
    driver._thread.daemon = True
    return driver


class _Connection(sqlite3.Connection):
    """Gives its lock back when it is closed.

    A cancelled statement makes SQLAlchemy close its connection. But a cursor that some traceback still holds
    keeps an unfinished statement, and with one SQLite only pretends to close
    (https://www.sqlite.org/c3ref/close.html): the write lock would stay until the collector comes by, and
    every writer would wait for nobody.
    """

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # synchronous=FULL: an approval must survive a power cut, not only a crash of the process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
