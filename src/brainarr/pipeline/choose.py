"""list[Scored] → list[Recommendation]: the final pick. Only here is known what was picked before, so only
here diversity enters the score."""

from collections.abc import Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Learnt
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
from brainarr.pipeline.evidence import GENRES_SHOWN, own_genres, recommend, starts
from brainarr.pipeline.thompson import Exploration, Pick

NOTHING_LEARNT = Learnt()
NO_LEANINGS: Mapping[Mbid, float] = {}
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
    leanings: Mapping[Mbid, float] = NO_LEANINGS,
    exploration: Exploration | None = None,
) -> tuple[list[Recommendation], list[Judged]]:
    """The best `wanted`, greedily, in the order picked, and a verdict for the rest.

    Each pick is the one of the largest score; its diversity facet is 1 − the largest cosine between genre
    shares to anything picked before (1 for the first pick). That is maximal marginal relevance (Carbonell and
    Goldstein 1998) with λ = 1 − the weight of diversity: .8 by default.

    `preferred`: artists that come before the others, whatever their score or the caps. `calibration`: λ of
    Steck 2018, 0 to 1; (1 − λ) × score − λ × strain decides. `caps`: who breaks the fewest comes first, so
    that they are exceeded only where nothing else is left. `leanings`: artist → what the likings add to its
    score. The last slots are drawn by `exploration`, within all of this: only the score is another one;
    None: all are ranked.
    """
    weights = learnt.weights or weights
    batch = min(wanted, len(pool))
    # Where everything is shown anyway there is nothing to draw.
    slots = exploration.slots if exploration is not None and len(pool) > wanted else 0
    first = np.array([item.verified.artist.mbid in preferred for item in pool], dtype=bool)
    shares = _unit_rows([item.verified.genres for item in pool])
    said = np.array([leanings.get(item.verified.artist.mbid, 0.0) for item in pool])
    alone = _alone(pool, weights) + np.array([_liking(item, learnt.genres) for item in pool]) + said
    balance = Calibration([item.verified.genres for item in pool], profile.genres) if calibration else None
    room = _headroom(pool, caps, batch, learnt)
    nearest, strain = np.zeros(len(pool)), np.zeros(len(pool))
    left = np.ones(len(pool), dtype=bool)
    turned_away: dict[int, str] = {}
    picked: list[Recommendation] = []
    for place in range(batch):
        if balance is not None:
            strain = balance.strain()
        totals = alone + weights.diversity * (1.0 - nearest)
        worth = np.round((1 - calibration) * totals - calibration * strain, _DIGITS)
        among = left & first if (left & first).any() else left
        fits = among & (room.broken == room.broken[among].min())
        pick = Pick(int(np.where(fits, worth, -np.inf).argmax()))
        for index in np.flatnonzero(among & ~fits & (worth > worth[pick.index])):
            turned_away.setdefault(int(index), room.why(int(index)))
        if exploration is not None and place >= batch - slots:
            fitting = [int(index) for index in np.flatnonzero(fits)]
            drawn = exploration.totals([pool[index] for index in fitting], 1.0 - nearest[fitting])
            drawn += said[fitting]
            pick = Pick.drawn((1 - calibration) * drawn - calibration * strain[fitting], fitting)
        best = pick.index
        parts = _parts(pool[best], float(nearest[best]))
        total = min(1.0, max(0.0, float(totals[best])))
        picked.append(recommend(pool[best], pick, parts, total, profile, learnt))
        left[best] = False
        nearest = np.maximum(nearest, np.clip(shares @ shares[best], 0.0, 1.0))
        room.take(best)
        if balance is not None:
            balance.take(best)
    outscored = f"verified, but {wanted} others {'scored higher' if balance is None else 'fitted better'}"
    if slots:
        outscored += " or were drawn (recommend.exploration)"
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


def _headroom(pool: Sequence[Scored], caps: Caps, batch: int, learnt: Learnt) -> Headroom:
    counted = [_traits(item.verified, learnt) if caps != NO_CAPS else UNKNOWN for item in pool]
    return Headroom(counted, caps, batch)


def _traits(verified: Verified, learnt: Learnt) -> Traits:
    # More was asked of the others: no cap takes that back.
    owned = starts(verified, learnt.more).owned
    return traits(own_genres(verified)[:GENRES_SHOWN], verified.year, owned)


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
