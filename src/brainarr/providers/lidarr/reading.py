"""From the bytes of Lidarr's answers to the owned library, as they arrive."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing
from typing import TypeVar

from brainarr.domain.music import OwnedAlbum, OwnedArtist
from brainarr.errors import UnreadableAnswer
from brainarr.providers.lidarr.arrays import ArrayReader
from brainarr.providers.lidarr.owned import Shared, owned_album, owned_artist
from brainarr.providers.lidarr.resources import (
    Album,
    Artist,
    BareAlbum,
    BareArtist,
    HistoryRow,
    Resource,
)

BATCH = 100
SLICE_BYTES = 256 * 1024

MAX_ANSWER_BYTES = 3 * 2**29
"""1.5 GiB: above 50,000 artists at the 25 KB each that Lidarr sends at most."""

MAX_ROWS = 250_000
"""Five times the largest library we know of."""

T = TypeVar("T", Artist, Album, HistoryRow)
log = logging.getLogger(__name__)


async def read_artist_batches(
    chunks: AsyncIterable[bytes], provider: str = "lidarr"
) -> AsyncGenerator[tuple[OwnedArtist, ...], None]:
    """The answer to `GET /artist`, given in chunks of any size, as batches of at most 100 artists.

    An artist that comes twice is given once. Holds little more than one chunk in memory and lets the event
    loop breathe between batches. Raises UnreadableAnswer, also after some batches: those are not the whole
    library then.
    """
    shared = Shared()
    seen: set[int] = set()
    batch: list[OwnedArtist] = []
    async with aclosing(read_rows(chunks, Artist, BareArtist, provider)) as groups:
        async for rows in groups:
            for row in rows:
                if row.id in seen:
                    continue
                seen.add(row.id)
                batch.append(owned_artist(row, shared))
                if len(batch) == BATCH:
                    yield tuple(batch)
                    batch.clear()
                    await asyncio.sleep(0)
    if batch:
        yield tuple(batch)


async def read_albums(chunks: AsyncIterable[bytes], provider: str = "lidarr") -> tuple[OwnedAlbum, ...]:
    """The answer to `GET /album?artistId=`, which may be tens of megabytes for one artist."""
    albums: dict[int, OwnedAlbum] = {}
    async with aclosing(read_rows(chunks, Album, BareAlbum, provider)) as groups:
        async for rows in groups:
            for row in rows:
                albums.setdefault(row.id, owned_album(row))
    return tuple(albums.values())


async def read_rows(
    chunks: AsyncIterable[bytes], row: type[T], bare: type[Resource], provider: str
) -> AsyncGenerator[list[T], None]:
    """A JSON array of any length, as groups of its elements. Raises UnreadableAnswer."""
    reader = ArrayReader(provider, row, bare)
    read = given = 0
    async for chunk in chunks:
        read += len(chunk)
        for piece in _slices(chunk):
            rows = reader.feed(piece)
            given += len(rows)
            if read > MAX_ANSWER_BYTES or given > MAX_ROWS:
                raise UnreadableAnswer(
                    provider, f"its list does not end ({given} elements, {read >> 20} MiB)."
                )
            if rows:
                yield rows
                await asyncio.sleep(0)
    rows = reader.finish()
    yield rows
    if reader.skipped and not given + len(rows):
        raise UnreadableAnswer(provider, f"none of the {reader.skipped} elements of its list could be read.")
    if reader.skipped:
        log.warning(
            "%s: %d elements of its list could not be read and were left out", provider, reader.skipped
        )


def _slices(chunk: bytes) -> Iterator[bytes | memoryview]:
    """`chunk` in pieces that are decoded within a few milliseconds each."""
    if len(chunk) <= SLICE_BYTES:
        yield chunk
        return
    view = memoryview(chunk)
    for start in range(0, len(chunk), SLICE_BYTES):
        yield view[start : start + SLICE_BYTES]
