"""What a failure costs an import list or a notification (contract B)."""

from datetime import datetime, timedelta

from brainarr.sandbox.lidarr.held import Outward

BACK_OFF = tuple(timedelta(minutes=m) for m in (0, 1, 5, 15, 30, 60, 180, 360, 720, 1440))
STARTUP_GRACE = timedelta(minutes=15)
STARTUP_CAP = timedelta(minutes=5)
NOTIFICATION_GRACE = timedelta(minutes=5)
"""After the first failure of a notification, which does not block it yet."""
NOTIFICATION_LEVELS = 5


def record_success(called: Outward) -> None:
    called.level = max(0, called.level - 1)
    called.blocked_until = None


def record_failure(
    called: Outward,
    now: datetime,
    started: datetime,
    *,
    grace: timedelta = timedelta(0),
    highest: int = len(BACK_OFF) - 1,
) -> None:
    starting = now < started + STARTUP_GRACE
    first = called.level == 0
    if first:
        called.level, called.first_failure = 1, now
    patient = called.first_failure is not None and now < called.first_failure + grace
    if not (first or starting or patient):
        called.level = min(highest, called.level + 1)
    if not patient:
        pause = BACK_OFF[called.level]
        called.blocked_until = now + (min(pause, STARTUP_CAP) if starting else pause)
