"""Usage: what the language models were asked for, and what that cost."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from brainarr.domain.money import NO_LIMITS, Limits
from brainarr.pipeline.ports import Clock
from brainarr.service.alerts import Alert, alerts_in
from brainarr.store import figures, usage
from brainarr.store.session import Database
from brainarr.store.usage import DayUsage, ModelUsage, RunUsage, Totals, UsageRow

RUNS_TOLD = 50
"""Runs whose costs are told one by one: the dearest of a month."""
SLICE = 500
"""Calls read at a time for an export: they are all that is held in memory."""
_PACE = timedelta(days=28)
"""Over which the pace of spending is measured: four rounds of a weekly schedule."""
_SHORTEST_PACE = timedelta(days=7)


class ProviderUsage(msgspec.Struct, frozen=True):
    provider: str
    today: Totals
    month: Totals


class UsageSummary(msgspec.Struct, frozen=True):
    since: datetime
    """First of the month, UTC."""
    spent_microdollars: int
    """Of the priced calls; `unpriced_calls` says how many are not in it."""
    unpriced_calls: int
    limits: Limits
    models: tuple[ModelUsage, ...]
    providers: tuple[ProviderUsage, ...]
    """By name."""
    days: tuple[DayUsage, ...]
    """By day and provider; days without a call are left out."""

    @property
    def left_microdollars(self) -> int | None:
        """Of the monthly budget; None without one."""
        return None if self.limits.month is None else max(0, self.limits.month - self.spent_microdollars)


async def read_usage(db: Database, *, clock: Clock, limits: Limits = NO_LIMITS) -> UsageSummary:
    """This month's usage: by model, dearest first; by provider, today and in the month; by day."""
    now = clock()
    since = usage.start_of_month(now)
    async with db.reading() as connection:
        models = await usage.usage_since(connection, since)
        days = await usage.usage_by_day(connection, since, now + timedelta(days=1))
    return UsageSummary(
        since=since,
        spent_microdollars=sum(model.cost_microdollars for model in models),
        unpriced_calls=sum(model.unpriced_calls for model in models),
        limits=limits,
        models=models,
        providers=_by_provider(days, now.astimezone(UTC).date()),
        days=days,
    )


def _by_provider(days: tuple[DayUsage, ...], today: date) -> tuple[ProviderUsage, ...]:
    month: dict[str, Totals] = defaultdict(Totals)
    for used in days:
        month[used.provider] += used.totals
    current = {used.provider: used.totals for used in days if used.day == today}
    return tuple(
        ProviderUsage(name, current.get(name, Totals()), totals) for name, totals in sorted(month.items())
    )


class MonthCosts(msgspec.Struct, frozen=True):
    """One calendar month (UTC). All money is in micro-dollars, of the priced calls."""

    since: datetime
    until: datetime
    """The first of the month after it."""
    current: bool
    """Whether it is the one that runs."""
    spent: int
    unpriced_calls: int
    reserved: int
    """Kept aside by calls under way; 0 for a month that is over."""
    expected: int | None
    """Of the whole month, at the pace of the last four weeks; None for a month that is over."""
    limits: Limits
    models: tuple[ModelUsage, ...]
    """Dearest first."""
    days: tuple[DayUsage, ...]
    """By day and provider; days without a call are left out."""
    runs: tuple[RunUsage, ...]
    """The dearest ones."""
    alerts: tuple[Alert, ...]
    first: datetime | None
    """When the first call on the books was; None without any."""

    @property
    def left(self) -> int | None:
        """Of the monthly budget, with what is kept aside taken off; None without one."""
        budget = self.limits.month
        return None if budget is None else max(0, budget - self.spent - self.reserved)


def month_of(day: date) -> tuple[datetime, datetime]:
    """Its first moment and that of the next one, in UTC."""
    since = datetime(day.year, day.month, 1, tzinfo=UTC)
    return since, usage.start_of_month(since + timedelta(days=31))


async def read_month(
    db: Database, month: date | None = None, *, clock: Clock, limits: Limits = NO_LIMITS
) -> MonthCosts:
    """The month of that day; None: the one that runs. Eight statements, whatever there is."""
    now = clock()
    since, until = month_of(month or now.astimezone(UTC).date())
    current = since == usage.start_of_month(now)
    async with db.reading() as connection:
        models = await usage.usage_since(connection, since, until)
        days = await usage.usage_by_day(connection, since, until)
        runs = await usage.usage_by_run(connection, since, until, RUNS_TOLD)
        alerts = await alerts_in(connection, since)
        first = await usage.first_use(connection)
        lately = await usage.spent_since(connection, now - _PACE)
        reserved = await figures.reserved(connection)
    spent = sum(model.cost_microdollars for model in models)
    return MonthCosts(
        since=since,
        until=until,
        current=current,
        spent=spent,
        unpriced_calls=sum(model.unpriced_calls for model in models),
        reserved=reserved if current else 0,
        expected=_expected(spent, lately, first, now, until) if current else None,
        limits=limits,
        models=models,
        days=days,
        runs=runs,
        alerts=alerts,
        first=first,
    )


async def every_call(db: Database, since: datetime, until: datetime) -> AsyncIterator[UsageRow]:
    """All calls from `since` to before `until`, in slices: however long that takes, it holds no view of the
    database."""
    last: UsageRow | None = None
    while True:
        async with db.reading() as connection:
            rows = await usage.usage_after(connection, last, SLICE, since, until)
        for row in rows:
            yield row
        if len(rows) < SLICE:
            return
        last = rows[-1]


def _expected(spent: int, lately: int, first: datetime | None, now: datetime, until: datetime) -> int:
    """What is spent, and what the rest of the month comes to at the pace of the last four weeks; of those
    since the first call where that is less long ago, but one week at least: one dear day is no pace."""
    known = _PACE if first is None else min(_PACE, max(_SHORTEST_PACE, now - first))
    return spent + round(lately * ((until - now) / known))
