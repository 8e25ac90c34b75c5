"""Bringing the database to this version's tables, after copying the old file aside."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from brainarr.store.revisions import NEWEST, known_revisions, migrate, named_revision, revision_of
from brainarr.store.session import create_engine, database_url, storage_errors

COPIES_KEPT = 5


class Revised(msgspec.Struct, frozen=True):
    """From which revision to which; `copy` is where the old file lies, None when nothing was copied."""

    before: str | None
    after: str | None
    copy: Path | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after


async def upgrade(url: str, folder: Path, *, now: datetime) -> Revised:
    """To the newest revision. Raises StorageError; the database is then as it was."""
    return await _revise(url, folder, "upgrade", NEWEST, now)


async def downgrade(url: str, folder: Path, revision: str, *, now: datetime) -> Revised:
    """Back to `revision` ("base": no tables). What newer tables held is in the copy only.

    Raises StorageError, and ConfigurationError for a revision that does not exist or is a newer one.
    """
    return await _revise(url, folder, "downgrade", revision, now)


async def outlook(url: str, folder: Path) -> Revised:
    """What `upgrade` would do. The database must exist; it is not changed. Raises StorageError."""
    engine = create_engine(database_url(url, folder))
    try:
        with storage_errors():
            return Revised(await _current(engine), known_revisions()[0])
    finally:
        await engine.dispose()


async def _revise(
    url: str, folder: Path, way: Literal["upgrade", "downgrade"], target: str, now: datetime
) -> Revised:
    address = database_url(url, folder)
    wanted = named_revision(target)
    engine = create_engine(address)
    try:
        with storage_errors():
            before = await _current(engine)
            if before == wanted:
                return Revised(before, before)
            copy: Path | None = None
            if before is not None and address.get_backend_name() == "sqlite":
                copy = await asyncio.to_thread(_copy_aside, Path(address.database or ""), before, now)
            async with engine.begin() as connection:
                await migrate(connection, target, way=way)
            return Revised(before, await _current(engine), copy)
    finally:
        await engine.dispose()


async def _current(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return await revision_of(connection)


def _copy_aside(path: Path, revision: str, now: datetime) -> Path:
    """A consistent copy, also while the write-ahead log holds the newest rows; keeps the newest few."""
    copy = path.with_name(f"{path.name}.before-{revision}-{now:%Y%m%d-%H%M%S}")
    unfinished = path.with_name(f"{copy.name}.part")
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    copies = sorted(path.parent.glob(f"{path.name}.before-*"), key=lambda file: file.stat().st_mtime)
    for old in copies[:-COPIES_KEPT]:
        old.unlink()
    return copy
