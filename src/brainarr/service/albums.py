"""Albums: what the artist of a recommendation has made, and how much of it is in the library."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from brainarr.domain.music import Mbid, OwnedAlbum, ReleaseGroup
from brainarr.domain.recommendation import Recommendation
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Catalog
from brainarr.service.recommendations import read_recommendation
from brainarr.store import library
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

AT_ONCE = 8
"""Discographies that are read from the catalogue; more would only queue behind its pace."""


class Shelf(StrEnum):
    """Where an album stands among the others of its artist, in this order."""

    STUDIO = "studio album"
    EP = "EP"
    LIVE = "live"
    COMPILATION = "compilation"
    OTHER = "other"


class Held(StrEnum):
    """How much of an album the library has."""

    NOT = "not in Lidarr"
    LISTED = "in Lidarr, not monitored"
    MONITORED = "monitored"
    OWNED = "owned"
    """Files of it are there."""


class ArtistAlbum(msgspec.Struct, frozen=True):
    group: ReleaseGroup
    shelf: Shelf
    held: Held
    recommended: bool
    """It is the one that this recommendation is about."""


class Discography(msgspec.Struct, frozen=True):
    """The artist's albums as far as they are known, the studio albums first, each shelf oldest first."""

    recommendation: RecommendationRow
    albums: tuple[ArtistAlbum, ...]
    in_library: bool
    """Whether Lidarr has the artist."""
    pending: bool = False
    """The catalogue has not answered yet: what stands here is what we knew without it."""
    failure: ProviderError | None = None
    """The catalogue could not be asked, and why."""


class Discographies:
    """Reads them from the catalogue and the library's snapshot. What a reader does not wait for goes on."""

    def __init__(self, db: Database, catalog: Catalog) -> None:
        self._db = db
        self._catalog = catalog
        self._under_way: dict[Mbid, asyncio.Task[tuple[ReleaseGroup, ...]]] = {}

    async def read(self, recommendation_id: int, *, patience: float) -> Discography:
        """`patience`: how long to wait for the catalogue (s). Raises NotFound."""
        row = await read_recommendation(self._db, recommendation_id)
        item = row.recommendation
        async with self._db.reading() as connection:
            held = await library.held_of(connection, item.artist_mbid)
        groups: tuple[ReleaseGroup, ...] = ()
        failure: ProviderError | None = None
        task = self._ask(item.artist_mbid)
        done, _ = await asyncio.wait({task}, timeout=patience) if task else ((), ())
        for one in done:
            try:
                groups = one.result()
            except ProviderError as error:
                failure = error
        albums = arrange(groups, (held[1] or ()) if held else (), item)
        return Discography(row, albums, held is not None, pending=not done, failure=failure)

    async def aclose(self) -> None:
        """Gives up what is still read."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ask(self, artist: Mbid) -> asyncio.Task[tuple[ReleaseGroup, ...]] | None:
        """None: too many are read already."""
        task = self._under_way.get(artist)
        if task is None:
            if len(self._under_way) >= AT_ONCE:
                return None
            task = asyncio.ensure_future(self._catalog.albums(artist))
            self._under_way[artist] = task
            task.add_done_callback(lambda done: self._land(artist, done))
        return task

    def _land(self, artist: Mbid, done: asyncio.Task[tuple[ReleaseGroup, ...]]) -> None:
        self._under_way.pop(artist, None)
        if not done.cancelled():
            # Retrieved, for nobody may have waited for it.
            done.exception()


def arrange(
    groups: Iterable[ReleaseGroup], owned: Iterable[OwnedAlbum], item: Recommendation
) -> tuple[ArtistAlbum, ...]:
    """What the catalogue knows, what the library has beside it, and what was recommended, in order."""
    held = {album.mbid: album for album in owned if album.mbid is not None}
    known = {group.mbid: group for group in groups}
    for mbid, album in held.items():
        known.setdefault(
            mbid,
            ReleaseGroup(mbid, album.title, item.artist_mbid, album.year, album.kind, album.secondary_kinds),
        )
    if item.release_group_mbid is not None and item.album is not None:
        known.setdefault(
            item.release_group_mbid,
            ReleaseGroup(item.release_group_mbid, item.album, item.artist_mbid, item.year),
        )
    albums = (
        ArtistAlbum(group, shelf_of(group), _held(held.get(mbid)), mbid == item.release_group_mbid)
        for mbid, group in known.items()
    )
    order = list(Shelf)
    return tuple(
        sorted(
            albums,
            key=lambda album: (order.index(album.shelf), album.group.year or 9999, album.group.title),
        )
    )


def shelf_of(group: ReleaseGroup) -> Shelf:
    if "live" in group.secondary_kinds:
        return Shelf.LIVE
    if "compilation" in group.secondary_kinds:
        return Shelf.COMPILATION
    if group.secondary_kinds or group.kind not in ("album", "ep"):
        return Shelf.OTHER
    return Shelf.EP if group.kind == "ep" else Shelf.STUDIO


def _held(album: OwnedAlbum | None) -> Held:
    if album is None:
        return Held.NOT
    if album.track_files:
        return Held.OWNED
    return Held.MONITORED if album.monitored else Held.LISTED
