"""Estimate: what a run would cost, before it is started."""

from collections.abc import Awaitable, Callable

import msgspec

from brainarr.domain.money import NO_LIMITS, CallEstimate, Limits
from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory
from brainarr.errors import Conflict
from brainarr.pipeline.ports import Clock
from brainarr.service.library import read_snapshot
from brainarr.store import recommendations
from brainarr.store.session import Database
from brainarr.store.usage import spent_since, start_of_month

EstimateCalls = Callable[[Library, Memory], Awaitable[tuple[CallEstimate, ...]]]
"""The prompts and prices of the provider chain, bound by wiring."""


class RunEstimate(msgspec.Struct, frozen=True):
    """At most, for asking each entry of the chain once; a run that finds too little, or has its reasons
    worded, asks again."""

    calls: tuple[CallEstimate, ...]
    """In the chain's order."""
    spent_microdollars: int
    """This month."""
    limits: Limits

    @property
    def at_most(self) -> int:
        """Micro-dollars if every entry is asked, of those whose price is known."""
        return sum(call.cost_microdollars or 0 for call in self.calls)

    @property
    def unpriced(self) -> tuple[str, ...]:
        return tuple(call.name for call in self.calls if call.cost_microdollars is None)

    def affordable(self, call: CallEstimate) -> bool:
        """Whether the budgets would bear this call now. One without a price fits into no budget."""
        cost = call.cost_microdollars
        if self.limits.none or cost == 0:
            return True
        if cost is None:
            return False
        month, run = self.limits.month, self.limits.run
        return (month is None or self.spent_microdollars + cost <= month) and (run is None or cost <= run)


async def estimate_run(
    db: Database, estimate: EstimateCalls, *, clock: Clock, limits: Limits = NO_LIMITS
) -> RunEstimate:
    """By the library as it was read last. Raises Conflict before the first time."""
    library = await read_snapshot(db)
    if library is None:
        raise Conflict(
            "The library has not been read yet, so that no prompt can be written.",
            remedy="Start a run, or wait until the server has read it.",
        )
    async with db.reading() as connection:
        memory = await recommendations.memory(connection)
        spent = await spent_since(connection, start_of_month(clock()))
    return RunEstimate(await estimate(library, memory), spent, limits)
