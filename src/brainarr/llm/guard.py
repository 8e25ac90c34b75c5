"""What stands between the chain and each provider, for as long as Brainarr runs: its breaker and its pace."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from brainarr.llm.breaker import Breaker
from brainarr.llm.models import Link
from brainarr.llm.pace import Pace, Sleep
from brainarr.pipeline.ports import BreakerState, Clock

AT_ONCE_AT_HOME = 1
AT_ONCE_ELSEWHERE = 4


@dataclass(frozen=True)
class Guard:
    breaker: Breaker
    pace: Pace


def open_guards(
    links: Sequence[Link],
    circuits: BreakerState,
    clock: Clock,
    rng: random.Random,
    *,
    sleep: Sleep = asyncio.sleep,
) -> dict[str, Guard]:
    """One for each entry with a model, by its name; every run's chain is handed the same."""
    return {
        entry.name: Guard(
            Breaker(entry, circuits, clock),
            Pace(
                requests=entry.requests_per_minute,
                tokens=entry.tokens_per_minute,
                at_once=entry.concurrency or (AT_ONCE_AT_HOME if entry.local else AT_ONCE_ELSEWHERE),
                rng=rng,
                sleep=sleep,
            ),
        )
        for entry in (link.entry for link in links if link.model is not None)
    }
