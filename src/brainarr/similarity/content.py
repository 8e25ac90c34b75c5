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
        self._shape = (artists, len(tags.vocabulary))
        cells, self._cell_of, self._people = np.unique(
            tags.artists * max(self._shape[1], 1) + tags.words, return_inverse=True, return_counts=True
        )
        """Distinct pairs of artist and word, in which of them each row of `tags` is, and the rows of each."""
        self._artist_of, self._word_of = np.divmod(cells, max(self._shape[1], 1))
        self._starts = np.searchsorted(self._artist_of, np.arange(artists + 1))
        order = np.argsort(tags.people, kind="stable")
        self._by_person = (tags.people[order], order)
        order = np.argsort(tags.artists, kind="stable")
        self._by_artist = (tags.artists[order], order)

    def tagged(self, person: int) -> Columns:
        """The artists that a person called anything, in ascending order."""
        return np.unique(self._tags.artists[self._said_by(person)])

    def without(self, person: int) -> sp.csr_array:
        """TF-IDF with logarithmic counts, rows of unit length; neither counts nor rarities know what `person`
        said."""
        counts = self._people.astype(np.float64)
        np.subtract.at(counts, self._cell_of[self._said_by(person)], 1.0)
        return self._weighed(counts)

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
            if len(mine):
                profile = self.without(person)
                near = (profile @ profile[mine].T).toarray()
                scores[person] = (near**SHARPNESS).sum(axis=1)
                nearest[person] = mine[near.argmax(axis=1)]
        return scores, nearest

    def shares(self) -> Floats:
        """Artists × tags, rows summing to 1 (or 0): for measures over everybody."""
        weights = self._weighed(self._people.astype(np.float64)).toarray()
        totals = weights.sum(axis=1, keepdims=True)
        return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)

    def _said_by(self, person: int) -> Columns:
        """Rows of `tags`."""
        people, order = self._by_person
        first, last = np.searchsorted(people, (person, person + 1))
        return order[first:last]

    def _weighed(self, counts: Floats) -> sp.csr_array:
        artists, words = self._shape
        carried = np.bincount(self._word_of, weights=counts > 0, minlength=words)
        rarity = np.where(carried >= FEWEST, np.log(artists / np.maximum(carried, 1)), 0.0)
        weights = np.log1p(counts) * rarity[self._word_of]
        # Added up one after the other, unlike `sum`: a word that only the left-out person said adds a 0, and
        # so changes nothing, not even the last digit.
        lengths = np.sqrt(np.bincount(self._artist_of, weights=weights**2, minlength=artists))
        weights /= np.maximum(lengths, 1e-12)[self._artist_of]
        return sp.csr_array((weights, self._word_of, self._starts), shape=self._shape)
