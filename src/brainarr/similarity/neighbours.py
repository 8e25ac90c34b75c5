"""The strongest neighbours of every artist, in bounded memory: never a whole artists × artists matrix."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp
from numpy.typing import NDArray

from brainarr.similarity.models import Factors, Floats, Interactions, popularity

Ints = NDArray[np.int64]
BLOCK_ENTRIES = 8_000_000
"""Entries of W that are held at once while its rows are thinned out: about 130 MB."""


@dataclass(frozen=True)
class Neighbours:
    """The rows of a model's W, thinned to the entries that are largest in magnitude.

    Negative ones count: without them, EASE's recall@20 fell from .345 to .324 even with 200 a row.
    """

    artists: NDArray[np.int32]
    """Artists × keep: columns of W, strongest first; 0 where `weights` is 0."""
    weights: NDArray[np.float32]
    """Artists × keep; 0 where a row has fewer entries."""


def no_neighbours(artists: int, keep: int) -> Neighbours:
    return Neighbours(np.zeros((artists, keep), np.int32), np.zeros((artists, keep), np.float32))


def strongest(artists: NDArray[np.integer], weights: Floats, keep: int) -> tuple[Ints, NDArray[np.float32]]:
    """The `keep` weights of largest magnitude, largest first; of equal ones the lower column."""
    thin = weights.astype(np.float32)
    sizes = np.abs(thin)
    chosen = np.flatnonzero(sizes)
    if len(chosen) > keep:
        least = np.partition(sizes[chosen], -keep)[-keep]
        chosen = np.flatnonzero(sizes >= least)
    order = np.lexsort((artists[chosen], -sizes[chosen]))[:keep]
    return artists[chosen[order]].astype(np.int64), thin[chosen[order]]


def co_listening_neighbours(interactions: Interactions, factors: Factors, keep: int) -> Neighbours:
    """Of the co-listening model with these factors."""
    found = no_neighbours(interactions.shape[1], keep)
    fill_rows(found, interactions, factors, np.arange(interactions.shape[1]))
    return found


def fill_rows(found: Neighbours, interactions: Interactions, factors: Factors, rows: Ints) -> None:
    """Computes these rows of `found` anew."""
    keep = found.weights.shape[1]
    for artist, others, shared in shared_rows(interactions, factors.person, rows):
        weights = shared * factors.candidate[others] * factors.owned[artist]
        set_row(found, artist, *strongest(others, weights, keep))


def set_row(found: Neighbours, artist: int, artists: Ints, weights: NDArray[np.float32]) -> None:
    found.artists[artist], found.weights[artist] = 0, 0.0
    found.artists[artist, : len(artists)] = artists
    found.weights[artist, : len(weights)] = weights


def shared_rows(
    interactions: Interactions, person: Floats, rows: Ints
) -> Iterator[tuple[int, NDArray[np.int32], Floats]]:
    """(row, columns, Σ person[u] over the listeners they share) for each of `rows`; the diagonal is 0."""
    listeners = sp.csr_array(interactions.T)
    listeners.data = person[listeners.indices]
    counted = sp.csr_array(interactions).astype(np.float64)
    for block in blocks(rows, row_sizes(interactions)):
        shared = sp.csr_array(listeners[block] @ counted)
        for place, artist in enumerate(block.tolist()):
            part = slice(shared.indptr[place], shared.indptr[place + 1])
            others, sums = shared.indices[part], shared.data[part]
            sums[others == artist] = 0.0
            yield artist, others, sums


def row_sizes(interactions: Interactions) -> Ints:
    """At most so many entries each row of W has: the artists of an artist's listeners."""
    reached = interactions.T @ np.diff(interactions.indptr).astype(np.float64)
    return np.minimum(reached, interactions.shape[1]).astype(np.int64)


def blocks(rows: Ints, sizes: Ints) -> Iterator[Ints]:
    ends = np.cumsum(sizes[rows])
    start = 0
    while start < len(rows):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + BLOCK_ENTRIES, side="right")), start + 1)
        yield rows[start:stop]
        start = stop


