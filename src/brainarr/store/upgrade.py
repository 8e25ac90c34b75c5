"""Bringing the database to this version's tables, after a backup of what was there."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.archive import Origin
from brainarr.store.backup import SHELF, Shelf, write_backup
from brainarr.store.failures import storage_errors
from brainarr.store.postgres import describe_server
from brainarr.store.revisions import NEWEST, known_revisions, migrate, named_revision, revision_of
from brainarr.store.session import create_engine, database_url

PATIENCE_S = 600.0
"""How long a start waits for another process that upgrades the same database."""


class Revised(msgspec.Struct, frozen=True):
    """From which revision to which; `copy` is the backup made before, None when nothing was changed."""

    before: str | None
    after: str | None
    copy: Path | None = None
    server: str = "SQLite"
    """Which database it is, with its version where that is not our own."""

    @property
    def changed(self) -> bool:
        return self.before != self.after


async def upgrade(url: str, folder: Path, *, now: datetime, shelf: Shelf = SHELF) -> Revised:
    """To the newest revision. Of several processes at the same moment one does it, the others wait.

    The backup of what was there goes onto `shelf`. Raises StorageError; the database is then as it was.
    """
    return await _revise(url, folder, "upgrade", NEWEST, now, shelf)


async def downgrade(url: str, folder: Path, revision: str, *, now: datetime, shelf: Shelf = SHELF) -> Revised:
    """Back to `revision` ("base": no tables). What newer tables held is in the backup only.

    Raises StorageError, and ConfigurationError for a revision that does not exist or is a newer one.
    """
    return await _revise(url, folder, "downgrade", revision, now, shelf)


async def outlook(url: str, folder: Path) -> Revised:
    """What `upgrade` would do. The database must exist; it is not changed. Raises StorageError."""
    engine = create_engine(database_url(url, folder))
    try:
        with storage_errors():
            async with engine.execution_options(reads_only=True).connect() as connection:
                return Revised(
                    await revision_of(connection), known_revisions()[0], server=_server(connection)
                )
    finally:
        await engine.dispose()


async def _revise(
    url: str, folder: Path, way: Literal["upgrade", "downgrade"], target: str, now: datetime, shelf: Shelf
) -> Revised:
    address = database_url(url, folder)
    wanted = named_revision(target)
    engine = create_engine(address).execution_options(patience_s=PATIENCE_S)
    try:
        with storage_errors():
            async with engine.execution_options(reads_only=True).connect() as connection:
                server = _server(connection)
                if (before := await revision_of(connection)) == wanted:
                    return Revised(before, before, server=server)
            # This waits for whoever writes, perhaps another process that has just begun the same.
            async with engine.begin() as connection:
                if (before := await revision_of(connection)) == wanted:
                    return Revised(before, before, server=server)
                copy: Path | None = None
                if before is not None:
                    # On a connection of its own, which sees what is there before the change.
                    copy = (await write_backup(address, folder, shelf, Origin.BEFORE_CHANGE, now)).path
                await migrate(connection, target, way=way)
                after = await revision_of(connection)
        return Revised(before, after, copy, server)
    finally:
        await engine.dispose()


def _server(connection: AsyncConnection) -> str:
    return "SQLite" if connection.dialect.name == "sqlite" else describe_server(connection)
