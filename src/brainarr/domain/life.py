"""The life of a recommendation as a state machine: what can happen, in which state, and where it leads.

`pending → approved → delivered → imported → kept | removed`; or `rejected`, `blocked`, `failed`. What Lidarr
shows may shorten the way, and lead back: what was added by hand is imported, what was kept may be removed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from brainarr.domain.recommendation import Status


class Event(StrEnum):
    """What can happen to a recommendation."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    UNDONE = "undone"
    """A decision was taken back."""
    DELIVERED = "delivered"
    """A list carried it for the first time since its approval."""
    PUSHED = "pushed"
    ATTEMPTED = "attempted"
    """A push was not answered: that says something of Lidarr, and nothing of what was pushed."""
    FAILED = "failed"
    """Lidarr refused it for good."""
    RETRIED = "retried"
    GIVEN_UP = "given up"
    IMPORTED = "imported"
    PLAYED = "played"
    KEPT = "kept"
    REMOVED = "removed"
    """It was in the library, and is not any more."""
    GRABBED = "grabbed"
    """Lidarr sent a release of it to a download client."""
    DOWNLOADED = "downloaded"
    """Files of it came into the library."""
    DOWNLOAD_FAILED = "download failed"
    """Lidarr tries another release by itself."""
    UNMONITORED = "unmonitored"
    """Somebody told Lidarr to get no more of it; without any files it is removed with that."""
    ADDED = "added"
    """Albums of its artist that were chosen on its page went to Lidarr, others than what it proposed."""
    EXCLUDED = "excluded"
    """Lidarr's exclusions name it, and the library does not hold it."""
    HELD = "held"
    """A list sync failed that had received it: it waits for its trial."""
    RELEASED = "released"
    """It was not what made the sync fail."""
    MERGED = "merged"
    """MusicBrainz has merged its identifier into another one, which it is called by from now on."""
    MOVED = "moved"
    """Its list was deleted, and it goes on in another one."""


class Actor(StrEnum):
    """Who caused an event."""

    PERSON = "person"
    """By a command, or on a page."""
    API = "api"
    """A program that has the API key."""
    AUTOMATIC = "automatic"
    """A setting or a block, without anybody deciding at that moment."""
    SCHEDULE = "schedule"
    LIDARR = "lidarr"
    """Seen in Lidarr, or answered by it."""


class Failure(StrEnum):
    """Why Lidarr did not take something in, as far as it says."""

    REFUSED = "refused"
    """It validated the very thing that was sent, and said no."""
    KEY = "key"
    """It refuses our API key."""
    SETUP = "setup"
    """It, or its address in our settings, is not set up for it: no root folder, no profile, a redirect."""
    AWAY = "away"
    UNREADABLE = "unreadable"
    SYNC = "sync"
    """It makes Lidarr's list syncs fail, or would."""
    VANISHED = "vanished"
    """Lidarr's metadata does not know it any more."""


class Step(msgspec.Struct, frozen=True):
    """Where an event leads (None: the state stays), and in which states it can happen."""

    to: Status | None
    begins: frozenset[Status]


ON_THE_WAY = frozenset({Status.APPROVED, Status.DELIVERED})
IN_THE_LIBRARY = frozenset({Status.IMPORTED, Status.KEPT})
ENDS = frozenset({Status.KEPT, Status.REMOVED, Status.REJECTED, Status.BLOCKED})
"""Brainarr does no more of it by itself. `failed` is none: it can be tried again."""
_AT_LIDARR = frozenset({*ON_THE_WAY, *IN_THE_LIBRARY, Status.FAILED})


def _step(to: Status | None, *begins: Status) -> Step:
    return Step(to, frozenset(begins))


# What Lidarr has received cannot be unsaid, only blocked or given up; what it has taken in is its own affair.
STEPS: Mapping[Event, Step] = MappingProxyType(
    {
        Event.PROPOSED: _step(Status.PENDING),
        Event.APPROVED: _step(Status.APPROVED, Status.PENDING),
        Event.REJECTED: _step(Status.REJECTED, Status.PENDING, Status.APPROVED, Status.FAILED),
        Event.BLOCKED: _step(
            Status.BLOCKED,
            Status.PENDING,
            *ON_THE_WAY,
            Status.FAILED,
            # A stronger no.
            Status.REJECTED,
            Status.REMOVED,
        ),
        Event.UNBLOCKED: _step(Status.PENDING, Status.BLOCKED),
        Event.UNDONE: _step(Status.PENDING, Status.APPROVED, Status.REJECTED),
        Event.DELIVERED: _step(Status.DELIVERED, Status.APPROVED),
        Event.PUSHED: _step(Status.DELIVERED, *ON_THE_WAY),
        Event.ATTEMPTED: _step(None, *ON_THE_WAY),
        Event.FAILED: _step(Status.FAILED, *ON_THE_WAY),
        Event.ADDED: _step(None, *(set(Status) - {Status.BLOCKED})),
        Event.RETRIED: _step(Status.APPROVED, Status.FAILED, Status.DELIVERED),
        Event.GIVEN_UP: _step(Status.FAILED, Status.FAILED, Status.DELIVERED),
        # People help themselves: they add by hand what waits or failed, and what they had removed.
        Event.IMPORTED: _step(Status.IMPORTED, *ON_THE_WAY, Status.PENDING, Status.FAILED, Status.REMOVED),
        Event.PLAYED: _step(None, *IN_THE_LIBRARY),
        Event.KEPT: _step(Status.KEPT, Status.IMPORTED),
        Event.GRABBED: _step(None, *_AT_LIDARR),
        Event.DOWNLOADED: _step(None, *_AT_LIDARR),
        Event.DOWNLOAD_FAILED: _step(None, *_AT_LIDARR),
        Event.UNMONITORED: _step(None, *IN_THE_LIBRARY),
        Event.REMOVED: _step(Status.REMOVED, *IN_THE_LIBRARY),
        Event.EXCLUDED: _step(Status.REMOVED, Status.PENDING, *_AT_LIDARR),
        Event.HELD: _step(None, *ON_THE_WAY),
        Event.RELEASED: _step(None, *ON_THE_WAY),
        Event.MERGED: _step(None, *Status),
        Event.MOVED: _step(None, Status.PENDING, *ON_THE_WAY, Status.FAILED),
    }
)


def replay(events: Iterable[Event]) -> tuple[Status | None, ...]:
    """The state after each event of a life told in order; None before it was proposed.

    What was stored before there were all of these events may leave steps out: the state is then what the
    last event that names one says.
    """
    status: Status | None = None
    states: list[Status | None] = []
    for event in events:
        status = STEPS[event].to or status
        states.append(status)
    return tuple(states)
