"""Troubles: what Lidarr refused, and what it was given again and again and has not taken in."""

from datetime import datetime, timedelta

import msgspec

from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.store import library, troubles
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

STUCK_AFTER = timedelta(days=3)
"""Lidarr polls a list every six hours, and takes at most some minutes to add what is new in it."""

STUCK_POLLS = 12

STUCK_ANYHOW = timedelta(days=14)
"""Also with fewer polls: a push, or a Lidarr that is off most of the time."""

PATIENCE = (
    f"It counts as stuck after {STUCK_POLLS} polls and {STUCK_AFTER.days} days, "
    f"or after {STUCK_ANYHOW.days} days."
)
_LOOK_INTO_LIDARR = "Lidarr's log says why (System > Events, ImportListSync)."


class Trouble(msgspec.Struct, frozen=True):
    """Something approved that did not arrive, with the reason as far as it is known."""

    recommendation: RecommendationRow
    why: str
    remedy: str
    """What to do before it is tried again, or given up."""


class Stuck(msgspec.Struct, frozen=True):
    since: datetime
    why: str
    remedy: str


class Troubles(msgspec.Struct, frozen=True):
    """How many approved recommendations need somebody; those given up do not."""

    failed: int
    stuck: int


def stuck_since(row: RecommendationRow, now: datetime) -> Stuck | None:
    """Whether a delivered one should have arrived by now."""
    first = row.first_delivered_at
    if row.status is not Status.DELIVERED or first is None:
        return None
    waited = now - first
    if not (waited >= STUCK_ANYHOW or (waited >= STUCK_AFTER and row.deliveries >= STUCK_POLLS)):
        return None
    times = "1 delivery" if row.deliveries == 1 else f"{row.deliveries} deliveries"
    why = f"Lidarr has not taken it in after {times} in {waited.days} days."
    return Stuck(first, why, _LOOK_INTO_LIDARR)


async def list_troubles(db: Database, asked: PageOf = FIRST_PAGE, *, clock: Clock) -> Page[Trouble]:
    """Failed and stuck ones, the newest decision first."""
    now = clock()
    async with db.reading() as connection:
        page = await troubles.page_of_troubled(connection, asked, _bounds(now))
        artists = {row.recommendation.artist_mbid for row in page.items}
        owned = {
            (instance, mbid)
            for instance in {row.instance for row in page.items}
            for mbid in await library.owned_among(connection, instance, artists)
        }
    items = tuple(
        _trouble(row, (row.instance, row.recommendation.artist_mbid) in owned, now) for row in page.items
    )
    return Page(items, page.total, page.page, page.page_size)


async def count_troubles(db: Database, *, clock: Clock) -> Troubles:
    """For the health page; two sums."""
    async with db.reading() as connection:
        failed, stuck = await troubles.count_troubled(connection, _bounds(clock()))
    return Troubles(failed, stuck)


def _bounds(now: datetime) -> troubles.Overdue:
    return troubles.Overdue(now - STUCK_AFTER, STUCK_POLLS, now - STUCK_ANYHOW)


def _trouble(row: RecommendationRow, artist_is_there: bool, now: datetime) -> Trouble:
    stuck = stuck_since(row, now)
    if stuck is None:
        return Trouble(row, row.failure or "Lidarr refused it.", row.remedy or "")
    why = stuck.why
    if row.failure:
        why = f"{why} The last push failed: {row.failure}"
    if artist_is_there and row.recommendation.release_group_mbid:
        why = f"{why} It has the artist, but the album is neither monitored nor has files."
    return Trouble(row, why, stuck.remedy)
