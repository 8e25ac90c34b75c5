"""Who resembles whom by what people call them, with the words of the person in question left out.

Tags tell what co-listening does not. But that a person called an artist something tells that they know
the artist: so nobody's own tags count when that person is scored.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from brainarr.similarity.dataset import Tags
from brainarr.similarity.models import Floats, Interactions

Columns = NDArray[np.int64]

FEWEST = 2
"""A tag that was given once compares nobody with anybody."""
SHARPNESS = 2.0
"""Power of the cosine: a few close artists say more than many distant ones (tuned inside `trained`)."""


class TagProfile:
    """Artists × tags; `without(person)` gives it as if that person had never tagged anything."""

    def __init__(self, tags: Tags, artists: int) -> None:
        self._tags = tags
        self._counts = sp.csr_array(
            (np.ones(len(tags.artists)), (tags.artists, tags.words)), shape=(artists, len(tags.vocabulary))
        )
        self._counts.sum_duplicates()
        carried = np.bincount(self._counts.indices, minlength=len(tags.vocabulary))
        self._rarity = np.where(carried >= FEWEST, np.log(artists / np.maximum(carried, 1)), 0.0)
        self._whole = self._weighed(self._counts)
        order = np.argsort(tags.people, kind="stable")
        self._by_person = (tags.people[order], order)
        order = np.argsort(tags.artists, kind="stable")
        self._by_artist = (tags.artists[order], order)

    def without(self, person: int) -> tuple[sp.csr_array, Columns]:
        """The unit rows of the artists whom `person` tagged, without those tags, and which artists they
        are."""
        people, order = self._by_person
        first, last = np.searchsorted(people, (person, person + 1))
        own = order[first:last]
        artists = np.unique(self._tags.artists[own])
        given = sp.csr_array(
            (np.ones(len(own)), (np.searchsorted(artists, self._tags.artists[own]), self._tags.words[own])),
            shape=(len(artists), self._counts.shape[1]),
        )
        return self._weighed(sp.csr_array(self._counts[artists] - given)), artists

    def votes(self, artist: int, person: int) -> dict[str, int]:
        """Tag → how many people other than `person` gave it to the artist, most first."""
        first, last = np.searchsorted(self._by_artist[0], (artist, artist + 1))
        given = self._by_artist[1][first:last]
        words = self._tags.words[given[self._tags.people[given] != person]]
        found, counts = np.unique(words, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {self._tags.vocabulary[found[place]]: int(counts[place]) for place in order}

    def scores(self, owned: Interactions) -> tuple[Floats, Columns]:
        """People × artists: the sum over a person's artists of cosine² to the candidate; and which of their
        artists comes closest to it."""
        scores = np.zeros(owned.shape)
        nearest = np.zeros(owned.shape, dtype=np.int64)
        for person, (start, end) in enumerate(zip(owned.indptr, owned.indptr[1:], strict=False)):
            mine = owned.indices[start:end].astype(np.int64)
            if not len(mine):
                continue
            changed, artists = self.without(person)
            told = np.isin(mine, artists)
            others, told = mine[~told], mine[told]
            mine = np.concatenate([others, told])
            rows = sp.vstack([self._whole[others], changed[np.searchsorted(artists, told)]], format="csr")
            near = (self._whole @ rows.T).toarray()
            if len(artists):
                near[artists] = (changed @ rows.T).toarray()
            scores[person] = (near**SHARPNESS).sum(axis=1)
            nearest[person] = mine[near.argmax(axis=1)]
        return scores, nearest

    def shares(self) -> Floats:
        """Artists × tags, rows summing to 1 (or 0): for measures over everybody."""
        weights = self._whole.toarray()
        totals = weights.sum(axis=1, keepdims=True)
        return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)

    def _weighed(self, counts: sp.csr_array) -> sp.csr_array:
        """TF-IDF with logarithmic counts, rows of unit length."""
        weights = counts.copy()
        weights.data = np.log1p(np.maximum(weights.data, 0.0)) * self._rarity[weights.indices]
        lengths = np.sqrt(np.asarray(weights.power(2).sum(axis=1)).ravel())
        weights.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(weights.indptr))
        return weights
