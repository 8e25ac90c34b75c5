"""Usage: every call to a language model, with its tokens and its cost in micro-dollars."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, String, case, cast, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.money import Limits, Reservation
from brainarr.domain.prompt import Usage
from brainarr.pipeline.ports import Clock
from brainarr.store.copying import continue_numbers
from brainarr.store.session import Database
from brainarr.store.tables import FIRST_PERSON, reservations, usage

LONGEST_CALL = timedelta(hours=2)
"""No call takes longer: money that is still kept aside then is of a process that was killed."""

INTERRUPTED = "interrupted"
"""Provider, and outcome, of what such a process may have been billed for."""


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


class Totals(msgspec.Struct, frozen=True):
    """What some calls came to."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens."""
    cost_microdollars: int = 0
    """Of the priced calls."""
    unpriced_calls: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            *map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


class DayUsage(msgspec.Struct, frozen=True):
    """What one provider was used for on one day (UTC)."""

    day: date
    provider: str
    totals: Totals


def start_of_month(now: datetime) -> datetime:
    """The first of the month, 00:00 UTC: budgets are counted from there."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class Books(msgspec.Struct, frozen=True):
    """What counts against this month's budget, as rows."""

    paid: tuple[dict[str, Any], ...]
    reserved: tuple[dict[str, Any], ...]


async def read_books(connection: AsyncConnection, now: datetime) -> Books:
    """The calls of this month (UTC), and all that is kept aside."""
    paid = select(usage).where(usage.c.at >= start_of_month(now)).order_by(usage.c.id)
    return Books(await _rows(connection, paid), await _rows(connection, select(reservations)))


async def keep_books(connection: AsyncConnection, books: Books, now: datetime) -> None:
    """After a restore: what was paid this month stays paid, what is kept aside stays so.

    What of it the restored rows have is not booked twice. It is of no run: the number may be another's now.
    """
    there = Counter(map(_call, (await read_books(connection, now)).paid))
    missing = Counter(map(_call, books.paid)) - there
    if lost := [dict(call) for call in missing.elements()]:
        await connection.execute(insert(usage), lost)
    # Those of the backup were settled long ago; calls under way settle theirs by its number.
    await connection.execute(delete(reservations))
    if books.reserved:
        await connection.execute(insert(reservations), [row | {"run_id": None} for row in books.reserved])
    await continue_numbers(connection, reservations)


def _call(row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """What makes it the same call, whatever number it has."""
    return tuple((name, value) for name, value in row.items() if name not in ("id", "run_id"))


async def _rows(connection: AsyncConnection, query: Select[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(dict(row) for row in (await connection.execute(query)).mappings())


class StoredLedger:
    """The ledger of the model chain: each call is stored at once, also of a run that fails later."""

    def __init__(self, db: Database, clock: Clock, run_id: int | None = None) -> None:
        self._db = db
        self._clock = clock
        self._run_id = run_id

    async def record(self, entry: Usage, settles: int | None = None, /) -> None:
        row = {"at": self._clock(), "run_id": self._run_id, **msgspec.structs.asdict(entry)}
        async with self._db.transaction(aside=True) as connection:
            await connection.execute(insert(usage).values(row))
            if settles is not None:
                await connection.execute(delete(reservations).where(reservations.c.id == settles))

    async def reserve(self, microdollars: int, limits: Limits) -> Reservation:
        now = self._clock()
        async with self._db.transaction(aside=True) as connection:
            await _book_interrupted(connection, now - LONGEST_CALL)
            month = await spent_since(connection, start_of_month(now))
            month += await _total(connection, reservations.c.microdollars)
            run = 0
            if self._run_id is not None:
                run += await _total(connection, usage.c.cost_microdollars, usage.c.run_id == self._run_id)
                mine = reservations.c.run_id == self._run_id
                run += await _total(connection, reservations.c.microdollars, mine)
            if _fits(month + microdollars, limits.month) and _fits(run + microdollars, limits.run):
                row = {"at": now, "run_id": self._run_id, "microdollars": microdollars}
                kept = await connection.execute(insert(reservations).values(row).returning(reservations.c.id))
                return Reservation(kept.scalar_one(), month, run)
        return Reservation(None, month, run)

    async def release(self, reservation: int) -> None:
        async with self._db.transaction(aside=True) as connection:
            await connection.execute(delete(reservations).where(reservations.c.id == reservation))


async def _book_interrupted(connection: AsyncConnection, before: datetime) -> None:
    """Whoever kept money aside and never settled it was killed, perhaps with the answer on its way: that is
    billed, so it counts as spent."""
    forgotten = reservations.c.at < before
    columns = (reservations.c.at, reservations.c.run_id, reservations.c.microdollars)
    for at, run_id, microdollars in (await connection.execute(select(*columns).where(forgotten))).all():
        lost = Usage(INTERRUPTED, "", 0, 0, 0, microdollars, 0.0, INTERRUPTED)
        row = {"at": at, "run_id": run_id, **msgspec.structs.asdict(lost)}
        await connection.execute(insert(usage).values(row))
    await connection.execute(delete(reservations).where(forgotten))


async def spent_since(connection: AsyncConnection, since: datetime) -> int:
    """Micro-dollars of the priced calls."""
    return await _total(connection, usage.c.cost_microdollars, usage.c.at >= since)


def _fits(spent: int, limit: int | None) -> bool:
    return limit is None or spent <= limit


async def _total(connection: AsyncConnection, amounts: Column[int], *which: ColumnElement[bool]) -> int:
    return int(
        (await connection.execute(select(func.coalesce(func.sum(amounts), 0)).where(*which))).scalar_one()
    )


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


async def call_times(
    connection: AsyncConnection, since: datetime, limit: int, *, owner: int = FIRST_PERSON
) -> dict[str, list[float]]:
    """Seconds of the newest calls, by provider; at most `limit` calls in all."""
    query = (
        select(usage.c.provider, usage.c.seconds)
        # What was booked for a killed process took nobody's time.
        .where(usage.c.owner == owner, usage.c.at >= since, usage.c.outcome != INTERRUPTED)
        .order_by(usage.c.id.desc())
        .limit(limit)
    )
    times: dict[str, list[float]] = {}
    for provider, seconds in await connection.execute(query):
        times.setdefault(provider, []).append(seconds)
    return times


async def usage_by_day(
    connection: AsyncConnection, since: datetime, until: datetime, *, owner: int = FIRST_PERSON
) -> tuple[DayUsage, ...]:
    """From `since` to before `until`: by day, then by provider."""
    # The text of a moment begins with its date on every database.
    day = func.substr(cast(usage.c.at, String), 1, 10)
    tokens = [func.sum(usage.c[name]) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")]
    unpriced = func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0))
    cost = func.coalesce(func.sum(usage.c.cost_microdollars), 0)
    query = (
        select(day, usage.c.provider, func.count(), *tokens, cost, unpriced)
        .where(usage.c.owner == owner, usage.c.at >= since, usage.c.at < until)
        .group_by(day, usage.c.provider)
        .order_by(day, usage.c.provider)
    )
    rows = [tuple(row) for row in await connection.execute(query)]
    return tuple(DayUsage(date.fromisoformat(row[0]), row[1], Totals(*map(int, row[2:]))) for row in rows)
