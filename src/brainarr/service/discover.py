"""Discover: a page of what was found, with how much more there is and by what it can be filtered."""

from collections.abc import Mapping

import msgspec

from brainarr.domain.recommendation import Status
from brainarr.errors import NotFound
from brainarr.store import discover as rows
from brainarr.store.discover import Card, Count, Sort, Sought
from brainarr.store.learning import Direction, liking_of
from brainarr.store.lists import names_of_lists
from brainarr.store.recommendations import recommendation
from brainarr.store.session import Database
from brainarr.store.tags import TagKind

CARDS = 60
"""On one page."""


class Discovered(msgspec.Struct, frozen=True):
    """One page of recommendations."""

    counts: Mapping[Status, Count]
    cards: tuple[Card, ...] = ()
    more_after: int | None = None
    """The recommendation after which the next page begins; None: this is the last."""
    tags: Mapping[TagKind, Mapping[str, int]] = {}
    """Of everything in the state that is asked for: what can be filtered by."""
    lists: Mapping[str, str] = {}
    """Slug → name."""

    @property
    def ever(self) -> int:
        """How many recommendations there are at all."""
        return sum(count.all for count in self.counts.values())

    def left(self, status: Status | None) -> int:
        """How many the filters leave in that state; None: in all of them."""
        return sum(count.left for state, count in self.counts.items() if status in (None, state))

    def in_state(self, status: Status | None) -> int:
        """The same without filters."""
        return sum(count.all for state, count in self.counts.items() if status in (None, state))


async def discover(
    db: Database, sought: Sought, sort: Sort, *, after: int | None = None, limit: int = CARDS
) -> Discovered:
    """As many questions to the database however many rows there are. `limit` 0: the counts alone."""
    async with db.reading() as connection:
        if not limit:
            return Discovered(counts=await rows.counts(connection, sought))
        found = await rows.cards(connection, sought, sort, after=after, limit=limit + 1)
        shown = found[:limit]
        return Discovered(
            cards=shown,
            more_after=shown[-1].row.id if len(found) > limit else None,
            counts=await rows.counts(connection, sought),
            tags=await rows.tag_counts(connection, sought.status),
            lists=await names_of_lists(connection),
        )


async def read_liking(db: Database, recommendation_id: int) -> Direction | None:
    """What the person wishes more or less of, as far as its artist goes. Raises NotFound."""
    async with db.reading() as connection:
        row = await recommendation(connection, recommendation_id)
        if row is None:
            raise NotFound(f"There is no recommendation {recommendation_id}.")
        return await liking_of(connection, row.recommendation.artist_mbid)
