"""Deliveries: what one Lidarr's feeds may carry at the moment, and why not more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from brainarr.domain.outage import Outage
from brainarr.domain.quarantine import OPEN, Quarantine

CYCLE = 50
"""Items that Lidarr lacks in one sync, all its feeds together: each costs it several metadata calls."""

CLEARED_FOR = timedelta(hours=24)
"""So long a lookup of Lidarr's vouches for an identifier."""

LOOKED_UP_AFTER = CLEARED_FOR - timedelta(hours=1)
"""Then it is asked for again."""


class Mode(StrEnum):
    """How the feeds of one Lidarr are."""

    OPEN = "open"
    QUARANTINE = "quarantine"
    """Suspects of a failed sync go out group by group, everything else waits."""
    OUTAGE = "outage"
    """Nothing goes out: Lidarr's metadata server is away."""


class Reason(StrEnum):
    """Why something that is on its way does not go out."""

    LOOKUP = "lookup"
    """Lidarr's own lookup has not confirmed it yet."""
    SEARCH = "search"
    """The feeds are in a quarantine, and this is not its turn."""
    OUTAGE = "outage"


class FailedSync(msgspec.Struct, frozen=True):
    """The latest list sync that failed."""

    at: datetime
    message: str
    ours: bool | None = None
    """Whether what we carried was the reason; None: that is being found out."""


class DeliveryState(msgspec.Struct, frozen=True):
    """What is remembered of one Lidarr between two polls."""

    quarantine: Quarantine = OPEN
    outage: Outage | None = None
    failure: FailedSync | None = None
    asked_at: datetime | None = None
    """When Lidarr was last asked to sync for the search."""
    asked_trial: int = -1
    trial_since: datetime | None = None
    """When Lidarr was first asked in that trial."""
    controls_failed: int = 0
    """In a row: what fails without us is asked for ever more rarely."""
    lost: int = 0
    """Deliveries in a row of which no sync is known that received them."""
    unreachable: str | None = None
    """Why Lidarr's API could not be asked at the last look."""

    @property
    def mode(self) -> Mode:
        if self.outage is not None:
            return Mode.OUTAGE
        return Mode.QUARANTINE if self.quarantine.groups else Mode.OPEN


def allowance(mine: int, others: Sequence[int], carried_by_others: int) -> int:
    """How many of the `mine` due items that Lidarr lacks a feed may carry, given how many are due in the
    other feeds that Lidarr fetches and how many of those it has just been given in the same sync.

    Max-min fair: every feed gets an equal share of the `CYCLE`, and what some leave of theirs goes to the
    rest. One that is fetched every 15 minutes must not starve one that is fetched every six hours.
    """
    left, feeds = CYCLE, len(others) + 1
    for due in sorted(others):
        if due > left // feeds:
            break
        left, feeds = left - due, feeds - 1
    return max(0, min(mine, left // feeds, CYCLE - carried_by_others))
