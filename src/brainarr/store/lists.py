"""Lists: named feeds, each with a key of its own, and what each poll of them received."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.tables import FIRST_PERSON, deliveries, history, library_state, lists


class StoredList(msgspec.Struct, frozen=True):
    """A list as it lies in the database: `feed_key` is encrypted."""

    id: int
    slug: str
    name: str
    feed_key: str
    created_at: datetime
    key_made_at: datetime


_ROW = select(*(lists.c[name] for name in StoredList.__struct_fields__))


async def insert_list(connection: AsyncConnection, slug: str, name: str, feed_key: str, at: datetime) -> None:
    values = {"slug": slug, "name": name, "feed_key": feed_key, "created_at": at, "key_made_at": at}
    await connection.execute(insert(lists).values(values))


async def list_named(connection: AsyncConnection, slug: str) -> StoredList | None:
    row = (await connection.execute(_ROW.where(lists.c.slug == slug))).first()
    return StoredList(*row) if row else None


async def lists_of(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[StoredList, ...]:
    rows = await connection.execute(_ROW.where(lists.c.owner == owner).order_by(lists.c.id))
    return tuple(StoredList(*row) for row in rows)


async def set_feed_key(connection: AsyncConnection, list_id: int, feed_key: str, at: datetime) -> None:
    await connection.execute(
        update(lists).where(lists.c.id == list_id).values(feed_key=feed_key, key_made_at=at)
    )


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
