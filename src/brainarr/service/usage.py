"""Usage: what the language models were asked for, and what that cost."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import msgspec

from brainarr.domain.money import NO_LIMITS, Limits
from brainarr.pipeline.ports import Clock
from brainarr.store import usage
from brainarr.store.session import Database
from brainarr.store.usage import DayUsage, ModelUsage, Totals


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