def ease_neighbours(
    interactions: Interactions, l2: float, keep: int, solver: int
) -> tuple[Neighbours, NDArray[np.intp]]:
    """Of EASE, and the people it was fitted to.

    The smaller of people and artists is solved for, exactly, up to `solver` of them: time grows with its
    third power and memory with its square (8,000: 512 MB). Where both are more, it is fitted to the `solver`
    most telling people.
    """
    people, artists = interactions.shape
    everybody = np.arange(people)
    if artists <= min(people, solver):
        shared = (interactions.T @ interactions).toarray()
        return ease_of_shared(shared, l2, keep), everybody
    chosen = everybody if people <= solver else most_telling(interactions, solver)
    return ease_by_people(sp.csr_array(interactions[chosen]), l2, keep), chosen


def most_telling(interactions: Interactions, most: int) -> NDArray[np.intp]:
    """The people who say most: whose artists, each weighted by its rarity log(1 + people/listeners), sum
    highest.
    """
    listeners = np.maximum(popularity(interactions), 1.0)
    told = interactions @ np.log1p(interactions.shape[0] / listeners)
    return np.sort(np.argsort(-told, kind="stable")[:most])


def ease_of_shared(shared: Floats, l2: float, keep: int) -> Neighbours:
    """Of EASE, from the listeners that every two artists share (artists × artists, small)."""
    gram = shared.astype(np.float64)
    gram[np.diag_indices_from(gram)] += l2
    inverse = _inverse(gram)
    diagonal = np.diag(inverse).copy()
    found = no_neighbours(len(inverse), keep)
    for artist, row in enumerate(inverse):
        set_row(found, artist, *strongest_of_all(-row / diagonal, artist, keep))
    return found


def ease_by_people(interactions: Interactions, l2: float, keep: int) -> Neighbours:
    """Of EASE, by Woodbury, a block of rows at a time: (I − Xᵀ G⁻¹ X)[block] with G = XXᵀ + λI."""
    people, artists = interactions.shape
    gram = (interactions @ interactions.T).toarray().astype(np.float64)
    gram[np.diag_indices(people)] += l2
    # Single precision from here on: the condition of G is the largest row sum over λ, a few thousands.
    inverse = _inverse(gram).astype(np.float32)
    listeners = sp.csr_array(interactions.T).astype(np.float32)
    width = max(1, BLOCK_ENTRIES // max(people, artists))
    starts = range(0, artists, width)
    diagonal = np.empty(artists, np.float32)
    for start in starts:
        part = sp.csr_array(listeners[start : start + width])
        diagonal[start : start + width] = 1.0 - part.multiply(part @ inverse).sum(axis=1)
    found = no_neighbours(artists, keep)
    for start in starts:
        reached = listeners[start : start + width] @ inverse
        entries = np.ascontiguousarray((listeners @ np.ascontiguousarray(reached.T)).T) / diagonal
        for place, row in enumerate(entries):
            artist = start + place
            set_row(found, artist, *strongest_of_all(row, artist, keep))
    return found


def _inverse(symmetric: Floats) -> Floats:
    """Of a positive definite matrix, through Cholesky, in its own memory."""
    # Fortran order, for LAPACK would copy otherwise; the matrix is symmetric, so its transpose is itself.
    factor, failed = la.lapack.dpotrf(symmetric.T, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = la.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite; λ must be above 0")
    inverse = np.asarray(factor)
    for column in range(len(inverse)):
        inverse[column, column + 1 :] = inverse[column + 1 :, column]
    return inverse


def strongest_of_all(row: NDArray[np.floating], artist: int, keep: int) -> tuple[Ints, NDArray[np.float32]]:
    """`strongest` of a dense row, without sorting it: at least `keep` entries reach the keep-th largest of
    the maxima of runs of 16, so that only what reaches it needs a closer look.
    """
    row[artist] = 0.0
    sizes = np.abs(row)
    runs = len(row) // 16
    least = 0.0
    if runs > keep:
        maxima = sizes[: runs * 16].reshape(runs, 16).max(axis=1)
        least = float(np.partition(maxima, -keep)[-keep])
    chosen = np.flatnonzero(sizes >= least)
    return strongest(chosen, row[chosen].astype(np.float64), keep)
