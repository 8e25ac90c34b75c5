"""Carrying: what a feed answers now, of what is due. Decided within the poll's own transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import CLEARED_FOR, CYCLE, DeliveryState, Mode, allowance
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, Mbid, parse_mbid
from brainarr.store import deliveries, library, recommendations
from brainarr.store.deliveries import FeedName
from brainarr.store.history import ALBUMS
from brainarr.store.lists import StoredList
from brainarr.store.recommendations import RecommendationRow

SAME_SYNC = timedelta(minutes=2)
"""Lidarr fetches all feeds that are due at the beginning of a sync, at once."""

FETCHED_LATELY = timedelta(hours=24)
"""A feed that nobody has fetched for so long needs no share of the cycle."""


class Carried(msgspec.Struct, frozen=True):
    """What one poll receives."""

    rows: tuple[RecommendationRow, ...]
    trial: int | None = None
    """Of the quarantine."""
    held: bool = False
    """Something is due, and none of it goes out: the empty answer is noted too."""


async def choose_carried(
    connection: AsyncConnection, of: StoredList, channel: str, now: datetime, *, guarded: bool
) -> Carried:
    """`guarded`: whether this list's Lidarr can be asked what it knows and what its syncs come to. Without
    that, everything due is carried, for there is nothing to tell good from bad by."""
    feed = FeedName(of.id, channel)
    if not guarded:
        return Carried(await upcoming(connection, of, channel))
    # Until the end of the transaction: of two feeds that are fetched at once, one sees what the other got.
    state = await deliveries.lock_state(connection, of.instance)
    if state.mode is Mode.OPEN:
        rows = await _within_the_cycle(connection, of, feed, now)
        return Carried(rows, held=not rows and await _is_waited_for(connection, feed))
    return await _in_trial(connection, state, feed, now)


async def upcoming(
    connection: AsyncConnection, of: StoredList, channel: str
) -> tuple[RecommendationRow, ...]:
    """What a feed would carry if nothing were held: as unguarded ones do."""
    return (await _due(connection, of, channel))[:CYCLE]


async def _within_the_cycle(
    connection: AsyncConnection, of: StoredList, feed: FeedName, now: datetime
) -> tuple[RecommendationRow, ...]:
    cleared_since = now - CLEARED_FOR
    due = await _due(connection, of, feed.channel, cleared_since)
    lacking, listed = await _by_what_lidarr_lacks(connection, of.instance, due)
    counts = await deliveries.count_due(connection, of.instance, cleared_since)
    polls = await deliveries.polls_since(connection, of.instance, now - FETCHED_LATELY)
    others = {other: poll for other, poll in polls.items() if other != feed}
    same_sync = {item for at, carried in others.values() if now - at <= SAME_SYNC for item in carried}
    rivals = tuple(counts.get(other, 0) for other in others)
    allowed = lacking[: allowance(len(lacking), rivals, len(same_sync))]
    return (*allowed, *listed[: CYCLE - len(allowed)])


async def _in_trial(
    connection: AsyncConnection, state: DeliveryState, feed: FeedName, now: datetime
) -> Carried:
    quarantine, group = state.quarantine, state.quarantine.carried
    if state.mode is Mode.OUTAGE:
        return Carried((), held=await _is_waited_for(connection, feed))
    if group is None:
        # A control: it counts for whichever feed is fetched.
        return Carried((), quarantine.trial, held=True)
    if FeedName(group.list_id, group.channel) != feed:
        return Carried((), held=await _is_waited_for(connection, feed))
    rows = [row for row in await recommendations.by_ids(connection, group.items) if _may_go(row, now)]
    if len(rows) < len(group.items):
        # Not the trial that was meant; what is missing is withdrawn, or looked up, soon.
        return Carried((), held=True)
    return Carried(tuple(rows), quarantine.trial)


def _may_go(row: RecommendationRow, now: datetime) -> bool:
    cleared = row.cleared_at is not None and row.cleared_at >= now - CLEARED_FOR
    return cleared and row.status in recommendations.ON_THE_WAY and _is_canonical(row)


async def _due(
    connection: AsyncConnection, of: StoredList, channel: str, cleared_since: datetime | None = None
) -> tuple[RecommendationRow, ...]:
    """Each item once, nothing that Lidarr has already; at most twice a cycle's."""
    albums = channel == ALBUMS
    due = await recommendations.deliverable(
        connection, of.id, albums=albums, limit=2 * CYCLE, cleared_since=cleared_since
    )
    named = {mbid for row in due for mbid in _identifiers(row)}
    # Lidarr would drop these without a word.
    excluded = await library.excluded_among(connection, of.instance, named)
    usable = [row for row in due if _is_canonical(row) and not excluded.intersection(_identifiers(row))]
    if albums:
        return tuple({row.recommendation.release_group_mbid: row for row in usable}.values())
    owned = await library.owned_among(connection, of.instance, artists_of(usable))
    fresh = (row for row in usable if row.recommendation.artist_mbid not in owned)
    return tuple({row.recommendation.artist_mbid: row for row in fresh}.values())


async def _is_waited_for(connection: AsyncConnection, feed: FeedName) -> bool:
    albums = feed.channel == ALBUMS
    return bool(await recommendations.deliverable(connection, feed.list_id, albums=albums, limit=1))


async def _by_what_lidarr_lacks(
    connection: AsyncConnection, instance: str, rows: Sequence[RecommendationRow]
) -> tuple[list[RecommendationRow], list[RecommendationRow]]:
    """Those that a sync would add, and albums that Lidarr lists already under an artist whom it has: these
    cost it nothing, and are added to nothing."""
    listed = await library.albums_listed(connection, instance, artists_of(rows))
    lacking = [row for row in rows if row.recommendation.release_group_mbid not in listed]
    return lacking, [row for row in rows if row.recommendation.release_group_mbid in listed]


def _is_canonical(row: RecommendationRow) -> bool:
    canonical = all(parse_mbid(mbid) == mbid for mbid in _identifiers(row))
    return canonical and row.recommendation.artist_mbid not in SPECIAL_PURPOSE_ARTISTS


def _identifiers(row: RecommendationRow) -> tuple[Mbid, ...]:
    """The artist's, and the album's where it is one."""
    item = row.recommendation
    return (item.artist_mbid, item.release_group_mbid) if item.release_group_mbid else (item.artist_mbid,)


def artists_of(rows: Iterable[RecommendationRow]) -> set[Mbid]:
    return {row.recommendation.artist_mbid for row in rows}
