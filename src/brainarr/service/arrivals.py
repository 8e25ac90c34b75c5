"""Arrivals: what was recommended and is now in the library has been imported."""

from collections.abc import Mapping

from brainarr.domain.life import Actor, Event
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.music import Library, Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.store import recommendations
from brainarr.store.history import LIBRARY, write_history
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

MOST_AWAITED = 200
"""Artists whose albums are read anew at one sync."""


async def albums_awaited(
    db: Database, library: Library, instance: str = DEFAULT_INSTANCE
) -> tuple[OwnedArtist, ...]:
    """The owned artists of whom an album is on its way to Lidarr."""
    async with db.reading() as connection:
        waiting = await recommendations.on_the_way(connection)
    artists = {
        row.recommendation.artist_mbid
        for row in waiting
        if row.instance == instance and row.recommendation.release_group_mbid
    }
    if not artists:
        return ()
    return tuple(artist for artist in library.artists if artist.mbid in artists)[:MOST_AWAITED]


async def note_arrivals(
    db: Database, library: Library, clock: Clock, instance: str = DEFAULT_INSTANCE
) -> int:
    """Moves approved, delivered and failed recommendations for that Lidarr which its library holds to
    `imported`; how many.

    An artist has arrived when Lidarr has it; an album when Lidarr monitors it or has files of it, because
    Lidarr lists every album of an artist it has.
    """
    async with db.transaction() as connection:
        waiting = [row for row in await recommendations.awaited(connection) if row.instance == instance]
        wanted = {row.recommendation.artist_mbid for row in waiting}
        owned = {artist.mbid: artist for artist in library.artists if artist.mbid in wanted}
        arrived = [row for row in waiting if is_there(row, owned, library.albums)]
        if arrived:
            now = clock()
            ids = [row.id for row in arrived]
            changes = {"imported_at": now, "failure": None, "remedy": None, "given_up_at": None}
            await recommendations.set_status(connection, ids, Status.IMPORTED, **changes)
            await write_history(connection, arrived, Event.IMPORTED, now, actor=Actor.LIDARR, channel=LIBRARY)
    return len(arrived)


def is_there(
    row: RecommendationRow,
    owned: Mapping[Mbid | None, OwnedArtist],
    albums: Mapping[int, tuple[OwnedAlbum, ...]],
) -> bool:
    """Whether the library holds what was recommended."""
    item = row.recommendation
    artist = owned.get(item.artist_mbid)
    if artist is None or item.release_group_mbid is None:
        return artist is not None
    return any(
        album.mbid == item.release_group_mbid and (album.monitored or album.track_files > 0)
        for album in albums.get(artist.id, ())
    )
