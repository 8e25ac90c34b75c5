"""GF-CF, the low-pass graph filter: who is close to whom with the noise of rare listens smoothed out.

Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021.
"""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from brainarr.similarity.models import Floats, Interactions, popularity

RANK = 64
MIXED = 0.3
"""Weight of the smoothed part against the direct one; both tuned inside `trained` of the Last.fm data, where
32 to 128 dimensions and weights of .3 to 1 are within half a percent of each other."""

_NOTHING = 1e-7
"""Of the largest singular value; the root of what is left of a zero in double precision."""


def spectral(interactions: Interactions, rank: int = RANK, mixed: float = MIXED) -> Floats:
    """W = R̃ᵀR̃ + α D^-½ V Vᵀ D^½ with R̃ the interactions normalised by the roots of both degrees, V its `rank`
    strongest right singular vectors and D the artists' listeners; artists × artists, diagonal 0."""
    # Whoever listens to nothing says nothing, and must not change even the last digit of the rest.
    interactions = sp.csr_array(interactions[np.flatnonzero(np.diff(interactions.indptr))])
    people, artists = interactions.shape
    root = np.sqrt(np.maximum(popularity(interactions), 1.0))
    owned = np.sqrt(np.maximum(np.asarray(interactions.sum(axis=1), dtype=np.float64), 1.0))
    normed = sp.csr_array(interactions.multiply(1.0 / owned[:, None]).multiply(1.0 / root))
    weights = np.asarray((normed.T @ normed).toarray(), dtype=np.float64)
    rank = min(rank, min(people, artists) - 1)
    if rank > 0:
        # A fixed start, and fixed dice for where ARPACK must start again: the same data give the same filter.
        _, values, vectors = svds(normed, k=rank, v0=np.full(min(people, artists), 1.0), rng=0)
        # Beyond the rank of the data there are only arbitrary directions.
        vectors = vectors[values > _NOTHING * values.max()]
        weights += mixed * (vectors / root).T @ (vectors * root)
    np.fill_diagonal(weights, 0.0)
    return weights
