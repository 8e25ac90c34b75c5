"""Usage: what the language models were asked for, and what that cost."""

from datetime import datetime

import msgspec

from brainarr.pipeline.ports import Clock
from brainarr.store import usage
from brainarr.store.session import Database
from brainarr.store.usage import ModelUsage


class UsageSummary(msgspec.Struct, frozen=True):
    since: datetime
    """First of the month, UTC."""
    spent_microdollars: int
    """Of the priced calls; `unpriced_calls` says how many are not in it."""
    unpriced_calls: int
    models: tuple[ModelUsage, ...]


async def read_usage(db: Database, *, clock: Clock) -> UsageSummary:
    """This month's usage by provider and model, dearest first."""
    since = usage.start_of_month(clock())
    async with db.reading() as connection:
        models = await usage.usage_since(connection, since)
    spent = sum(model.cost_microdollars for model in models)
    return UsageSummary(since, spent, sum(model.unpriced_calls for model in models), models)
