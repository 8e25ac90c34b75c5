"""Places of hidden artists → Recall and NDCG with their intervals.

Both are means over the hidden artists, so that two ways of ranking can be compared artist by artist.
"""

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.backtest import Estimate
from brainarr.pipeline.backtest.ballot import Floats, Places

RESAMPLES = 2000
_LEVEL = 95.0
_RULE_OF_THREE = 3.0


def recalls(places: Places, at: int) -> Floats:
    """1 for each hidden artist among the first `at`, else 0; their mean is Recall@at.

    A cut hides fewer artists than `at` as a rule; where it hides more, the best possible is below 1.
    """
    return ((places > 0) & (places <= at)).astype(np.float64)


def ndcgs(places: Places, at: int) -> Floats:
    """What each hidden artist adds to NDCG@at of one cut (Järvelin, Kekäläinen 2002), times their number.

    Gain 1, discount log2(1 + place). The mean over all artists of several cuts is the mean of the cuts' NDCG,
    each weighted by how many artists it hides.
    """
    if not len(places):
        return np.zeros(0)
    found = (places > 0) & (places <= at)
    gains = np.where(found, 1 / np.log2(1.0 + np.maximum(places, 1)), 0.0)
    ideal = (1 / np.log2(1.0 + np.arange(1, min(at, len(places)) + 1))).sum()
    return gains * (len(places) / ideal)


def estimate(values: Floats, days: NDArray[np.int64], rng: np.random.Generator) -> Estimate:
    """The mean of shares with its 95 % bootstrap interval (Efron 1979, percentiles).

    `days` numbers the day of each artist: whole days are drawn, for what was added together tends to be found
    together. Where all artists agree the resamples tell nothing; then three over the number of days bounds
    what was not seen (rule of three: Hanley, Lippman-Hand 1983), to both sides.
    """
    low, high = _interval(values, days, rng)
    return Estimate(float(values.mean()), max(0.0, low), min(1.0, high))


def difference(better: Floats, worse: Floats, days: NDArray[np.int64], rng: np.random.Generator) -> Estimate:
    """The mean of `better` − `worse`, artist by artist, with its 95 % bootstrap interval; may be negative."""
    gained = better - worse
    low, high = _interval(gained, days, rng)
    return Estimate(float(gained.mean()), max(-1.0, low), min(1.0, high))


def _interval(values: Floats, days: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    """2.5 and 97.5 % of the means of `RESAMPLES` draws of whole days."""
    _, day = np.unique(days, return_inverse=True)
    count = int(day.max()) + 1
    if not np.ptp(values):
        return float(values.mean()) - _RULE_OF_THREE / count, float(values.mean()) + _RULE_OF_THREE / count
    sums = np.bincount(day, weights=values, minlength=count)
    sizes = np.bincount(day, minlength=count)
    drawn = rng.integers(0, count, size=(RESAMPLES, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [(100 - _LEVEL) / 2, (100 + _LEVEL) / 2])
    return float(low), float(high)
