"""Recommendations as they are held against the library of a Lidarr: what was known of each."""

from collections.abc import Collection

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.domain.presence import Standing
from brainarr.domain.recommendation import Status
from brainarr.store.recommendations import ROW, RecommendationRow, all_of
from brainarr.store.tables import FIRST_PERSON, lists, recommendations

_DECIDED_AGAINST = (Status.REJECTED, Status.BLOCKED)


class StandingRow(msgspec.Struct, frozen=True, gc=False):
    """As much of a recommendation as is held against the library."""

    id: int
    artist: Mbid
    group: Mbid | None
    known: Standing


async def standings(
    connection: AsyncConnection, instance: str, *, owner: int = FIRST_PERSON
) -> tuple[StandingRow, ...]:
    """Of all that the library of this Lidarr may say something: not what was rejected or blocked."""
    table = recommendations
    query = (
        select(
            table.c.id,
            table.c.artist_mbid,
            table.c.release_group_mbid,
            table.c.status,
            table.c.imported_at,
            table.c.monitored,
            table.c.settled_at,
        )
        .join(lists, lists.c.id == table.c.list_id)
        .where(table.c.owner == owner, lists.c.instance == instance, table.c.status.not_in(_DECIDED_AGAINST))
    )
    return tuple(
        StandingRow(
            number,
            Mbid(artist),
            Mbid(group) if group else None,
            Standing(Status(status), group is not None, imported_at, monitored, settled_at),
        )
        for number, artist, group, status, imported_at, monitored, settled_at in await connection.execute(
            query
        )
    )


async def about(
    connection: AsyncConnection, instance: str, artists: Collection[Mbid], *, owner: int = FIRST_PERSON
) -> tuple[RecommendationRow, ...]:
    """All that were recommended of `artists` for this Lidarr, without what was rejected or blocked."""
    wanted = (
        recommendations.c.owner == owner,
        lists.c.instance == instance,
        recommendations.c.artist_mbid.in_(artists),
        recommendations.c.status.not_in(_DECIDED_AGAINST),
    )
    return await all_of(connection, ROW.where(*wanted).order_by(recommendations.c.id))


async def note_monitored(connection: AsyncConnection, ids: Collection[int], monitored: bool) -> None:
    """As Lidarr shows them now."""
    wanted = recommendations.c.id.in_(ids)
    await connection.execute(update(recommendations).where(wanted).values(monitored=monitored))
