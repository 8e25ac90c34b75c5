"""Discover: recommendations as people browse them, filtered, sorted and counted by the database."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, case, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Status
from brainarr.store.learning import Direction
from brainarr.store.recommendations import RecommendationRow, as_row
from brainarr.store.tables import FIRST_PERSON, likings, lists, recommendation_tags, recommendations
from brainarr.store.tags import TagKind


class Sort(StrEnum):
    """Each with the best, latest or alphabetically first one in front."""

    SCORE = "score"
    NEWEST = "newest"
    YEAR = "year"
    ARTIST = "artist"
    CONFIDENCE = "confidence"


class Sought(msgspec.Struct, frozen=True):
    """Which recommendations are asked for; None: any."""

    status: Status | None = Status.PENDING
    genre: str | None = None
    decade: int | None = None
    source: str | None = None
    confidence: float | None = None
    """At least, in [0, 1]."""
    list: str | None = None
    """A list's slug."""
    words: tuple[str, ...] = ()
    """All of them in the names of artist and album (domain.names.searched_words)."""


class Card(msgspec.Struct, frozen=True):
    """One recommendation with what the person said of its artist."""

    row: RecommendationRow
    liking: Direction | None


class Count(msgspec.Struct, frozen=True):
    """Recommendations in one state: all of them, and those that the other filters leave."""

    all: int
    left: int


_table = recommendations
_CARD = (
    select(recommendations, lists.c.slug, lists.c.instance, likings.c.direction)
    .join(lists, lists.c.id == _table.c.list_id)
    .outerjoin(likings, (likings.c.owner == _table.c.owner) & (likings.c.artist_mbid == _table.c.artist_mbid))
)
# The first found comes first among equals: what falls needs the negative of its number.
_FALLING: Mapping[Sort, tuple[ColumnElement[Any], ...]] = {
    Sort.SCORE: (_table.c.score, -_table.c.id),
    Sort.NEWEST: (_table.c.run_id, -_table.c.id),
    Sort.YEAR: (func.coalesce(_table.c.year, 0), _table.c.score, -_table.c.id),
    Sort.CONFIDENCE: (_table.c.confidence, -_table.c.id),
}
_BY_NAME = (_table.c.names, _table.c.id)


async def cards(
    connection: AsyncConnection,
    sought: Sought,
    sort: Sort,
    *,
    after: int | None,
    limit: int,
    owner: int = FIRST_PERSON,
) -> tuple[Card, ...]:
    """The first ones, or those that come after the recommendation `after`; none where that does not exist.

    From that one on and not from a number of rows: those decided on meanwhile are missing in front.
    """
    keys = _FALLING.get(sort, _BY_NAME)
    wanted = [*_wanted(sought, owner), *_in_state(sought.status)]
    if after is not None:
        last = (await connection.execute(select(*keys).where(_table.c.id == after))).first()
        if last is None:
            return ()
        place = tuple_(*keys)
        wanted.append(place > tuple(last) if sort is Sort.ARTIST else place < tuple(last))
    order = keys if sort is Sort.ARTIST else [key.desc() for key in keys]
    # Sorted by number alone: a sort that carries the facts of all takes twice as long.
    page = select(_table.c.id).where(*wanted).order_by(*order).limit(limit)
    found = await connection.execute(_CARD.where(_table.c.id.in_(page)).order_by(*order))
    return tuple(Card(as_row(row), Direction(row.direction) if row.direction else None) for row in found)


async def counts(
    connection: AsyncConnection, sought: Sought, *, owner: int = FIRST_PERSON
) -> dict[Status, Count]:
    """By state, whichever is asked for; none where there are none."""
    first, *others = _wanted(sought, owner)
    left = func.sum(case((and_(*others), 1), else_=0)) if others else func.count()
    query = select(_table.c.status, func.count(), left).where(first).group_by(_table.c.status)
    return {
        Status(status): Count(every, int(some)) for status, every, some in await connection.execute(query)
    }


async def tag_counts(
    connection: AsyncConnection, status: Status | None, *, owner: int = FIRST_PERSON
) -> dict[TagKind, dict[str, int]]:
    """How many recommendations in that state have each tag."""
    tag = recommendation_tags.c
    query = (
        select(tag.kind, tag.name, func.count())
        .join(_table, _table.c.id == tag.recommendation_id)
        .where(_table.c.owner == owner, *_in_state(status))
        .group_by(tag.kind, tag.name)
    )
    counted: dict[TagKind, dict[str, int]] = {kind: {} for kind in TagKind}
    for kind, name, count in await connection.execute(query):
        counted[TagKind(kind)][name] = count
    return counted


def _in_state(status: Status | None) -> Sequence[ColumnElement[bool]]:
    return () if status is None else (_table.c.status == status,)


def _wanted(sought: Sought, owner: int) -> list[ColumnElement[bool]]:
    """All conditions but the state, the owner first."""
    tags = {
        TagKind.GENRE: sought.genre,
        TagKind.DECADE: None if sought.decade is None else str(sought.decade),
        TagKind.SOURCE: sought.source,
    }
    wanted: list[ColumnElement[bool]] = [_table.c.owner == owner]
    wanted += [_tagged(kind, name) for kind, name in tags.items() if name is not None]
    if sought.confidence is not None:
        wanted.append(_table.c.confidence >= sought.confidence)
    if sought.list is not None:
        its = select(lists.c.id).where(lists.c.slug == sought.list).scalar_subquery()
        wanted.append(_table.c.list_id == its)
    wanted += [_table.c.names.contains(word, autoescape=True) for word in sought.words]
    return wanted


def _tagged(kind: TagKind, name: str) -> ColumnElement[bool]:
    tag = recommendation_tags.c
    return exists().where(tag.recommendation_id == _table.c.id, tag.kind == kind, tag.name == name)
