"""Lidarr's list syncs: what one came to, and which of them received what a feed carried.

Lidarr keeps a finished command for five minutes at least (`GET /api/v1/command`), and does one list sync at a
time.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from brainarr.domain.music import Mbid, parse_mbid

SLACK = timedelta(seconds=30)
"""How far the clocks of Lidarr and Brainarr may differ: its scheduler begins a sync every five minutes."""

HELD = timedelta(minutes=1)
"""For so long the same answer of a feed goes out again without being noted."""

PATIENCE = timedelta(minutes=10)
"""A poll that no sync is known of by then was somebody else's, or its sync is forgotten."""


class Outcome(StrEnum):
    """What the sync that received a delivery came to."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Neither acquits nor convicts."""


class ListSync(msgspec.Struct, frozen=True):
    """One ImportListSync of Lidarr's, by its clock."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    """At the latest. None: it is under way."""
    failed: bool = False
    message: str = ""
    """Of a failure: Lidarr's words."""

    def distance(self, at: datetime, now: datetime) -> timedelta:
        """How far from it that moment is; nothing: it lies within."""
        end = self.ended_at or now
        return max(self.started_at - at, at - end, timedelta())


class Received(msgspec.Struct, frozen=True):
    """What became of a delivery, and which sync received it."""

    outcome: Outcome
    sync: ListSync | None = None


def receipt(polled_at: datetime, syncs: Iterable[ListSync], now: datetime) -> Received | None:
    """What the poll of that moment came to; None: that is not known yet.

    It is the sync's within whose time the poll lies, else the nearest one's within `SLACK`, else that of one
    that failed and may have been given the same answer again.
    """
    known = tuple(syncs)
    near = [sync for sync in known if sync.distance(polled_at, now) <= SLACK]
    if near:
        # Of two that are as near, the one that failed: a suspicion can be lifted.
        nearest = min(near, key=lambda sync: (sync.distance(polled_at, now), not sync.failed))
        if nearest.ended_at is None:
            return None
        return Received(Outcome.FAILED if nearest.failed else Outcome.PASSED, nearest)
    again = (
        sync for sync in known if sync.failed and timedelta() <= sync.started_at - polled_at <= HELD + SLACK
    )
    if (sync := next(again, None)) is not None:
        return Received(Outcome.FAILED, sync)
    return Received(Outcome.UNKNOWN) if now - polled_at > PATIENCE else None


_MBID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def named_in(message: str) -> frozenset[Mbid]:
    """The identifiers that a failure names: Lidarr's words have the address that it asked in vain."""
    return frozenset(mbid for text in _MBID.findall(message) if (mbid := parse_mbid(text)))
