"""Backtest: what Brainarr would have recommended earlier, held against what its person then took in."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

PRESENT, DEFAULT, SUGGESTED, POPULARITY = "present", "default", "suggested", "popularity"
"""Systems beside the sources, which go by their own names."""

FEWEST_HIDDEN = 10
"""Fewer say nothing: one hit more or less would move the share by over ten points."""
MOST_HIDDEN = 500
USUALLY_HIDDEN = 50
MOST_FOLDS = 10
USUAL_FOLDS = 5


class BacktestOptions(msgspec.Struct, frozen=True):
    """What a person asked a backtest for."""

    hide: int | None = None
    """How many of the latest artists; None: a fifth of those that count, 10 to 50."""
    folds: int = USUAL_FOLDS
    """At how many points in time the library is cut."""
    offline: bool = False
    """Ask nobody: the library and the neighbour lists as the database remembers them."""


class BulkDay(msgspec.Struct, frozen=True):
    """A day on which more came in than a person chooses."""

    day: date
    artists: int


class Estimate(msgspec.Struct, frozen=True):
    """A mean over the hidden artists with its 95 % interval, each 0 to 1."""

    value: float
    low: float
    high: float


class SystemResult(msgspec.Struct, frozen=True):
    """How one way of ranking did, over all cuts."""

    name: str
    """A source's name, or one of the constants above."""
    recall20: Estimate
    """Share of the hidden artists among the first 20."""
    ndcg20: Estimate
    """The same with early places counting more. Järvelin, Kekäläinen 2002."""
    ndcg100: Estimate
    weights: Mapping[str, float] = {}
    """Source → its vote, for the fused ones."""


class Cut(msgspec.Struct, frozen=True):
    """One point in time: the library before it is known, the artists of `hidden` were added from then on."""

    at: datetime
    until: datetime
    """When the last hidden artist was added."""
    known: int
    """Artists in the library as of then."""
    seeds: int
    hidden: int
    found20: int
    """Of the hidden ones, how many the present weights put among the first 20."""


class Tested(msgspec.Struct, frozen=True):
    """One hidden artist."""

    artist: str
    added: datetime
    cut: datetime
    place: int | None
    """In the ranking of the present weights as of the cut, 1 is best; None: no source named it."""

    @property
    def days_before(self) -> int:
        """How long before the artist was added the recommendation would have been there: the cut is the end
        of the day before its own."""
        return (self.added.date() - self.cut.date()).days + 1


class Asked(msgspec.Struct, frozen=True):
    """What one source was asked, and whether the answers were there already."""

    source: str
    seeds: int
    known: int
    """Neighbour lists that earlier runs had fetched."""
    fetched: int
    missing: int
    """Neither known nor fetched: it was offline, or the source failed."""
    detail: str = ""
    """What went wrong, for people."""


class Suggestion(msgspec.Struct, frozen=True):
    """Votes under which this library's past would have been predicted better, or why there are none."""

    weights: Mapping[str, float] = {}
    """Source → vote, 0 to 1; empty: keep the present ones."""
    gain: Estimate | None = None
    """NDCG@100 of the suggested votes less that of the present ones, measured on cuts that they were not
    chosen on; may be below 0."""
    reason: str = ""


class Backtest(msgspec.Struct, frozen=True):
    """A whole backtest. Without `systems`, `trouble` says why nothing could be measured."""

    made_at: datetime
    library_read_at: datetime
    options: BacktestOptions
    artists: int
    undated: int
    bulk_days: tuple[BulkDay, ...]
    recommended: int
    """Artists that Brainarr had named before they were added: to find those again would be no achievement."""
    eligible: int
    """Artists with a date, of no bulk day, that Brainarr had not named before."""
    cuts: tuple[Cut, ...] = ()
    systems: tuple[SystemResult, ...] = ()
    lead: Estimate | None = None
    """Recall@20 of the present weights less that of popularity, artist by artist; may be below 0."""
    tested: tuple[Tested, ...] = ()
    asked: tuple[Asked, ...] = ()
    suggestion: Suggestion = Suggestion()
    trouble: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()

    @property
    def hidden(self) -> int:
        return len(self.tested)

    def system(self, name: str) -> SystemResult | None:
        return next((system for system in self.systems if system.name == name), None)
