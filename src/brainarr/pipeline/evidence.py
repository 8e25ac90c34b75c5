"""Scored → Recommendation: what was measured of a choice, and what may be said of it."""

from collections.abc import Sequence

from brainarr.domain.genres import canonical_genre
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Scored, Verified
from brainarr.domain.taste import Profile

GENRES_SHOWN = 5
_SEEDS_SHOWN = 5
_SHARED_SHOWN = 3
_OPINION_LIMIT = 300


def recommend(item: Scored, parts: Parts, total: float, profile: Profile) -> Recommendation:
    """`total`: the score as it is shown, 0 to 1."""
    verified = item.verified
    return Recommendation(
        artist=verified.artist.name,
        artist_mbid=verified.artist.mbid,
        album=verified.album.title if verified.album else None,
        release_group_mbid=verified.album.mbid if verified.album else None,
        year=verified.year,
        genres=tuple(own_genres(verified)[:GENRES_SHOWN]),
        score=total,
        parts=parts,
        confidence=item.confidence,
        evidence=_evidence(verified, profile),
        voices=verified.fused.voices,
    )


def own_genres(verified: Verified) -> list[str]:
    """What the catalogue calls the artist, most voted first; without the ancestors, which say little to
    people."""
    voted = (canonical_genre(name) for name, _ in verified.artist.genres)
    return list(dict.fromkeys(genre for genre in voted if genre in verified.genres))


def strongest_seeds(verified: Verified) -> list[str]:
    """The owned artists it was found from, strongest first."""
    pull: dict[str, float] = {}
    for voice in verified.fused.voices:
        for name, share in voice.seeds:
            pull[name] = pull.get(name, 0.0) + voice.weight * voice.rank_score * share
    return sorted(pull, key=lambda name: -pull[name])[:_SEEDS_SHOWN]


def _evidence(verified: Verified, profile: Profile) -> Evidence:
    """The facts that may be said of this choice: what was measured, not what was meant."""
    voices = verified.fused.voices
    seeds = strongest_seeds(verified)
    decade = verified.year // 10 * 10 if verified.year else None
    shared = [genre for genre in own_genres(verified) if genre in profile.genres]
    return Evidence(
        seeds=tuple(seeds),
        sources=verified.fused.sources,
        seed_sources={seed: _found_from(seed, verified) for seed in seeds},
        named_by=tuple(voice.source for voice in voices if not voice.seeds),
        shared_genres=tuple(shared[:_SHARED_SHOWN]),
        decade=decade,
        decade_share=profile.decades.get(decade, 0.0) if decade is not None and profile.years else None,
        album_choice=verified.album_choice,
        opinions=tuple(
            f"{voice.source}: {voice.opinion[:_OPINION_LIMIT]}" for voice in voices if voice.opinion
        ),
    )


def _found_from(seed: str, verified: Verified) -> tuple[str, ...]:
    voices: Sequence[str] = [
        voice.source for voice in verified.fused.voices if any(name == seed for name, _ in voice.seeds)
    ]
    return tuple(voices)
