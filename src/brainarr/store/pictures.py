"""Pictures in a folder: one file each, an empty one for what nobody has a picture of."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from brainarr.domain.media import MOST_BYTES, Picture, picture_type
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Clock

COUNTED_AGAIN = 100
"""Writes after which the folder is counted anew: other processes write into it too."""

SHRUNK_TO = 0.9
"""Of what is allowed, so that not every further picture sends one away."""

_UNFINISHED = ".unfinished-"


class Kept(msgspec.Struct, frozen=True):
    picture: Picture | None
    """None: nobody had one."""
    since: datetime


class PictureShelf:
    """At most `most_bytes` of pictures in `folder`; the oldest give way. Several processes may share it.

    Names are of letters, digits and hyphens: whoever makes one vouches for that.
    """

    def __init__(self, folder: Path, most_bytes: int, clock: Clock) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._clock = clock
        self._bytes = 0
        self._until_counted = 0
        self._writing = asyncio.Lock()

    async def get(self, name: str) -> Kept | None:
        """None: it is not there, or no picture any more."""
        return await asyncio.to_thread(self._read, name)

    async def put(self, name: str, picture: Picture | None) -> None:
        """Raises StorageError: there is no room, or the folder cannot be written."""
        async with self._writing:
            try:
                await asyncio.to_thread(self._write, name, picture.content if picture else b"")
            except OSError as error:
                raise StorageError(
                    f"A picture could not be kept in {self._folder}: {error.strerror}.",
                    remedy="Give Brainarr's user write permission to the folder, and its disk some room.",
                ) from error

    def _read(self, name: str) -> Kept | None:
        try:
            with (self._folder / name).open("rb") as file:
                since = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                content = file.read(MOST_BYTES + 1)
        except OSError:
            return None
        if not content:
            return Kept(None, since)
        media_type = picture_type(content)
        return Kept(Picture(content, media_type), since) if media_type else None

    def _write(self, name: str, content: bytes) -> None:
        if len(content) > self._most_bytes:
            raise StorageError("The picture is larger than all pictures together may be.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
        try:
            unfinished.write_bytes(content)
            at = self._clock().timestamp()
            os.utime(unfinished, (at, at))
            unfinished.replace(self._folder / name)
        finally:
            unfinished.unlink(missing_ok=True)
        self._bytes += len(content)
        self._until_counted -= 1
        if self._bytes > self._most_bytes or self._until_counted < 0:
            self._make_room()

    def _make_room(self) -> None:
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        goal = self._most_bytes * SHRUNK_TO if total > self._most_bytes else total
        for _, size, path in files:
            if total <= goal:
                break
            path.unlink(missing_ok=True)
            total -= size
        self._bytes, self._until_counted = total, COUNTED_AGAIN

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """(when written, bytes on the disk, path). What a killed process left unfinished counts as well."""
        for entry in os.scandir(self._folder):
            try:
                if entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    yield facts.st_mtime, max(facts.st_size, _LEAST), Path(entry.path)
            except FileNotFoundError:
                # Another process has made room meanwhile.
                continue


_LEAST = 512
"""Bytes: what an empty file takes up in its folder, so that a flood of them is bounded too."""
