"""GF-CF, the low-pass graph filter: who is close to whom with the noise of rare listens smoothed out.

Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021. W = R̃ᵀR̃ + α D^-½ V Vᵀ D^½
with R̃ the interactions over the roots of both degrees, V its strongest right singular vectors and D the
listeners of each artist. The first part is a co-listening model; the second is dense, of low rank.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from brainarr.similarity.models import (
    Factors,
    Floats,
    Interactions,
    breadth,
    co_listening,
    popularity,
)
from brainarr.similarity.neighbours import (
    BLOCK_ENTRIES,
    Ints,
    Neighbours,
    no_neighbours,
    set_row,
    shared_rows,
    strongest_of_all,
)

LEAST_SINGULAR = 1e-6
"""Of the largest singular value. What is below is rounding: any vector of the null space would do as well."""


@dataclass(frozen=True)
class LowPass:
    """The second part of W, as its two factors: W₂ = owned @ candidateᵀ, each artists × rank."""

    owned: Floats
    candidate: Floats

    def rows(self) -> Iterator[Floats]:
        """Each row of W₂ (1 × artists), in order; computed in blocks."""
        artists = len(self.owned)
        width = max(1, BLOCK_ENTRIES // max(artists, 1))
        for start in range(0, artists, width):
            yield from self.owned[start : start + width] @ self.candidate.T


def spectral(interactions: Interactions, rank: int = 64, mixed: float = 0.3) -> Floats:
    """The whole W, dense: artists × artists, diagonal 0. `rank`: vectors in V; `mixed`: α."""
    weights = co_listening(interactions, spectral_factors(popularity(interactions), breadth(interactions)))
    smooth = low_pass(interactions, rank, mixed)
    weights += smooth.owned @ smooth.candidate.T
    np.fill_diagonal(weights, 0.0)
    return weights


def spectral_neighbours(interactions: Interactions, rank: int, mixed: float, keep: int) -> Neighbours:
    """The strongest entries of the same W, a block of rows at a time."""
    factors = spectral_factors(popularity(interactions), breadth(interactions))
    found = no_neighbours(interactions.shape[1], keep)
    direct = shared_rows(interactions, factors.person, np.arange(interactions.shape[1]))
    smooth = low_pass(interactions, rank, mixed).rows()
    for (artist, others, sums), row in zip(direct, smooth, strict=True):
        set_row(found, artist, *thinned(row, artist, others, sums, factors, keep))
    return found


def thinned(
    smooth: Floats, artist: int, others: NDArray[np.integer], sums: Floats, factors: Factors, keep: int
) -> tuple[Ints, NDArray[np.float32]]:
    """The strongest entries of one row of W, from its second part (overwritten) and, at `others`, the sums of
    its first (`shared_rows`)."""
    smooth[others] += sums * factors.candidate[others] * factors.owned[artist]
    return strongest_of_all(smooth, artist, keep)


def spectral_factors(listeners: Floats, owned: Floats) -> Factors:
    """The first part of W, from the listeners of each artist and the number of artists of each person."""
    root = np.sqrt(np.maximum(listeners, 1.0))
    return Factors(1.0 / np.maximum(owned, 1.0), 1.0 / root, 1.0 / root)


def low_pass(interactions: Interactions, rank: int, mixed: float) -> LowPass:
    """The second part of W, by a truncated singular value decomposition (ARPACK)."""
    # Whoever listens to nothing says nothing, and must not change even the last digit of the rest.
    interactions = sp.csr_array(interactions[np.flatnonzero(np.diff(interactions.indptr))])
    people, artists = interactions.shape
    root = np.sqrt(np.maximum(popularity(interactions), 1.0))
    wide = np.sqrt(np.maximum(breadth(interactions), 1.0))
    normed = sp.csr_array(interactions.multiply(1.0 / wide[:, None]).multiply(1.0 / root))
    smaller = min(people, artists)
    if smaller < 2:
        return low_pass_of(np.empty((artists, 0)), np.empty(0), root, mixed)
    # A fixed start: the same data give the same filter to the last bit. Not all ones, which is a singular
    # vector itself where everybody has as many artists, and then says nothing of the others.
    start = np.random.default_rng(0).standard_normal(smaller)
    _, singular, vectors = svds(normed, k=min(rank, smaller - 1), v0=start, rng=0)
    return low_pass_of(vectors.T, singular.astype(np.float64), root, mixed)


def low_pass_of(vectors: Floats, singular: Floats, root: Floats, mixed: float) -> LowPass:
    """From V (artists × rank), its singular values and the roots of each artist's listeners."""
    told = vectors[:, singular > LEAST_SINGULAR * singular.max(initial=0.0)]
    return LowPass(mixed * told / root[:, None], told * root[:, None])
