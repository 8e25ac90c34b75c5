"""Bringing the database to this version's tables, after copying the old file aside."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from brainarr.errors import ConfigurationError, Fault, StorageError
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
    return await _revise(url, folder, command.upgrade, "head", now)


async def downgrade(url: str, folder: Path, revision: str, *, now: datetime) -> Revised:
    """Back to `revision` ("base": no tables). What newer tables held is in the copy only.

    Raises StorageError, and ConfigurationError for a revision that does not exist or is a newer one.
    """
    return await _revise(url, folder, command.downgrade, revision, now)


async def outlook(url: str, folder: Path) -> Revised:
    """What `upgrade` would do. The database must exist; it is not changed. Raises StorageError."""
    known = _revisions(_config())
    engine = create_engine(database_url(url, folder))
    try:
        with storage_errors():
            before = await _current(engine)
            _refuse_newer(before, known)
            return Revised(before, known[0])
    finally:
        await engine.dispose()


async def _revise(
    url: str, folder: Path, change: Callable[[Config, str], None], target: str, now: datetime
) -> Revised:
    address = database_url(url, folder)
    config = _config()
    known = _revisions(config)
    wanted = _wanted(target, known)
    engine = create_engine(address)
    try:
        with storage_errors():
            before = await _current(engine)
            _refuse_newer(before, known)
            if before == wanted:
                return Revised(before, before)
            copy: Path | None = None
            if before is not None and address.get_backend_name() == "sqlite":
                copy = await asyncio.to_thread(_copy_aside, Path(address.database or ""), before, now)
            async with engine.begin() as connection:
                await connection.run_sync(_change, config, change, target)
            return Revised(before, await _current(engine), copy)
    finally:
        await engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _revisions(config: Config) -> list[str]:
    """Newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]


def _refuse_newer(revision: str | None, known: list[str]) -> None:
    if revision is not None and revision not in known:
        raise StorageError(
            f"The database was written by a newer Brainarr (its revision {revision} is unknown here).",
            remedy="Install that version again, or put back the copy made before its upgrade.",
        )


def _wanted(target: str, known: list[str]) -> str | None:
    """The revision that `target` names, None for an empty database; `known` is newest first."""
    if target in ("head", "base"):
        return known[0] if target == "head" else None
    if target not in known:
        raise ConfigurationError([Fault("revision", repr(target), f"base, {', '.join(reversed(known))}")])
    return target


def _change(
    connection: Connection, config: Config, change: Callable[[Config, str], None], target: str
) -> None:
    config.attributes["connection"] = connection
    change(config, target)


async def _current(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


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
