"""The library's snapshot: one row an artist, written only when it changed, its albums beside it."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid, OwnedAlbum, OwnedArtist
from brainarr.store.tables import FIRST_PERSON, library_artists, library_state
from brainarr.store.upsert import upsert

SLICE = 400
"""Rows per statement: preparing them occupies the event loop for a few milliseconds only."""

_encode = msgspec.msgpack.Encoder().encode
_read_artist = msgspec.msgpack.Decoder(OwnedArtist).decode
_read_albums = msgspec.msgpack.Decoder(tuple[OwnedAlbum, ...]).decode


class StoredArtist(msgspec.Struct, frozen=True, gc=False):
    """An artist as it is stored: comparing 50,000 in their encoded form is quicker than decoding them."""

    artist_id: int
    artist: bytes
    albums: bytes | None
    albums_fingerprint: str | None

    @property
    def decoded(self) -> OwnedArtist:
        return _read_artist(self.artist)


class StoredAlbums(Mapping[int, tuple[OwnedAlbum, ...]]):
    """Albums by artist id, decoded when looked at: half a million of them at once would fill the memory."""

    def __init__(self, encoded: Mapping[int, bytes]) -> None:
        self._encoded = encoded

    @classmethod
    def of(cls, albums: Mapping[int, tuple[OwnedAlbum, ...]]) -> "StoredAlbums":
        return (
            albums if isinstance(albums, cls) else cls({key: _encode(value) for key, value in albums.items()})
        )

    def including(self, read: Mapping[int, bytes]) -> "StoredAlbums":
        """These and others, which go before; encoded as `write_albums` answers them."""
        return StoredAlbums({**self._encoded, **read})

    def __getitem__(self, artist_id: int) -> tuple[OwnedAlbum, ...]:
        return _read_albums(self._encoded[artist_id])

    def __iter__(self) -> Iterator[int]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    def __contains__(self, artist_id: object) -> bool:
        return artist_id in self._encoded


def encode_artist(artist: OwnedArtist) -> bytes:
    return _encode(artist)


async def stored_artists(
    connection: AsyncConnection, instance: str, *, owner: int = FIRST_PERSON
) -> AsyncIterator[Sequence[StoredArtist]]:
    """The snapshot in slices, by artist id."""
    table = library_artists
    columns = (table.c.artist_id, table.c.artist, table.c.albums, table.c.albums_fingerprint)
    query = select(*columns).where(table.c.owner == owner, table.c.instance == instance)
    query = query.order_by(table.c.artist_id).limit(SLICE)
    last: int | None = None
    while True:
        part = query if last is None else query.where(table.c.artist_id > last)
        rows = [StoredArtist(*row) for row in await connection.execute(part)]
        if rows:
            last = rows[-1].artist_id
            yield rows
        if len(rows) < SLICE:
            return


async def write_artists(connection: AsyncConnection, instance: str, changed: Sequence[OwnedArtist]) -> None:
    """Inserts or updates at most `SLICE` artists; their albums stay as they are."""
    rows = [
        {"instance": instance, "artist_id": item.id, "mbid": item.mbid, "artist": _encode(item)}
        for item in changed
    ]
    if rows:
        await connection.execute(upsert(connection, library_artists, ("mbid", "artist")), rows)


async def delete_artists(
    connection: AsyncConnection, instance: str, gone: Collection[int], *, owner: int = FIRST_PERSON
) -> None:
    """At most `SLICE` of them."""
    table = library_artists
    mine = (table.c.owner == owner, table.c.instance == instance)
    await connection.execute(delete(table).where(*mine, table.c.artist_id.in_(gone)))


async def write_albums(
    connection: AsyncConnection,
    instance: str,
    artist: OwnedArtist,
    albums: Sequence[OwnedAlbum],
    *,
    owner: int = FIRST_PERSON,
) -> bytes:
    """Stores one artist's albums with the fingerprint they belong to; answers them encoded."""
    encoded = _encode(tuple(albums))
    table = library_artists
    mine = (table.c.owner == owner, table.c.instance == instance, table.c.artist_id == artist.id)
    changes = {"albums": encoded, "albums_fingerprint": str(artist.fingerprint)}
    await connection.execute(update(table).where(*mine).values(**changes))
    return encoded


class LibraryState(msgspec.Struct, frozen=True):
    """What belongs to the whole of a snapshot."""

    read_at: datetime
    """When it was last complete."""
    exclusions: frozenset[Mbid]
    """Lidarr's own block list then."""
    own_tag: int | None = None
    changed_at: datetime | None = None
    """When a reading last found anything else than the one before; None: before that was noted."""

    @property
    def version(self) -> datetime:
        """Another one means that what is made of the library may be another."""
        return self.changed_at or self.read_at


