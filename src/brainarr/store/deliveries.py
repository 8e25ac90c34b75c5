"""Deliveries: what each feed carried, what became of it, and what each Lidarr's feeds may carry now."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import DeliveryState
from brainarr.domain.list_syncs import Outcome
from brainarr.domain.music import Mbid
from brainarr.store import recommendations as rows
from brainarr.store.history import ALBUMS, ARTISTS
from brainarr.store.recommendations import ON_THE_WAY, RecommendationRow
from brainarr.store.tables import deliveries, delivery_states, lists, recommendations
from brainarr.store.upsert import insert_new

FEEDS = (ALBUMS, ARTISTS)


class Delivery(msgspec.Struct, frozen=True):
    """What a feed answered, once."""

    id: int
    list_id: int
    channel: str
    carried: tuple[int, ...]
    at: datetime
    trial: int | None
    """Of the quarantine."""


class FeedName(msgspec.Struct, frozen=True):
    """One channel of one list."""

    list_id: int
    channel: str


def feed_of(row: RecommendationRow) -> FeedName:
    """By which it goes to Lidarr."""
    return FeedName(row.list_id, ALBUMS if row.recommendation.release_group_mbid else ARTISTS)


async def read_state(connection: AsyncConnection, instance: str) -> DeliveryState:
    query = select(delivery_states.c.state).where(delivery_states.c.instance == instance)
    return (await connection.execute(query)).scalar() or DeliveryState()


async def read_states(connection: AsyncConnection) -> dict[str, DeliveryState]:
    """Of every Lidarr of which anything is remembered."""
    query = select(delivery_states.c.instance, delivery_states.c.state)
    return {instance: state for instance, state in await connection.execute(query)}


async def lock_state(connection: AsyncConnection, instance: str) -> DeliveryState:
    """Nobody else reads it so, nor writes it, until the transaction ends."""
    mine = delivery_states.c.instance == instance
    query = select(delivery_states.c.state).where(mine).with_for_update()
    if (found := (await connection.execute(query)).scalar()) is not None:
        return found
    row = {"instance": instance, "revision": 0, "state": DeliveryState()}
    await connection.execute(insert_new(connection, delivery_states, ["instance"]), row)
    return (await connection.execute(query)).scalar_one()


async def write_state(connection: AsyncConnection, instance: str, state: DeliveryState) -> None:
    """Of a state that is locked. What the feeds answered so far is out of date then."""
    revised = {"state": state, "revision": delivery_states.c.revision + 1}
    mine = delivery_states.c.instance == instance
    await connection.execute(update(delivery_states).where(mine).values(revised))


async def open_deliveries(
    connection: AsyncConnection, instance: str, since: datetime
) -> tuple[Delivery, ...]:
    """Those of which it is not known yet what they came to, oldest first."""
    fields = (deliveries.c[name] for name in Delivery.__struct_fields__)
    query = (
        select(*fields)
        .join(lists, lists.c.id == deliveries.c.list_id)
        .where(
            lists.c.instance == instance,
            deliveries.c.channel.in_(FEEDS),
            deliveries.c.outcome.is_(None),
            deliveries.c.at >= since,
        )
        .order_by(deliveries.c.id)
    )
    return tuple(Delivery(*row) for row in await connection.execute(query))


async def settle(connection: AsyncConnection, ids: Collection[int], outcome: Outcome) -> None:
    await connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(outcome=outcome))


async def polls_since(
    connection: AsyncConnection, instance: str, since: datetime
) -> dict[FeedName, tuple[datetime, tuple[int, ...]]]:
    """Of each feed that was fetched since then: when it was last, and what it carried. Fetches in which
    nothing was due are not known."""
    query = (
        select(deliveries.c.list_id, deliveries.c.channel, deliveries.c.at, deliveries.c.carried)
        .join(lists, lists.c.id == deliveries.c.list_id)
        .where(lists.c.instance == instance, deliveries.c.channel.in_(FEEDS), deliveries.c.at >= since)
        .order_by(deliveries.c.id)
    )
    return {
        FeedName(list_id, channel): (at, carried)
        for list_id, channel, at, carried in await connection.execute(query)
    }


def _is_due() -> ColumnElement[bool]:
    return recommendations.c.status.in_(ON_THE_WAY)


async def count_due(
    connection: AsyncConnection, instance: str, cleared_since: datetime
) -> dict[FeedName, int]:
    """How many items each feed could carry."""
    albums = recommendations.c.release_group_mbid.is_not(None)
    query = (
        select(recommendations.c.list_id, albums, func.count())
        .join(lists, lists.c.id == recommendations.c.list_id)
        .where(
            lists.c.instance == instance,
            _is_due(),
            recommendations.c.broke_at.is_(None),
            recommendations.c.cleared_at >= cleared_since,
        )
        .group_by(recommendations.c.list_id, albums)
    )
    return {
        FeedName(list_id, ALBUMS if of_albums else ARTISTS): count
        for list_id, of_albums, count in await connection.execute(query)
    }


async def uncleared(
    connection: AsyncConnection, instance: str, before: datetime, limit: int
) -> tuple[RecommendationRow, ...]:
    """What is to go out and was not looked up since `before`, in the order of the feeds; last what the lookup
    has failed over."""
    stale = or_(recommendations.c.cleared_at.is_(None), recommendations.c.cleared_at < before)
    query = _of_instance(instance).where(_is_due(), stale).order_by(recommendations.c.lookup_failures)
    return await rows.all_of(connection, _in_their_order(query).limit(limit))


async def next_in(
    connection: AsyncConnection, feed: FeedName, before: datetime, limit: int
) -> tuple[RecommendationRow, ...]:
    """Those of the next `limit` that a feed is to carry which were not looked up since `before`."""
    group = recommendations.c.release_group_mbid
    query = rows.ROW.where(
        recommendations.c.list_id == feed.list_id,
        _is_due(),
        group.is_not(None) if feed.channel == ALBUMS else group.is_(None),
        recommendations.c.broke_at.is_(None),
    )
    upcoming = await rows.all_of(connection, _in_their_order(query).limit(limit))
    return tuple(row for row in upcoming if row.cleared_at is None or row.cleared_at < before)


async def on_probation(connection: AsyncConnection, instance: str) -> tuple[RecommendationRow, ...]:
    """What made a sync fail once and is to go out all the same."""
    query = _of_instance(instance).where(_is_due(), recommendations.c.broke_at.is_not(None))
    return await rows.all_of(connection, query.order_by(recommendations.c.id))


async def known_artists(connection: AsyncConnection, since: datetime, limit: int) -> tuple[Mbid, ...]:
    """Artists that Lidarr's lookup knew, the latest first. None that was delivered: what is in its library
    Lidarr knows without asking anybody."""
    query = (
        select(recommendations.c.artist_mbid)
        .where(
            recommendations.c.cleared_at >= since,
            recommendations.c.deliveries == 0,
            recommendations.c.imported_at.is_(None),
        )
        .group_by(recommendations.c.artist_mbid)
        .order_by(func.max(recommendations.c.cleared_at).desc(), recommendations.c.artist_mbid)
        .limit(limit)
    )
    return tuple(Mbid(mbid) for mbid in (await connection.execute(query)).scalars())


async def count_waiting(connection: AsyncConnection, cleared_since: datetime) -> dict[int, tuple[int, int]]:
    """Of each list: how many items are on their way, and how many of those Lidarr's lookup vouches for."""
    cleared = func.count().filter(recommendations.c.cleared_at >= cleared_since)
    query = select(recommendations.c.list_id, func.count(), cleared).where(_is_due())
    counted = await connection.execute(query.group_by(recommendations.c.list_id))
    return {list_id: (waiting, known) for list_id, waiting, known in counted}


async def mark_cleared(connection: AsyncConnection, ids: Collection[int], at: datetime) -> None:
    await _change(connection, ids, cleared_at=at, lookup_failures=0)


async def mark_lookup_failed(connection: AsyncConnection, ids: Collection[int]) -> None:
    """It is not vouched for any more."""
    await _change(connection, ids, cleared_at=None, lookup_failures=recommendations.c.lookup_failures + 1)


async def mark_proven(connection: AsyncConnection, ids: Collection[int], at: datetime) -> None:
    await _change(connection, ids, proven_at=at, broke_at=None)


async def _change(connection: AsyncConnection, ids: Collection[int], **changes: object) -> None:
    if ids:
        mine = recommendations.c.id.in_(ids)
        await connection.execute(update(recommendations).where(mine).values(**changes))


def _of_instance(instance: str) -> Select[Any]:
    return rows.ROW.where(lists.c.instance == instance)


def _in_their_order(query: Select[Any]) -> Select[Any]:
    columns = (recommendations.c.deliveries, recommendations.c.decided_at, recommendations.c.id)
    return query.order_by(*columns)
