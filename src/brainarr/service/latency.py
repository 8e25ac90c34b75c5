"""How long providers take: of questions to models, and of what a source contributed to a run."""

from datetime import timedelta

import msgspec

from brainarr.pipeline.ports import Clock
from brainarr.store import usage
from brainarr.store.session import Database

WINDOW = timedelta(days=30)
MOST_CALLS = 5_000
"""The newest of all; a percentile does not need more."""


class Latency(msgspec.Struct, frozen=True):
    """Of one provider's questions within the window, in seconds."""

    calls: int
    median: float
    slow: float
    """95 of 100 were answered within this."""


async def read_latencies(db: Database, *, clock: Clock) -> dict[str, Latency]:
    """By provider; who was not asked is left out."""
    async with db.reading() as connection:
        times = await usage.call_times(connection, clock() - WINDOW, MOST_CALLS)
    return {provider: _latency(sorted(seconds)) for provider, seconds in times.items()}


def _latency(seconds: list[float]) -> Latency:
    return Latency(len(seconds), _nearest_rank(seconds, 50), _nearest_rank(seconds, 95))


def _nearest_rank(ordered: list[float], percent: int) -> float:
    """https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method"""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
