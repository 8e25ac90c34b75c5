"""What became of a recommendation, judged by what a Lidarr shows of it: (known, seen) → events."""

from datetime import datetime, timedelta

import msgspec

from brainarr.domain.life import STEPS, Event
from brainarr.domain.recommendation import Status

KEPT_AFTER = timedelta(days=30)


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What a Lidarr shows of one artist or album, at one moment."""

    listed: bool | None
    """Whether it is in the library; None: that could not be read just now."""
    monitored: bool = False
    files: int = 0
    excluded: bool = False
    """Lidarr's exclusions name it, or its artist."""

    @property
    def wanted(self) -> bool:
        """Lidarr gets it, or has something of it."""
        return bool(self.listed) and (self.monitored or self.files > 0)


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What is known of one recommendation so far."""

    status: Status
    is_album: bool
    imported_at: datetime | None = None
    monitored: bool | None = None
    """As it was seen last; None: it never was."""
    settled_at: datetime | None = None
    """When it was found to be kept, or removed."""


_NOT_IN_YET = frozenset({Status.PENDING, Status.APPROVED, Status.DELIVERED, Status.FAILED})
_IN = frozenset({Status.IMPORTED, Status.KEPT})


def is_there(seen: Seen, *, is_album: bool) -> bool:
    """Whether the library holds it. Lidarr lists every album of an artist that it has: one of them is held
    when Lidarr monitors it, or has files of it. An artist is held by being there, monitored or not."""
    return seen.wanted if is_album else bool(seen.listed)


def what_happened(
    known: Standing, seen: Seen, now: datetime, seen_at: datetime, *, sure: bool = False
) -> tuple[Event, ...]:
    """The events since it was last looked at, in order; none: everything is as it was, or cannot be told.

    pending, approved, delivered, failed → imported: it is there, however it came. The same and imported,
    kept → removed (`excluded`): it is not, and Lidarr's exclusions name it. imported, kept → removed: it is
    gone; or it was monitored, is not any more, and has no files. imported → kept: it is there for 30 days, if
    that is `sure`, because all of it was read just now. removed → imported: it is wanted again.
    """
    there = is_there(seen, is_album=known.is_album)
    if known.status in _NOT_IN_YET:
        if there:
            return (Event.IMPORTED,)
        return (Event.EXCLUDED,) if seen.excluded else ()
    if known.status is Status.REMOVED:
        # What was seen before it was removed is not news.
        later = known.settled_at is None or known.settled_at <= seen_at
        return (Event.IMPORTED,) if later and seen.wanted and not seen.excluded else ()
    if known.status not in _IN or seen.listed is None:
        return ()
    if known.imported_at is None or known.imported_at > seen_at:
        return ()
    if not seen.listed:
        return (Event.EXCLUDED,) if seen.excluded else (Event.REMOVED,)
    let_go = known.monitored is True and not seen.monitored
    if not there or (let_go and not seen.files):
        return (Event.REMOVED,) if known.monitored is False else (Event.UNMONITORED, Event.REMOVED)
    told = (Event.UNMONITORED,) if let_go else ()
    if sure and known.status is Status.IMPORTED and now - known.imported_at >= KEPT_AFTER:
        return (*told, Event.KEPT)
    return told


def state_after(status: Status, events: tuple[Event, ...]) -> Status:
    for event in events:
        status = STEPS[event].to or status
    return status
