"""What became of a recommendation → its label: how much it was wanted (SCIENCE §3)."""

import math

import msgspec

from brainarr.domain.recommendation import Status

IGNORED_AFTER_DAYS = 14
"""A recommendation that waits so long was passed over."""

UNPLAYED_AFTER_DAYS = 60
"""An import that was never played by then says a little less."""

_NO = {Status.REJECTED: -1.0, Status.BLOCKED: -1.0, Status.REMOVED: -1.0}
_YES = {Status.APPROVED: 0.6, Status.DELIVERED: 0.6, Status.FAILED: 0.6, Status.IMPORTED: 0.8}
_KEPT = 1.0
_IGNORED = -0.1
# A hundred plays make half a yes more; a first one makes a tenth.
_PLAYED, _MANY_PLAYS = 0.5, 100
_UNPLAYED = -0.2
# Who asks for more like it, or less, has said something of it too.
_LIKED = 0.5


class Fate(msgspec.Struct, frozen=True):
    """What has become of one recommendation so far."""

    status: Status
    automatic: bool = False
    """It was approved by the setting, not by a person."""
    days_waiting: float = 0.0
    """Since it was recommended."""
    days_imported: float = 0.0
    """Since it was taken into the library."""
    plays: int | None = None
    """Of its artist; None: nobody counts them."""
    liking: int = 0
    """1: more like this; −1: less."""
    was_kept: bool = False
    """It was in the library for a month at least, and has been removed since."""


def label_of(fate: Fate) -> float:
    """From −1 (not wanted) to 1.5 (kept, and played often); 0: nothing is known yet."""
    label = _by_status(fate) + _by_plays(fate)
    if fate.liking:
        return max(_LIKED, label) if fate.liking > 0 else min(-_LIKED, label)
    return label


def _by_status(fate: Fate) -> float:
    if fate.status is Status.REMOVED and fate.was_kept:
        # A yes, and later a no: whoever has had enough of something has liked it.
        return _KEPT + _NO[Status.REMOVED]
    if fate.status in _NO:
        return _NO[fate.status]
    if fate.status is Status.PENDING:
        return _IGNORED if fate.days_waiting >= IGNORED_AFTER_DAYS else 0.0
    if fate.status is Status.KEPT:
        return _KEPT
    # What the setting approved, and Lidarr took, nobody has judged yet.
    return 0.0 if fate.automatic else _YES[fate.status]


def _by_plays(fate: Fate) -> float:
    if fate.plays is None or fate.status not in (Status.IMPORTED, Status.KEPT):
        return 0.0
    if fate.plays:
        return _PLAYED * min(1.0, math.log1p(fate.plays) / math.log1p(_MANY_PLAYS))
    return _UNPLAYED if fate.days_imported >= UNPLAYED_AFTER_DAYS else 0.0
