"""Recommendations: reading them, deciding on them, pushing them into Lidarr."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderError, ProviderRejected
from brainarr.pipeline.ports import Clock, Importer, ImportOptions
from brainarr.service.blocks import covering, never_again
from brainarr.store import lists, recommendations
from brainarr.store.history import Event, write_history
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

PUSH = "push"
AS_LIDARR_HAS_IT = ImportOptions()


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    BLOCK = "block"


class Decided(msgspec.Struct, frozen=True):
    """What became of one id of a bulk decision: its new status, or why it could not be done."""

    id: int
    status: Status | None
    problem: str | None = None


class Move(msgspec.Struct, frozen=True):
    """A step of the state machine: where it leads, from where, and where it has nothing left to do."""

    to: Status
    event: Event
    begins: frozenset[Status]
    already: frozenset[Status]


# What Lidarr has received cannot be unsaid, only blocked; what it has taken in is its own affair.
MOVES = {
    Decision.APPROVE: Move(
        Status.APPROVED,
        Event.APPROVED,
        frozenset({Status.PENDING, Status.REJECTED, Status.FAILED}),
        frozenset({Status.APPROVED, Status.DELIVERED, Status.IMPORTED, Status.KEPT}),
    ),
    Decision.REJECT: Move(
        Status.REJECTED,
        Event.REJECTED,
        frozenset({Status.PENDING, Status.APPROVED, Status.FAILED}),
        frozenset({Status.REJECTED, Status.BLOCKED}),
    ),
    Decision.BLOCK: Move(
        Status.BLOCKED,
        Event.BLOCKED,
        frozenset(
            {
                Status.PENDING,
                Status.APPROVED,
                Status.DELIVERED,
                Status.REJECTED,
                Status.FAILED,
                Status.REMOVED,
            }
        ),
        frozenset({Status.BLOCKED}),
    ),
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
        return await _find(connection, recommendation_id)


async def decide(
    db: Database, recommendation_id: int, decision: Decision, *, clock: Clock, note: str = ""
) -> RecommendationRow:
    """Raises NotFound, and Conflict when its state forbids it; deciding the same twice changes nothing."""
    async with db.transaction() as connection:
        return await _decide(connection, recommendation_id, decision, clock(), note)


async def decide_many(
    db: Database, ids: Sequence[int], decision: Decision, *, clock: Clock, note: str = ""
) -> tuple[Decided, ...]:
    """Decides on each as `decide` would; one that cannot be done does not stop the others."""
    now = clock()
    outcomes: list[Decided] = []
    async with db.transaction() as connection:
        for recommendation_id in dict.fromkeys(ids):
            try:
                row = await _decide(connection, recommendation_id, decision, now, note)
                outcomes.append(Decided(row.id, row.status))
            except (NotFound, Conflict) as error:
                outcomes.append(Decided(recommendation_id, None, str(error)))
    return tuple(outcomes)


async def push(
    db: Database,
    recommendation_id: int,
    importer: Importer,
    *,
    clock: Clock,
    options: ImportOptions = AS_LIDARR_HAS_IT,
) -> RecommendationRow:
    """Adds what was approved to Lidarr at once. Raises NotFound, ProviderError, Conflict when not approved.

    When Lidarr refuses it for good it becomes failed; when Lidarr is away it stays as it was. Brainarr killed
    between the two steps leaves it approved: adding once more does no harm.
    """
    row = await read_recommendation(db, recommendation_id)
    if row.status not in recommendations.ON_THE_WAY:
        raise Conflict(f"It is {row.status}, not approved.", remedy="Approve it first.")
    item = row.recommendation
    try:
        if item.release_group_mbid is None:
            await importer.add_artist(item.artist_mbid, item.artist, options)
        else:
            await importer.add_album(item.release_group_mbid, item.artist_mbid, item.artist, options)
    except ProviderError as error:
        if _is_about_the_item(error):
            await _refused(db, row, str(error), clock())
        raise
    async with db.transaction() as connection:
        current = await _find(connection, recommendation_id, to_change=True)
        if current.status in recommendations.ON_THE_WAY:
            now = clock()
            await lists.insert_delivery(connection, current.list_id, PUSH, [current.id], now)
            await recommendations.mark_delivered(connection, [current.id], now)
            await write_history(connection, [current], Event.DELIVERED, now, note="pushed")
        return await _find(connection, recommendation_id)


async def _decide(
    connection: AsyncConnection, recommendation_id: int, decision: Decision, now: datetime, note: str
) -> RecommendationRow:
    row = await _find(connection, recommendation_id, to_change=True)
    move = MOVES[decision]
    if row.status in move.already:
        return row
    if row.status not in move.begins:
        raise Conflict(f"{_title(row)} is {row.status} and cannot be {move.to} any more.")
    if decision is Decision.APPROVE and (block := await covering(connection, row.recommendation)):
        raise Conflict(f"{block.name} is blocked.", remedy="Revoke the block first: DELETE /api/v1/blocks.")
    await recommendations.set_status(connection, [row.id], move.to, decided_at=now, note=note, failure=None)
    await write_history(connection, [row], move.event, now, note=note)
    if decision is Decision.BLOCK:
        await never_again(connection, row.recommendation.artist_mbid, row.recommendation.artist, now)
    return await _find(connection, recommendation_id)


def _is_about_the_item(error: ProviderError) -> bool:
    """A wrong key or address says nothing about what was to be added."""
    return isinstance(error, ProviderRejected) and error.status == HTTPStatus.BAD_REQUEST


async def _refused(db: Database, row: RecommendationRow, why: str, now: datetime) -> None:
    async with db.transaction() as connection:
        current = await _find(connection, row.id, to_change=True)
        # The person may have decided while Lidarr was asked: that counts.
        if current.status in recommendations.ON_THE_WAY:
            await recommendations.set_status(connection, [row.id], Status.FAILED, failure=why)
            await write_history(connection, [current], Event.FAILED, now, note=why)


async def _find(
    connection: AsyncConnection, recommendation_id: int, *, to_change: bool = False
) -> RecommendationRow:
    found = await recommendations.recommendation(connection, recommendation_id, to_change=to_change)
    if found is None:
        raise NotFound(f"There is no recommendation {recommendation_id}.")
    return found


def _title(row: RecommendationRow) -> str:
    item = row.recommendation
    return f"{item.album} by {item.artist}" if item.album else item.artist
