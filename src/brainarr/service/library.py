"""The library: reading it out of Lidarr into the database, and back when Lidarr is away."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice

import msgspec

from brainarr.domain.lidarr_events import OUR_TAG
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.music import Library, OwnedArtist
from brainarr.domain.recommendation import Progress
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.arrivals import Changes, albums_to_read, note_changes
from brainarr.service.moves import follow_moves
from brainarr.service.progress import OnProgress
from brainarr.store import library as snapshot
from brainarr.store.library import SLICE, LibraryState, StoredAlbums, StoredArtist
from brainarr.store.session import Database

PORTION = 400
"""Artists whose albums are read between runs: one call each."""


async def sync_library(
    db: Database,
    source: LibrarySource,
    clock: Clock,
    on_progress: OnProgress,
    *,
    instance: str = DEFAULT_INSTANCE,
) -> Library:
    """`look_at_library`, for whoever wants the library only."""
    return (await look_at_library(db, source, clock, on_progress, instance=instance)).library


class Looked(msgspec.Struct, frozen=True):
    """A library, and what became of recommendations by it."""

    library: Library
    changes: Changes = Changes()


async def look_at_library(
    db: Database,
    source: LibrarySource,
    clock: Clock,
    on_progress: OnProgress,
    *,
    instance: str = DEFAULT_INSTANCE,
    thorough: bool = False,
) -> Looked:
    """Brings the snapshot up to date, row by changed row, and answers it.

    When the source fails, at once or half-way, answers the last complete snapshot (`from_snapshot`), or
    raises ProviderError when there is none. What the library now shows moves the recommendations that are for
    this Lidarr; `thorough` as in `albums_to_read`.
    """
    on_progress(Progress("library", "asking Lidarr"))
    try:
        library = await _read(db, source, clock, on_progress, instance)
    except ProviderError:
        remembered = await read_snapshot(db, instance=instance)
        if remembered is None:
            raise
        return Looked(remembered)
    unread: set[int] = set()
    if wanted := await albums_to_read(db, library, instance, thorough=thorough):
        read = await read_albums(db, source, wanted, on_progress, instance=instance)
        unread = {artist.id for artist in wanted} - read.keys()
        if any(library.albums.get(number) != StoredAlbums(read)[number] for number in read):
            async with db.transaction() as connection:
                # Not when the artists were read: by that version somebody may go already.
                await snapshot.note_change(connection, instance, clock())
        library = _including(library, read)
    await follow_moves(db, source, library, clock, instance, unread=unread)
    return Looked(library, await note_changes(db, library, clock, instance, unread=unread, sure=thorough))


async def backfill_albums(
    db: Database,
    source: LibrarySource,
    library: Library,
    first: Sequence[int] = (),
    *,
    limit: int,
    clock: Clock,
    on_progress: OnProgress,
    concurrency: int = 4,
    instance: str = DEFAULT_INSTANCE,
) -> Library:
    """Reads the albums of at most `limit` artists that lack them or have changed, those in `first` first.

    Each artist's albums are stored as soon as they are read: the next call goes on where this one stopped.
    When Lidarr goes away it stops, and answers with what is known by then. `first` are artist ids.
    """
    by_id = {artist.id: artist for artist in library.artists}
    current: set[int] = set()
    async with db.reading() as connection:
        async for rows in snapshot.stored_artists(connection, instance):
            current.update(row.artist_id for row in rows if _is_current(row, by_id.get(row.artist_id)))
    seeds = {number: by_id[number] for number in first if number in by_id}
    others = (artist for artist in library.artists if artist.id not in seeds)
    stale = (artist for artist in chain(seeds.values(), others) if artist.id not in current)
    wanted = tuple(islice(stale, limit))
    read = await read_albums(db, source, wanted, on_progress, instance=instance, concurrency=concurrency)
    if read:
        async with db.transaction() as connection:
            await snapshot.note_change(connection, instance, clock())
    return _including(library, read)


async def read_anew(
    db: Database,
    source: LibrarySource,
    library: Library,
    wanted: Collection[int],
    on_progress: OnProgress,
    *,
    instance: str = DEFAULT_INSTANCE,
) -> Library:
    """The albums of these artists as they are at this moment, also where the artist looks unchanged: what is
    monitored shows in no statistics. Where Lidarr is away, what is known of them."""
    artists = [artist for artist in library.artists if artist.id in wanted]
    return _including(library, await read_albums(db, source, artists, on_progress, instance=instance))


async def refresh_library(
    db: Database, source: LibrarySource, clock: Clock, *, instance: str = DEFAULT_INSTANCE
) -> Library:
    """A sync, and a portion of the albums still missing: done between runs. Raises ProviderError."""
    library = await sync_library(db, source, clock, unwatched, instance=instance)
    if library.from_snapshot:
        return library
    return await backfill_albums(
        db, source, library, limit=PORTION, clock=clock, on_progress=unwatched, instance=instance
    )


async def read_snapshot(db: Database, *, instance: str = DEFAULT_INSTANCE) -> Library | None:
    """What the database remembers of the library; None before it was read for the first time."""
    async with db.reading() as connection:
        state = await snapshot.read_state(connection, instance)
        if state is None:
            return None
        artists: list[OwnedArtist] = []
        albums: dict[int, bytes] = {}
        async for rows in snapshot.stored_artists(connection, instance):
            artists.extend(row.decoded for row in rows)
            albums.update((row.artist_id, row.albums) for row in rows if row.albums is not None)
            await asyncio.sleep(0)
    return Library(
        tuple(artists),
        StoredAlbums(albums),
        state.exclusions,
        state.read_at,
        from_snapshot=True,
        own_tag=state.own_tag,
    )


async def _read(
    db: Database, source: LibrarySource, clock: Clock, on_progress: OnProgress, instance: str
) -> Library:
    # As of its beginning: what another process finds there meanwhile, this reading may have missed.
    read_at = clock()
    exclusions = await source.read_exclusions()
    tags = await source.read_tags()
    own_tag = next((number for number, label in tags.items() if label.casefold() == OUR_TAG), None)
    stored: dict[int, bytes] = {}
    albums: dict[int, bytes] = {}
    async with db.reading() as connection:
        before = await snapshot.read_state(connection, instance)
        async for rows in snapshot.stored_artists(connection, instance):
            stored.update((row.artist_id, row.artist) for row in rows)
            albums.update((row.artist_id, row.albums) for row in rows if row.albums is not None)
    artists: dict[int, OwnedArtist] = {}
    changed: list[OwnedArtist] = []
    differs = False
    async for batch in source.read_artists():
        for artist in batch:
            # Of rows with one id Lidarr's first counts: a cut and repeated answer must not count twice.
            if artist.id in artists:
                continue
            artists[artist.id] = artist
            if stored.pop(artist.id, None) != snapshot.encode_artist(artist):
                changed.append(artist)
                differs = True
        while len(changed) >= SLICE:
            await _write(db, instance, changed[:SLICE])
            del changed[:SLICE]
        on_progress(Progress("library", "artists", len(artists)))
        await asyncio.sleep(0)
    await _write(db, instance, changed)
    gone = list(stored)
    for start in range(0, len(gone), SLICE):
        async with db.transaction() as connection:
            await snapshot.delete_artists(connection, instance, gone[start : start + SLICE])
    same = (
        before and not gone and not differs and (before.exclusions, before.own_tag) == (exclusions, own_tag)
    )
    changed_at = before.version if before and same else read_at
    async with db.transaction() as connection:
        state = LibraryState(read_at, exclusions, own_tag, changed_at)
        await snapshot.write_state(connection, instance, state)
    for number in gone:
        albums.pop(number, None)
    return Library(tuple(artists.values()), StoredAlbums(albums), exclusions, read_at, own_tag=own_tag)


def _is_current(row: StoredArtist, artist: OwnedArtist | None) -> bool:
    return row.albums is not None and artist is not None and row.albums_fingerprint == str(artist.fingerprint)


async def _write(db: Database, instance: str, changed: Sequence[OwnedArtist]) -> None:
    if changed:
        async with db.transaction() as connection:
            await snapshot.write_artists(connection, instance, changed)


async def read_albums(
    db: Database,
    source: LibrarySource,
    wanted: Sequence[OwnedArtist],
    on_progress: OnProgress,
    *,
    instance: str = DEFAULT_INSTANCE,
    concurrency: int = 4,
) -> dict[int, bytes]:
    """Reads and stores the albums of `wanted`; ends early, without an error, when the source is away.

    Raises StorageError. Answers what was read, by artist id, encoded as `StoredAlbums` takes it.
    """
    read: dict[int, bytes] = {}
    waiting = iter(wanted)

    async def read_in_turn() -> None:
        for artist in waiting:
            try:
                albums = await source.read_albums(artist.id)
            except ProviderUnavailable:
                return
            except ProviderError:
                # This artist alone: gone meanwhile, or described in a way that cannot be read.
                continue
            async with db.transaction() as connection:
                read[artist.id] = await snapshot.write_albums(connection, instance, artist, albums)
            on_progress(Progress("albums", artist.name, len(read), len(wanted)))

    tasks = [asyncio.create_task(read_in_turn()) for _ in range(min(concurrency, len(wanted)))]
    try:
        # No TaskGroup: a full disk must come out as StorageError, not as a group of errors.
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return read


def _including(library: Library, read: Mapping[int, bytes]) -> Library:
    return msgspec.structs.replace(library, albums=StoredAlbums.of(library.albums).including(read))


def unwatched(_: Progress) -> None:
    """Nobody watches what is done between runs."""
