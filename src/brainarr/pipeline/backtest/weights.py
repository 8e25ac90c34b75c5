"""Which votes of the sources would have predicted this library's past better, if any did."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.backtest import Suggestion
from brainarr.pipeline.backtest.ballot import Ballot, Floats, places
from brainarr.pipeline.backtest.measure import difference, ndcgs, recalls

DEPTH = 100
"""The search looks deeper than the twenty that are shown: most artists stand below, and their moves count."""
_GRID = (0.0, 0.1, 0.25, 0.5, 0.7, 1.0)
_ROUNDS = 4
_WORTH_A_CHANGE = 1e-9
_FEWEST_DAYS = 8
"""That this many days all gain by chance happens once in 256 times; of fewer, resamples are too sure."""


def gains(ballots: Sequence[Ballot], weights: Mapping[str, float], at: int = DEPTH) -> Floats:
    """What each hidden artist of each cut adds to NDCG@at, in their order."""
    return np.concatenate([ndcgs(places(ballot, weights), at) for ballot in ballots])


def search(ballots: Sequence[Ballot], start: Mapping[str, float]) -> dict[str, float]:
    """The votes with the best NDCG@100 over these cuts: coordinate ascent on a grid, from `start`.

    A vote changes only where that gains something, so that what the data does not tell stays as it was. The
    largest vote is always 1: only proportions rank. No source at all is no answer, so one vote stays.
    """
    best = scaled(start)
    value = float(gains(ballots, best).mean())
    for _ in range(_ROUNDS):
        before = value
        for source in best:
            for vote in _GRID:
                tried = scaled({**best, source: vote})
                if (reached := float(gains(ballots, tried).mean())) > value + _WORTH_A_CHANGE:
                    best, value = tried, reached
        if value <= before + _WORTH_A_CHANGE:
            break
    return best


def scaled(weights: Mapping[str, float]) -> dict[str, float]:
    """The same proportions with 1 as the largest; all alike where every vote is 0."""
    most = max(weights.values(), default=0.0)
    return {source: vote / most if most else 1.0 for source, vote in weights.items()}


def without_own_cut(ballots: Sequence[Ballot], start: Mapping[str, float]) -> list[dict[str, float]]:
    """For each cut the votes that the other cuts suggest: what they gain there is no hindsight."""
    return [
        search([*ballots[:number], *ballots[number + 1 :]], start) if len(ballots) > 1 else scaled(start)
        for number in range(len(ballots))
    ]


def suggest(
    ballots: Sequence[Ballot],
    start: Mapping[str, float],
    days: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Suggestion, list[dict[str, float]]]:
    """Better votes than `start`, with what they gain where they were not chosen; and those of each cut.

    Suggested only where the whole 95 % interval of the gain is above 0 and the first twenty lose nothing:
    otherwise the present ones stay.
    """
    if len(start) < 2:
        return Suggestion(reason="There is only one source, so there is nothing to weigh."), []
    if len(ballots) < 2:
        return Suggestion(reason="One cut alone cannot tell a better weight from hindsight."), []
    if len(np.unique(days)) < _FEWEST_DAYS:
        few = f"The hidden artists came on fewer than {_FEWEST_DAYS} days: too few to tell weights apart."
        return Suggestion(reason=few), []
    crossed = without_own_cut(ballots, start)
    pairs = list(zip(ballots, crossed, strict=True))
    there = np.concatenate([ndcgs(places(ballot, weights), DEPTH) for ballot, weights in pairs])
    gain = difference(there, gains(ballots, start), days, rng)
    first = np.concatenate([recalls(places(ballot, weights), 20) for ballot, weights in pairs])
    present = np.concatenate([recalls(places(ballot, start), 20) for ballot in ballots])
    if gain.low <= 0:
        reason = "No other weights were better beyond what chance explains."
    elif first.mean() < present.mean():
        reason = "Other weights ranked better further down, but found fewer among the first twenty."
    else:
        # As loud as before: the votes of language models, which are not measured here, keep their proportion.
        loudest = max(start.values()) or 1.0
        best = search(ballots, start)
        return Suggestion({source: round(vote * loudest, 2) for source, vote in best.items()}, gain), crossed
    return Suggestion(gain=gain, reason=reason), crossed
