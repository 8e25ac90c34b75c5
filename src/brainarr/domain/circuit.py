"""A provider's circuit breaker as facts and rules: pure functions from one circuit to the next.

closed: questions pass. open: none does until `try_at`. half open: one question is on trial, and decides.
https://martinfowler.com/bliki/CircuitBreaker.html
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable

WINDOW = 10
"""Answers that are remembered, good and bad."""

WINDOW_AGE = timedelta(days=1)
"""What lies further back says nothing about today."""

LEAST_FAILURES = 3
"""A window opens the circuit with so many failures, when they are at least half of it."""

FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(hours=1)
"""An open circuit rests that long before a trial: twice as long after each failed one, up to the second."""

LONG_PAUSE = timedelta(seconds=15)
"""A server that wants to be left alone for longer is not waited for: its circuit opens until then."""

LONGEST_PAUSE = timedelta(days=1)

TRIAL = timedelta(minutes=15)
"""A trial that did not end within this was lost with its process; another one may begin."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Cause(StrEnum):
    """What opened a circuit, which is what must be disproved before it closes."""

    PROBE = "probe"
    """It cannot be reached, or does not pass a probe: a good probe closes."""
    ANSWERS = "answers"
    """It can be reached, but what it answers is of no use: only a good answer closes."""
    PAUSE = "pause"
    """The server asked to be left alone: only time helps."""
    KEY = "key"
    """The key was refused: latched until another one is configured."""


class Mark(msgspec.Struct, frozen=True):
    """One answer in the window."""

    at: datetime
    good: bool


class Circuit(msgspec.Struct, frozen=True):
    """One provider's circuit, as it is stored and shown."""

    state: State
    since: datetime
    setup: str
    """Fingerprint of the entry's address, model and key: another one has nothing to do with this past."""
    reason: str = ""
    """For people: what opened it, and what to do about it."""
    cause: Cause | None = None
    """None while it is closed."""
    try_at: datetime | None = None
    """When the next trial may begin; None while closed, and while latched."""
    trips: int = 0
    """How often it opened since the last good answer."""
    recent: tuple[Mark, ...] = ()
    """The window, oldest first."""


Rule = Callable[[Circuit, datetime], Circuit]
"""From one circuit to the next, at a moment."""


def closed(setup: str, now: datetime) -> Circuit:
    """A circuit without a past."""
    return Circuit(State.CLOSED, now, setup)


def current(remembered: Circuit | None, setup: str, now: datetime) -> Circuit:
    """What is remembered, unless it is of another key, model or address."""
    return remembered if remembered and remembered.setup == setup else closed(setup, now)


def refuses(circuit: Circuit, now: datetime) -> bool:
    """Whether no question may pass at `now`."""
    return circuit.state is not State.CLOSED and (circuit.try_at is None or now < circuit.try_at)


def entered(circuit: Circuit, now: datetime) -> Circuit:
    """A question passes, if it may: an open circuit is on trial from then on."""
    if circuit.state is State.CLOSED or refuses(circuit, now):
        return circuit
    return msgspec.structs.replace(circuit, state=State.HALF_OPEN, since=now, try_at=now + TRIAL)


def left(circuit: Circuit, now: datetime) -> Circuit:
    """The question on trial was called off: the next one may try at once."""
    if circuit.state is not State.HALF_OPEN:
        return circuit
    return msgspec.structs.replace(circuit, state=State.OPEN, since=now, try_at=now)


def answered(circuit: Circuit, now: datetime) -> Circuit:
    """A question was answered well."""
    recent = _window(circuit, now, good=True)
    if circuit.state is not State.CLOSED:
        return msgspec.structs.replace(closed(circuit.setup, now), recent=recent[-1:])
    return msgspec.structs.replace(circuit, trips=0, recent=recent)


