"""Putting a backup back: every row and the key that belongs to them, or nothing at all."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import StorageError
from brainarr.service.backup import Backups, make_backup
from brainarr.store import install, keyfile
from brainarr.store import runs as rows
from brainarr.store.archive import CONFIGURATION, DATABASE, Manifest, Origin, aside, unpack
from brainarr.store.backup import Backup
from brainarr.store.copying import replace_rows
from brainarr.store.failures import storage_errors
from brainarr.store.revisions import NEWEST, migrate
from brainarr.store.runs import RunStatus
from brainarr.store.secrets import KEY_FILE
from brainarr.store.session import Database, open_database
from brainarr.store.upgrade import PATIENCE_S, upgrade
from brainarr.store.usage import keep_books, read_books


class Restored(msgspec.Struct, frozen=True):
    """What was put back."""

    manifest: Manifest
    rows: int
    before: Backup | None
    """What was there before; None where there was nothing."""
    other_key: bool
    """The secrets have another key now."""
    other_installation: bool
    """It is not the one that was there before, whose name servers that run go on using."""
    other_configuration: bool
    """The backup holds another config.yaml than the present one, which stays."""


async def restore_backup(backups: Backups, file: Path) -> Restored:
    """Replaces everything in the database by what `file` holds, also while a server works with it.

    A backup of an older version is upgraded on the way. What is there now is backed up first; what this month
    has cost stays on the books. Raises StorageError; then nothing was changed but the database's revision,
    which every start brings up to date.
    """
    now = backups.clock()
    with storage_errors(), aside(backups.place, now) as place:
        manifest = await asyncio.to_thread(unpack, file, place)
        source = await _brought_up_to_date(place)
        try:
            check = await _key_check(source)
            key = await asyncio.to_thread(_key_for, check, place, backups.folder)
            await upgrade(backups.url, backups.folder, now=now, shelf=backups.shelf)
            target = open_database(backups.url, backups.folder)
            try:
                before, renamed, count = await _replace(backups, source, target, key, now)
            finally:
                await target.dispose()
        finally:
            await source.dispose()
        other = _differs(place, backups.folder)
        return Restored(manifest, count, before, key is not None, renamed, other)


async def _brought_up_to_date(place: Path) -> Database:
    # Straight through the migrations: a backup of a copy would help nobody.
    database = open_database(f"sqlite:///{DATABASE}", place)
    async with database.transaction() as connection:
        await migrate(connection, NEWEST)
    return database


async def _key_check(source: Database) -> str:
    async with source.reading() as connection:
        check = await install.key_check(connection)
    if check is None:
        raise StorageError("The backup is of a Brainarr that was never started.", remedy="Use another one.")
    return check


def _key_for(check: str, place: Path, folder: Path) -> bytes | None:
    """The key to put in place; None: the present one opens the backup's secrets."""
    present, packed = folder / KEY_FILE, place / KEY_FILE
    if present.exists() and keyfile.opens(present.read_bytes(), check):
        return None
    if not packed.exists() or not keyfile.opens(packed.read_bytes(), check):
        raise StorageError(
            f"The backup's secrets open with another {KEY_FILE}, and it does not hold it.",
            remedy=f"Put that {KEY_FILE} into the configuration folder first; nothing was changed.",
        )
    return packed.read_bytes()


async def _replace(
    backups: Backups, source: Database, target: Database, key: bytes | None, now: datetime
) -> tuple[Backup | None, bool, int]:
    """What was there before, whether it was another installation, and how many rows there are now."""
    before, renamed = None, False
    try:
        async with source.reading() as old, target.transaction(patience_s=PATIENCE_S) as new:
            if await install.key_check(new) is not None:
                # Nobody else writes any more, and this reads on a connection of its own: what a server
                # accepted until now is in it, and nothing is accepted that would be in neither.
                before = await make_backup(backups, Origin.BEFORE_RESTORE)
                renamed = await install.name_of_install(new) != await install.name_of_install(old)
            books = await read_books(new, now)
            if key is not None:
                keyfile.lay_ready(backups.folder, key)
            counts = await replace_rows(old, new)
            await keep_books(new, books, now)
            await _close_runs(new, now)
    except BaseException:
        with suppress(OSError):
            keyfile.withdraw(backups.folder)
        raise
    if key is not None:
        keyfile.take_over(backups.folder)
    return before, renamed, sum(counts.values())


async def _close_runs(connection: AsyncConnection, now: datetime) -> None:
    """Nobody executes any more what ran when the backup was made."""
    for run in await rows.running(connection):
        await rows.close_run(
            connection,
            run.id,
            RunStatus.FAILED,
            now,
            error="Interrupted: a backup was restored that was made while it ran.",
            remedy="Start the run again.",
        )


def _differs(place: Path, folder: Path) -> bool:
    packed, present = place / CONFIGURATION, folder / CONFIGURATION
    return packed.exists() and not (present.exists() and packed.read_bytes() == present.read_bytes())
