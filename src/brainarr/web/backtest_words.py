"""A backtest in sentences: the same on the page and on the command line."""

from collections.abc import Iterator, Mapping

from brainarr.domain.backtest import DEFAULT, POPULARITY, PRESENT, SUGGESTED, Backtest, Estimate
from brainarr.web.figures import percent

CAVEATS = (
    "The artists you added last were hidden, block by block. For each block the profile was rebuilt from "
    "what was there the day before, the sources were asked about it, and their answers fused as in a run.",
    "Recall@20 is the share of the hidden artists among the first 20 places. NDCG@20 counts early places "
    "more: 1 would be all of them in front.",
    "The neighbour lists are those of today, not of then: they may know what people, you among them, have "
    "listened to since. So the figures may be better than they would have been.",
    "Language models were not asked: it costs money each time, and they may remember the years in question. "
    "Nothing was verified or scored: both go through the first places of the ranking that is measured here.",
    "A miss is no mistake: a good recommendation that you never took up counts as one too. Compare the "
    "systems with each other, not with 100%.",
)


_DAYS_SHOWN = 5


def headline(made: Backtest) -> str:
    """What it comes to, in one sentence."""
    found = sum(one.place is not None and one.place <= 20 for one in made.tested)
    count = "none" if not found else str(found)
    return f"Of the {made.hidden} artists you added last, {count} would have been among Brainarr's first 20."


def certainty(made: Backtest) -> str:
    """How sure that is, and what doing it by popularity comes to."""
    present, popular = made.system(PRESENT), made.system(POPULARITY)
    if present is None or popular is None or made.lead is None:
        return ""
    found, most = present.recall20, popular.recall20
    compared = "not clearly different from"
    if made.lead.low > 0:
        compared = "clearly more than"
    elif made.lead.high < 0:
        compared = "clearly less than"
    return (
        f"That is {percent(found.value)}; with {made.hidden} artists anything from {percent(found.low)} to "
        f"{percent(found.high)} would be no surprise. It is {compared} naming the most popular artists "
        f"({percent(most.value)})."
    )


def system_name(made: Backtest, name: str, labels: Mapping[str, str]) -> str:
    own = {
        PRESENT: "Brainarr, your weights" if made.system(DEFAULT) else "Brainarr",
        DEFAULT: "Brainarr, default weights",
        SUGGESTED: f"Brainarr, {'suggested' if made.suggestion.weights else 'other'} weights",
        POPULARITY: "Most popular",
    }
    return own.get(name) or f"{labels.get(name, name)} alone"


def basis(made: Backtest) -> Iterator[str]:
    """What was hidden, and what was not."""
    yield (
        f"The library as it was read on {made.library_read_at:%Y-%m-%d}: {made.artists:,} artists, "
        f"of whom {made.eligible:,} could be hidden."
    )
    if made.bulk_days:
        days = [f"{one.day} ({one.artists:,})" for one in made.bulk_days]
        lately = f" the latest of {len(days)} days:" if len(days) > _DAYS_SHOWN else ""
        shown = ", ".join(days[-_DAYS_SHOWN:])
        yield f"Not hidden, because nobody chooses so many artists in a day:{lately} {shown}."
    if made.recommended:
        yield f"Not hidden, because Brainarr had named them before they were added: {made.recommended:,}."
    if made.undated:
        yield f"Without a date, and so taken to have been there always: {made.undated:,}."
    if made.options.hide is not None and 0 < made.hidden < made.options.hide:
        yield f"Asked to hide {made.options.hide}; only {made.hidden} could be."


def spread(one: Estimate) -> str:
    """The interval of a share: "21–71%"."""
    return f"{one.low * 100:.0f}–{percent(one.high)}"


def span(days: int) -> str:
    """So many days in the unit a person would use."""
    for least, length, unit in ((700, 365.25, "years"), (61, 30.44, "months"), (14, 7, "weeks")):
        if days >= least:
            return f"{round(days / length)} {unit}"
    return f"{days} day{'' if days == 1 else 's'}"
