"""From SQLite to PostgreSQL and back: all tables, in one piece, into a database that is empty."""

import asyncio
from pathlib import Path

import msgspec
from sqlalchemy import URL, inspect

from brainarr import log
from brainarr.errors import ConfigurationError, Conflict, Fault
from brainarr.service.backup import Backups
from brainarr.store.copying import replace_rows
from brainarr.store.failures import storage_errors
from brainarr.store.postgres import describe_server
from brainarr.store.revisions import NEWEST, migrate
from brainarr.store.session import close_database, create_engine, database_url, open_database
from brainarr.store.upgrade import PATIENCE_S, upgrade

ARGUMENT = "URL"


class Moved(msgspec.Struct, frozen=True):
    """What lies in the new database."""

    rows: dict[str, int]
    """Table → rows."""
    address: str
    """The new one, its password hidden."""


async def move_database(backups: Backups, to: str) -> Moved:
    """Copies the database to the empty one at `to`; the old one stays as it is.

    The old one is upgraded first. Raises ConfigurationError, StorageError, and
    Conflict where the target is not empty; there is then nothing in it that was not there before.
    """
    url, folder = backups.url, backups.folder
    source, target = database_url(url, folder), database_url(to, folder, ARGUMENT)
    shown = to_show(target)
    if target.password:
        log.hide([target.password])
    if source == target:
        raise ConfigurationError([Fault(ARGUMENT, shown, "another database than the present one")])
    await upgrade(url, folder, now=backups.clock(), shelf=backups.shelf)
    rows = await _copy(url, folder, target, shown)
    await asyncio.to_thread(close_database, target)
    return Moved(rows, shown)


def to_show(address: URL) -> str:
    """An address as people write it, without its password."""
    return address.set(drivername=address.get_backend_name()).render_as_string(hide_password=True)


async def _copy(url: str, folder: Path, target: URL, shown: str) -> dict[str, int]:
    source = open_database(url, folder)
    engine = create_engine(target).execution_options(patience_s=PATIENCE_S)
    try:
        with storage_errors():
            async with source.reading() as old, engine.begin() as new:
                if new.dialect.name == "postgresql":
                    describe_server(new)
                if taken := await new.run_sync(lambda sync: inspect(sync).get_table_names()):
                    raise Conflict(
                        f"{shown} is not empty: it has the table {taken[0]!r}.",
                        remedy="Name a database without tables.",
                    )
                await migrate(new, NEWEST)
                return await replace_rows(old, new)
    finally:
        await engine.dispose()
        await source.dispose()
