"""list[Verified] → list[Scored]: genre, era and confidence, as SCIENCE §3 defines them.

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


def score(
    pool: Sequence[Verified], profile: Profile, era_bandwidth: float = ERA_BANDWIDTH_YEARS
) -> list[Scored]:
    """The pool in the same order, each with its facets; the relative ones are relative to this pool.

    `era_bandwidth`: years; wider where a year only stands for that of a first release.
    """
    overlaps = _genre_overlaps(pool, profile)
    eras = _eras([item.year for item in pool], profile.years, era_bandwidth)
    best = max(overlaps, default=0.0)
    sureness = _sureness([item.fused.score for item in pool])
    low, high = min(sureness, default=0.0), max(sureness, default=0.0)
    return [
        Scored(
            verified=item,
            genre=math.sqrt(overlap / best) if best else 0.0,
            era=era,
            confidence=item.fused.confidence,
            # A pool without spread (of one, say) has nothing to rank by: all get 1.
            relative_confidence=(sure - low) / (high - low) if high > low else 1.0,
        )
        for item, overlap, era, sure in zip(pool, overlaps, eras, sureness, strict=True)
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


def _genre_overlaps(pool: Sequence[Verified], profile: Profile) -> list[float]:
    """o = Σ_g min(p_library(g), p_candidate(g)) with p the shares by TF-IDF²; 0 where nothing is shared or
    known."""
    carried: dict[str, int] = dict(profile.genre_artists)
    for item in pool:
        for genre in item.genres:
            carried[genre] = carried.get(genre, 0) + 1
    documents = profile.shape.artists + len(pool)
    idf2 = {genre: math.log1p(documents / count) ** 2 for genre, count in carried.items()}
    library = _weigh(profile.genres, idf2)
    overlaps: list[float] = []
    for item in pool:
        own = _weigh(item.genres, idf2)
        overlaps.append(sum(min(library[genre], share) for genre, share in own.items() if genre in library))
    return overlaps


def _weigh(shares: Mapping[str, float], idf2: Mapping[str, float]) -> dict[str, float]:
    weighed = {genre: share * idf2.get(genre, 0.0) for genre, share in shares.items()}
    total = sum(weighed.values())
    return {genre: weight / total for genre, weight in weighed.items()} if total else {}


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
