"""What decisions have taught, and whose proposals stay, as charts."""

from collections.abc import Mapping

from brainarr.domain.learning import Learnt, weight_intervals
from brainarr.domain.shares import Share
from brainarr.service.league import Standing
from brainarr.service.learning import Taste
from brainarr.web.charts import Bar, Chart, Leaning, interval_bars, leaning_bars
from brainarr.web.figures import compact, dollars, percent

_FACETS = ("Genre", "Era", "Variety", "Agreement of sources")
_GENRES = 12


def facets(taste: Taste) -> Chart:
    """The weights that count now, how sure they are, and what the settings say."""
    known = weight_intervals(taste.learnt.posterior) if taste.learnt.posterior else (None,) * len(_FACETS)
    rows = [
        Bar(name, now, *(interval or (None, None)), accent=True, before=before)
        for name, now, before, interval in zip(
            _FACETS, taste.weights.each, taste.configured.each, known, strict=True
        )
    ]
    picture = interval_bars(
        rows,
        title="What counts in the score",
        description="The weight of each part, with its 95% interval where something was learnt.",
        before="set to",
    )
    table = tuple(
        (row.label, percent(row.before or 0.0), percent(row.value), _sure(row.low, row.high)) for row in rows
    )
    note = "The upright line is what the settings say; the thin one across is how sure the new weight is."
    return Chart("What counts in the score", picture, ("Part", "Set to", "Now", "95%"), table, note)


def genres(learnt: Learnt) -> Chart | None:
    """The genres whose suggestions were taken more, or less, than the rest."""
    tastes: Mapping[str, object] = learnt.posterior.genres if learnt.posterior else {}
    telling = sorted(tastes, key=lambda genre: (-abs(learnt.genres.get(genre, 0.0)), genre))[:_GENRES]
    if learnt.posterior is None or not telling:
        return None
    rows = [(genre, learnt.genres.get(genre, 0.0), learnt.posterior.genres[genre]) for genre in telling]
    picture = leaning_bars(
        [
            Leaning(genre, value, f"{value:+.2f} · {one.accepted} of {one.decided} taken")
            for genre, value, one in rows
        ],
        title="Genres you take, and those you leave",
        description="What being of a genre adds to the score, or takes from it.",
        ends=("counts less", "counts more"),
    )
    table = tuple((genre, f"{value:+.2f}", str(one.accepted), str(one.decided)) for genre, value, one in rows)
    return Chart(
        "Genres you take, and those you leave",
        picture,
        ("Genre", "In the score", "Taken", "Decided"),
        table,
        "What being of a genre adds to the score, or takes from it.",
    )


def sources(learnt: Learnt) -> Chart | None:
    """How much each source's vote counts for this person."""
    if not learnt.sources:
        return None
    rows = sorted(learnt.sources.items(), key=lambda pair: (-pair[1], pair[0]))
    picture = leaning_bars(
        [Leaning(name, factor - 1, f"× {factor:.2f}") for name, factor in rows],
        title="Whose votes count",
        description="The factor on each source's vote; 1 leaves it as it is.",
        ends=("less than set", "more than set"),
        reach=lambda largest: max(largest, 0.25),
    )
    table = tuple((name, f"{factor:.2f}") for name, factor in rows)
    note = "The middle leaves a vote as it is set."
    return Chart("Whose votes count", picture, ("Source", "Factor"), table, note)


def league(standings: tuple[Standing, ...]) -> Chart | None:
    """Of those decided on, the share that was wanted, by source."""
    judged = [one for one in standings if one.outcomes.approval is not None]
    if not judged:
        return None
    judged.sort(key=lambda one: (-_rate(one.outcomes.approval), one.provider))
    picture = interval_bars(
        [_bar(one.provider, one.outcomes.approval) for one in judged],
        title="Whose proposals you take",
        description="Share that you approved of what you decided on, by source, with 95% intervals.",
    )
    table = tuple(
        (
            one.provider,
            percent(_rate(one.outcomes.approval)),
            _sure(*_ends(one.outcomes.approval)),
            f"{one.outcomes.approval.of:g}" if one.outcomes.approval else "",
        )
        for one in judged
    )
    return Chart(
        "Whose proposals you take",
        picture,
        ("Source", "Approved", "95%", "Decided"),
        table,
        "Share that you approved of what you decided on, with 95% intervals.",
    )


def standing_rows(standings: tuple[Standing, ...], *, money: bool) -> tuple[tuple[str, ...], ...]:
    """The whole table; with `money` what each has cost."""
    return tuple(
        (
            one.provider,
            compact(round(one.proposed)),
            compact(round(one.verified)),
            percent(one.waste.rate) if one.waste else "–",
            f"{one.outcomes.approved:g}",
            f"{one.outcomes.imported:g}",
            f"{one.outcomes.kept:g}",
            *(_money(one) if money else ()),
        )
        for one in standings
    )


def standing_heads(*, money: bool) -> tuple[str, ...]:
    heads = ("Source", "Proposed", "New to you", "Wasted", "Approved", "Imported", "Kept")
    return (*heads, "Cost", "For each kept") if money else heads


def _money(one: Standing) -> tuple[str, str]:
    """What it has cost, and for each that was kept."""
    paid = [dollars(one.cost_microdollars)] if one.cost_microdollars or not one.unpriced_calls else []
    unpriced = [f"{one.unpriced_calls} unpriced"] if one.unpriced_calls else []
    return " + ".join(paid + unpriced), "–" if one.cost_per_kept is None else dollars(one.cost_per_kept)


def _bar(name: str, share: Share | None) -> Bar:
    low, high = _ends(share)
    return Bar(name, _rate(share), low, high, accent=True)


def _rate(share: Share | None) -> float:
    return share.rate if share else 0.0


def _ends(share: Share | None) -> tuple[float | None, float | None]:
    return (share.low, share.high) if share else (None, None)


def _sure(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{percent(low)} to {percent(high)}"
