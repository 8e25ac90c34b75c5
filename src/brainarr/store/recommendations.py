"""Recommendations: what a run proposed to a person, and what became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import ON_THE_WAY
from brainarr.domain.lists import DEFAULT_INSTANCE, ListKind
from brainarr.domain.music import Mbid
from brainarr.domain.names import search_text
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.store.page import Page, PageOf
from brainarr.store.tables import FIRST_PERSON, lists, recommendations
from brainarr.store.tags import write_tags

UNDECIDED_OR_ON_THE_WAY = (Status.PENDING, *ON_THE_WAY)
UNWANTED = (Status.REJECTED, Status.BLOCKED, Status.REMOVED)
"""What the person said no to, or took out of the library again."""

GROUPS_REMEMBERED = 50
"""Of one artist."""


class RecommendationRow(msgspec.Struct, frozen=True):
    """A stored recommendation. A dry run's have id 0: they were shown, not stored."""

    id: int
    run_id: int
    list_id: int
    list: str
    """The list's slug."""
    status: Status
    recommendation: Recommendation
    created_at: datetime
    decided_at: datetime | None = None
    note: str = ""
    """What the person said when deciding."""
    delivered_at: datetime | None = None
    """When Lidarr last received it."""
    deliveries: int = 0
    imported_at: datetime | None = None
    settled_at: datetime | None = None
    """When it was found to be kept, or removed."""
    place: int | None = None
    """In its batch, from 1; None for those stored before that was noted."""
    failure: str | None = None
    """Why Lidarr did not take it at the last push."""
    remedy: str | None = None
    """What to do about `failure`."""
    attempts: int = 0
    """Pushes since it was approved or tried again, whatever came of them."""
    tried_at: datetime | None = None
    """The last of them."""
    first_delivered_at: datetime | None = None
    """When it first went out, of the `deliveries`."""
    given_up_at: datetime | None = None
    """The person wants no more tries."""
    cleared_at: datetime | None = None
    """When Lidarr's own lookup last knew it."""
    lookup_failures: int = 0
    """How often that lookup has failed over it alone since."""
    proven_at: datetime | None = None
    """When a list sync that received it went well."""
    broke_at: datetime | None = None
    """When it was found that a list sync failed because of it."""
    instance: str = DEFAULT_INSTANCE
    """The Lidarr that its list is for."""
    monitored: bool | None = None
    """As that Lidarr showed it last; None: it was never seen there."""


OF_NEWCOMERS = select(lists.c.id).where(lists.c.kind == ListKind.DISCOVER)
"""The lists whose artists are not owned yet: only those tell what is close to the library, and whose
proposals are taken."""

ROW = select(recommendations, lists.c.slug, lists.c.instance).join(
    lists, lists.c.id == recommendations.c.list_id
)


async def insert_recommendations(
    connection: AsyncConnection,
    run_id: int,
    list_id: int,
    found: Sequence[Recommendation],
    status: Status,
    at: datetime,
    *,
    cleared_at: datetime | None = None,
) -> None:
    """`cleared_at`: when Lidarr's own lookup knew them; None: it was not asked."""
    rows = [
        {
            "run_id": run_id,
            "list_id": list_id,
            "status": status,
            "artist": item.artist,
            "artist_mbid": item.artist_mbid,
            "album": item.album,
            "release_group_mbid": item.release_group_mbid,
            "score": item.score,
            "facts": item,
            "sources": tuple(voice.source for voice in item.voices),
            "place": place,
            "explored": item.explored,
            "propensity": item.propensity,
            "year": item.year,
            "confidence": item.confidence,
            "names": search_text(item.artist, *([item.album] if item.album else [])),
            "created_at": at,
            "decided_at": at if status is Status.APPROVED else None,
            "cleared_at": cleared_at,
        }
        for place, item in enumerate(found, start=1)
    ]
    if not rows:
        return
    inserted = insert(recommendations).returning(recommendations.c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(inserted, rows)).scalars().all()
    await write_tags(connection, zip(ids, found, strict=True))


async def recommendation(
    connection: AsyncConnection, recommendation_id: int, *, to_change: bool = False
) -> RecommendationRow | None:
    """With `to_change` nobody else changes it until the transaction ends."""
    query = ROW.where(recommendations.c.id == recommendation_id)
    found = await all_of(connection, query.with_for_update(of=recommendations) if to_change else query)
    return found[0] if found else None


