"""Feeds: what Lidarr receives when it polls a list. A poll marks what it carried as delivered.

Lidarr loses a whole sync over one malformed row, so the rules are strict: canonical MBIDs only, album
titles unique by artist, and only what `service/delivery` lets go out: what Lidarr's own lookup has cleared,
at most 50 items in one sync, nothing that is suspected of having spoilt one.
"""

from collections.abc import Collection, Sequence
from typing import Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid
from brainarr.domain.pickers import Marks, marks_of
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.service.delivery.carrying import choose_carried, upcoming
from brainarr.service.lists import find_list, no_list
from brainarr.store import library, lists, recommendations
from brainarr.store.history import ALBUMS, ARTISTS, write_history
from brainarr.store.lists import FeedState
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

NOBODY: frozenset[str] = frozenset()

RECENT_POLLS = 10
"""So many polls back `album_artists` reaches: two Lidarrs may poll one list in turns."""

Item = TypeVar("Item")


class FeedAlbum(msgspec.Struct, frozen=True):
    artist_id: int
    """`FeedAlbumArtist.id`."""
    title: str
    """Unique within the artist: Lidarr drops the second of two albums with the same title."""
    mbid: Mbid


class FeedAlbumArtist(msgspec.Struct, frozen=True):
    """The artist of one album: Lidarr filters albums by what their artist's row says, and two albums of an
    artist may differ in it."""

    id: int
    """Names the album for good; not an id of Lidarr's."""
    name: str
    mbid: Mbid
    marks: Marks


class Feed(msgspec.Struct, Generic[Item], frozen=True):
    """What one poll receives; it is recorded by now."""

    items: tuple[Item, ...]
    state: FeedState
    """What that followed from, with the delivery itself."""


async def artists_feed(
    db: Database, slug: str, *, clock: Clock, guarded: Collection[str] = NOBODY
) -> Feed[Mbid]:
    """The Custom List's artists. `guarded`: the instances whose Lidarr can be asked back. Raises NotFound."""
    async with db.transaction() as connection:
        carried = await _deliver(connection, slug, ARTISTS, clock, guarded)
        state = await read_state(connection, slug)
    return Feed(tuple(row.recommendation.artist_mbid for row in carried), state)


async def albums_feed(
    db: Database, slug: str, *, clock: Clock, guarded: Collection[str] = NOBODY
) -> Feed[FeedAlbum]:
    """The "Lidarr" list's first call. `guarded` as for `artists_feed`. Raises NotFound."""
    async with db.transaction() as connection:
        carried = await _deliver(connection, slug, ALBUMS, clock, guarded)
        state = await read_state(connection, slug)
    return Feed(_feed_albums(carried), state)


async def read_state(connection: AsyncConnection, slug: str) -> FeedState:
    """What the feeds of a list depend on. Raises NotFound."""
    state = await lists.feed_state(connection, slug)
    if state is None:
        raise no_list(slug)
    return state


async def album_artists(db: Database, slug: str) -> tuple[FeedAlbumArtist, ...]:
    """Its second call: the artists of the albums just delivered, and of those due next.

    A superset on purpose: an album whose artist is missing stops Lidarr's sync, an artist without album does
    not. Delivers nothing, because Lidarr's "Test" asks for this alone. Raises NotFound.
    """
    async with db.reading() as connection:
        wanted = await find_list(connection, slug)
        polls = await lists.latest_deliveries(connection, wanted.id, ALBUMS, RECENT_POLLS)
        delivered = await recommendations.by_ids(connection, {item for poll in polls for item in poll})
        due = await upcoming(connection, wanted, ALBUMS)
        rows = {row.id: row.recommendation for row in (*delivered, *due)}
        held = await library.owned_among(
            connection, wanted.instance, {item.artist_mbid for item in rows.values()}
        )
    return tuple(
        FeedAlbumArtist(number, item.artist, item.artist_mbid, marks_of(item, held=item.artist_mbid in held))
        for number, item in rows.items()
    )


async def _deliver(
    connection: AsyncConnection, slug: str, channel: str, clock: Clock, guarded: Collection[str]
) -> tuple[RecommendationRow, ...]:
    wanted = await find_list(connection, slug)
    now = clock()
    carried = await choose_carried(connection, wanted, channel, now, guarded=wanted.instance in guarded)
    rows = await _still_on_the_way(connection, carried.rows)
    ids = [row.id for row in rows]
    if ids or carried.held:
        await lists.insert_delivery(connection, wanted.id, channel, ids, now, trial=carried.trial)
    if ids:
        await recommendations.mark_delivered(connection, ids, now)
        # Only the first delivery is news; a stuck item is offered again at every poll.
        news = [row for row in rows if row.status is Status.APPROVED]
        await write_history(connection, news, Event.DELIVERED, now, actor=Actor.LIDARR, channel=channel)
    return rows


async def _still_on_the_way(
    connection: AsyncConnection, rows: Sequence[RecommendationRow]
) -> tuple[RecommendationRow, ...]:
    """In their order, without those that another process has just decided on: what was rejected must not
    become delivered."""
    if not rows:
        return ()
    present = {row.id: row for row in await recommendations.to_change(connection, [row.id for row in rows])}
    return tuple(
        present[row.id]
        for row in rows
        if row.id in present and present[row.id].status in recommendations.ON_THE_WAY
    )


def _feed_albums(rows: Sequence[RecommendationRow]) -> tuple[FeedAlbum, ...]:
    albums: list[FeedAlbum] = []
    taken: set[tuple[Mbid, str]] = set()
    for row in rows:
        item = row.recommendation
        if item.release_group_mbid is None:
            continue
        artist = item.artist_mbid
        title = f"{item.album or item.release_group_mbid}"
        if item.year is not None:
            title = f"{title} ({item.year})"
        if (artist, title.casefold()) in taken:
            title = f"{title} [{item.release_group_mbid}]"
        taken.add((artist, title.casefold()))
        albums.append(FeedAlbum(row.id, title, item.release_group_mbid))
    return tuple(albums)
