"""History: everything that ever happened to a recommendation, in the order it happened."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.store.page import Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.tables import FIRST_PERSON, history


class Event(StrEnum):
    """What can happen. Learning reads approved to played as feedback."""

    APPROVED = "approved"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    DELIVERED = "delivered"
    IMPORTED = "imported"
    KEPT = "kept"
    REMOVED = "removed"
    PLAYED = "played"
    FAILED = "failed"


class HistoryRow(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    event: Event
    recommendation_id: int | None
    artist: str
    artist_mbid: Mbid
    album: str | None
    release_group_mbid: Mbid | None
    note: str


async def write_history(
    connection: AsyncConnection,
    about: Iterable[RecommendationRow],
    event: Event,
    at: datetime,
    *,
    note: str = "",
) -> None:
    rows = [
        {
            "at": at,
            "event": event,
            "recommendation_id": row.id,
            "artist": row.recommendation.artist,
            "artist_mbid": row.recommendation.artist_mbid,
            "album": row.recommendation.album,
            "release_group_mbid": row.recommendation.release_group_mbid,
            "note": note,
        }
        for row in about
    ]
    if rows:
        await connection.execute(insert(history), rows)


async def last_event(connection: AsyncConnection) -> int:
    """The id of the latest entry, 0 without any: another one means that something happened since."""
    return (await connection.execute(select(func.coalesce(func.max(history.c.id), 0)))).scalar_one()


async def page_of_history(
    connection: AsyncConnection, asked: PageOf, *, event: Event | None = None, owner: int = FIRST_PERSON
) -> Page[HistoryRow]:
    """Newest first."""
    wanted = [history.c.owner == owner]
    if event is not None:
        wanted.append(history.c.event == event)
    total = (await connection.execute(select(func.count()).select_from(history).where(*wanted))).scalar_one()
    columns = [history.c[name] for name in HistoryRow.__struct_fields__]
    query = (
        select(*columns).where(*wanted).order_by(history.c.id.desc()).limit(asked.limit).offset(asked.offset)
    )
    rows = [
        HistoryRow(**{**row._mapping, "event": Event(row.event)}) for row in await connection.execute(query)
    ]
    return Page(tuple(rows), total, max(asked.page, 1), asked.limit)
