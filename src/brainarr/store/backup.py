"""Backups in a folder: making one, finding them, and letting the old ones go."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import URL

from brainarr.errors import StorageError
from brainarr.store.archive import (
    CONFIGURATION,
    DATABASE,
    Manifest,
    Origin,
    aside,
    pack,
    put_in_place,
    read_manifest,
)
from brainarr.store.failures import storage_errors
from brainarr.store.secrets import KEY_FILE
from brainarr.store.snapshot import snapshot


class Shelf(msgspec.Struct, frozen=True):
    """Where backups lie, and how many stay."""

    place: Path
    """A folder; a relative one lies in the configuration folder."""
    keep: int
    """Of each origin; those that a person asked for all stay."""


SHELF = Shelf(Path("backups"), 5)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,120}\.zip", re.ASCII)


class Backup(msgspec.Struct, frozen=True):
    """A backup that is there."""

    path: Path
    size: int
    """In bytes."""
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.path.name


async def write_backup(
    address: URL,
    folder: Path,
    shelf: Shelf,
    origin: Origin,
    now: datetime,
    *,
    file: Path | None = None,
) -> Backup:
    """Backs up the database at `address`, with the key and the configuration that lie in `folder`.

    It becomes `file`, which must not be there yet, or goes onto `shelf` under a name of its own, and the
    oldest of the same origin go. Raises StorageError; nothing is new then.
    """
    place = folder / shelf.place if file is None else file.parent
    with storage_errors(), aside(place, now) as unfinished:
        await snapshot(address, unfinished / DATABASE)
        kind = address.get_backend_name()
        backup = await asyncio.to_thread(_finish, unfinished, folder, place, kind, origin, now, file)
        if file is None and origin is not Origin.MANUAL:
            await asyncio.to_thread(_prune, place, origin, shelf.keep)
        return backup


def list_backups(place: Path) -> list[Backup]:
    """Those in the folder `place`, the newest first; other files are no backups. Reads each manifest."""
    found: list[Backup] = []
    for path in place.glob("*.zip"):
        if backup := find_backup(place, path.name):
            found.append(backup)
    return sorted(found, key=lambda backup: (backup.manifest.made_at, backup.name), reverse=True)


def find_backup(place: Path, name: str) -> Backup | None:
    """The one that `list_backups` shows under this name; None: it shows none."""
    path = place / name
    if _NAME.fullmatch(name) is None or path.is_symlink() or not path.is_file():
        return None
    try:
        return Backup(path, path.stat().st_size, read_manifest(path))
    except (StorageError, OSError):
        # An OSError: somebody has deleted it meanwhile.
        return None


def _finish(
    unfinished: Path, folder: Path, place: Path, kind: str, origin: Origin, now: datetime, file: Path | None
) -> Backup:
    for beside in (KEY_FILE, CONFIGURATION):
        if (folder / beside).exists():
            shutil.copyfile(folder / beside, unfinished / beside)
    archive, manifest = pack(unfinished, kind=kind, origin=origin, now=now)
    for path in _names(place, origin, now) if file is None else [file]:
        with suppress(FileExistsError):
            put_in_place(archive, path)
            return Backup(path, path.stat().st_size, manifest)
    raise StorageError(f"{file} is there already.", remedy="Name another file.")


def _names(place: Path, origin: Origin, now: datetime) -> Iterator[Path]:
    stem = f"brainarr-{origin}-{now:%Y%m%d-%H%M%S}"
    yield place / f"{stem}.zip"
    for number in range(2, 1000):
        yield place / f"{stem}-{number}.zip"


def _prune(place: Path, origin: Origin, keep: int) -> None:
    of_this_origin = [backup for backup in list_backups(place) if backup.manifest.origin is origin]
    for old in of_this_origin[keep:]:
        old.path.unlink(missing_ok=True)
