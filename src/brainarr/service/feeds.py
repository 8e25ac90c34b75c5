"""Feeds: what Lidarr receives when it polls a list. A poll marks what it carried as delivered.

Lidarr loses a whole sync over one malformed row, so the rules are strict: canonical MBIDs only, album
titles unique by artist, at most 50 items, nothing that Lidarr has already.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, Mbid, parse_mbid
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.service.lists import find_list, no_list
from brainarr.store import library, lists, recommendations
from brainarr.store.history import ALBUMS, ARTISTS, write_history
from brainarr.store.lists import FeedState, StoredList
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

CYCLE = 50
"""Items that one poll receives at most: each new one costs Lidarr several metadata calls."""

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
    id: int
    """Names the artist for good; not an id of Lidarr's."""
    name: str
    mbid: Mbid


class Feed(msgspec.Struct, Generic[Item], frozen=True):
    """What one poll receives; it is recorded by now."""

    items: tuple[Item, ...]
    state: FeedState
    """What that followed from, with the delivery itself."""


async def artists_feed(db: Database, slug: str, *, clock: Clock) -> Feed[Mbid]:
    """The Custom List's artists. Raises NotFound."""
    async with db.transaction() as connection:
        wanted = await find_list(connection, slug)
        carried = await _artists_now(connection, wanted)
        await _deliver(connection, wanted.id, ARTISTS, carried, clock)
        state = await read_state(connection, slug)
    return Feed(tuple(row.recommendation.artist_mbid for row in carried), state)


async def albums_feed(db: Database, slug: str, *, clock: Clock) -> Feed[FeedAlbum]:
    """The "Lidarr" list's first call. Raises NotFound."""
    async with db.transaction() as connection:
        wanted = await find_list(connection, slug)
        carried = await _albums_now(connection, wanted.id)
        await _deliver(connection, wanted.id, ALBUMS, carried, clock)
        numbers = await recommendations.first_ids(connection, _artists_of(carried))
        state = await read_state(connection, slug)
    return Feed(_feed_albums(carried, numbers), state)


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
        rows = (*delivered, *await _albums_now(connection, wanted.id))
        numbers = await recommendations.first_ids(connection, _artists_of(rows))
    found = {row.recommendation.artist_mbid: row.recommendation.artist for row in rows}
    return tuple(FeedAlbumArtist(numbers[mbid], name, mbid) for mbid, name in found.items())


async def _artists_now(connection: AsyncConnection, wanted: StoredList) -> tuple[RecommendationRow, ...]:
    due = await recommendations.deliverable(connection, wanted.id, albums=False, limit=2 * CYCLE)
    owned = await library.owned_among(connection, wanted.instance, _artists_of(due))
    fresh = (row for row in _canonical(due) if row.recommendation.artist_mbid not in owned)
    return tuple({row.recommendation.artist_mbid: row for row in fresh}.values())[:CYCLE]


async def _albums_now(connection: AsyncConnection, list_id: int) -> tuple[RecommendationRow, ...]:
    due = await recommendations.deliverable(connection, list_id, albums=True, limit=2 * CYCLE)
    return tuple({row.recommendation.release_group_mbid: row for row in _canonical(due)}.values())[:CYCLE]


async def _deliver(
    connection: AsyncConnection,
    list_id: int,
    channel: str,
    carried: Sequence[RecommendationRow],
    clock: Clock,
) -> None:
    if not carried:
        return
    now = clock()
    ids = [row.id for row in carried]
    await lists.insert_delivery(connection, list_id, channel, ids, now)
    await recommendations.mark_delivered(connection, ids, now)
    # Only the first delivery is news; a stuck item is offered again at every poll.
    news = [row for row in carried if row.status is Status.APPROVED]
    await write_history(connection, news, Event.DELIVERED, now, actor=Actor.LIDARR, channel=channel)


def _canonical(rows: Iterable[RecommendationRow]) -> Iterable[RecommendationRow]:
    for row in rows:
        item = row.recommendation
        identifiers = [item.artist_mbid]
        if item.release_group_mbid is not None:
            identifiers.append(item.release_group_mbid)
        canonical = all(parse_mbid(mbid) == mbid for mbid in identifiers)
        if canonical and item.artist_mbid not in SPECIAL_PURPOSE_ARTISTS:
            yield row


def _artists_of(rows: Iterable[RecommendationRow]) -> set[Mbid]:
    return {row.recommendation.artist_mbid for row in rows}


def _feed_albums(rows: Sequence[RecommendationRow], numbers: dict[Mbid, int]) -> tuple[FeedAlbum, ...]:
    albums: list[FeedAlbum] = []
    taken: set[tuple[int, str]] = set()
    for row in rows:
        item = row.recommendation
        if item.release_group_mbid is None:
            continue
        artist = numbers[item.artist_mbid]
        title = f"{item.album or item.release_group_mbid}"
        if item.year is not None:
            title = f"{title} ({item.year})"
        if (artist, title.casefold()) in taken:
            title = f"{title} [{item.release_group_mbid}]"
        taken.add((artist, title.casefold()))
        albums.append(FeedAlbum(artist, title, item.release_group_mbid))
    return tuple(albums)
