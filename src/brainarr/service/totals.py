"""The few numbers that dashboards show: cheap, in one reading, asking nobody outside."""

from datetime import datetime

import msgspec

from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.store import figures, recommendations, runs, usage
from brainarr.store.page import PageOf
from brainarr.store.runs import RunRow
from brainarr.store.session import Database

_ONE = PageOf(page_size=1)


class DashboardTotals(msgspec.Struct, frozen=True):
    """How things stand."""

    recommendations: dict[Status, int]
    artists: int
    """In the library, as it was last read."""
    last_run: RunRow | None
    spent_microdollars: int
    """This month (UTC), of the calls whose price is known."""
    at: datetime


async def read_totals(db: Database, *, clock: Clock, instance: str = "default") -> DashboardTotals:
    now = clock()
    async with db.reading() as connection:
        counts = await recommendations.status_counts(connection)
        artists = await figures.artists_owned(connection, instance)
        newest = await runs.page_of_runs(connection, _ONE)
        used = await usage.usage_since(connection, usage.start_of_month(now))
    return DashboardTotals(
        recommendations={status: counts.get(status, 0) for status in Status},
        artists=artists,
        last_run=newest.items[0] if newest.items else None,
        spent_microdollars=sum(model.cost_microdollars for model in used),
        at=now,
    )
