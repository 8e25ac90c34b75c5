"""list[Verified] → list[Scored]: genre, era and confidence, each in [0, 1].

Raw values in [0, 1], never percentiles: those cost 23 to 30 % NDCG.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from brainarr.domain.recommendation import Scored, Verified
from brainarr.domain.taste import Profile

# Gaussian kernel of the era density: a record from the year before is as much of its time as one of the same
# year.
ERA_BANDWIDTH_YEARS = 8.0
# Genres tell a stranger from a relative, but not the nearer of two relatives: a low power keeps the first
# and damps the second. Validation inside `trained` of the Last.fm data, NDCG@20 of the default score (.229
# for the fused ranking itself): shared weight √(Σ min) .214, cosine to the powers ½ and ¼ .220 and .222.
_GENRE_POWER = 0.25


def score(
    pool: Sequence[Verified], profile: Profile, era_bandwidth: float = ERA_BANDWIDTH_YEARS
) -> list[Scored]:
    """The pool in the same order, each with its facets; the relative ones are relative to this pool.

    `era_bandwidth`: years; wider where a year only stands for that of a first release.
    """
    likenesses = _likenesses(pool, profile)
    eras = _eras([item.year for item in pool], profile.years, era_bandwidth)
    best = max(likenesses, default=0.0)
    sureness = _sureness([item.fused.score for item in pool])
    low, high = min(sureness, default=0.0), max(sureness, default=0.0)
    return [
        Scored(
            verified=item,
            genre=(likeness / best) ** _GENRE_POWER if best else 0.0,
            era=era,
            confidence=item.fused.confidence,
            # A pool without spread (of one, say) has nothing to rank by: all get 1.
            relative_confidence=(sure - low) / (high - low) if high > low else 1.0,
        )
        for item, likeness, era, sure in zip(pool, likenesses, eras, sureness, strict=True)
    ]


def _sureness(agreements: Sequence[float]) -> list[float]:
    """How sure the sources are of each, by the fused score x against the pool's best: 1 − (1 − 0.9x)², the
    chance that one of two voices so sure is right.

    It spreads the pool where the fusion does, which the absolute confidence, made of ranks, does not; and
    less among the best, where a little more agreement says little (validation inside `trained` of the Last.fm
    data, NDCG@20 of the default score: .217; x itself .214, by ranks .201).
    """
    best = max(agreements, default=0.0) or 1.0
    return [1.0 - (1.0 - 0.9 * max(0.0, agreement) / best) ** 2 for agreement in agreements]


def _likenesses(pool: Sequence[Verified], profile: Profile) -> list[float]:
    """Cosine, in [0, 1], of each candidate's genre shares to the library's, rare genres weighing more
    (TF-IDF); 0 where nothing is shared or known."""
    carried: dict[str, int] = dict(profile.genre_artists)
    for item in pool:
        for genre in item.genres:
            carried[genre] = carried.get(genre, 0) + 1
    documents = profile.shape.artists + len(pool)
    rarity = {genre: math.log1p(documents / count) for genre, count in carried.items()}
    library = _unit(profile.genres, rarity)
    return [
        min(1.0, sum(library[genre] * share for genre, share in own.items() if genre in library))
        for own in (_unit(item.genres, rarity) for item in pool)
    ]


def _unit(shares: Mapping[str, float], rarity: Mapping[str, float]) -> dict[str, float]:
    weighed = {genre: share * rarity.get(genre, 0.0) for genre, share in shares.items()}
    length = math.hypot(*weighed.values())
    return {genre: weight / length for genre, weight in weighed.items()} if length else {}


def _eras(years: Sequence[int | None], library_years: Mapping[int, float], bandwidth: float) -> list[float]:
    """Density of the library's first-release years at each year, divided by its peak; unknown: the pool's
    median.

    A library without a known year has no era to fit: everything fits equally (0.5).
    """
    if not library_years:
        return [0.5] * len(years)
    span = range(min(library_years), max(library_years) + 1)
    peak = max(_density(year, library_years, bandwidth) for year in span)
    known = [_density(year, library_years, bandwidth) / peak if year is not None else None for year in years]
    usual = median([era for era in known if era is not None] or [0.5])
    return [usual if era is None else min(1.0, era) for era in known]


def _density(year: int, library_years: Mapping[int, float], bandwidth: float) -> float:
    return sum(
        share * math.exp(-0.5 * ((year - other) / bandwidth) ** 2) for other, share in library_years.items()
    )
