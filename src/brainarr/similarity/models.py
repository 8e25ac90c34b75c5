"""Item-item models: who is close to whom, learnt from who listens to what.

Every model is a square matrix W over artists: row = an owned artist, column = a candidate, entry = how much
the one speaks for the other. A person's scores are `x @ W` for their row x of the interactions, and the terms
of that sum are the explanation.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interactions = sp.csr_array
"""People × artists, 1 where a person listens to an artist."""


def popularity(interactions: Interactions) -> Floats:
    """Listeners of each artist."""
    return np.asarray(interactions.sum(axis=0), dtype=np.float64).ravel()


def ease(interactions: Interactions, l2: float = 100.0) -> Floats:
    """EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019), solved in user space.

    With G = XXᵀ + λI over people, Woodbury gives the inverse of XᵀX + λI as (I − Xᵀ G⁻¹ X) / λ: where there
    are fewer people than artists, the smaller matrix is inverted.
    """
    people, artists = interactions.shape
    dense = interactions.toarray().astype(np.float64)
    gram = dense @ dense.T
    gram[np.diag_indices(people)] += l2
    inverse = np.eye(artists) - dense.T @ np.linalg.solve(gram, dense)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def rp3beta(interactions: Interactions, beta: float = 0.4) -> Floats:
    """RP3β (Paudel et al., "Updatable, Accurate, Diverse, and Scalable Recommendations", TiiS 2017).

    The chance that a walk artist → person → artist ends at the candidate, over the candidate's popularity^β.
    """
    listeners = np.maximum(popularity(interactions), 1.0)
    owned = np.maximum(np.asarray(interactions.sum(axis=1), dtype=np.float64).ravel(), 1.0)
    to_person = (interactions / listeners).T.tocsr()
    to_artist = sp.csr_array(interactions / owned[:, None])
    weights = (to_person @ to_artist).toarray()
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights / listeners**beta, dtype=np.float64)
