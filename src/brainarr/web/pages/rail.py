"""What a run's page shows of its way: the steps, and the words and symbols of its state."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from markupsafe import Markup

from brainarr.domain.recommendation import Outcome, Progress, Verdict
from brainarr.store.runs import RunStatus
from brainarr.web.charts import Bar, interval_bars


class Step(msgspec.Struct, frozen=True):
    """One station of a run."""

    label: str
    stages: str
    """The stages of the pipeline that belong to it, with spaces between."""
    state: str
    """done, now or waiting."""
    detail: str = ""
    done: int = 0
    total: int = 0


class Look(msgspec.Struct, frozen=True):
    """How a state is shown: never by colour alone."""

    label: str
    tone: str
    symbol: str


_STATIONS = (
    ("Library", ("library",)),
    ("Profile", ("profile", "albums")),
    ("Candidates", ("candidates", "fuse")),
    ("Verify", ("verify", "rank")),
    ("Score", ("score",)),
    ("Choose", ("word", "done")),
)

STATUSES: Mapping[RunStatus, Look] = {
    RunStatus.QUEUED: Look("Queued", "info", "clock"),
    RunStatus.RUNNING: Look("Running", "info", "refresh"),
    RunStatus.DONE: Look("Done", "good", "check"),
    RunStatus.FAILED: Look("Failed", "bad", "warning"),
    RunStatus.CANCELLED: Look("Cancelled", "warn", "stop"),
}

OUTCOMES: Mapping[Outcome, Look] = {
    Outcome.OK: Look("answered", "good", "check"),
    Outcome.EMPTY: Look("found nothing", "plain", "minus"),
    Outcome.NOT_NEEDED: Look("not needed", "plain", "minus"),
    Outcome.UNREADABLE: Look("unreadable", "bad", "warning"),
    Outcome.UNAVAILABLE: Look("unavailable", "warn", "warning"),
    Outcome.REJECTED: Look("refused us", "bad", "warning"),
    Outcome.OVER_BUDGET: Look("over budget", "warn", "costs"),
    Outcome.BREAKER_OPEN: Look("left alone", "warn", "pause"),
    Outcome.RATE_LIMITED: Look("rate limited", "warn", "clock"),
}

TRIGGERS = {"manual": "by hand", "ask": "a wish", "schedule": "schedule", "cli": "command line", "api": "API"}
PURPOSES = {"propose": "Asked for proposals", "rank": "Asked to rank", "word": "Asked to word the reasons"}

_LOSSES = (
    ("Proposed", ()),
    (
        "Readable, said once",
        (
            Verdict.UNREADABLE,
            Verdict.LOOP,
            Verdict.ALBUM_AS_ARTIST,
            Verdict.COLLABORATION,
            Verdict.NOT_A_CANDIDATE,
            Verdict.DUPLICATE,
        ),
    ),
    (
        "New to you",
        (
            Verdict.OWNED,
            Verdict.BLOCKED,
            Verdict.EXCLUDED,
            Verdict.REJECTED_BEFORE,
            Verdict.RECOMMENDED_BEFORE,
        ),
    ),
    ("Looked up", (Verdict.NOT_REACHED, Verdict.HELD)),
    ("Exist", (Verdict.UNKNOWN, Verdict.AMBIGUOUS, Verdict.NO_ALBUM)),
    ("Fit", (Verdict.AVOIDED_STYLE, Verdict.BELOW_CONFIDENCE)),
    ("Recommended", (Verdict.NOT_CHOSEN,)),
)


def rail_of(progress: Progress | None, status: RunStatus) -> tuple[Step, ...]:
    """The stations in their order, as far as the run has come."""
    stage = progress.stage if progress else ""
    here = next((place for place, (_, stages) in enumerate(_STATIONS) if stage in stages), -1)
    return tuple(
        Step(
            label,
            " ".join(stages),
            "done" if status is RunStatus.DONE or place < here else "now" if place == here else "waiting",
            progress.detail if progress and place == here else "",
            progress.done if progress and place == here else 0,
            progress.total if progress and place == here else 0,
        )
        for place, (label, stages) in enumerate(_STATIONS)
    )


def funnel_of(counts: Mapping[Verdict, int]) -> tuple[tuple[str, int], ...]:
    """How many candidates were left after each sieve, from all of them to the recommended."""
    left = sum(counts.values())
    steps: list[tuple[str, int]] = []
    for label, lost in _LOSSES:
        left -= sum(counts.get(verdict, 0) for verdict in lost)
        steps.append((label, left))
    return tuple(steps)


def duration(began: datetime | None, ended: datetime | None) -> str:
    """ "48 s", "3 min 20 s", "1 h 5 min"; "–" for what never began or never ended."""
    if began is None or ended is None:
        return "–"
    # A clock that was set back between the two.
    seconds = max(0, round((ended - began).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def draw_funnel(steps: tuple[tuple[str, int], ...]) -> Markup:
    """As SVG."""
    bars = [Bar(label, left, accent=place == len(steps) - 1) for place, (label, left) in enumerate(steps)]
    drawn = interval_bars(
        bars,
        title="From candidates to recommendations",
        description="How many candidates were left after each step.",
        show=lambda value: f"{value:,.0f}",
    )
    # It escapes every text itself, and these are our own.
    return Markup(drawn)  # noqa: S704
