"""Information retention: how much of a library's recommendations survive when only some artists are told
(SCIENCE §4).

IR@100 = Recall@100 of a reader that sees the told artists only ÷ Recall@100 of the same reader on the whole
library, as the mean of independent readers. A reader is a matrix as in `models`: row = an artist that is
told, column = a candidate; no reader is fitted to the library that it reads.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainarr.similarity.models import Floats, Interactions, popularity

Columns = NDArray[np.intp]
"""Artists by their columns in the interactions."""

LONGEST_LIST = 100
"""ListenBrainz answers with at most so many neighbours of an artist."""


class Split(NamedTuple):
    """A library taken apart: `owned` is what may be told, `truth` what is to be found again."""

    owned: Columns
    truth: Columns


class Estimate(NamedTuple):
    """Mean retention with its 95 % interval, which one library alone does not have."""

    mean: float
    interval: tuple[float, float] | None
    libraries: tuple[float, ...]
    """The mean over readers, for each library."""
    readers: tuple[float, ...]
    """The mean over libraries, for each reader."""


def split(columns: Sequence[int], truth_share: float, rng: np.random.Generator) -> Split:
    """A random split; at least one artist on either side of two or more."""
    shuffled = rng.permutation(np.array(sorted(columns), dtype=np.intp))
    held = min(max(1, round(truth_share * len(shuffled))), len(shuffled) - 1)
    return Split(np.sort(shuffled[held:]), np.sort(shuffled[:held]))


def co_listening_lists(interactions: Interactions, longest: int = LONGEST_LIST) -> list[Columns]:
    """For each artist the artists that most people play beside it, most first, as ListenBrainz lists them:
    raw counts, the famous first."""
    together = _together(interactions)
    return [_largest(counts, longest) for counts in together]


def cosine_lists(interactions: Interactions, longest: int = LONGEST_LIST) -> Floats:
    """The reader by neighbour lists: for each artist its `longest` closest ones with their cosine."""
    together = _together(interactions)
    length = np.sqrt(np.maximum(popularity(interactions), 1.0))
    weights = np.zeros_like(together)
    for artist, counts in enumerate(together):
        cosine = counts / (length * length[artist])
        near = _largest(cosine, longest)
        weights[artist, near] = cosine[near]
    return weights


def recalls(reader: Floats, told: Sequence[Columns], parts: Split, at: int = 100) -> Floats:
    """For each selection `told` of the owned artists: the share of the truth among the reader's first `at`.

    What is owned is left out of those, told or not: it is never recommended, whoever proposes it.
    """
    chosen = np.array([np.isin(parts.owned, selection) for selection in told], dtype=np.float64)
    scores = chosen @ reader[parts.owned]
    scores[:, parts.owned] = -np.inf
    # Stable, so that ties break by column on every machine.
    first = np.argsort(-scores, axis=1, kind="stable")[:, :at]
    return np.isin(first, parts.truth).sum(axis=1) / len(parts.truth)


def retention(told: Floats, whole: Floats, rng: np.random.Generator, resamples: int = 2000) -> Estimate:
    """Retention from recalls, both of shape (libraries, splits, readers).

    A library's retention is the ratio of its mean recalls, per reader, and the mean of that over readers.
    The interval is a percentile bootstrap over libraries, for splits of one library depend on each other.
    Raises ValueError where a reader finds nothing with the whole library: there is nothing to retain.
    """
    found = whole.mean(axis=1)
    if not found.size or not found.all():
        raise ValueError("a reader finds nothing of a whole library")
    ratios = told.mean(axis=1) / found
    libraries = ratios.mean(axis=1)
    interval = None
    if len(libraries) > 1:
        drawn = libraries[rng.integers(len(libraries), size=(resamples, len(libraries)))].mean(axis=1)
        low, high = np.percentile(drawn, (2.5, 97.5))
        interval = (float(low), float(high))
    return Estimate(
        float(libraries.mean()), interval, tuple(libraries.tolist()), tuple(ratios.mean(axis=0).tolist())
    )


def in_random_order(owned: Columns, rng: np.random.Generator) -> Columns:
    return rng.permutation(owned)


def by_popularity(owned: Columns, listeners: Floats) -> Columns:
    """The famous first."""
    return owned[np.argsort(-listeners[owned], kind="stable")]


def stratified(owned: Columns, strata: Mapping[int, str], rng: np.random.Generator) -> Columns:
    """Random, but every prefix holds the strata in their proportions. `strata`: by column."""
    members: dict[str, list[int]] = {}
    for column in in_random_order(owned, rng).tolist():
        members.setdefault(strata[column], []).append(column)
    placed = [
        ((rank + 0.5) / len(inside), name, column)
        for name, inside in members.items()
        for rank, column in enumerate(inside)
    ]
    return np.array([column for _, _, column in sorted(placed)], dtype=np.intp)


def _together(interactions: Interactions) -> Floats:
    """People who listen to both, for each pair of different artists."""
    counts = np.asarray((interactions.T @ interactions).toarray(), dtype=np.float64)
    np.fill_diagonal(counts, 0.0)
    return counts


def _largest(values: Floats, most: int) -> Columns:
    """Where the largest positive values are, largest first."""
    order = np.argsort(-values, kind="stable")[:most]
    return order[values[order] > 0]
