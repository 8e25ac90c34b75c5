"""What decides between candidates: the weights of the facets and of the sources, and what feedback made of
them."""

from collections.abc import Mapping
from math import sqrt

import msgspec

from brainarr.domain.music import Mbid
from brainarr.domain.shares import Z_95

Facets = tuple[float, float, float, float]
"""Of one candidate, or one number for each of them: genre, era, diversity, confidence."""


class FacetWeights(msgspec.Struct, frozen=True):
    """How much each facet says in the score; each at least 0. The defaults are the mission's (DESIGN §7),
    the prior that feedback moves."""

    genre: float = 0.4
    era: float = 0.2
    diversity: float = 0.2
    confidence: float = 0.2

    @property
    def each(self) -> Facets:
        return (self.genre, self.era, self.diversity, self.confidence)


DEFAULT_WEIGHTS = FacetWeights()


class Feedback(msgspec.Struct, frozen=True, gc=False):
    """What became of one recommendation, with what was known of it when it was shown."""

    facets: Facets
    """As they entered the score, each in [0, 1]."""
    label: float
    """Above 0: wanted; below: not. Its size is how much it tells: 1 for a plain yes or no."""
    genres: tuple[str, ...] = ()
    """Canonical names."""
    sources: tuple[str, ...] = ()
    """Who voted for it."""
    age_days: float = 0.0
    propensity: float = 1.0
    """How likely it was to be shown, in (0, 1]."""


class GenreTaste(msgspec.Struct, frozen=True, gc=False):
    """How what is of one genre, or of one below it, is taken."""

    alpha: float
    beta: float
    """The acceptance is Beta(α, β): decayed decisions, and what is believed without them."""
    rest: float
    """Acceptance of everything else, in (0, 1): what the genre is held against."""
    accepted: int = 0
    decided: int = 0
    """Plain counts, for people."""


class Posterior(msgspec.Struct, frozen=True):
    """What is believed of the person, with its uncertainty: exploration draws from it."""

    mean: Facets
    """Logits that one whole unit of each facet adds to the odds of acceptance."""
    covariance: tuple[Facets, Facets, Facets, Facets]
    """Of `mean`, in logits²."""
    genres: Mapping[str, GenreTaste] = {}
    rate: float = 0.5
    """Acceptance over everything, in (0, 1)."""


def weight_intervals(posterior: Posterior) -> tuple[tuple[float, float], ...]:
    """For each facet the interval (95 %) in which its weight lies, each end in [0, 1].

    The weights are the positive part of `mean`, scaled to sum 1; their variance is propagated from the
    covariance to first order (delta method). Where no facet speaks for anything, nothing is known of them.
    """
    total = sum(max(0.0, mean) for mean in posterior.mean)
    if not total:
        return ((0.0, 1.0),) * len(posterior.mean)
    spread: list[tuple[float, float]] = []
    for this, mean in enumerate(posterior.mean):
        weight = mean / total
        # Derivative of this weight by each mean; what is below 0 is not in the sum.
        slopes = [
            ((this == other) - (weight if of > 0 else 0.0)) / total for other, of in enumerate(posterior.mean)
        ]
        variance = sum(
            one * two * posterior.covariance[row][column]
            for row, one in enumerate(slopes)
            for column, two in enumerate(slopes)
        )
        reach = Z_95 * sqrt(max(0.0, variance))
        spread.append((min(1.0, max(0.0, weight - reach)), max(0.0, min(1.0, weight + reach))))
    return tuple(spread)


class Liking(msgspec.Struct, frozen=True, gc=False):
    """An artist the person asked for more of, or less."""

    mbid: Mbid
    name: str


class Learnt(msgspec.Struct, frozen=True):
    """What one person's decisions have taught; the default is "nothing yet"."""

    weights: FacetWeights | None = None
    """The posterior's mean, scaled to sum 1; None leaves the configured ones."""
    genres: Mapping[str, float] = {}
    """Canonical genre → what being of it adds to the score, shrunk towards 0 where little is known."""
    sources: Mapping[str, float] = {}
    """Source → factor on its vote in the fusion; 1 leaves it."""
    decisions: int = 0
    """How many it rests on."""
    posterior: Posterior | None = None
    """None: only the configured weights are believed in, as widely as before any decision."""
    more: tuple[Liking, ...] = ()
    """Artists it should be more like, the latest first."""
    less: tuple[Liking, ...] = ()
