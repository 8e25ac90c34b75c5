"""SQLite as Brainarr uses it: write-ahead log, full durability, one writer from the first statement on."""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOCK_PATIENCE_S = 30.0
"""How long a writer waits for another process that writes, unless `patience_s` says otherwise."""

CONNECTIONS = 8
"""Each is a thread, kept open from its first use on. One more for a moment costs more than waiting for one:
where SQLAlchemy was free to open ten more, load made it do so six times a second."""


def sqlite_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions take SQLite's write lock when they begin.

    The driver's own deferred BEGIN upgrades a read lock at the first write; of two transactions that both
    read first, one then overwrites the other silently: https://www.sqlite.org/lang_transaction.html
    """
    # isolation_level=None: the driver begins nothing by itself, so that the event below is the only BEGIN.
    arguments = {"isolation_level": None, "timeout": LOCK_PATIENCE_S, "factory": _Connection}
    arguments["async_creator_fn"] = _open_driver
    engine = create_async_engine(url, connect_args=arguments, pool_size=CONNECTIONS, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
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


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # synchronous=FULL: an approval must survive a power cut, not only a crash of the process.
    # cache_size, in KiB: each connection has a cache of its own, and the system has every page anyway. Reads
    # take no longer than with four times as much, and less memory is torn.
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-512",
    )
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if (patience := options.get("patience_s")) is not None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(patience * 1000)}")
    connection.exec_driver_sql("BEGIN" if options.get("reads_only", False) else "BEGIN IMMEDIATE")
