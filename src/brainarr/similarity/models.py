"""Item-item models: who is close to whom, learnt from who listens to what.

Every model is a square matrix W over artists: row = an owned artist, column = a candidate, entry = how much
the one speaks for the other. A person's scores are `x @ W` for their row x of the interactions, and the terms
of that sum are the explanation. Here W is whole and dense, for thousands of artists; `neighbours` computes
the strongest entries of the same matrices for any number.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interactions = sp.csr_array
"""People × artists, 1 where a person listens to an artist."""


@dataclass(frozen=True)
class Factors:
    """A co-listening model: W[i, j] = owned[i] · Σ person[u] · candidate[j], over the people u who listen to
    both.

    The sum is additive over people, so that it can be computed in parts, anywhere, and refreshed.
    """

    person: Floats
    owned: Floats
    candidate: Floats


def popularity(interactions: Interactions) -> Floats:
    """Listeners of each artist."""
    return np.bincount(interactions.indices, minlength=interactions.shape[1]).astype(np.float64)


def breadth(interactions: Interactions) -> Floats:
    """Artists of each person."""
    return np.diff(interactions.indptr).astype(np.float64)


def ease(interactions: Interactions, l2: float = 100.0) -> Floats:
    """EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): the smaller side is
    solved.

    With G = XXᵀ + λI over people, Woodbury gives the inverse of XᵀX + λI as (I − Xᵀ G⁻¹ X) / λ: where there
    are fewer people than artists, the smaller matrix is inverted.
    """
    people, artists = interactions.shape
    dense = interactions.toarray().astype(np.float64)
    if people <= artists:
        gram = dense @ dense.T
        gram[np.diag_indices(people)] += l2
        inverse = np.eye(artists) - dense.T @ np.linalg.solve(gram, dense)
    else:
        gram = dense.T @ dense
        gram[np.diag_indices(artists)] += l2
        inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def rp3beta(interactions: Interactions, beta: float = 0.4) -> Floats:
    """RP3β (Paudel et al., "Updatable, Accurate, Diverse, and Scalable Recommendations", TiiS 2017).

    The chance that a walk artist → person → artist ends at the candidate, over the candidate's popularity^β.
    """
    return co_listening(interactions, rp3beta_factors(popularity(interactions), breadth(interactions), beta))


def bm25(interactions: Interactions, k1: float = 1.2, b: float = 0.75) -> Floats:
    """Artists as documents and people as words, weighted by Okapi BM25 (Robertson, Zaragoza 2009); W[i, j] is
    the product of both weight vectors.
    """
    return co_listening(interactions, bm25_factors(popularity(interactions), breadth(interactions), k1, b))


def co_listening(interactions: Interactions, factors: Factors) -> Floats:
    """The whole W of a co-listening model, dense."""
    weighted = sp.csr_array(interactions.multiply(factors.person[:, None]))
    weights = np.asarray((interactions.T @ weighted).toarray(), dtype=np.float64)
    np.fill_diagonal(weights, 0.0)
    return factors.owned[:, None] * weights * factors.candidate


def rp3beta_factors(listeners: Floats, owned: Floats, beta: float = 0.4) -> Factors:
    """From the listeners of each artist and the number of artists of each person."""
    heard = np.maximum(listeners, 1.0)
    return Factors(1.0 / np.maximum(owned, 1.0), 1.0 / heard, heard**-beta)


def bm25_factors(listeners: Floats, owned: Floats, k1: float = 1.2, b: float = 0.75) -> Factors:
    """From the listeners of each artist and the number of artists of each person.

    The two figures that depend on the whole data, the number of artists and their mean listeners, are
    rounded: else one more person would change every weight a little, and nothing could be refreshed in part.
    """
    rarity = np.maximum(np.log(two_digits(len(listeners))) - np.log1p(owned), 0.0)
    mean = two_digits(float(listeners.mean())) if len(listeners) else 1.0
    length = (k1 + 1.0) / (k1 * (1.0 - b + b * listeners / max(mean, 1e-9)) + 1.0)
    return Factors(rarity**2, length, length)


def two_digits(number: float) -> float:
    """`number`, rounded to two significant digits."""
    return float(f"{number:.1e}")
