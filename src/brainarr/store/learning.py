"""What learning reads: the fates of recommendations, the likings, and until when all of it is forgotten."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.learning import Liking
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Parts, Recommendation, Status
from brainarr.store.columns import JsonOf
from brainarr.store.recommendations import OF_NEWCOMERS
from brainarr.store.tables import FIRST_PERSON, forgotten, likings, recommendations
from brainarr.store.upsert import upsert

MOST_FATES = 10_000
"""The latest ones: at a half-life of 180 days older ones hardly count."""


class Direction(StrEnum):
    MORE = "more"
    LESS = "less"


class StoredLiking(msgspec.Struct, frozen=True):
    artist: Liking
    direction: Direction
    recommendation_id: int
    at: datetime


class Shown(msgspec.Struct, frozen=True, gc=False):
    """As much of a recommendation as learning needs."""

    parts: Parts
    genres: tuple[str, ...]


class StoredFate(msgspec.Struct, frozen=True, gc=False):
    """What has become of one recommendation so far."""

    id: int
    status: Status
    shown: Shown
    sources: tuple[str, ...]
    propensity: float
    created_at: datetime
    decided_at: datetime | None
    imported_at: datetime | None
    settled_at: datetime | None
    plays: int | None

    @property
    def automatic(self) -> bool:
        """Approved by the setting, in the moment it was stored: nobody is so quick."""
        return self.decided_at == self.created_at


async def fates_of(
    connection: AsyncConnection, *, since: datetime | None = None, owner: int = FIRST_PERSON
) -> tuple[StoredFate, ...]:
    """The newest first; `since`: only what was decided, or if it was not, recommended, after that.

    Without the albums of owned artists: a yes to old acquaintances says nothing of how strangers are to be
    chosen.
    """
    table = recommendations
    wanted = [table.c.owner == owner, table.c.list_id.in_(OF_NEWCOMERS)]
    if since is not None:
        wanted.append(func.coalesce(table.c.decided_at, table.c.created_at) > since)
    names = [name for name in StoredFate.__struct_fields__ if name != "shown"]
    # Of ten thousand whole recommendations the event loop would decode for a second.
    shown = type_coerce(table.c.facts, JsonOf(Shown)).label("shown")
    query = select(shown, *(table.c[name] for name in names)).where(*wanted)
    rows = await connection.execute(query.order_by(table.c.id.desc()).limit(MOST_FATES))
    return tuple(StoredFate(**{**row._mapping, "status": Status(row.status)}) for row in rows)


async def likings_of(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[StoredLiking, ...]:
    """The latest first."""
    query = (
        select(likings).where(likings.c.owner == owner).order_by(likings.c.at.desc(), likings.c.artist_mbid)
    )
    return tuple(
        StoredLiking(
            Liking(Mbid(row.artist_mbid), row.artist), Direction(row.direction), row.recommendation_id, row.at
        )
        for row in await connection.execute(query)
    )


async def liking_of(
    connection: AsyncConnection, artist: Mbid, *, owner: int = FIRST_PERSON
) -> Direction | None:
    """What the person said of an artist last; None: nothing that still counts."""
    query = select(likings.c.direction).where(likings.c.owner == owner, likings.c.artist_mbid == artist)
    said = (await connection.execute(query)).scalar()
    return Direction(said) if said else None


async def write_liking(
    connection: AsyncConnection, recommendation_id: int, about: Recommendation, to: Direction, at: datetime
) -> None:
    row: dict[str, Any] = {
        "owner": FIRST_PERSON,
        "artist_mbid": about.artist_mbid,
        "artist": about.artist,
        "recommendation_id": recommendation_id,
        "direction": to,
        "at": at,
    }
    changing = ("artist", "recommendation_id", "direction", "at")
    await connection.execute(upsert(connection, likings, changing), row)


async def delete_likings(
    connection: AsyncConnection, artist: Mbid | None = None, *, owner: int = FIRST_PERSON
) -> None:
    """Of one artist, or all of them."""
    wanted = [likings.c.owner == owner]
    if artist is not None:
        wanted.append(likings.c.artist_mbid == artist)
    await connection.execute(delete(likings).where(*wanted))


async def forgotten_until(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> datetime | None:
    return (await connection.execute(select(forgotten.c.until).where(forgotten.c.owner == owner))).scalar()


async def forget(connection: AsyncConnection, until: datetime, *, owner: int = FIRST_PERSON) -> None:
    row = {"owner": owner, "until": until}
    await connection.execute(upsert(connection, forgotten, ("until",)), row)


async def plays_noted(
    connection: AsyncConnection, *, owner: int = FIRST_PERSON
) -> Sequence[tuple[int, Mbid, int | None]]:
    """(id, artist, plays when they were last counted) of everything imported."""
    table = recommendations
    statuses = (Status.IMPORTED, Status.KEPT)
    query = select(table.c.id, table.c.artist_mbid, table.c.plays)
    rows = await connection.execute(query.where(table.c.owner == owner, table.c.status.in_(statuses)))
    return [(number, Mbid(mbid), plays) for number, mbid, plays in rows]


async def note_plays(connection: AsyncConnection, plays: Mapping[int, int]) -> None:
    """`plays` by recommendation."""
    if plays:
        rows = [{"number": number, "counted": count} for number, count in plays.items()]
        statement = update(recommendations).where(recommendations.c.id == bindparam("number"))
        await connection.execute(statement.values(plays=bindparam("counted")), rows)
