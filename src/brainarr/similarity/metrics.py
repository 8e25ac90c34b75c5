"""How good a ranking is, for each person, and how sure one can be of a mean over people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainarr.similarity.models import Floats, Interactions

Places = NDArray[np.int64]
"""People × K: columns of the recommended artists, best first; -1 where a list is shorter."""

RESAMPLES = 2_000


@dataclass(frozen=True)
class Interval:
    """A mean over people with its 95 % bootstrap interval (Efron 1979, percentile method)."""

    mean: float
    low: float
    high: float


def top(scores: Floats, owned: Interactions, k: int) -> Places:
    """The `k` best columns of each row that its person does not own; scores of 0 or less are no
    recommendation. Ties go to the lower column."""
    open_scores = np.array(scores, dtype=np.float64)
    open_scores[owned.nonzero()] = -np.inf
    best = np.argsort(-open_scores, axis=1, kind="stable")[:, :k]
    places = np.full((len(open_scores), k), -1, dtype=np.int64)
    places[:, : best.shape[1]] = np.where(np.take_along_axis(open_scores, best, axis=1) > 0, best, -1)
    return places


def _hits(places: Places, heldout: Interactions) -> NDArray[np.bool_]:
    wanted = np.asarray(heldout.toarray()) > 0
    return np.take_along_axis(wanted, np.maximum(places, 0), axis=1) & (places >= 0)


def _wanted(heldout: Interactions) -> NDArray[np.int64]:
    return np.diff(heldout.indptr).astype(np.int64)


def recall(places: Places, heldout: Interactions) -> Floats:
    """Recall@K of each person: the share of their held-out artists among the K. NaN: nothing was held out."""
    wanted = _wanted(heldout)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(wanted > 0, _hits(places, heldout).sum(axis=1) / wanted, np.nan)


def ndcg(places: Places, heldout: Interactions) -> Floats:
    """NDCG@K of each person with binary relevance (Järvelin, Kekäläinen 2002). NaN: nothing was held out."""
    k = int(places.shape[1])
    discounts = 1.0 / np.log2(np.arange(2, k + 2, dtype=np.float64))
    ideal = np.concatenate([[np.nan], np.cumsum(discounts)])
    wanted = np.minimum(_wanted(heldout), k)
    return _hits(places, heldout) @ discounts / ideal[wanted]


def coverage(places: Places, artists: int) -> float:
    """The share of the first `artists` columns that is recommended to anybody."""
    return len(np.unique(places[(places >= 0) & (places < artists)])) / artists


def novelty(places: Places, listeners: Floats, people: int) -> Floats:
    """Mean self-information −log₂(share of people who listen to it) of each person's list, in bits; NaN for
    an empty one (Zhou et al., PNAS 2010)."""
    bits = -np.log2(np.maximum(listeners, 1.0) / people)
    shown = places >= 0
    total = np.where(shown, bits[np.maximum(places, 0)], 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(shown.any(axis=1), total / shown.sum(axis=1), np.nan)


def miscalibration(places: Places, owned: Interactions, genres: Floats, smoothing: float = 0.01) -> Floats:
    """KL divergence, in nats, of each list's genres from its library's (Steck, "Calibrated Recommendations",
    RecSys 2018): 0 keeps the library's proportions. `genres`: artists × genres, rows summing to 1 or 0."""
    library = _shares(owned @ genres)
    chosen = np.zeros(library.shape)
    for row, columns in enumerate(places):
        chosen[row] = genres[columns[columns >= 0]].sum(axis=0)
    # Steck's smoothing: a genre that no pick has must not make the divergence infinite.
    smoothed = (1.0 - smoothing) * _shares(chosen) + smoothing * library
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(library > 0, library * np.log(library / smoothed), 0.0)
    known = (library.sum(axis=1) > 0) & (chosen.sum(axis=1) > 0)
    return np.where(known, terms.sum(axis=1), np.nan)


def _shares(weights: Floats) -> Floats:
    totals = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def interval(values: Floats, seed: int = 0) -> Interval:
    """The mean over those people for whom there is a value; NaN for nobody."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    means = _resampled_means(known, seed)
    return Interval(float(known.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975)))


def paired(one: Floats, other: Floats, seed: int = 0) -> Interval:
    """The mean of `one` − `other` over the same people: whoever is easy or hard is so for both, and their
    difference is known far better than either figure."""
    return interval(one - other, seed)


def _resampled_means(values: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    # How often each person is drawn says all: one matrix product instead of 2,000 copies.
    counts = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), size=RESAMPLES)
    return counts @ values / len(values)
