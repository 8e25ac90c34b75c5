"""list[Feedback] → Learnt: what a person's decisions say of the facets, the genres and the sources.

SCIENCE §3. Everything is a posterior: few decisions leave what is configured, old ones fade.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite, log
from statistics import fmean

import msgspec
import numpy as np

from brainarr.domain.genres import canonical_genre, lineage, parents_of
from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Feedback, GenreTaste, Learnt, Posterior
from brainarr.pipeline.posterior import Floats, fit_weights

HALF_LIFE_DAYS = 180.0
MOST_OF_A_GENRE = 0.25
"""What one genre may add to a score or take from it: as much as the mission's facets of era or confidence."""

# So many decisions a genre must have to be believed half. On the Last.fm data (validation split, pools of 200
# of which so many were decided on, NDCG@20 of the others, .372 without learning): 6 gives .368 after 20
# decisions and .383 after 100, 12 gives .371 and .384, 40 gives .374 and .383.
GENRE_SHRINKAGE = 12.0
_SOURCE_SHRINKAGE = 20.0
_SOURCE_FACTORS = (0.5, 2.0)
# Beta(1, 1) over everything.
_EVEN = 2.0
# An inverse propensity above it would let one lucky draw outvote a month of decisions.
_MOST_INVERSE = 5.0
# An ignored recommendation (−0.1) is no decision that people would count.
_A_DECISION = 0.25


class _Tally(msgspec.Struct):
    yes: float = 0.0
    no: float = 0.0
    accepted: int = 0
    decided: int = 0

    def add(self, item: Feedback, weight: float) -> None:
        if item.label > 0:
            self.yes += weight
        else:
            self.no += weight
        if abs(item.label) >= _A_DECISION:
            self.accepted += item.label > 0
            self.decided += 1

    @property
    def both(self) -> float:
        return self.yes + self.no


def learn(feedback: Sequence[Feedback], prior: FacetWeights = DEFAULT_WEIGHTS) -> Learnt:
    """What `feedback`, in any order, makes of `prior` (which sums to 1); without any, exactly `prior`.

    Propensities weigh the regression over the facets only, clipped and scaled to mean 1: the facets of what
    is shown are those of the top, which the inverse propensity spreads again over all that might have been. A
    decision about a genre is one about that genre, however it came to be shown.
    """
    told = [item for item in feedback if item.label and isfinite(item.label)]
    if not told:
        return Learnt(prior)
    weights = [abs(item.label) * 0.5 ** (max(0.0, item.age_days) / HALF_LIFE_DAYS) for item in told]
    rate, genres = _taste_in_genres(told, weights)
    likings = {genre: leaning(_mean(taste), taste.rest) for genre, taste in genres.items()}
    odds = {genre: _logit(_mean(taste)) - _logit(taste.rest) for genre, taste in genres.items()}
    fit = fit_weights(
        np.array([item.facets for item in told]),
        np.array([item.label > 0 for item in told]),
        np.array(weights) * _inverse_propensities(told),
        # What the genre explains already is not explained by a facet once more.
        np.array([_of(item.genres, odds) for item in told]),
        prior,
    )
    return Learnt(
        weights=fit.weights or prior,
        genres=likings,
        sources=_trust_in_sources(told, weights),
        decisions=len(told),
        posterior=Posterior(fit.mean, fit.covariance, genres, rate),
    )


def leaning(rate: float, rest: float) -> float:
    """What an acceptance of `rate` instead of `rest` adds to the score, bounded: their difference.

    Around even odds a point of the score is a point of probability (`LOGITS` · ¼). A difference of logits
    would say much more near 0 and 1: of one refusal by somebody who has taken everything else.
    """
    return max(-MOST_OF_A_GENRE, min(MOST_OF_A_GENRE, rate - rest))


def _inverse_propensities(told: Sequence[Feedback]) -> Floats:
    clipped = [min(_MOST_INVERSE, 1.0 / max(item.propensity, 1e-9)) for item in told]
    return np.array(clipped) / fmean(clipped)


def _taste_in_genres(
    told: Sequence[Feedback], weights: Sequence[float]
) -> tuple[float, dict[str, GenreTaste]]:
    """The acceptance over everything, and of each genre: a decision counts for its genres and all above.

    A genre is shrunk towards its parents without it, these towards everything without it, and held against
    that: so a further refusal of it changes nothing but its own rate, and can never raise it.
    """
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    whole = _Tally()
    for item, weight in zip(told, weights, strict=True):
        whole.add(item, weight)
        for genre in {above for name in item.genres for above, _ in lineage(name)}:
            tallies[genre].add(item, weight)
    rate = (whole.yes + _EVEN / 2) / (whole.both + _EVEN)
    found: dict[str, GenreTaste] = {}
    for genre, own in tallies.items():
        # Sums of floats: a difference may fall below 0 by a rounding.
        rest = (max(0.0, whole.yes - own.yes) + _EVEN / 2) / (max(0.0, whole.both - own.both) + _EVEN)
        kin = [_without(tallies[parent], own, rest) for parent in parents_of(genre) if parent in tallies]
        usual = fmean(kin) if kin else rest
        found[genre] = GenreTaste(
            alpha=own.yes + GENRE_SHRINKAGE * usual,
            beta=own.no + GENRE_SHRINKAGE * (1.0 - usual),
            rest=rest,
            accepted=own.accepted,
            decided=own.decided,
        )
    return rate, found


def _without(parent: _Tally, own: _Tally, rest: float) -> float:
    yes, no = max(0.0, parent.yes - own.yes), max(0.0, parent.no - own.no)
    return (yes + GENRE_SHRINKAGE * rest) / (yes + no + GENRE_SHRINKAGE)


def _mean(taste: GenreTaste) -> float:
    return taste.alpha / (taste.alpha + taste.beta)


def _logit(rate: float) -> float:
    return log(rate / (1 - rate))


def _of(genres: Iterable[str], odds: dict[str, float]) -> float:
    known = [odds[genre] for name in genres if (genre := canonical_genre(name)) in odds]
    return fmean(known) if known else 0.0


def _trust_in_sources(told: Sequence[Feedback], weights: Sequence[float]) -> dict[str, float]:
    """How much better than the whole a source's votes did, as a factor on its vote."""
    whole = _Tally()
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for item, weight in zip(told, weights, strict=True):
        whole.add(item, weight)
        for source in set(item.sources):
            tallies[source].add(item, weight)
    rate = (whole.yes + _EVEN / 2) / (whole.both + _EVEN)
    low, high = _SOURCE_FACTORS
    return {
        source: min(
            high, max(low, (own.yes + _SOURCE_SHRINKAGE * rate) / (own.both + _SOURCE_SHRINKAGE) / rate)
        )
        for source, own in tallies.items()
    }
