"""Backups: asking for one, listing them, letting one go."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from brainarr.errors import NotFound
from brainarr.pipeline.ports import Clock
from brainarr.store import backup as files
from brainarr.store.archive import Origin
from brainarr.store.backup import Backup, Shelf
from brainarr.store.session import database_url

TASK = "backup"
"""The task that makes scheduled ones."""


@dataclass(frozen=True)
class Backups:
    """What is backed up, and where to."""

    url: str
    """Setting `database.url`."""
    folder: Path
    """The configuration folder, with the key and config.yaml."""
    shelf: Shelf
    clock: Clock

    @property
    def place(self) -> Path:
        """Where the backups lie."""
        return self.folder / self.shelf.place


async def make_backup(
    backups: Backups, origin: Origin = Origin.MANUAL, *, file: Path | None = None
) -> Backup:
    """One moment of the database, taken while it is in use; into `file`, else onto the shelf.

    Of the same origin the oldest go, but a person's own stay. Raises StorageError; there is then no new file.
    """
    return await files.write_backup(
        database_url(backups.url, backups.folder),
        backups.folder,
        backups.shelf,
        origin,
        backups.clock(),
        file=file,
    )


async def list_backups(backups: Backups) -> list[Backup]:
    """The newest first."""
    return await asyncio.to_thread(files.list_backups, backups.place)


async def read_backup(backups: Backups, name: str) -> Backup:
    """Raises NotFound for a name that `list_backups` does not show, whatever file it may be of."""
    found = await asyncio.to_thread(files.find_backup, backups.place, name)
    if found is None:
        raise NotFound(f"There is no backup {name[:100]!r}.")
    return found


async def delete_backup(backups: Backups, name: str) -> Backup:
    """What is gone now. Raises NotFound."""
    found = await read_backup(backups, name)
    await asyncio.to_thread(found.path.unlink, missing_ok=True)
    return found
