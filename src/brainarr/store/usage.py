"""Usage: every call to a language model, with its tokens and its cost in micro-dollars."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, String, case, cast, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.money import Limits, Reservation
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Outcome
from brainarr.pipeline.ports import Clock
from brainarr.store.copying import continue_numbers
from brainarr.store.runs import RunStatus
from brainarr.store.session import Database
from brainarr.store.tables import FIRST_PERSON, lists, reservations, runs, usage

LONGEST_CALL = timedelta(hours=2)
"""No call takes longer: money that is still kept aside then is of a process that was killed."""

INTERRUPTED = "interrupted"
"""Provider, and outcome, of what such a process may have been billed for."""


_COST = func.coalesce(func.sum(usage.c.cost_microdollars), 0)
_UNPRICED = func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0))
_FAILED = func.sum(case((usage.c.outcome.in_((Outcome.OK, Outcome.EMPTY)), 0), else_=1))
# In the order of the fields of Totals.
_TOTALS = (
    func.count(),
    *(func.sum(usage.c[name]) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")),
    _COST,
    _UNPRICED,
)


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
    failed_calls: int = 0
    """Of all calls, those that brought nothing to read."""


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


class RunUsage(msgspec.Struct, frozen=True):
    """What the calls of one run came to; `run_id` None: those of none, or of one that a restore took away."""

    run_id: int | None
    totals: Totals
    failed_calls: int
    requested_at: datetime | None
    """None as well once the run is forgotten: what was paid stays on the books."""
    list: str | None
    """The list's slug."""
    status: RunStatus | None


class UsageRow(msgspec.Struct, frozen=True):
    """One call, as it is on the books."""

    id: int
    at: datetime
    run_id: int | None
    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_microdollars: int | None
    """None: unpriced."""
    seconds: float
    outcome: str
    local: bool


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
    connection: AsyncConnection,
    since: datetime,
    until: datetime | None = None,
    *,
    owner: int = FIRST_PERSON,
) -> tuple[ModelUsage, ...]:
    """By provider and model, dearest first; with `until` only what was before it."""
    query = (
        select(
            usage.c.provider,
            usage.c.model,
            func.count(),
            func.sum(usage.c.prompt_tokens),
            func.sum(usage.c.completion_tokens),
            _COST,
            _UNPRICED,
            _FAILED,
        )
        .where(*_between(owner, since, until))
        .group_by(usage.c.provider, usage.c.model)
        .order_by(_COST.desc(), usage.c.provider, usage.c.model)
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
    query = (
        select(day, usage.c.provider, *_TOTALS)
        .where(*_between(owner, since, until))
        .group_by(day, usage.c.provider)
        .order_by(day, usage.c.provider)
    )
    rows = [tuple(row) for row in await connection.execute(query)]
    return tuple(DayUsage(date.fromisoformat(row[0]), row[1], Totals(*map(int, row[2:]))) for row in rows)


async def usage_by_run(
    connection: AsyncConnection, since: datetime, until: datetime, limit: int, *, owner: int = FIRST_PERSON
) -> tuple[RunUsage, ...]:
    """From `since` to before `until`: of each run, the dearest first; `limit` of them."""
    sums = (
        select(usage.c.run_id, *_TOTALS, _FAILED)
        .where(*_between(owner, since, until))
        .group_by(usage.c.run_id)
        .order_by(_COST.desc(), usage.c.run_id.desc())
        .limit(limit)
    )
    found = [tuple(row) for row in await connection.execute(sums)]
    named = [row[0] for row in found if row[0] is not None]
    about = select(runs.c.id, runs.c.requested_at, lists.c.slug, runs.c.status)
    query = about.join(lists, lists.c.id == runs.c.list_id).where(runs.c.id.in_(named))
    known = {row[0]: row[1:] for row in await connection.execute(query)}
    return tuple(_run_usage(row, known.get(row[0])) for row in found)


def _run_usage(row: tuple[Any, ...], known: Any) -> RunUsage:
    run_id, *figures = row
    *totals, failed = map(int, figures)
    at, slug, status = known or (None, None, None)
    return RunUsage(run_id, Totals(*totals), failed, at, slug, RunStatus(status) if status else None)


async def usage_after(
    connection: AsyncConnection,
    last: UsageRow | None,
    limit: int,
    since: datetime,
    until: datetime,
    *,
    owner: int = FIRST_PERSON,
) -> tuple[UsageRow, ...]:
    """The next calls after `last` in the order of the books, from `since` to before `until`."""
    wanted = _between(owner, since, until)
    if last is not None:
        wanted.append(usage.c.id > last.id)
    columns = (usage.c[name] for name in UsageRow.__struct_fields__)
    query = select(*columns).where(*wanted).order_by(usage.c.id).limit(limit)
    return tuple(UsageRow(**row._mapping) for row in await connection.execute(query))


async def first_use(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> datetime | None:
    """When the first call on the books was; None without any."""
    return (await connection.execute(select(func.min(usage.c.at)).where(usage.c.owner == owner))).scalar()


def _between(owner: int, since: datetime, until: datetime | None) -> list[ColumnElement[bool]]:
    wanted = [usage.c.owner == owner, usage.c.at >= since]
    return wanted if until is None else [*wanted, usage.c.at < until]
