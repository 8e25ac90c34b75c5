"""What the league table is counted from: verdicts, fates and costs, added up by the database."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Text,
    and_,
    case,
    cast,
    extract,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import Event, Failure
from brainarr.domain.recommendation import Status, Verdict
from brainarr.store.tables import FIRST_PERSON, history, lists, recommendations, usage, verdict_counts

_ACCEPTED = (Status.APPROVED, Status.DELIVERED, Status.IMPORTED, Status.KEPT, Status.REMOVED, Status.FAILED)
_ENDED = (Status.KEPT, Status.REMOVED, Status.BLOCKED, Status.REJECTED, Status.FAILED)


class By(StrEnum):
    """Whose outcomes are told apart."""

    SOURCE = "source"
    RUN = "run"
    LIST = "list"


class Stage(IntEnum):
    """How far a recommendation came."""

    PROPOSED = 0
    APPROVED = 1
    DELIVERED = 2
    IMPORTED = 3
    KEPT = 4


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
    """So many recommendations of these came so far."""

    of: tuple[str, ...]
    """The voices, that share the credit; or one run's number, or one list's slug."""
    reached: Stage
    over: bool
    """It will come no further."""
    count: int


class Wait(msgspec.Struct, frozen=True):
    """How long those that arrived took."""

    of: str
    seconds: float
    """Median, from the approval to the day the library had it."""


class Reason(msgspec.Struct, frozen=True):
    """How often Lidarr did not take something, for one kind of reason."""

    of: str
    kind: Failure
    count: int
    example: str
    """What it said, one of the times."""


async def judgements(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[Judgement, ...]:
    """Of all runs but the dry ones."""
    table = verdict_counts
    query = (
        select(table.c.sources, table.c.verdict, func.sum(table.c.count))
        .where(table.c.owner == owner, ~table.c.dry_run)
        .group_by(table.c.sources, table.c.verdict)
    )
    return tuple(
        Judgement(sources, Verdict(verdict), int(count))
        for sources, verdict, count in await connection.execute(query)
    )


async def fates(
    connection: AsyncConnection,
    overdue: datetime,
    by: By = By.SOURCE,
    *,
    runs_from: int | None = None,
    owner: int = FIRST_PERSON,
) -> tuple[Fate, ...]:
    """`overdue`: what was approved before then, delivered, and has not arrived, never will. With `runs_from`
    of runs with that number and later ones only."""
    table = recommendations
    key = {By.SOURCE: table.c.sources, By.RUN: table.c.run_id, By.LIST: lists.c.slug}[by]
    was_delivered = or_(table.c.deliveries > 0, table.c.imported_at.is_not(None))
    is_late = case((table.c.decided_at < overdue, 1), else_=0)
    came = case((was_delivered, 1), else_=0)
    arrived = case((table.c.imported_at.is_not(None), 1), else_=0)
    flags = (table.c.status, came, arrived, is_late)
    tables = table.join(lists, lists.c.id == table.c.list_id) if by is By.LIST else table
    query = select(key, *flags, func.count()).select_from(tables).where(*_mine(owner, runs_from))
    return tuple(
        Fate(
            of if isinstance(of, tuple) else (str(of),),
            _reached(Status(status), bool(delivered), bool(imported)),
            status in _ENDED or (status == Status.DELIVERED and bool(late)),
            count,
        )
        for of, status, delivered, imported, late, count in await connection.execute(
            query.group_by(key, *flags)
        )
    )


async def waits(
    connection: AsyncConnection, by: By, *, runs_from: int | None = None, owner: int = FIRST_PERSON
) -> tuple[Wait, ...]:
    """The median wait of each, those that share a recommendation counting it each."""
    table = recommendations
    key, tables = _each(connection, by)
    seconds = _seconds(connection, table.c.imported_at) - _seconds(connection, table.c.decided_at)
    ranked = (
        select(
            key.label("of"),
            seconds.label("seconds"),
            func.row_number().over(partition_by=key, order_by=seconds).label("place"),
            func.count().over(partition_by=key).label("total"),
        )
        .select_from(tables)
        .where(*_mine(owner, runs_from), table.c.imported_at >= table.c.decided_at)
        .subquery()
    )
    # The middle one, or the mean of the two in the middle.
    middle = and_(ranked.c.place * 2 >= ranked.c.total, ranked.c.place * 2 <= ranked.c.total + 2)
    query = select(ranked.c.of, func.avg(ranked.c.seconds)).where(middle).group_by(ranked.c.of)
    return tuple(Wait(str(of), float(median)) for of, median in await connection.execute(query))


async def reasons(
    connection: AsyncConnection, by: By, *, runs_from: int | None = None, owner: int = FIRST_PERSON
) -> tuple[Reason, ...]:
    """Of every failed push and attempt, the most frequent first."""
    key, tables = _each(connection, by)
    count = func.count()
    query = (
        select(key, history.c.cause, count, func.max(history.c.note))
        .select_from(tables.join(history, history.c.recommendation_id == recommendations.c.id))
        .where(
            *_mine(owner, runs_from),
            history.c.event.in_((Event.FAILED, Event.ATTEMPTED)),
            history.c.cause.is_not(None),
        )
        .group_by(key, history.c.cause)
        .order_by(count.desc(), key, history.c.cause)
    )
    return tuple(
        Reason(str(of), Failure(kind), times, example)
        for of, kind, times, example in await connection.execute(query)
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


def _mine(owner: int, runs_from: int | None) -> list[ColumnElement[bool]]:
    mine = [recommendations.c.owner == owner]
    return mine if runs_from is None else [*mine, recommendations.c.run_id >= runs_from]


def _each(connection: AsyncConnection, by: By) -> tuple[ColumnElement[Any], FromClause]:
    """What to group by, and the tables it stands in; a recommendation once for each of its voices."""
    table = recommendations
    if by is By.RUN:
        return table.c.run_id, table
    if by is By.LIST:
        return lists.c.slug, table.join(lists, lists.c.id == table.c.list_id)
    true = literal_column("1") == literal_column("1")
    text = cast(table.c.sources, Text)
    if connection.dialect.name == "postgresql":
        voices = func.json_array_elements_text(cast(text, JSON)).table_valued("value").render_derived()
        return voices.c.value, table.join(voices, true)
    voices = func.json_each(text).table_valued("value")
    return voices.c.value, table.join(voices, true)


def _seconds(connection: AsyncConnection, moment: Column[datetime]) -> ColumnElement[Any]:
    """Since some fixed day."""
    if connection.dialect.name == "postgresql":
        return extract("epoch", moment)
    return func.julianday(moment) * 86_400.0


def _reached(status: Status, delivered: bool, imported: bool) -> Stage:
    if status is Status.KEPT:
        return Stage.KEPT
    if imported:
        return Stage.IMPORTED
    if delivered:
        return Stage.DELIVERED
    return Stage.APPROVED if status in _ACCEPTED else Stage.PROPOSED