def failed(
    circuit: Circuit, now: datetime, reason: str, cause: Cause, pause: timedelta | None = None
) -> Circuit:
    """A question failed. `pause` is what the server asked for in Retry-After."""
    recent = _window(circuit, now, good=False)
    if cause is Cause.KEY:
        return _opened(circuit, now, reason, cause, recent)
    if pause is not None and pause > LONG_PAUSE:
        return _opened(circuit, now, reason, Cause.PAUSE, recent, pause)
    failures = sum(not mark.good for mark in recent)
    enough = failures >= (1 if circuit.trips else LEAST_FAILURES) and failures * 2 >= len(recent)
    if circuit.state is State.CLOSED and not enough:
        return msgspec.structs.replace(circuit, recent=recent)
    if circuit.state is State.OPEN:
        # A question from before it opened: nothing new, and no reason to rest longer.
        return circuit
    return _opened(circuit, now, reason, cause, recent, pause)


def probed(circuit: Circuit, now: datetime) -> Circuit:
    """A probe went well. It closes what a failed one opened; trips are forgiven by a good answer only."""
    if circuit.cause is not Cause.PROBE or _on_trial(circuit, now):
        return circuit
    return msgspec.structs.replace(closed(circuit.setup, now), trips=circuit.trips)


def unproved(circuit: Circuit, now: datetime, reason: str, cause: Cause = Cause.PROBE) -> Circuit:
    """A probe failed: whoever does not even pass that would fail a question too."""
    if circuit.cause is Cause.KEY or _on_trial(circuit, now):
        return circuit
    opened = _opened(circuit, now, reason, cause, circuit.recent)
    if circuit.state is State.CLOSED or cause is Cause.KEY:
        return opened
    later = max(filter(None, (circuit.try_at, opened.try_at)))
    return msgspec.structs.replace(opened, since=circuit.since, try_at=later)


def pardoned(circuit: Circuit, now: datetime) -> Circuit:
    """A person tested it and it passed: whatever opened it, the next question may try."""
    circuit = probed(circuit, now)
    if circuit.state is State.CLOSED or _on_trial(circuit, now):
        return circuit
    return msgspec.structs.replace(circuit, try_at=now)


def _on_trial(circuit: Circuit, now: datetime) -> bool:
    return circuit.state is State.HALF_OPEN and refuses(circuit, now)


def _window(circuit: Circuit, now: datetime, *, good: bool) -> tuple[Mark, ...]:
    fresh = (mark for mark in circuit.recent if now - mark.at < WINDOW_AGE)
    return (*fresh, Mark(now, good))[-WINDOW:]


def _opened(
    circuit: Circuit,
    now: datetime,
    reason: str,
    cause: Cause,
    recent: tuple[Mark, ...],
    pause: timedelta | None = None,
) -> Circuit:
    rest = min(FIRST_REST * 2 ** min(circuit.trips, 20), LONGEST_REST)
    rest = max(rest, min(pause or rest, LONGEST_PAUSE))
    return Circuit(
        state=State.OPEN,
        since=now,
        setup=circuit.setup,
        reason=reason[:300],
        cause=cause,
        try_at=None if cause is Cause.KEY else now + rest,
        trips=circuit.trips + 1,
        recent=recent,
    )


def cause_of(error: ProviderError) -> Cause:
    """What an error says of the one who made it."""
    if isinstance(error, ProviderRejected):
        if error.status in (401, 403):
            return Cause.KEY
        # Refused without a status: what is configured is not there. A probe notices when that changes.
        return Cause.ANSWERS if error.status else Cause.PROBE
    if isinstance(error, ProviderUnavailable):
        if error.status == 429:
            return Cause.PAUSE
        return Cause.ANSWERS if error.reached else Cause.PROBE
    return Cause.ANSWERS


def explained(circuit: Circuit) -> str:
    """A circuit that is not closed, in words: since when, why, until when."""
    if circuit.state is State.HALF_OPEN:
        return f"its breaker has one question on trial since {_shown(circuit.since)}: {circuit.reason}"
    until = (
        f"It is tried again at {_shown(circuit.try_at)}."
        if circuit.try_at
        else "It is tried again with another key, or once a test of it passes."
    )
    return f"its breaker is open since {_shown(circuit.since)}: {circuit.reason} {until}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
