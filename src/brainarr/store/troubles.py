"""Troubles: recommendations that Lidarr refused, or was given and has not taken in."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Status
from brainarr.store.page import Page, PageOf
from brainarr.store.recommendations import ROW, RecommendationRow, all_of
from brainarr.store.tables import FIRST_PERSON, recommendations


class Overdue(msgspec.Struct, frozen=True):
    """When something delivered is stuck: first delivered before `before` and at least `deliveries` times, or
    before `anyhow`."""

    before: datetime
    deliveries: int
    anyhow: datetime


async def page_of_troubled(
    connection: AsyncConnection, asked: PageOf, overdue: Overdue, *, owner: int = FIRST_PERSON
) -> Page[RecommendationRow]:
    """What Lidarr refused or has not taken in, the latest decision first; without what was given up."""
    wanted = [recommendations.c.owner == owner, or_(_refused(), _stuck(overdue))]
    total = (
        await connection.execute(select(func.count()).select_from(recommendations).where(*wanted))
    ).scalar_one()
    order = (recommendations.c.decided_at.desc(), recommendations.c.id.desc())
    query = ROW.where(*wanted).order_by(*order).limit(asked.limit).offset(asked.offset)
    return Page(await all_of(connection, query), total, max(asked.page, 1), asked.limit)


async def count_troubled(
    connection: AsyncConnection, overdue: Overdue, *, owner: int = FIRST_PERSON
) -> tuple[int, int]:
    """(refused, stuck)."""
    query = select(
        func.coalesce(func.sum(case((_refused(), 1), else_=0)), 0),
        func.coalesce(func.sum(case((_stuck(overdue), 1), else_=0)), 0),
    ).where(
        recommendations.c.owner == owner,
        recommendations.c.status.in_((Status.FAILED, Status.DELIVERED)),
    )
    refused, stuck = (await connection.execute(query)).one()
    return int(refused), int(stuck)


def _refused() -> ColumnElement[bool]:
    return and_(recommendations.c.status == Status.FAILED, recommendations.c.given_up_at.is_(None))


def _stuck(overdue: Overdue) -> ColumnElement[bool]:
    first = recommendations.c.first_delivered_at
    often = and_(first <= overdue.before, recommendations.c.deliveries >= overdue.deliveries)
    return and_(recommendations.c.status == Status.DELIVERED, or_(often, first <= overdue.anyhow))
