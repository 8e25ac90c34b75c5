"""Undo: takes the last decision on a recommendation back, so that everything is what it was before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import CLEARED_FOR
from brainarr.domain.life import ON_THE_WAY, STEPS, Actor, Event, replay
from brainarr.domain.recommendation import Status
from brainarr.service.blocks import release
from brainarr.store import recommendations
from brainarr.store.history import HistoryRow, lives_of, write_history
from brainarr.store.lists import want_syncs
from brainarr.store.recommendations import RecommendationRow

NEVER_SENT = {
    "deliveries": 0,
    "first_delivered_at": None,
    "delivered_at": None,
    "attempts": 0,
    "tried_at": None,
    "failure": None,
    "remedy": None,
    "given_up_at": None,
    "lookup_failures": 0,
    "proven_at": None,
}
"""Nothing of it has reached Lidarr, or its next try has to count anew."""

AS_BEFORE = "as before"
"""The note of a decision that an undo has restored."""

_DECISIONS = {Event.APPROVED, Event.REJECTED, Event.BLOCKED}
# What was delivered goes out once more; what was taken out of the library is unwanted, as if rejected.
_RESTORED = {
    **dict.fromkeys(ON_THE_WAY, Event.APPROVED),
    **dict.fromkeys((Status.REJECTED, Status.REMOVED), Event.REJECTED),
}


async def take_back(connection: AsyncConnection, row: RecommendationRow, now: datetime, actor: Actor) -> None:
    """Of an approved, rejected or blocked one, within a transaction.

    "Never again" blocked the artist: that block goes too, and whatever else it had withdrawn comes back.
    Raises Conflict while another block forbids it.
    """
    if row.status is Status.BLOCKED:
        freed = await release(connection, row, now, actor)
    else:
        freed = [row]
        changes = {**NEVER_SENT, "decided_at": None, "note": ""}
        await recommendations.set_status(connection, [row.id], Status.PENDING, **changes)
        await write_history(connection, freed, Event.UNDONE, now, actor=actor)
    lives = await lives_of(connection, [one.id for one in freed])
    for one in freed:
        if earlier := _earlier(lives.get(one.id, ())):
            status = STEPS[earlier.event].to or one.status
            # Of then: else an automatic approval would count as a person's.
            decided = {"decided_at": earlier.at, "note": earlier.note}
            await recommendations.set_status(connection, [one.id], status, **NEVER_SENT, **decided)
            await write_history(connection, [one], earlier.event, now, actor=actor, note=AS_BEFORE)
    await want_syncs(connection, [one.id for one in freed], now, cleared_since=now - CLEARED_FOR)


def _earlier(life: Sequence[HistoryRow]) -> HistoryRow | None:
    """The decision that held before the last one; None: it waited for one, or its history is forgotten."""
    decisions = [place for place, told in enumerate(life) if told.event in _DECISIONS]
    if not decisions or (last := decisions[-1]) == 0:
        return None
    before, took_back = life[:last], life[last - 1]
    # Who approves what was rejected takes that back first: both are one decision.
    if took_back.event is Event.UNDONE and took_back.at == life[last].at and life[last].note != AS_BEFORE:
        before = before[:-1]
    status = replay(told.event for told in before)[-1] if before else None
    wanted = _RESTORED.get(status) if status else None
    return next((told for told in reversed(before) if told.event is wanted), None)