async def of_run(connection: AsyncConnection, run_id: int) -> tuple[RecommendationRow, ...]:
    """In the order in which the run chose them."""
    return await all_of(
        connection, ROW.where(recommendations.c.run_id == run_id).order_by(recommendations.c.id)
    )


async def page_of_recommendations(
    connection: AsyncConnection,
    asked: PageOf,
    *,
    status: Status | None = None,
    list_slug: str | None = None,
    owner: int = FIRST_PERSON,
) -> Page[RecommendationRow]:
    """Newest run first, within a run in its order."""
    wanted = [recommendations.c.owner == owner]
    if status is not None:
        wanted.append(recommendations.c.status == status)
    if list_slug is not None:
        wanted.append(
            recommendations.c.list_id == select(lists.c.id).where(lists.c.slug == list_slug).scalar_subquery()
        )
    total = (
        await connection.execute(select(func.count()).select_from(recommendations).where(*wanted))
    ).scalar_one()
    order = (recommendations.c.run_id.desc(), recommendations.c.id)
    items = await all_of(
        connection, ROW.where(*wanted).order_by(*order).limit(asked.limit).offset(asked.offset)
    )
    return Page(items, total, max(asked.page, 1), asked.limit)


async def status_counts(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> dict[Status, int]:
    query = (
        select(recommendations.c.status, func.count())
        .where(recommendations.c.owner == owner)
        .group_by(recommendations.c.status)
    )
    return {Status(status): count for status, count in await connection.execute(query)}


async def deliverable(
    connection: AsyncConnection,
    list_id: int,
    *,
    albums: bool,
    limit: int,
    cleared_since: datetime | None = None,
) -> tuple[RecommendationRow, ...]:
    """What a feed should carry now: least often delivered first, so that stuck ones make room for others.

    With `cleared_since` only what Lidarr's lookup has vouched for since then, and what never broke a sync.
    """
    group = recommendations.c.release_group_mbid
    wanted = [
        recommendations.c.list_id == list_id,
        recommendations.c.status.in_(ON_THE_WAY),
        group.is_not(None) if albums else group.is_(None),
    ]
    if cleared_since is not None:
        wanted += [recommendations.c.cleared_at >= cleared_since, recommendations.c.broke_at.is_(None)]
    query = (
        ROW.where(*wanted)
        .order_by(recommendations.c.deliveries, recommendations.c.decided_at, recommendations.c.id)
        .limit(limit)
    )
    return await all_of(connection, query)


async def by_ids(connection: AsyncConnection, ids: Collection[int]) -> tuple[RecommendationRow, ...]:
    return await all_of(connection, ROW.where(recommendations.c.id.in_(ids)).order_by(recommendations.c.id))


async def to_change(connection: AsyncConnection, ids: Collection[int]) -> tuple[RecommendationRow, ...]:
    """Nobody else changes them until the transaction ends."""
    query = ROW.where(recommendations.c.id.in_(ids)).order_by(recommendations.c.id)
    return await all_of(connection, query.with_for_update(of=recommendations))


async def in_status(
    connection: AsyncConnection,
    statuses: Collection[Status],
    *,
    artists: Collection[str] | None = None,
    list_id: int | None = None,
    owner: int = FIRST_PERSON,
) -> tuple[RecommendationRow, ...]:
    """Those in one of `statuses`, of `artists` or of all, in that list or in any; nobody else changes them
    until the transaction ends."""
    wanted = [recommendations.c.owner == owner, recommendations.c.status.in_(statuses)]
    if list_id is not None:
        wanted.append(recommendations.c.list_id == list_id)
    if artists is not None:
        wanted.append(recommendations.c.artist_mbid.in_(artists))
    return await all_of(connection, ROW.where(*wanted).with_for_update(of=recommendations))


async def in_retired_lists(
    connection: AsyncConnection, statuses: Collection[Status], *, owner: int = FIRST_PERSON
) -> tuple[RecommendationRow, ...]:
    wanted = (recommendations.c.owner == owner, recommendations.c.status.in_(statuses))
    return await all_of(connection, ROW.where(*wanted, lists.c.retired_at.is_not(None)))


async def set_status(
    connection: AsyncConnection, ids: Collection[int], status: Status, **changes: object
) -> None:
    await connection.execute(
        update(recommendations).where(recommendations.c.id.in_(ids)).values(status=status, **changes)
    )


async def move_to_list(connection: AsyncConnection, ids: Collection[int], list_id: int) -> None:
    await connection.execute(
        update(recommendations).where(recommendations.c.id.in_(ids)).values(list_id=list_id)
    )


async def mark_delivered(connection: AsyncConnection, ids: Collection[int], at: datetime) -> None:
    changes = {
        "delivered_at": at,
        "first_delivered_at": func.coalesce(recommendations.c.first_delivered_at, at),
        "deliveries": recommendations.c.deliveries + 1,
        "failure": None,
        "remedy": None,
    }
    await set_status(connection, ids, Status.DELIVERED, **changes)


async def mark_tried(
    connection: AsyncConnection,
    recommendation_id: int,
    at: datetime,
    *,
    failure: str | None = None,
    remedy: str | None = None,
) -> None:
    """A push, and what Lidarr had against it."""
    tried = {"tried_at": at, "attempts": recommendations.c.attempts + 1}
    await connection.execute(
        update(recommendations)
        .where(recommendations.c.id == recommendation_id)
        .values(**tried, failure=failure, remedy=remedy)
    )


class Called(msgspec.Struct, frozen=True):
    """What something recommended is called."""

    artist: str
    album: str | None
    """None: what was asked for is the artist."""


async def called(connection: AsyncConnection, mbid: Mbid, *, owner: int = FIRST_PERSON) -> Called | None:
    """The artist or the release group of this identifier; None: it was never recommended."""
    table = recommendations
    columns = (table.c.artist, table.c.album)
    query = select(*columns).where(table.c.owner == owner).order_by(table.c.id.desc()).limit(1)
    if row := (await connection.execute(query.where(table.c.artist_mbid == mbid))).first():
        return Called(row.artist, None)
    if row := (await connection.execute(query.where(table.c.release_group_mbid == mbid))).first():
        return Called(row.artist, row.album)
    return None


async def groups_of(
    connection: AsyncConnection, artist: Mbid, *, owner: int = FIRST_PERSON
) -> tuple[Mbid, ...]:
    """The artist's release groups that were recommended, the latest first."""
    table = recommendations
    query = (
        select(table.c.release_group_mbid)
        .where(table.c.owner == owner, table.c.artist_mbid == artist, table.c.release_group_mbid.is_not(None))
        .order_by(table.c.id.desc())
        .limit(GROUPS_REMEMBERED)
    )
    return tuple(dict.fromkeys(Mbid(mbid) for mbid in (await connection.execute(query)).scalars()))


async def last_id(connection: AsyncConnection) -> int:
    """Of the newest one, 0 without any."""
    query = select(func.coalesce(func.max(recommendations.c.id), 0))
    return (await connection.execute(query)).scalar_one()


async def all_of(connection: AsyncConnection, query: Select[Any]) -> tuple[RecommendationRow, ...]:
    """Of a query that begins with `ROW`."""
    return tuple(as_row(row) for row in await connection.execute(query))


def as_row(row: Row[Any]) -> RecommendationRow:
    """Of a row that has every column of `recommendations`, and `slug` and `instance` of its list."""
    return RecommendationRow(
        id=row.id,
        run_id=row.run_id,
        list_id=row.list_id,
        list=row.slug,
        status=Status(row.status),
        recommendation=row.facts,
        created_at=row.created_at,
        decided_at=row.decided_at,
        note=row.note,
        delivered_at=row.delivered_at,
        deliveries=row.deliveries,
        imported_at=row.imported_at,
        settled_at=row.settled_at,
        place=row.place,
        failure=row.failure,
        remedy=row.remedy,
        attempts=row.attempts,
        tried_at=row.tried_at,
        first_delivered_at=row.first_delivered_at,
        given_up_at=row.given_up_at,
        cleared_at=row.cleared_at,
        lookup_failures=row.lookup_failures,
        proven_at=row.proven_at,
        broke_at=row.broke_at,
        instance=row.instance,
        monitored=row.monitored,
    )
