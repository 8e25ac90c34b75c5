"""Lists: named feeds, each with a key of its own, and what each poll of them received."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lists import ListKind, ListTerms
from brainarr.store.tables import (
    FIRST_PERSON,
    deliveries,
    history,
    library_state,
    lists,
    recommendations,
    runs,
)


class StoredList(msgspec.Struct, frozen=True):
    """A list as it lies in the database: `feed_key` is encrypted."""

    id: int
    slug: str
    name: str
    feed_key: str
    created_at: datetime
    key_made_at: datetime
    kind: ListKind
    instance: str
    """Which Lidarr it is for."""
    terms: ListTerms


_ROW = select(*(lists.c[name] for name in StoredList.__struct_fields__))


async def insert_list(connection: AsyncConnection, slug: str, name: str, feed_key: str, at: datetime) -> None:
    values = {"slug": slug, "name": name, "feed_key": feed_key, "created_at": at, "key_made_at": at}
    await connection.execute(insert(lists).values(values))


async def list_named(connection: AsyncConnection, slug: str) -> StoredList | None:
    row = (await connection.execute(_ROW.where(lists.c.slug == slug))).first()
    return _stored(row) if row else None


async def lists_of(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[StoredList, ...]:
    rows = await connection.execute(_ROW.where(lists.c.owner == owner).order_by(lists.c.id))
    return tuple(_stored(row) for row in rows)


def _stored(row: Row[Any]) -> StoredList:
    return StoredList(**{**row._mapping, "kind": ListKind(row.kind)})


async def set_feed_key(connection: AsyncConnection, list_id: int, feed_key: str, at: datetime) -> None:
    await connection.execute(
        update(lists).where(lists.c.id == list_id).values(feed_key=feed_key, key_made_at=at)
    )


async def rename_list(connection: AsyncConnection, list_id: int, name: str) -> None:
    await connection.execute(update(lists).where(lists.c.id == list_id).values(name=name))


async def list_is_used(connection: AsyncConnection, list_id: int) -> bool:
    """Whether runs were made for it, or recommendations stand in it."""
    uses = (
        select(table.c.id).where(table.c.list_id == list_id).limit(1)
        for table in (runs, recommendations, deliveries)
    )
    return any([(await connection.execute(use)).first() is not None for use in uses])


async def delete_list(connection: AsyncConnection, list_id: int) -> None:
    """One that is not used: whatever stands in it would lose its place."""
    await connection.execute(delete(lists).where(lists.c.id == list_id))


class Poll(msgspec.Struct, frozen=True):
    """One answer that carried something; an empty one is not stored."""

    slug: str
    channel: str
    """artists, albums, or push: what was pushed and fetched by nobody."""
    items: int
    at: datetime


async def latest_polls(
    connection: AsyncConnection, limit: int, *, owner: int = FIRST_PERSON
) -> tuple[Poll, ...]:
    """The newest `limit` of each list, newest first, in one question."""
    place = func.row_number().over(partition_by=deliveries.c.list_id, order_by=deliveries.c.id.desc())
    placed = select(deliveries, place.label("place")).where(deliveries.c.owner == owner).subquery()
    query = (
        select(lists.c.slug, placed.c.channel, placed.c.carried, placed.c.at)
        .join(lists, lists.c.id == placed.c.list_id)
        .where(placed.c.place <= limit)
        .order_by(placed.c.id.desc())
    )
    rows = await connection.execute(query)
    return tuple(Poll(slug, channel, len(carried), at) for slug, channel, carried, at in rows)


class FeedState(msgspec.Struct, frozen=True):
    """What a list's feeds depend on: another one means that they may have changed."""

    feed_key: str
    """Encrypted."""
    last_event: int | None
    """Of history, which has every step of every recommendation."""
    library_read_at: datetime | None


async def feed_state(connection: AsyncConnection, slug: str) -> FeedState | None:
    """In one question; None: there is no such list."""
    last_event = select(func.max(history.c.id)).scalar_subquery()
    read_at = select(func.max(library_state.c.read_at)).scalar_subquery()
    query = select(lists.c.feed_key, last_event, read_at).where(lists.c.slug == slug)
    row = (await connection.execute(query)).first()
    return FeedState(*row) if row else None


async def insert_delivery(
    connection: AsyncConnection, list_id: int, channel: str, carried: Sequence[int], at: datetime
) -> None:
    """One poll's answer: the recommendations it carried, in their order."""
    values = {"list_id": list_id, "channel": channel, "carried": tuple(carried), "at": at}
    await connection.execute(insert(deliveries).values(values))


async def latest_deliveries(
    connection: AsyncConnection, list_id: int, channel: str, limit: int
) -> tuple[tuple[int, ...], ...]:
    """What the newest polls carried, newest first."""
    wanted = (deliveries.c.list_id == list_id, deliveries.c.channel == channel)
    query = select(deliveries.c.carried).where(*wanted).order_by(deliveries.c.id.desc()).limit(limit)
    return tuple((await connection.execute(query)).scalars())