async def write_state(connection: AsyncConnection, instance: str, state: LibraryState) -> None:
    """Says that the snapshot is complete as of `state.read_at`."""
    row = {
        "instance": instance,
        "read_at": state.read_at,
        "exclusions": tuple(sorted(state.exclusions)),
        "own_tag": state.own_tag,
        "changed_at": state.changed_at,
    }
    changing = ("read_at", "exclusions", "own_tag", "changed_at")
    await connection.execute(upsert(connection, library_state, changing), row)


async def note_change(connection: AsyncConnection, instance: str, at: datetime) -> None:
    """Its albums have changed."""
    table = library_state
    await connection.execute(update(table).where(table.c.instance == instance).values(changed_at=at))


async def read_state(
    connection: AsyncConnection, instance: str, *, owner: int = FIRST_PERSON
) -> LibraryState | None:
    """None before the snapshot was complete for the first time."""
    table = library_state
    query = select(table.c.read_at, table.c.exclusions, table.c.own_tag, table.c.changed_at).where(
        table.c.owner == owner, table.c.instance == instance
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return LibraryState(
        row.read_at, frozenset(Mbid(mbid) for mbid in row.exclusions), row.own_tag, row.changed_at
    )


async def excluded_among(
    connection: AsyncConnection, instance: str, items: Collection[Mbid], *, owner: int = FIRST_PERSON
) -> frozenset[Mbid]:
    """Those of `items`, artists and release groups, that this Lidarr's exclusions named when they were last
    read."""
    state = await read_state(connection, instance, owner=owner)
    return state.exclusions & frozenset(items) if state else frozenset()


async def with_current_albums(
    connection: AsyncConnection,
    instance: str,
    artists: Iterable[OwnedArtist],
    *,
    owner: int = FIRST_PERSON,
) -> frozenset[int]:
    """The ids of those whose albums were read since their figures changed last."""
    prints = {artist.id: str(artist.fingerprint) for artist in artists}
    ids, table = list(prints), library_artists
    mine = (table.c.owner == owner, table.c.instance == instance, table.c.albums.is_not(None))
    found: set[int] = set()
    for start in range(0, len(ids), SLICE):
        query = select(table.c.artist_id, table.c.albums_fingerprint)
        part = query.where(*mine, table.c.artist_id.in_(ids[start : start + SLICE]))
        found.update(number for number, known in await connection.execute(part) if known == prints[number])
    return frozenset(found)


async def count_artists(connection: AsyncConnection, instance: str, *, owner: int = FIRST_PERSON) -> int:
    table = library_artists
    query = select(func.count()).where(table.c.owner == owner, table.c.instance == instance)
    return (await connection.execute(query)).scalar_one()


async def owned_among(
    connection: AsyncConnection, instance: str, artists: Collection[Mbid], *, owner: int = FIRST_PERSON
) -> frozenset[Mbid]:
    """Those of `artists` that this Lidarr holds."""
    table = library_artists
    mine = (table.c.owner == owner, table.c.instance == instance)
    query = select(table.c.mbid).where(*mine, table.c.mbid.in_(artists))
    return frozenset(Mbid(mbid) for mbid in (await connection.execute(query)).scalars())


async def held_of(
    connection: AsyncConnection, artist: Mbid, *, owner: int = FIRST_PERSON
) -> tuple[OwnedArtist, tuple[OwnedAlbum, ...] | None] | None:
    """The artist as any of the person's Lidarrs holds it, with its albums (None: not read yet); None: none
    does."""
    table = library_artists
    query = select(table.c.artist, table.c.albums).where(table.c.owner == owner, table.c.mbid == artist)
    row = (await connection.execute(query.order_by(table.c.instance).limit(1))).first()
    if row is None:
        return None
    return _read_artist(row.artist), _read_albums(row.albums) if row.albums is not None else None


async def albums_listed(
    connection: AsyncConnection, instance: str, artists: Collection[Mbid], *, owner: int = FIRST_PERSON
) -> frozenset[Mbid]:
    """The release groups that it lists of `artists`, wanted or not, as far as they have been read."""
    table = library_artists
    mine = (table.c.owner == owner, table.c.instance == instance, table.c.mbid.in_(artists))
    query = select(table.c.albums).where(*mine, table.c.albums.is_not(None))
    found = (await connection.execute(query)).scalars()
    return frozenset(album.mbid for albums in found for album in _read_albums(albums) if album.mbid)
