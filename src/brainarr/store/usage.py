"""Usage: every call to a language model, with its tokens and its cost in micro-dollars."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.prompt import Usage
from brainarr.pipeline.ports import Clock
from brainarr.store.session import Database
from brainarr.store.tables import FIRST_PERSON, usage


class ModelUsage(msgspec.Struct, frozen=True):
    """What one model of one provider was used for."""

    provider: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_microdollars: int
    """Of the priced calls."""
    unpriced_calls: int


def start_of_month(now: datetime) -> datetime:
    """The first of the month, 00:00 UTC: budgets are counted from there."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class StoredLedger:
    """The ledger of the model chain: each call is stored at once, also of a run that fails later."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def record(self, entry: Usage) -> None:
        row = {"at": self._clock(), **msgspec.structs.asdict(entry)}
        async with self._db.transaction() as connection:
            await connection.execute(insert(usage).values(row))

    async def spent_this_month(self) -> int:
        """Micro-dollars of the priced calls."""
        query = select(func.coalesce(func.sum(usage.c.cost_microdollars), 0))
        async with self._db.reading() as connection:
            since = start_of_month(self._clock())
            return int((await connection.execute(query.where(usage.c.at >= since))).scalar_one())


async def usage_since(
    connection: AsyncConnection, since: datetime, *, owner: int = FIRST_PERSON
) -> tuple[ModelUsage, ...]:
    """By provider and model, dearest first."""
    cost = func.coalesce(func.sum(usage.c.cost_microdollars), 0)
    query = (
        select(
            usage.c.provider,
            usage.c.model,
            func.count(),
            func.sum(usage.c.prompt_tokens),
            func.sum(usage.c.completion_tokens),
            cost,
            func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0)),
        )
        .where(usage.c.owner == owner, usage.c.at >= since)
        .group_by(usage.c.provider, usage.c.model)
        .order_by(cost.desc(), usage.c.provider, usage.c.model)
    )
    return tuple(
        ModelUsage(row[0], row[1], *(int(figure) for figure in row[2:]))
        for row in await connection.execute(query)
    )
