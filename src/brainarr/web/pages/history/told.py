"""Events and outcomes as the page tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from brainarr.domain.shares import Share, wilson
from brainarr.service.history import Told
from brainarr.service.league import GroupOutcomes
from brainarr.store.history import HistoryRow
from brainarr.web.charts import Bar, Chart, interval_bars
from brainarr.web.figures import percent
from brainarr.web.recommendation_words import ACTORS, EVENT_WORDS

_CHANNELS = {
    "artists": "by the list of artists",
    "albums": "by the list of albums",
    "push": "by a push",
    "library": "seen in the library",
    "exclusions": "seen among the exclusions",
}
_STAGES = (
    ("Approved", "approval", "of those decided on"),
    ("Sent to Lidarr", "delivery", "of those approved"),
    ("In the library", "arrival", "of those sent"),
    ("Kept for a month", "keeping", "of those imported"),
)


@dataclass(frozen=True)
class Line:
    """One event."""

    row: HistoryRow
    word: str
    tone: str
    title: str
    about: str
    """Who did it, by which way, for which list."""
    undoable: bool


@dataclass(frozen=True)
class Day:
    day: date
    title: str
    lines: tuple[Line, ...]


def by_day(told: Told, zone: tzinfo, now: datetime) -> list[Day]:
    """The events of a page under the days of `zone`, in the order they came."""
    today = now.astimezone(zone).date()
    grouped = groupby(told.events.items, key=lambda row: row.at.astimezone(zone).date())
    return [Day(day, _title(day, today), tuple(_line(row, told) for row in rows)) for day, rows in grouped]


def outcomes(groups: Sequence[GroupOutcomes], chosen: str | None) -> Chart | None:
    """How far recommendations came, of all lists or of the chosen one; None where nothing is known."""
    wanted = [one.outcomes for one in groups if chosen in (None, one.of)]
    steps = [
        (name, about, _together([getattr(one, field) for one in wanted])) for name, field, about in _STAGES
    ]
    known = [(name, about, share) for name, about, share in steps if share is not None]
    if not known:
        return None
    picture = interval_bars(
        [Bar(name, share.rate, share.low, share.high, accent=True) for name, _, share in known],
        title="How far they come",
        description="Share of each step of those whose step is known, with 95% intervals.",
    )
    rows = tuple(
        (
            f"{name}, {about}",
            percent(share.rate),
            f"{percent(share.low)} to {percent(share.high)}",
            _count(share),
        )
        for name, about, share in known
    )
    note = "Each step is a share of those that came to the one before and whose fate is known."
    return Chart("How far they come", picture, ("Step", "Share", "95%", "Of"), rows, note)


def _together(shares: Sequence[Share | None]) -> Share | None:
    there = [share for share in shares if share is not None]
    return wilson(sum(share.count for share in there), sum(share.of for share in there))


def _count(share: Share) -> str:
    return f"{share.count:g} of {share.of:g}"


def _title(day: date, today: date) -> str:
    words = {0: "Today", 1: "Yesterday"}.get((today - day).days)
    written = f"{day:%A}, {day.day} {day:%B %Y}"
    return f"{words}, {day.day} {day:%B}" if words else written


def _line(row: HistoryRow, told: Told) -> Line:
    word, tone = EVENT_WORDS[row.event]
    said = [f"by {ACTORS[row.actor]}"]
    if row.channel:
        said.append(_CHANNELS.get(row.channel, row.channel))
    if row.list and row.list != "default":
        said.append(f"list {row.list}")
    title = f"{row.artist} – {row.album}" if row.album else row.artist
    return Line(row, word, tone, title, ", ".join(said), row.id in told.undoable)
