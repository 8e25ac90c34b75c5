"""How a filter is trained: what is left out, which models vote, and how many neighbours are kept."""

import msgspec

MODELS = ("ease", "rp3beta", "spectral", "bm25")


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Kept in the artefact, so that a refresh trains as the build did."""

    least_listeners: int = 5
    """Of an artist. With one listener, its neighbours are that person's library; published splits use 5 or
    10.
    """
    least_artists: int = 5
    """Of a person. One artist makes no pair, and a handful is what somebody tried once."""
    most_artists: int = 500
    """Of a person, the most played. Pairs grow with the square: a few robots and shops would be most of the
    work and say least about each pair (the interaction cut of Schelter, Boden, Markl, RecSys 2012)."""
    keep: int = 200
    """Neighbours of each artist and model. Recall@20 of the default models together, mean of four splits
    inside `trained` of the Last.fm data: whole matrices .330, 400 neighbours .331, 200 .330, 100 .326."""
    l2: float = 100.0
    """λ of EASE."""
    solver: int = 4_000
    """People or artists that EASE is solved for, at most."""
    beta: float = 0.4
    """Of RP3β: how much popularity is taken back."""
    rank: int = 64
    """Singular vectors of the spectral filter: 32 to 128 are within half a percent of each other (tuned
    inside `trained` of the Last.fm data, as `mixed`)."""
    mixed: float = 0.3
    """α of the spectral filter: its smoothed part against the direct one; .3 to 1 are as close."""
    k1: float = 1.2
    b: float = 0.75
    """Of BM25: the usual values of text search; others were not better."""
    weights: dict[str, float] = msgspec.field(
        default_factory=lambda: {"ease": 1.0, "rp3beta": 1.0, "spectral": 1.0}
    )
    """The models that are trained, and the weight of each one's standardised scores in the sum."""

    def __post_init__(self) -> None:
        if not self.weights or set(self.weights) - set(MODELS):
            raise ValueError(
                f"weights of {', '.join(self.weights) or 'nothing'}; allowed: {', '.join(MODELS)}"
            )
        if self.rank < 1:
            raise ValueError(f"rank of {self.rank}; allowed: 1 or more")
