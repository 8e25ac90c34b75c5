"""What the league table is counted from: verdicts, fates and costs, added up by the database."""

from datetime import datetime

import msgspec
from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Status, Verdict
from brainarr.store.tables import FIRST_PERSON, recommendations, runs, usage, verdicts

_ACCEPTED = (Status.APPROVED, Status.DELIVERED, Status.IMPORTED, Status.KEPT, Status.REMOVED, Status.FAILED)


class Judgement(msgspec.Struct, frozen=True):
    """So many candidates that these voices proposed ended with this verdict."""

    sources: tuple[str, ...]
    verdict: Verdict
    count: int


class ProviderCost(msgspec.Struct, frozen=True):
    """What asking one provider has cost so far."""

    provider: str
    cost_microdollars: int
    """Of the priced calls."""
    unpriced_calls: int


class Fate(msgspec.Struct, frozen=True):
    """So many recommendations of these voices have come so far."""

    sources: tuple[str, ...]
    approved: bool
    delivered: bool
    imported: bool
    kept: bool
    judged: bool
    """Delivered, and how it ended is known."""
    count: int


async def judgements(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[Judgement, ...]:
    """Of all runs but the dry ones."""
    query = (
        select(verdicts.c.sources, verdicts.c.verdict, func.count())
        .join(runs, runs.c.id == verdicts.c.run_id)
        .where(runs.c.owner == owner, ~runs.c.dry_run)
        .group_by(verdicts.c.sources, verdicts.c.verdict)
    )
    return tuple(
        Judgement(sources, Verdict(verdict), count)
        for sources, verdict, count in await connection.execute(query)
    )


async def fates(
    connection: AsyncConnection, overdue: datetime, *, owner: int = FIRST_PERSON
) -> tuple[Fate, ...]:
    """`overdue`: what was approved before then, delivered, and has not arrived, never will."""
    table = recommendations
    was_delivered = or_(table.c.deliveries > 0, table.c.imported_at.is_not(None))
    is_late = case((table.c.decided_at < overdue, 1), else_=0)
    came = case((was_delivered, 1), else_=0)
    arrived = case((table.c.imported_at.is_not(None), 1), else_=0)
    query = (
        select(table.c.sources, table.c.status, came, arrived, is_late, func.count())
        .where(table.c.owner == owner)
        .group_by(table.c.sources, table.c.status, came, arrived, is_late)
    )
    return tuple(
        _fate(sources, Status(status), bool(delivered), bool(imported), bool(late), count)
        for sources, status, delivered, imported, late, count in await connection.execute(query)
    )


async def costs(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[ProviderCost, ...]:
    """Of every provider that was ever asked."""
    query = (
        select(
            usage.c.provider,
            func.coalesce(func.sum(usage.c.cost_microdollars), 0),
            func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0)),
        )
        .where(usage.c.owner == owner)
        .group_by(usage.c.provider)
        .order_by(usage.c.provider)
    )
    return tuple(
        ProviderCost(name, int(cost), int(unpriced))
        for name, cost, unpriced in await connection.execute(query)
    )


def _fate(
    sources: tuple[str, ...], status: Status, delivered: bool, imported: bool, late: bool, count: int
) -> Fate:
    # A person may block what was delivered: then it is known how that ended.
    ended = status in (Status.KEPT, Status.REMOVED, Status.BLOCKED, Status.REJECTED)
    never_came = late and status is Status.DELIVERED
    return Fate(
        sources=sources,
        approved=delivered or status in _ACCEPTED,
        delivered=delivered,
        imported=imported,
        kept=status is Status.KEPT,
        judged=delivered and (ended or never_came),
        count=count,
    )
