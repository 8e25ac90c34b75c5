"""Thompson sampling: a slot or two of a batch go to what would be best if the person were a little other
than believed, so that a belief that is wrong can be found out (Thompson 1933; Chapelle and Li 2011)."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from brainarr.domain.learning import FacetWeights, GenreTaste, Learnt, Posterior
from brainarr.domain.recommendation import Scored
from brainarr.pipeline.learn import GENRE_SHRINKAGE, MOST_OF_A_GENRE
from brainarr.pipeline.posterior import Floats, believed_before

# The pick is the first; the others tell how likely it was, to within 0.03.
_DRAWS = 256
_ONE_SLOT_FROM, _TWO_SLOTS_FROM = 5, 15
_EDGE = 1e-6


class Pick(msgspec.Struct, frozen=True):
    index: int
    """Into the pool."""
    propensity: float = 1.0
    """The share of draws that would have picked the same, in (0, 1]; 1 for what is ranked."""
    explored: bool = False

    @classmethod
    def drawn(cls, worth: Floats, among: Sequence[int]) -> "Pick":
        """The best of the first draw; `worth` is (draws, candidates), `among` the candidates' places in the
        pool. The propensity is that of this slot, given what was picked before it."""
        best = worth.argmax(axis=1)
        return cls(among[int(best[0])], float((best == best[0]).mean()), explored=True)


def slots_of(batch: int, asked: int | None) -> int:
    """How many of a batch are drawn: as `asked`, at most half of it; None: one from 5 on, two from 15 on."""
    if asked is None:
        return (batch >= _ONE_SLOT_FROM) + (batch >= _TWO_SLOTS_FROM)
    return min(asked, batch // 2)


class Exploration(msgspec.Struct, frozen=True):
    """The drawn slots of one batch. `rng` is the only thing in it that changes."""

    slots: int
    beliefs: Posterior
    rng: np.random.Generator

    @classmethod
    def of(
        cls, batch: int, asked: int | None, learnt: Learnt, weights: FacetWeights, seed: int
    ) -> "Exploration":
        """`weights`: the configured ones, the prior where nothing is learnt yet."""
        beliefs = learnt.posterior or believed_before(weights)
        return cls(slots_of(batch, asked), beliefs, np.random.default_rng(seed))

    def totals(self, candidates: Sequence[Scored], diversity: Floats) -> Floats:
        """(draws, candidates): the score of each in each draw; without what was asked for in so many words,
        which is not for a draw to doubt.

        `diversity`: (candidates,), the facet with regard to what is picked already.
        """
        facets = np.array([(item.genre, item.era, item.relative_confidence) for item in candidates])
        facets = np.insert(facets, 2, diversity, axis=1)
        return self._draw_weights() @ facets.T + self._draw_likings(candidates)

    def _draw_weights(self) -> Floats:
        """(draws, 4), each row at least 0 and, like the learnt weights, summing to 1."""
        drawn = self.rng.multivariate_normal(
            np.array(self.beliefs.mean), np.array(self.beliefs.covariance), _DRAWS
        )
        positive = np.maximum(drawn, 0.0) + _EDGE
        return positive / positive.sum(axis=1, keepdims=True)

    def _draw_likings(self, candidates: Sequence[Scored]) -> Floats:
        """(draws, candidates): what its genres add to each. A genre nobody decided on is drawn the widest."""
        genres = sorted({genre for item in candidates for genre in item.verified.genres})
        if not genres:
            return np.zeros((_DRAWS, len(candidates)))
        rate = self.beliefs.rate
        unknown = GenreTaste(GENRE_SHRINKAGE * rate, GENRE_SHRINKAGE * (1 - rate), rate)
        tastes = [self.beliefs.genres.get(genre, unknown) for genre in genres]
        shape = (_DRAWS, len(genres))
        rates = self.rng.beta([taste.alpha for taste in tastes], [taste.beta for taste in tastes], shape)
        rests = np.array([taste.rest for taste in tastes])
        shares = np.array([_shares(item.verified.genres, genres) for item in candidates])
        return np.clip(rates - rests, -MOST_OF_A_GENRE, MOST_OF_A_GENRE) @ shares.T


def _shares(own: Mapping[str, float], genres: Sequence[str]) -> list[float]:
    return [own.get(genre, 0.0) for genre in genres]
