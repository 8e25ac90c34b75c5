"""Lists: named feeds, each with a key of its own, and what each poll of them received."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind, ListTerms
from brainarr.domain.recommendation import Status
from brainarr.store.tables import (
    FIRST_PERSON,
    deliveries,
    delivery_states,
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


_PRESENT = lists.c.retired_at.is_(None)


async def insert_list(
    connection: AsyncConnection,
    slug: str,
    name: str,
    feed_key: str,
    at: datetime,
    *,
    kind: ListKind = ListKind.DISCOVER,
    instance: str = DEFAULT_INSTANCE,
    terms: ListTerms = NO_TERMS,
) -> None:
    values = {"slug": slug, "name": name, "feed_key": feed_key, "created_at": at, "key_made_at": at}
    values |= {"kind": kind, "instance": instance, "terms": terms}
    await connection.execute(insert(lists).values(values))


async def list_named(connection: AsyncConnection, slug: str) -> StoredList | None:
    """None also for one that was retired."""
    row = (await connection.execute(_ROW.where(lists.c.slug == slug, _PRESENT))).first()
    return _stored(row) if row else None


async def slug_of(connection: AsyncConnection, list_id: int) -> str:
    return (await connection.execute(select(lists.c.slug).where(lists.c.id == list_id))).scalar_one()


async def lists_of(
    connection: AsyncConnection, *, retired: bool = False, owner: int = FIRST_PERSON
) -> tuple[StoredList, ...]:
    """The oldest first; those that were retired, or all others."""
    wanted = lists.c.retired_at.is_not(None) if retired else _PRESENT
    rows = await connection.execute(_ROW.where(lists.c.owner == owner, wanted).order_by(lists.c.id))
    return tuple(_stored(row) for row in rows)


async def names_of_lists(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> dict[str, str]:
    """Slug → name of all there ever were, but those that were deleted without a past."""
    query = select(lists.c.slug, lists.c.name).where(lists.c.owner == owner).order_by(lists.c.id)
    return {slug: name for slug, name in await connection.execute(query)}


async def is_retired(connection: AsyncConnection, list_id: int) -> bool:
    query = select(lists.c.id).where(lists.c.id == list_id, lists.c.retired_at.is_not(None))
    return (await connection.execute(query)).first() is not None


def _stored(row: Row[Any]) -> StoredList:
    return StoredList(**{**row._mapping, "kind": ListKind(row.kind)})


async def set_feed_key(connection: AsyncConnection, list_id: int, feed_key: str, at: datetime) -> None:
    await connection.execute(
        update(lists).where(lists.c.id == list_id).values(feed_key=feed_key, key_made_at=at)
    )


async def change_list(connection: AsyncConnection, changed: StoredList) -> None:
    """Its name, its Lidarr and its terms."""
    values = {"name": changed.name, "instance": changed.instance, "terms": changed.terms}
    await connection.execute(update(lists).where(lists.c.id == changed.id).values(values))


async def retire_list(connection: AsyncConnection, list_id: int, feed_key: str, at: datetime) -> None:
    """`feed_key`: one that nobody has."""
    values = {"retired_at": at, "feed_key": feed_key, "key_made_at": at, "sync_wanted_at": None}
    await connection.execute(update(lists).where(lists.c.id == list_id).values(values))


async def want_syncs(
    connection: AsyncConnection, items: Collection[int], at: datetime, *, cleared_since: datetime
) -> None:
    """Lidarr is to fetch, before its usual time, the lists of those recommendations of `items` that are
    approved and that its own lookup has vouched for; asked again, the moment is the last one."""
    waiting = select(recommendations.c.list_id).where(
        recommendations.c.id.in_(items),
        recommendations.c.status == Status.APPROVED,
        recommendations.c.cleared_at >= cleared_since,
    )
    mine = lists.c.id.in_(waiting)
    await connection.execute(update(lists).where(mine, _PRESENT).values(sync_wanted_at=at))


async def earliest_sync(connection: AsyncConnection) -> datetime | None:
    """When the list that has been quiet for longest was last wanted to be fetched."""
    return (await connection.execute(select(func.min(lists.c.sync_wanted_at)))).scalar()


async def take_wanted_syncs(connection: AsyncConnection, until: datetime) -> tuple[StoredList, ...]:
    """The lists that were wanted to be fetched until then; that is settled with this."""
    rows = await connection.execute(
        update(lists)
        .where(lists.c.sync_wanted_at <= until)
        .values(sync_wanted_at=None)
        .returning(*_ROW.selected_columns)
    )
    return tuple(_stored(row) for row in rows)


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
    """One answer that carried something."""

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
    full = (deliveries.c.owner == owner, deliveries.c.carried != ())
    placed = select(deliveries, place.label("place")).where(*full).subquery()
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
    library_version: datetime | None
    """When its Lidarr's library was last found another; that it was looked at changes nothing."""
    revision: int | None
    """Of what its Lidarr's feeds may carry."""


async def feed_state(connection: AsyncConnection, slug: str) -> FeedState | None:
    """In one question; None: there is no such list."""
    last_event = select(func.max(history.c.id)).scalar_subquery()
    # As `library.LibraryState.version`.
    version = func.coalesce(library_state.c.changed_at, library_state.c.read_at)
    revision = delivery_states.c.revision
    query = (
        select(lists.c.feed_key, last_event, version, revision)
        .outerjoin(delivery_states, delivery_states.c.instance == lists.c.instance)
        .outerjoin(
            library_state,
            and_(library_state.c.instance == lists.c.instance, library_state.c.owner == lists.c.owner),
        )
        .where(lists.c.slug == slug, _PRESENT)
    )
    row = (await connection.execute(query)).first()
    return FeedState(*row) if row else None


async def insert_delivery(
    connection: AsyncConnection,
    list_id: int,
    channel: str,
    carried: Sequence[int],
    at: datetime,
    *,
    trial: int | None = None,
) -> None:
    """One poll's answer: the recommendations it carried, in their order. `trial`: of a quarantine."""
    values = {"list_id": list_id, "channel": channel, "carried": tuple(carried), "at": at, "trial": trial}
    await connection.execute(insert(deliveries).values(values))


async def latest_deliveries(
    connection: AsyncConnection, list_id: int, channel: str, limit: int
) -> tuple[tuple[int, ...], ...]:
    """What the newest polls carried, newest first."""
    wanted = (deliveries.c.list_id == list_id, deliveries.c.channel == channel)
    query = select(deliveries.c.carried).where(*wanted).order_by(deliveries.c.id.desc()).limit(limit)
    return tuple((await connection.execute(query)).scalars())
