"""Recommendations: reading them, and deciding on them by the state machine of domain/life.py."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import CLEARED_FOR, LOOKED_UP_AFTER
from brainarr.domain.life import STEPS, Actor, Event
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.blocks import covering, never_again
from brainarr.service.retiring import rehome
from brainarr.service.troubles import PATIENCE, stuck_since
from brainarr.service.undo import NEVER_SENT, take_back
from brainarr.store import lists, recommendations
from brainarr.store.history import write_history
from brainarr.store.jobs import DELIVERIES, insert_job
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.runs import SCHEDULE
from brainarr.store.session import Database


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    BLOCK = "block"
    UNDO = "undo"
    """Takes the last decision back; of "never again", the block of the artist too."""
    RETRY = "retry"
    """Tries once more what failed or got stuck."""
    GIVE_UP = "give-up"
    """Tries it no more. It is no rejection: nothing is learnt from it."""


class Decided(msgspec.Struct, frozen=True):
    """What became of one id of a bulk decision: its new status, or why it could not be done."""

    id: int
    status: Status | None
    problem: str | None = None
    changed: bool = False
    """Whether it was anything else before."""


EVENTS = {
    Decision.APPROVE: Event.APPROVED,
    Decision.REJECT: Event.REJECTED,
    Decision.BLOCK: Event.BLOCKED,
    Decision.UNDO: Event.UNDONE,
    Decision.RETRY: Event.RETRIED,
    Decision.GIVE_UP: Event.GIVEN_UP,
}
"""What a decision is in the state machine (domain/life.py), which says when it can be taken."""

TOUCHES_EXCLUSIONS = frozenset({Decision.BLOCK, Decision.UNDO})
"""After these there may be work for the worker: an exclusion to write into Lidarr, or to lift."""

# Where a decision has nothing left to do: asked twice, it is one.
_ALREADY = {
    Decision.APPROVE: {Status.APPROVED, Status.DELIVERED, Status.IMPORTED, Status.KEPT},
    Decision.REJECT: {Status.REJECTED, Status.BLOCKED},
    Decision.BLOCK: {Status.BLOCKED},
    Decision.UNDO: {Status.PENDING},
    Decision.RETRY: {Status.APPROVED},
    Decision.GIVE_UP: set[Status](),
}


async def list_recommendations(
    db: Database, asked: PageOf = FIRST_PAGE, *, status: Status | None = None, list_slug: str | None = None
) -> Page[RecommendationRow]:
    """Newest run first, in the run's order."""
    async with db.reading() as connection:
        return await recommendations.page_of_recommendations(
            connection, asked, status=status, list_slug=list_slug
        )


async def count_recommendations(db: Database) -> dict[Status, int]:
    async with db.reading() as connection:
        return await recommendations.status_counts(connection)


async def read_recommendation(db: Database, recommendation_id: int) -> RecommendationRow:
    """Raises NotFound."""
    async with db.reading() as connection:
        return await find(connection, recommendation_id)


async def decide(
    db: Database,
    recommendation_id: int,
    decision: Decision,
    *,
    clock: Clock,
    note: str = "",
    actor: Actor = Actor.PERSON,
    exclude_in: Collection[str] = (),
) -> RecommendationRow:
    """Raises NotFound, and Conflict when its state forbids it; deciding the same twice changes nothing.

    `exclude_in`: Lidarrs whose exclusions are to name an artist that is blocked.
    """
    now = clock()
    async with db.transaction() as connection:
        await _decide(connection, recommendation_id, decision, now, note, actor, exclude_in)
        await rehome(connection, now, actor)
        return await find(connection, recommendation_id)


async def decide_many(
    db: Database,
    ids: Sequence[int],
    decision: Decision,
    *,
    clock: Clock,
    note: str = "",
    actor: Actor = Actor.PERSON,
    exclude_in: Collection[str] = (),
) -> tuple[Decided, ...]:
    """Decides on each as `decide` would; one that cannot be done does not stop the others."""
    now = clock()
    outcomes: list[Decided] = []
    async with db.transaction() as connection:
        for recommendation_id in dict.fromkeys(ids):
            try:
                row, changed = await _decide(
                    connection, recommendation_id, decision, now, note, actor, exclude_in
                )
                outcomes.append(Decided(row.id, row.status, changed=changed))
            except (NotFound, Conflict) as error:
                outcomes.append(Decided(recommendation_id, None, str(error)))
        await rehome(connection, now, actor)
    return tuple(outcomes)


