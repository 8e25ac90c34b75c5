"""History: everything that ever happened to a recommendation, in the order it happened."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, cast, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.store.page import Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.tables import FIRST_PERSON, history, lists, recommendations

ALBUMS, ARTISTS, PUSH = "albums", "artists", "push"
LIBRARY, EXCLUSIONS, DOWNLOADS = "library", "exclusions", "downloads"
"""Channels: the two feeds and a push, by which things go to Lidarr; where they were seen there."""


class HistoryRow(msgspec.Struct, frozen=True):
    """One event, with what it happened to."""

    id: int
    at: datetime
    event: Event
    recommendation_id: int | None
    artist: str
    artist_mbid: Mbid
    album: str | None
    release_group_mbid: Mbid | None
    note: str
    actor: Actor
    channel: str | None
    cause: Failure | None
    remedy: str | None
    run_id: int | None = None
    list: str | None = None
    """The list's slug."""
    sources: tuple[str, ...] = ()
    """The voices for the recommendation."""
    score: float | None = None
    place: int | None = None
    """In its batch, from 1."""
    status: Status | None = None
    """Of the recommendation, now."""


class Sought(msgspec.Struct, frozen=True):
    """Which events are asked for; None: any."""

    event: Event | None = None
    actor: Actor | None = None
    recommendation: int | None = None
    list: str | None = None
    """A list's slug."""
    run: int | None = None
    source: str | None = None
    """One of the voices for the recommendation."""
    artist: str | None = None
    """A part of the artist's name."""
    title: str | None = None
    """A part of the artist's name, or of the album's title."""
    troubled: bool = False
    """Only what Lidarr did not take."""
    status: Status | None = None
    """Of the recommendation, now."""
    since: datetime | None = None
    until: datetime | None = None
    """From `since` to before `until`."""


EVERYTHING = Sought()

_TROUBLED = (Event.FAILED, Event.ATTEMPTED, Event.GIVEN_UP)

_OF_HISTORY = [
    history.c[name] for name in HistoryRow.__struct_fields__ if name in history.c and name != "status"
]
_JOINED = history.outerjoin(recommendations, recommendations.c.id == history.c.recommendation_id).outerjoin(
    lists, lists.c.id == recommendations.c.list_id
)
_ROW = select(
    *_OF_HISTORY,
    recommendations.c.run_id,
    lists.c.slug.label("list"),
    recommendations.c.sources,
    recommendations.c.score,
    recommendations.c.place,
    recommendations.c.status,
).select_from(_JOINED)


async def write_history(
    connection: AsyncConnection,
    about: Iterable[RecommendationRow],
    event: Event,
    at: datetime,
    *,
    actor: Actor,
    note: str = "",
    channel: str | None = None,
    cause: Failure | None = None,
    remedy: str | None = None,
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
            "actor": actor,
            "channel": channel,
            "cause": cause,
            "remedy": remedy,
        }
        for row in about
    ]
    if rows:
        await connection.execute(insert(history), rows)


async def last_event(connection: AsyncConnection) -> int:
    """The id of the latest entry, 0 without any: another one means that something happened since."""
    return (await connection.execute(select(func.coalesce(func.max(history.c.id), 0)))).scalar_one()


async def page_of_history(
    connection: AsyncConnection,
    asked: PageOf,
    sought: Sought = EVERYTHING,
    *,
    oldest_first: bool = False,
    owner: int = FIRST_PERSON,
) -> Page[HistoryRow]:
    """The newest first, unless asked otherwise."""
    wanted = _wanted(sought, owner)
    counted = select(func.count()).select_from(_JOINED if _is_joined(sought) else history).where(*wanted)
    total = (await connection.execute(counted)).scalar_one()
    order = [history.c.at, history.c.id] if oldest_first else [history.c.at.desc(), history.c.id.desc()]
    query = _ROW.where(*wanted).order_by(*order).limit(asked.limit).offset(asked.offset)
    return Page(await _all(connection, query), total, max(asked.page, 1), asked.limit)


