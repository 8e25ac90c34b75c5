"""The whole database as one SQLite file, whichever kind it is: taken in one moment, while others write."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.copying import replace_rows
from brainarr.store.failures import storage_errors
from brainarr.store.postgres import postgres_engine
from brainarr.store.revisions import migrate, revision_of
from brainarr.store.session import Database
from brainarr.store.sqlite import sqlite_engine


async def snapshot(address: URL, file: Path) -> None:
    """Copies the database at `address` (see `database_url`) into the new `file`. Raises StorageError."""
    with storage_errors():
        if address.get_backend_name() == "sqlite":
            await asyncio.to_thread(_copy_file, Path(address.database or ""), file)
            return
        source = Database(postgres_engine(address))
        try:
            async with source.reading() as connection:
                await write_file(connection, file)
        finally:
            await source.dispose()


async def write_file(source: AsyncConnection, file: Path) -> None:
    """The tables and rows that `source` sees, as a SQLite file of its revision."""
    revision = await revision_of(source)
    engine = sqlite_engine(URL.create("sqlite+aiosqlite", database=str(file)))
    try:
        async with engine.begin() as target:
            if revision is not None:
                await migrate(target, revision)
                await replace_rows(source, target)
    finally:
        await engine.dispose()
    await asyncio.to_thread(_without_log, file)


def _copy_file(path: Path, file: Path) -> None:
    # All pages in one step: a reader of the write-ahead log, which holds up no writer and sees one moment.
    with closing(_existing(path)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    _without_log(file)


def _existing(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)


def _without_log(file: Path) -> None:
    """One file that needs no other beside it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
