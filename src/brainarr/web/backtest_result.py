"""A backtest as its page and its file (`brainarr backtest --html`) show it: one template for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brainarr.domain.backtest import DEFAULT, POPULARITY, PRESENT, SUGGESTED, Backtest, Estimate, Tested
from brainarr.web.backtest_words import CAVEATS, basis, certainty, headline, span, spread, system_name
from brainarr.web.charts import Bar, Chart, interval_bars
from brainarr.web.figures import percent
from brainarr.web.render import document

_SHOWN = 60
_ABOUT = {
    PRESENT: "all sources together, weighed as your settings say",
    DEFAULT: "the same with the weights that Brainarr comes with",
    SUGGESTED: "at each point in time, the weights that were best at the others",
    POPULARITY: "the most popular of all whom any source named",
}

Row = tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What is told of one backtest."""

    headline: str
    lead: str
    measured: bool
    chart: Chart | None
    """None: nothing could be measured."""
    systems: tuple[tuple[str, str], ...]
    """(name, what it is) of those that do not explain themselves."""
    weights: tuple[Row, ...]
    """(source, its vote now, the suggested one); empty: keep what you have."""
    weighed: str
    """Why other weights are suggested, or why none are."""
    hits: tuple[Row, ...]
    """(artist, place, how long before it was added)."""
    near: str
    unnamed: str
    basis: tuple[str, ...]
    cuts: tuple[Row, ...]
    asked: tuple[Row, ...]
    """(source, neighbour lists known, fetched, missing, what went wrong)."""
    caveats: tuple[str, ...]
    made_at: str


def tell(made: Backtest, labels: Mapping[str, str]) -> Result:
    """`labels`: how people know each source."""
    named = [(system_name(made, one.name, labels), one) for one in made.systems]
    hits = [one for one in made.tested if one.place is not None and one.place <= 20]
    measured = not made.trouble
    return Result(
        headline=headline(made) if measured else "Nothing could be measured",
        lead=certainty(made) if measured else f"{made.trouble} {made.remedy}",
        measured=measured,
        chart=_chart(made, labels) if measured else None,
        systems=tuple((name, _ABOUT[one.name]) for name, one in named if one.name in _ABOUT),
        weights=_weights(made, labels),
        weighed=_weighed(made),
        hits=tuple((one.artist, str(one.place), span(one.days_before)) for one in _by_place(hits)[:_SHOWN]),
        near=_listed(_by_place([one for one in made.tested if (one.place or 0) > 20])),
        unnamed=_listed([one for one in made.tested if one.place is None]),
        basis=(*made.notes, *basis(made)),
        cuts=tuple(
            (f"{one.at:%Y-%m-%d}", f"{one.known:,}", str(one.hidden), str(one.found20)) for one in made.cuts
        ),
        asked=tuple(
            (
                labels.get(one.source, one.source),
                str(one.known),
                str(one.fetched),
                str(one.missing),
                one.detail,
            )
            for one in made.asked
        ),
        caveats=CAVEATS if made.systems else (),
        made_at=f"{made.made_at:%Y-%m-%d %H:%M} UTC",
    )


def as_file(made: Backtest, labels: Mapping[str, str]) -> str:
    """A whole document that needs nothing beside it."""
    return document("backtest_file.html", result=tell(made, labels))


def _chart(made: Backtest, labels: Mapping[str, str]) -> Chart:
    bars = [
        Bar(
            system_name(made, one.name, labels),
            one.recall20.value,
            one.recall20.low,
            one.recall20.high,
            accent=one.name == PRESENT,
        )
        for one in made.systems
    ]
    return Chart(
        "Found among the first 20",
        interval_bars(
            bars,
            title="Found among the first 20",
            description="Share of the hidden artists, by system, with 95% intervals.",
        ),
        ("Who ranks", "Recall@20", "95%", "NDCG@20"),
        tuple(
            (
                system_name(made, one.name, labels),
                percent(one.recall20.value),
                spread(one.recall20),
                f"{one.ndcg20.value:.3f}",
            )
            for one in made.systems
        ),
        "Share of the hidden artists among the first 20 places, with 95% intervals.",
    )


def _weights(made: Backtest, labels: Mapping[str, str]) -> tuple[Row, ...]:
    present = made.system(PRESENT)
    if present is None:
        return ()
    return tuple(
        (labels.get(source, source), f"{present.weights.get(source, 0):g}", f"{vote:g}")
        for source, vote in made.suggestion.weights.items()
    )


def _weighed(made: Backtest) -> str:
    if not made.suggestion.weights:
        return made.suggestion.reason
    return (
        "Other weights of the sources would have predicted your library better, also at the points in time "
        f"that they were not chosen on{_gained(made.suggestion.gain)}."
    )


def _gained(gain: Estimate | None) -> str:
    return f" (NDCG@100 {gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f})" if gain else ""


def _by_place(tested: Sequence[Tested]) -> list[Tested]:
    return sorted(tested, key=lambda one: one.place or 0)


def _listed(tested: Sequence[Tested]) -> str:
    """Names with their places, as far as there is room; "" without any."""
    named = [f"{one.artist} ({one.place})" if one.place else one.artist for one in tested[:_SHOWN]]
    more = f" and {len(tested) - _SHOWN} more" if len(tested) > _SHOWN else ""
    return f"{', '.join(named)}{more}." if named else ""