async def latest_of(
    connection: AsyncConnection, recommendation_ids: Collection[int], events: Collection[Event]
) -> frozenset[int]:
    """For each of these recommendations the id of the latest of its events that is one of `events`."""
    query = (
        select(func.max(history.c.id))
        .where(history.c.recommendation_id.in_(recommendation_ids), history.c.event.in_(events))
        .group_by(history.c.recommendation_id)
    )
    return frozenset((await connection.execute(query)).scalars())


async def life_of(connection: AsyncConnection, recommendation_id: int) -> tuple[HistoryRow, ...]:
    """In the order in which it happened."""
    query = _ROW.where(history.c.recommendation_id == recommendation_id)
    return await _all(connection, query.order_by(history.c.at, history.c.id))


async def lives_of(
    connection: AsyncConnection, recommendation_ids: Collection[int]
) -> dict[int, list[HistoryRow]]:
    """Several at once, each in the order in which it happened; one that is forgotten is left out."""
    query = _ROW.where(history.c.recommendation_id.in_(recommendation_ids))
    lives: dict[int, list[HistoryRow]] = {}
    for told in await _all(connection, query.order_by(history.c.at, history.c.id)):
        if told.recommendation_id is not None:
            lives.setdefault(told.recommendation_id, []).append(told)
    return lives


async def history_after(
    connection: AsyncConnection,
    last: HistoryRow | None,
    limit: int,
    sought: Sought = EVERYTHING,
    *,
    owner: int = FIRST_PERSON,
) -> tuple[HistoryRow, ...]:
    """The next events after `last`, oldest first: a long history is read in slices without an offset."""
    wanted = _wanted(sought, owner)
    if last is not None:
        later = or_(history.c.at > last.at, and_(history.c.at == last.at, history.c.id > last.id))
        # The first condition alone is what an index can be searched by.
        wanted += [history.c.at >= last.at, later]
    return await _all(connection, _ROW.where(*wanted).order_by(history.c.at, history.c.id).limit(limit))


def _wanted(sought: Sought, owner: int) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [history.c.owner == owner]
    equal: Mapping[Any, Any] = {
        history.c.event: sought.event,
        history.c.actor: sought.actor,
        history.c.recommendation_id: sought.recommendation,
        lists.c.slug: sought.list,
        recommendations.c.run_id: sought.run,
        recommendations.c.status: sought.status,
    }
    wanted += [column == value for column, value in equal.items() if value is not None]
    if sought.artist is not None:
        wanted.append(func.lower(history.c.artist).contains(sought.artist.lower(), autoescape=True))
    if sought.title is not None:
        part = sought.title.lower()
        wanted.append(
            or_(
                func.lower(history.c.artist).contains(part, autoescape=True),
                func.lower(history.c.album).contains(part, autoescape=True),
            )
        )
    if sought.troubled:
        wanted.append(history.c.event.in_(_TROUBLED))
    if sought.source is not None:
        # As it stands in the JSON array of names, quotes included.
        name = msgspec.json.encode(sought.source).decode()
        wanted.append(cast(recommendations.c.sources, Text).contains(name, autoescape=True))
    if sought.since is not None:
        wanted.append(history.c.at >= sought.since)
    if sought.until is not None:
        wanted.append(history.c.at < sought.until)
    return wanted


def _is_joined(sought: Sought) -> bool:
    named: Collection[object] = (sought.list, sought.run, sought.source, sought.status)
    return any(value is not None for value in named)


async def _all(connection: AsyncConnection, query: Select[Any]) -> tuple[HistoryRow, ...]:
    return tuple(_read(row) for row in await connection.execute(query))


def _read(row: Row[Any]) -> HistoryRow:
    return HistoryRow(
        **{
            **row._mapping,
            "event": Event(row.event),
            "actor": Actor(row.actor),
            "cause": Failure(row.cause) if row.cause else None,
            "sources": row.sources or (),
            "status": Status(row.status) if row.status else None,
        }
    )
