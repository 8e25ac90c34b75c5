"""History: what happened to recommendations, newest first; and one of them, from its proposal to its end."""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from brainarr.domain.life import STEPS, Event, replay
from brainarr.domain.recommendation import Status
from brainarr.errors import NotFound
from brainarr.store import history, recommendations
from brainarr.store.history import EVERYTHING, HistoryRow, Sought
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

SLICE = 500
"""Events read at a time for an export: they are all that is held in memory."""


class LifeEvent(msgspec.Struct, frozen=True):
    """One event of a life, and where it led."""

    event: HistoryRow
    status: Status | None
    """Of the recommendation from then on."""
    last_at: datetime | None = None
    times: int | None = None
    """Of the present delivery: when Lidarr received it last, and how often."""


class Life(msgspec.Struct, frozen=True):
    recommendation: RecommendationRow
    events: tuple[LifeEvent, ...]
    """In the order in which they happened."""


async def read_history(
    db: Database,
    asked: PageOf = FIRST_PAGE,
    sought: Sought = EVERYTHING,
    *,
    oldest_first: bool = False,
) -> Page[HistoryRow]:
    async with db.reading() as connection:
        return await history.page_of_history(connection, asked, sought, oldest_first=oldest_first)


class Told(msgspec.Struct, frozen=True):
    """A page of events for people."""

    events: Page[HistoryRow]
    undoable: frozenset[int]
    """Ids of the events on it that are decisions which can be taken back."""


async def tell_history(db: Database, asked: PageOf = FIRST_PAGE, sought: Sought = EVERYTHING) -> Told:
    """The newest first, with what can be undone of it. Three statements, however many events there are."""
    async with db.reading() as connection:
        page = await history.page_of_history(connection, asked, sought)
        decided = {
            row.recommendation_id: row
            for row in page.items
            if row.recommendation_id is not None and row.status in STEPS[Event.UNDONE].begins
        }
        latest = await history.latest_of(connection, decided, _DECISIONS)
    return Told(page, latest & {row.id for row in page.items if row.status is STEPS[row.event].to})


async def read_life(db: Database, recommendation_id: int) -> Life:
    """Raises NotFound."""
    async with db.reading() as connection:
        row = await recommendations.recommendation(connection, recommendation_id)
        if row is None:
            raise NotFound(f"There is no recommendation {recommendation_id}.")
        happened = await history.life_of(connection, recommendation_id)
    states = replay(entry.event for entry in happened)
    carried = [number for number, entry in enumerate(happened) if entry.event in _CARRIED]
    present = carried[-1] if carried and row.deliveries else None
    return Life(
        row,
        tuple(
            LifeEvent(entry, status, row.delivered_at, row.deliveries)
            if number == present
            else LifeEvent(entry, status)
            for number, (entry, status) in enumerate(zip(happened, states, strict=True))
        ),
    )


_DECISIONS = (Event.APPROVED, Event.REJECTED)
_CARRIED = (Event.DELIVERED, Event.PUSHED)


async def every_event(db: Database, sought: Sought = EVERYTHING) -> AsyncIterator[HistoryRow]:
    """All of them, oldest first, in slices: however long that takes, it holds no view of the database."""
    last: HistoryRow | None = None
    while True:
        async with db.reading() as connection:
            rows = await history.history_after(connection, last, SLICE, sought)
        for row in rows:
            yield row
        if len(rows) < SLICE:
            return
        last = rows[-1]