async def _decide(
    connection: AsyncConnection,
    recommendation_id: int,
    decision: Decision,
    now: datetime,
    note: str,
    actor: Actor,
    exclude_in: Collection[str],
) -> tuple[RecommendationRow, bool]:
    """What it is now, and whether that is anything else than before."""
    row = await find(connection, recommendation_id, to_change=True)
    if row.status in _ALREADY[decision] or (decision is Decision.GIVE_UP and row.given_up_at):
        return row, False
    if decision is Decision.APPROVE and row.status is Status.FAILED:
        decision = Decision.RETRY
    event = EVENTS[decision]
    if decision is Decision.UNDO and row.status is Status.BLOCKED:
        event = Event.UNBLOCKED
    # Who approves what was rejected takes that back first: a life tells both.
    back = decision is Decision.APPROVE and row.status is Status.REJECTED
    if not back and row.status not in STEPS[event].begins:
        raise Conflict(f"{_title(row)} is {row.status} and cannot be {event} any more.")
    if decision in (Decision.RETRY, Decision.GIVE_UP) and row.status is Status.DELIVERED:
        _require_stuck(row, now)
    on_its_way = decision in (Decision.APPROVE, Decision.RETRY)
    if on_its_way and (block := await covering(connection, row.recommendation)):
        raise Conflict(f"{block.name} is blocked.", remedy="Revoke the block first: DELETE /api/v1/blocks.")
    if decision is Decision.UNDO:
        await take_back(connection, row, now, actor)
        return await find(connection, recommendation_id), True
    if back:
        await write_history(connection, [row], Event.UNDONE, now, actor=actor)
    changes = _changes(decision, row, now, note)
    await recommendations.set_status(connection, [row.id], STEPS[event].to or row.status, **changes)
    await write_history(connection, [row], event, now, actor=actor, note=note or _tried(decision, row))
    if on_its_way:
        await lists.want_syncs(connection, [row.id], now, cleared_since=now - CLEARED_FOR)
    if on_its_way and _is_to_be_looked_up(row, now):
        # A feed carries it once Lidarr's own lookup has confirmed it.
        await insert_job(connection, DELIVERIES, trigger=SCHEDULE, at=now, due_at=now)
    if decision is Decision.BLOCK:
        item = row.recommendation
        await never_again(connection, item.artist_mbid, item.artist, now, actor, exclude_in)
    return await find(connection, recommendation_id), True


def _is_to_be_looked_up(row: RecommendationRow, now: datetime) -> bool:
    return row.cleared_at is None or row.cleared_at <= now - LOOKED_UP_AFTER


def _changes(decision: Decision, row: RecommendationRow, now: datetime, note: str) -> dict[str, object]:
    """What else of the row changes. Trying again is no new decision: learning reads `decided_at`."""
    match decision:
        case Decision.RETRY:
            return dict(NEVER_SENT)
        case Decision.GIVE_UP:
            stuck = stuck_since(row, now)
            why = {"failure": stuck.why, "remedy": stuck.remedy} if stuck else {}
            return {"given_up_at": now, **why}
        case Decision.APPROVE:
            return {**NEVER_SENT, "decided_at": now, "note": note}
        case _:
            return {"decided_at": now, "note": note, "failure": None, "remedy": None, "given_up_at": None}


def _tried(decision: Decision, row: RecommendationRow) -> str:
    """What a try that begins anew leaves behind."""
    if decision is not Decision.RETRY or not (row.deliveries or row.attempts):
        return ""
    return f"after {row.deliveries} deliveries and {row.attempts} pushes"


def _require_stuck(row: RecommendationRow, now: datetime) -> None:
    if stuck_since(row, now) is None:
        raise Conflict(f"{_title(row)} was delivered, and Lidarr may still take it in.", remedy=PATIENCE)


async def find(
    connection: AsyncConnection, recommendation_id: int, *, to_change: bool = False
) -> RecommendationRow:
    """Raises NotFound."""
    found = await recommendations.recommendation(connection, recommendation_id, to_change=to_change)
    if found is None:
        raise NotFound(f"There is no recommendation {recommendation_id}.")
    return found


def _title(row: RecommendationRow) -> str:
    item = row.recommendation
    return f"{item.album} by {item.artist}" if item.album else item.artist
