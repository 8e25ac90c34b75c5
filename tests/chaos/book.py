"""What Brainarr has promised: every decision that it answered with success, and what it handed out since."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

APPROVE, REJECT = "approve", "reject"

Item = tuple[str, str]
"""("artist" or "album", MBID): what one row of a feed names."""

# What a fetch that met a dead or full Brainarr says; anything else would have spoilt a sync of a healthy one.
_EXCUSED = re.compile(
    r"\[50[23]\]|connect|disconnect|closed|timed? ?out|ReadError|WriteError|reset|^[^:]*: ?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Decision:
    verb: str
    asked: float
    """When it was asked for, by the monotonic clock."""
    promised: float | None
    """When it was answered with success; None: the line broke, so either may hold."""


@dataclass
class Book:
    """Kept by the callers; read by the invariants."""

    items: dict[int, Item] = field(default_factory=dict)
    """Recommendation → what its feed row names."""
    decisions: dict[int, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    polls: list[tuple[float, tuple[Item, ...]]] = field(default_factory=list)
    """When each was asked for, and what it carried."""
    wrong: list[str] = field(default_factory=list)
    """Answers and syncs that no fault excuses."""
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def learn(self, row: dict[str, Any]) -> None:
        album = row["release_group_mbid"]
        self.items[row["id"]] = ("album", album) if album else ("artist", row["artist_mbid"])

    def decide(self, number: int, verb: str, asked: float, promised: float | None) -> None:
        self.decisions[number].append(Decision(verb, asked, promised))

    def carried(self, asked: float, items: tuple[Item, ...]) -> None:
        self.polls.append((asked, items))
        self.counts["polls"] += 1

    def answered(self, what: str, status: int, text: str) -> None:
        """502 and 503 say honestly that something is away; any other 5xx is a fault of Brainarr's."""
        self.counts["answers"] += 1
        if status >= 500 and status not in (502, 503):
            self.wrong.append(f"{what} was answered with {status}: {text[:300]}")

    def synced(self, done: dict[str, Any]) -> None:
        self.counts["syncs"] += 1
        self.counts["imported artists"] += done["artists"]
        self.counts["imported albums"] += done["albums"]
        self.wrong += [f"Lidarr's sync failed: {text}" for text in done["failures"]]
        self.wrong += [
            f"Lidarr could not read the feed: {text}"
            for text in done["fetch_failures"]
            if not _EXCUSED.search(text)
        ]

    def last(self, number: int) -> Decision | None:
        made = self.decisions.get(number)
        return made[-1] if made else None

    def may_be_approved(self) -> set[Item]:
        """What some decision, promised or in doubt, wants in Lidarr."""
        return {
            self.items[number]
            for number, made in self.decisions.items()
            if any(decision.verb == APPROVE for decision in made)
        }

    def delivered_after_rejection(self) -> list[str]:
        """Rows of polls that were asked for after their rejection was promised."""
        wanted = {
            self.items[number]
            for number, made in self.decisions.items()
            if made[-1].verb == APPROVE or made[-1].promised is None
        }
        rejected = {
            self.items[number]: made[-1].promised
            for number, made in self.decisions.items()
            if made[-1].verb == REJECT and made[-1].promised is not None
        }
        return [
            f"{item} was delivered after its rejection"
            for asked, items in self.polls
            for item in items
            if item not in wanted and (at := rejected.get(item)) is not None and asked > at
        ]
