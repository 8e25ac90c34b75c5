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
_ERA_BANDWIDTH_YEARS = 8.0


def score(pool: Sequence[Verified], profile: Profile) -> list[Scored]:
    """The pool in the same order, each with its facets; the relative ones are relative to this pool."""
    overlaps = _genre_overlaps(pool, profile)
    eras = _eras([item.year for item in pool], profile.years)
    best = max(overlaps, default=0.0)
    confidences = [item.fused.confidence for item in pool]
    low, high = min(confidences, default=0.0), max(confidences, default=0.0)
    return [
        Scored(
            verified=item,
            genre=math.sqrt(overlap / best) if best else 0.0,
            era=era,
            confidence=item.fused.confidence,
            # A pool without spread (of one, say) has nothing to rank by: all get 1.
            relative_confidence=(item.fused.confidence - low) / (high - low) if high > low else 1.0,
        )
        for item, overlap, era in zip(pool, overlaps, eras, strict=True)
    ]


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


def _eras(years: Sequence[int | None], library_years: Mapping[int, float]) -> list[float]:
    """Density of the library's first-release years at each year, divided by its peak; unknown: the pool's
    median.

    A library without a known year has no era to fit: everything fits equally (0.5).
    """
    if not library_years:
        return [0.5] * len(years)
    span = range(min(library_years), max(library_years) + 1)
    peak = max(_density(year, library_years) for year in span)
    known = [_density(year, library_years) / peak if year is not None else None for year in years]
    usual = median([era for era in known if era is not None] or [0.5])
    return [usual if era is None else min(1.0, era) for era in known]


def _density(year: int, library_years: Mapping[int, float]) -> float:
    return sum(
        share * math.exp(-0.5 * ((year - other) / _ERA_BANDWIDTH_YEARS) ** 2)
        for other, share in library_years.items()
    )
