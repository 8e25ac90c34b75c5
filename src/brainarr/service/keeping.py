"""Keeping: whether what was imported is still there after a month, or was taken out again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import Actor, Event
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.music import Library, Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.arrivals import is_there
from brainarr.service.library import read_albums, sync_library, unwatched
from brainarr.store import recommendations
from brainarr.store.history import EXCLUSIONS, LIBRARY, write_history
from brainarr.store.library import StoredAlbums
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

KEPT_AFTER = timedelta(days=30)


class Settled(msgspec.Struct, frozen=True):
    """How many recommendations found their end."""

    kept: int = 0
    removed: int = 0


async def settle_recommendations(
    db: Database, source: LibrarySource, clock: Clock, *, instance: str = DEFAULT_INSTANCE
) -> Settled:
    """Reads the library, then moves what was imported to `kept` or `removed`. Raises ProviderError.

    imported → kept: still there 30 days after its import. imported → removed: it is gone. delivered →
    removed: Lidarr's exclusions name it. Nothing is judged by a remembered library, nor by one that is
    suddenly empty (a new or broken Lidarr, not a change of taste); no album is whose artist's albums could
    not be read just now.
    """
    library = await sync_library(db, source, clock, unwatched, instance=instance)
    if library.from_snapshot or not library.artists:
        return Settled()
    async with db.reading() as connection:
        waiting = await _unsettled(connection, instance)
    imported = {row.recommendation.artist_mbid for row in waiting if row.status is Status.IMPORTED}
    owned = {artist.mbid: artist for artist in library.artists if artist.mbid in imported}
    with_albums = {row.recommendation.artist_mbid for row in waiting if row.recommendation.release_group_mbid}
    asked = [artist for mbid, artist in owned.items() if mbid in with_albums]
    albums = StoredAlbums(await read_albums(db, source, asked, unwatched, instance=instance))
    now = clock()
    async with db.transaction() as connection:
        # Again: the person may have decided meanwhile.
        rows = await _unsettled(connection, instance)
        fates = [(row, _fate(row, library, owned, albums, now)) for row in rows]
        kept = [row for row, fate in fates if fate is Status.KEPT]
        removed = [row for row, fate in fates if fate is Status.REMOVED]
        excluded = [row for row in removed if row.status is Status.DELIVERED]
        taken_out = [row for row in removed if row.status is not Status.DELIVERED]
        await _settle(connection, kept, Status.KEPT, Event.KEPT, now, LIBRARY)
        await _settle(connection, taken_out, Status.REMOVED, Event.REMOVED, now, LIBRARY)
        await _settle(connection, excluded, Status.REMOVED, Event.EXCLUDED, now, EXCLUSIONS)
    return Settled(len(kept), len(removed))


async def _unsettled(connection: AsyncConnection, instance: str) -> list[RecommendationRow]:
    return [row for row in await recommendations.unsettled(connection) if row.instance == instance]


async def _settle(
    connection: AsyncConnection,
    rows: Sequence[RecommendationRow],
    status: Status,
    event: Event,
    now: datetime,
    seen_in: str,
) -> None:
    if rows:
        await recommendations.set_status(connection, [row.id for row in rows], status, settled_at=now)
        await write_history(connection, rows, event, now, actor=Actor.LIDARR, channel=seen_in)


def _fate(
    row: RecommendationRow,
    library: Library,
    owned: Mapping[Mbid | None, OwnedArtist],
    albums: Mapping[int, tuple[OwnedAlbum, ...]],
    now: datetime,
) -> Status | None:
    """None: nothing has become known."""
    item = row.recommendation
    if row.status is Status.DELIVERED:
        named = {item.artist_mbid, item.release_group_mbid}
        return Status.REMOVED if named & library.exclusions else None
    if row.imported_at is None or row.imported_at > library.read_at:
        return None
    artist = owned.get(item.artist_mbid)
    if artist is not None and item.release_group_mbid is not None and artist.id not in albums:
        return None
    if not is_there(row, owned, albums):
        return Status.REMOVED
    return Status.KEPT if now - row.imported_at >= KEPT_AFTER else None
