"""Outages of the metadata server behind a Lidarr: as long as one lasts nothing is carried, for any new item
would make the sync fail."""

from datetime import datetime, timedelta

import msgspec

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
TOLD_AFTER = timedelta(minutes=15)
"""A shorter one is over before anybody could do anything."""


class Outage(msgspec.Struct, frozen=True):
    since: datetime
    reason: str
    """In the words of who was asked."""
    probes: int
    """How often it has been found still away."""
    next_probe_at: datetime

    def is_due(self, now: datetime) -> bool:
        # A clock that was set back must not make it last.
        return now >= self.next_probe_at or self.next_probe_at - now > LONGEST_PAUSE

    def lasts(self, now: datetime) -> bool:
        """Whether somebody should hear of it."""
        return now - self.since >= TOLD_AFTER


def begun(reason: str, now: datetime) -> Outage:
    return Outage(now, reason, 0, now + FIRST_PAUSE)


def goes_on(outage: Outage, reason: str, now: datetime) -> Outage:
    """A probe found it away still: the next one comes after twice the pause."""
    probes = outage.probes + 1
    pause = min(FIRST_PAUSE * 2 ** min(probes, 10), LONGEST_PAUSE)
    return Outage(outage.since, reason, probes, now + pause)
