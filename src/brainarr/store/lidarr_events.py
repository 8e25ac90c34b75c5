"""What the Lidarrs told: kept once each, until what follows from it is done; and how far each was heard."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lidarr_events import LidarrEvent
from brainarr.store.tables import lidarr_events, lidarr_watches
from brainarr.store.upsert import insert_new, upsert

_SLICE = 100


class Way(StrEnum):
    """How an event came to us."""

    WEBHOOK = "webhook"
    HISTORY = "history"


class HeardEvent(msgspec.Struct, frozen=True):
    """An event as it was stored."""

    id: int
    event: LidarrEvent
    way: Way
    heard_at: datetime
    done_at: datetime | None
    concerned: int
    """How many recommendations it was about."""


class Watch(msgspec.Struct, frozen=True):
    """How far one Lidarr has been heard and looked at."""

    heard_at: datetime | None = None
    """When its webhook last came."""
    tested_at: datetime | None = None
    """When that was a test."""
    history_until: datetime | None = None
    """The newest moment of its history that has been read, in its own time."""
    looked_at: datetime | None = None
    """When its library was last looked at."""
    look_seconds: float = 0.0
    look_wanted_at: datetime | None = None
    """Since when it is known to have changed after that."""


_WATCH = select(*(lidarr_watches.c[name] for name in Watch.__struct_fields__))
_HEARD = select(*(lidarr_events.c[name] for name in HeardEvent.__struct_fields__))


async def insert_events(
    connection: AsyncConnection, instance: str, events: Sequence[LidarrEvent], way: Way, at: datetime
) -> int:
    """Stores those that were not told before; how many that are."""
    before = await _count(connection)
    statement = insert_new(connection, lidarr_events, ("instance", "key"))
    for start in range(0, len(events), _SLICE):
        rows = [
            {
                "instance": instance,
                "key": event.key,
                "event": event,
                "way": way,
                "heard_at": at,
                "concerned": 0,
            }
            for event in events[start : start + _SLICE]
        ]
        await connection.execute(statement, rows)
    return await _count(connection) - before


async def count_waiting(connection: AsyncConnection, instance: str) -> int:
    """Events that nothing has been done about yet."""
    waiting = (lidarr_events.c.instance == instance, lidarr_events.c.done_at.is_(None))
    return (
        await connection.execute(select(func.count()).select_from(lidarr_events).where(*waiting))
    ).scalar_one()


async def waiting_events(connection: AsyncConnection, instance: str, limit: int) -> tuple[HeardEvent, ...]:
    """The oldest of those that nothing has been done about yet."""
    waiting = (lidarr_events.c.instance == instance, lidarr_events.c.done_at.is_(None))
    query = _HEARD.where(*waiting).order_by(lidarr_events.c.id).limit(limit)
    return tuple(_heard(row) for row in await connection.execute(query))


async def latest_events(connection: AsyncConnection, instance: str, limit: int) -> tuple[HeardEvent, ...]:
    """The newest first."""
    query = _HEARD.where(lidarr_events.c.instance == instance)
    rows = await connection.execute(query.order_by(lidarr_events.c.id.desc()).limit(limit))
    return tuple(_heard(row) for row in rows)


async def mark_done(connection: AsyncConnection, concerned: Mapping[int, int], at: datetime) -> None:
    """`concerned`: by event, how many recommendations it was about."""
    by_count: dict[int, list[int]] = {}
    for number, count in concerned.items():
        by_count.setdefault(count, []).append(number)
    for count, numbers in by_count.items():
        wanted = lidarr_events.c.id.in_(numbers)
        await connection.execute(update(lidarr_events).where(wanted).values(done_at=at, concerned=count))


async def forget_events(connection: AsyncConnection, instance: str, before: datetime, most: int) -> None:
    """Those that were done before then, of whatever Lidarr; and of this one all that were done but the newest
    `most`."""
    table = lidarr_events
    await connection.execute(delete(table).where(table.c.done_at < before))
    newest = select(table.c.id).where(table.c.instance == instance).order_by(table.c.id.desc())
    edge = (await connection.execute(newest.offset(most).limit(1))).scalar()
    if edge is not None:
        surplus = (table.c.instance == instance, table.c.id <= edge, table.c.done_at.is_not(None))
        await connection.execute(delete(table).where(*surplus))


async def watch_of(connection: AsyncConnection, instance: str) -> Watch:
    row = (await connection.execute(_WATCH.where(lidarr_watches.c.instance == instance))).first()
    return Watch(**row._mapping) if row else Watch()


async def change_watch(connection: AsyncConnection, instance: str, **changes: object) -> None:
    """Of `changes` each names a field of `Watch`."""
    row: dict[str, Any] = {"instance": instance, **changes}
    await connection.execute(upsert(connection, lidarr_watches, tuple(changes)), row)


async def _count(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(lidarr_events))).scalar_one()


def _heard(row: Row[Any]) -> HeardEvent:
    return HeardEvent(**{**row._mapping, "way": Way(row.way)})
