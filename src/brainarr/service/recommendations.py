"""Recommendations: reading them, deciding on them, pushing them into Lidarr."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from brainarr.domain.recommendation import Status
from brainarr.errors import NotFound
from brainarr.pipeline.ports import Clock, Importer, ImportOptions
from brainarr.store import recommendations
from brainarr.store.page import Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    BLOCK = "block"


class Decided(msgspec.Struct, frozen=True):
    """What became of one id of a bulk decision: its new status, or why it could not be done."""

    id: int
    status: Status | None
    problem: str | None = None


async def list_recommendations(
    db: Database, asked: PageOf = PageOf(), *, status: Status | None = None, list_slug: str | None = None
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
        found = await recommendations.recommendation(connection, recommendation_id)
    if found is None:
        raise NotFound(f"There is no recommendation {recommendation_id}.")
    return found


async def decide(
    db: Database, recommendation_id: int, decision: Decision, *, clock: Clock, note: str = ""
) -> RecommendationRow:
    """Raises NotFound, and Conflict when its state does not allow it; deciding the same twice changes nothing."""
    ...


async def decide_many(
    db: Database, ids: Sequence[int], decision: Decision, *, clock: Clock, note: str = ""
) -> tuple[Decided, ...]:
    """Decides on each as `decide` would; one that cannot be done does not stop the others."""
    ...


async def push(
    db: Database,
    recommendation_id: int,
    importer: Importer,
    *,
    clock: Clock,
    options: ImportOptions = ImportOptions(),
) -> RecommendationRow:
    """Adds what was approved to Lidarr at once. Raises NotFound, Conflict when it is not approved, ProviderError.

    When Lidarr refuses it for good it becomes failed; when Lidarr is away it stays approved.
    """
    ...
