"""A backup: one zip file that holds the database as SQLite, the key of its secrets, and the configuration.

The same format from SQLite and PostgreSQL, so that either can be restored from the other's.
"""

import hashlib
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO

import msgspec
from sqlalchemy import func, select, table

from brainarr import __version__
from brainarr.errors import StorageError
from brainarr.store.revisions import VERSION_TABLE, refuse_newer
from brainarr.store.secrets import KEY_FILE

FORMAT = 1
DATABASE = "brainarr.db"
CONFIGURATION = "config.yaml"
MANIFEST = "manifest.json"

_CHUNK = 1 << 20
# Far above anything that is real, so that a forged archive cannot fill memory or disk.
_LARGEST = {MANIFEST: 1 << 20, KEY_FILE: 1 << 16, CONFIGURATION: 1 << 24, DATABASE: 1 << 36}


class Origin(StrEnum):
    """Why a backup was made."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BEFORE_CHANGE = "before-change"
    """Of the tables: an upgrade or a downgrade."""
    BEFORE_RESTORE = "before-restore"


class Packed(msgspec.Struct, frozen=True):
    """One file in the archive: its bytes and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What manifest.json says."""

    format: int
    version: str
    """Of the Brainarr that made it."""
    revision: str
    """Of its tables."""
    database: str
    """What it was made from: sqlite or postgresql."""
    origin: Origin
    made_at: datetime
    rows: dict[str, int]
    """Table → rows."""
    files: dict[str, Packed]


@contextmanager
def aside(folder: Path, now: datetime) -> Iterator[Path]:
    """A folder within `folder` for what is not finished, and on the same disk; removed at the end.

    So is what a killed process left there more than a day ago.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(".unfinished-*"):
        # Another one may have just been finished.
        with suppress(FileNotFoundError):
            if now.timestamp() - left.stat().st_mtime > 24 * 3600:
                shutil.rmtree(left, ignore_errors=True)
    place = folder / f".unfinished-{os.getpid()}-{os.urandom(4).hex()}"
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def pack(place: Path, *, kind: str, origin: Origin, now: datetime) -> tuple[Path, Manifest]:
    """Makes the files that lie in `place` one archive, for its owner alone, and certain to be on the disk.

    `kind` is the kind of database that they are from. Raises StorageError when there is nothing in it.
    """
    members = [name for name in (DATABASE, KEY_FILE, CONFIGURATION) if (place / name).exists()]
    try:
        revision, rows = _contents(place / DATABASE)
    except (sqlite3.OperationalError, TypeError):
        raise StorageError(
            "There is nothing to back up: the database is empty.", remedy="Start Brainarr once."
        ) from None
    manifest = Manifest(
        format=FORMAT,
        version=__version__,
        revision=revision,
        database=kind,
        origin=origin,
        made_at=now,
        rows=rows,
        files={name: _measured(place / name) for name in members},
    )
    path = place / "backup.zip"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
            for name in members:
                archive.write(place / name, name)
        file.flush()
        os.fsync(file.fileno())
    return path, manifest


def put_in_place(archive: Path, target: Path) -> None:
    """Gives a finished archive its name, at once and for good. Raises FileExistsError."""
    try:
        os.link(archive, target)
    except FileExistsError:
        raise
    except OSError:
        # Shares without hard links.
        if target.exists():
            raise FileExistsError(target) from None
        archive.replace(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself; its other files are not looked at. Raises StorageError."""
    with _opened(path) as archive:
        return _manifest(archive, path)


def unpack(path: Path, place: Path) -> Manifest:
    """The files of a backup into the folder `place`, every one checked. Raises StorageError."""
    with _opened(path) as archive:
        manifest = _manifest(archive, path)
        names = [info.filename for info in archive.infolist()]
        wanted = {MANIFEST, *manifest.files}
        if len(names) != len(set(names)) or set(names) != wanted or DATABASE not in wanted:
            raise _unusable(path, "it holds other files than its manifest names")
        if not wanted <= _LARGEST.keys():
            raise _unusable(path, "it holds files that no backup has")
        for name, facts in manifest.files.items():
            if not 0 <= facts.size <= _LARGEST[name] or archive.getinfo(name).file_size != facts.size:
                raise _unusable(path, f"{name} has not the size that the manifest names")
        needed = sum(facts.size for facts in manifest.files.values())
        if needed > shutil.disk_usage(place).free:
            raise StorageError(
                f"The backup needs {needed:,} bytes, and {place.parent} has not that much space.",
                remedy="Free some space; nothing was changed.",
            )
        for name, facts in manifest.files.items():
            with archive.open(name) as packed:
                if _take_out(packed, place / name, facts.size) != facts.sha256:
                    raise _unusable(path, f"{name} was changed or is damaged")
    _check_database(place / DATABASE, manifest, path)
    return manifest


def _contents(database: Path) -> tuple[str, dict[str, int]]:
    with closing(sqlite3.connect(database)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?",
            (VERSION_TABLE,),
        )
        rows = {
            name: connection.execute(str(select(func.count()).select_from(table(name)))).fetchone()[0]
            for (name,) in sorted(names)
        }
    return revision, rows


def _measured(file: Path) -> Packed:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    return Packed(file.stat().st_size, digest.hexdigest())


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Also what zipfile raises while members are read becomes StorageError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise StorageError(f"There is no backup {path}.", remedy="Check its name.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}.") from error
    # RuntimeError: a member is encrypted, or compressed in a way that zipfile does not know.
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, zlib.error) as error:
        raise _unusable(path, "it is not a whole zip file") from error


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        info = archive.getinfo(MANIFEST)
        if info.file_size > _LARGEST[MANIFEST]:
            raise _unusable(path, "its manifest is too large")
        with archive.open(info) as file:
            manifest = msgspec.json.decode(file.read(_LARGEST[MANIFEST]), type=Manifest)
    except KeyError:
        raise _unusable(path, "it has no manifest") from None
    except msgspec.MsgspecError:
        raise _unusable(path, "its manifest makes no sense") from None
    if manifest.format > FORMAT:
        raise StorageError(f"{path} was made by a newer Brainarr ({manifest.version}).", remedy="Install it.")
    refuse_newer(manifest.revision)
    return manifest


def _take_out(packed: IO[bytes], file: Path, size: int) -> str:
    """Writes at most `size` bytes, whatever the archive holds; the digest of what was written."""
    digest = hashlib.sha256()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while size > 0 and (part := packed.read(min(size, _CHUNK))):
            digest.update(part)
            out.write(part)
            size -= len(part)
    return digest.hexdigest()


def _check_database(file: Path, manifest: Manifest, path: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT type FROM sqlite_master")}
            if not kinds <= {"table", "index"}:
                raise _unusable(path, "its database holds programs, which no backup has")
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise _unusable(path, "its database is damaged")
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise _unusable(path, "rows of its database point to rows that are not there")
        if _contents(file) != (manifest.revision, manifest.rows):
            raise _unusable(path, "its database is not the one that the manifest describes")
    except (sqlite3.Error, TypeError) as error:
        raise _unusable(path, "its database cannot be read") from error


def _unusable(path: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} is not a usable backup: {why}.", remedy="Use another one; nothing was changed."
    )
