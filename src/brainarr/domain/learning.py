"""What decides between candidates: the weights of the facets and of the sources, and what feedback made of
them."""

from collections.abc import Mapping

import msgspec


class FacetWeights(msgspec.Struct, frozen=True):
    """How much each facet says in the score; each at least 0. The defaults are the mission's (DESIGN §7),
    the prior that feedback moves."""

    genre: float = 0.4
    era: float = 0.2
    diversity: float = 0.2
    confidence: float = 0.2


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
