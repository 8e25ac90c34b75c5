"""list[Scored] → list[Recommendation]: the final pick. Only here is known what was picked before, so only
here diversity enters the score."""

from collections.abc import Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.learning import FacetWeights, Learnt
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import (
    NO_CAPS,
    Caps,
    Judged,
    Parts,
    Recommendation,
    Scored,
    Verdict,
    Verified,
)
from brainarr.domain.taste import Profile
from brainarr.pipeline.calibrate import Calibration
from brainarr.pipeline.caps import UNKNOWN, Headroom, Traits, traits
from brainarr.pipeline.evidence import GENRES_SHOWN, own_genres, recommend, strongest_seeds

DEFAULT_WEIGHTS = FacetWeights()
NOTHING_LEARNT = Learnt()
# Sums of the same facets in another order differ in their last digits, which must not decide.
_DIGITS = 12


def choose(
    pool: Sequence[Scored],
    profile: Profile,
    wanted: int,
    preferred: Container[Mbid] = (),
    weights: FacetWeights = DEFAULT_WEIGHTS,
    learnt: Learnt = NOTHING_LEARNT,
    *,
    calibration: float = 0.0,
    caps: Caps = NO_CAPS,
) -> tuple[list[Recommendation], list[Judged]]:
    """The best `wanted`, greedily, in the order picked, and a verdict for the rest.

    Each pick is the one of the largest score; its diversity facet is 1 − the largest cosine between genre
    shares to anything picked before (1 for the first pick). That is maximal marginal relevance (Carbonell and
    Goldstein 1998) with λ = 1 − the weight of diversity: .8 by default.

    `preferred`: artists that come before the others, whatever their score or the caps. `calibration`: λ of
    Steck 2018, 0 to 1; (1 − λ) × score − λ × strain decides. `caps`: who breaks the fewest comes first, so
    that they are exceeded only where nothing else is left.
    """
    weights = learnt.weights or weights
    batch = min(wanted, len(pool))
    first = np.array([item.verified.artist.mbid in preferred for item in pool], dtype=bool)
    shares = _unit_rows([item.verified.genres for item in pool])
    alone = _alone(pool, weights) + np.array([_liking(item, learnt.genres) for item in pool])
    balance = Calibration([item.verified.genres for item in pool], profile.genres) if calibration else None
    room = _headroom(pool, caps, batch)
    nearest = np.zeros(len(pool))
    left = np.ones(len(pool), dtype=bool)
    turned_away: dict[int, str] = {}
    picked: list[Recommendation] = []
    for _ in range(batch):
        totals = alone + weights.diversity * (1.0 - nearest)
        worth = totals if balance is None else (1 - calibration) * totals - calibration * balance.strain()
        worth = np.round(worth, _DIGITS)
        among = left & first if (left & first).any() else left
        fits = among & (room.broken == room.broken[among].min())
        best = int(np.where(fits, worth, -np.inf).argmax())
        for index in np.flatnonzero(among & ~fits & (worth > worth[best])):
            turned_away.setdefault(int(index), room.why(int(index)))
        parts = _parts(pool[best], float(nearest[best]))
        picked.append(recommend(pool[best], parts, min(1.0, max(0.0, float(totals[best]))), profile))
        left[best] = False
        nearest = np.maximum(nearest, np.clip(shares @ shares[best], 0.0, 1.0))
        room.take(best)
        if balance is not None:
            balance.take(best)
    outscored = f"verified, but {wanted} others {'scored higher' if balance is None else 'fitted better'}"
    return picked, [
        _not_chosen(pool[int(index)], turned_away.get(int(index), outscored))
        for index in np.flatnonzero(left)
    ]


def _parts(item: Scored, nearest: float) -> Parts:
    return Parts(item.genre, item.era, 1.0 - nearest, item.relative_confidence)


def _alone(pool: Sequence[Scored], weights: FacetWeights) -> NDArray[np.float64]:
    """What each scores without regard to the others."""
    facets = np.array([(item.genre, item.era, item.relative_confidence) for item in pool]).reshape(-1, 3)
    return np.asarray(facets @ np.array([weights.genre, weights.era, weights.confidence]), dtype=np.float64)


def _liking(item: Scored, genres: Mapping[str, float]) -> float:
    """What the person's decisions say of its genres; 0 where they say nothing."""
    return sum(share * genres[genre] for genre, share in item.verified.genres.items() if genre in genres)


def _unit_rows(pool: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Genre shares, rare genres weighing more, as rows of length 1, so that a product is a cosine; 0 where no
    genre is known."""
    columns: dict[str, int] = {}
    for genres in pool:
        for genre in genres:
            columns.setdefault(genre, len(columns))
    rows = np.zeros((len(pool), len(columns)))
    for row, genres in enumerate(pool):
        for genre, share in genres.items():
            rows[row, columns[genre]] = share
    # Two rock bands are not alike because both are rock, when everything in the pool is.
    rows *= np.log1p(len(pool) / np.maximum((rows > 0).sum(axis=0), 1))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def _headroom(pool: Sequence[Scored], caps: Caps, batch: int) -> Headroom:
    return Headroom([_traits(item.verified) if caps != NO_CAPS else UNKNOWN for item in pool], caps, batch)


def _traits(verified: Verified) -> Traits:
    return traits(own_genres(verified)[:GENRES_SHOWN], verified.year, strongest_seeds(verified))


def _not_chosen(item: Scored, detail: str) -> Judged:
    verified = item.verified
    return Judged(
        verified.artist.name,
        verified.album.title if verified.album else None,
        Verdict.NOT_CHOSEN,
        detail,
        verified.fused.sources,
        verified.artist.mbid,
    )
