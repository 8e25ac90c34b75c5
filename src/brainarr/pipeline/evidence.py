"""Scored → Recommendation: what was measured of a choice, and what may be said of it."""

from collections.abc import Sequence

import msgspec

from brainarr.domain.genres import canonical_genre
from brainarr.domain.learning import Learnt, Liking
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Scored, Verified
from brainarr.domain.taste import Profile
from brainarr.pipeline.thompson import Pick

GENRES_SHOWN = 5
_SEEDS_SHOWN = 5
_SHARED_SHOWN = 3
_OPINION_LIMIT = 300


class Starts(msgspec.Struct, frozen=True):
    """The artists that something was found from, by name, strongest first."""

    asked: tuple[str, ...]
    """Those that the person asked for more of."""
    owned: tuple[str, ...]
    """The others: artists of the library."""


def recommend(
    item: Scored, pick: Pick, parts: Parts, total: float, profile: Profile, learnt: Learnt
) -> Recommendation:
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
        evidence=_evidence(verified, profile, learnt),
        voices=verified.fused.voices,
        explored=pick.explored,
        propensity=pick.propensity,
    )


def own_genres(verified: Verified) -> list[str]:
    """What the catalogue calls the artist, most voted first; without the ancestors, which say little to
    people."""
    voted = (canonical_genre(name) for name, _ in verified.artist.genres)
    return list(dict.fromkeys(genre for genre in voted if genre in verified.genres))


def starts(verified: Verified, more: Sequence[Liking]) -> Starts:
    """`more`: those that the person asked for more of, owned or not."""
    pull: dict[str, float] = {}
    for voice in verified.fused.voices:
        for name, share in voice.seeds:
            pull[name] = pull.get(name, 0.0) + voice.weight * voice.rank_score * share
    wanted = {one.name for one in more}
    strongest = sorted(pull, key=lambda name: -pull[name])
    return Starts(
        asked=tuple([name for name in strongest if name in wanted][:_SEEDS_SHOWN]),
        owned=tuple([name for name in strongest if name not in wanted][:_SEEDS_SHOWN]),
    )


def _evidence(verified: Verified, profile: Profile, learnt: Learnt) -> Evidence:
    """The facts that may be said of this choice: what was measured, not what was meant."""
    voices = verified.fused.voices
    found_from = starts(verified, learnt.more)
    decade = verified.year // 10 * 10 if verified.year else None
    shared = [genre for genre in own_genres(verified) if genre in profile.genres]
    return Evidence(
        seeds=found_from.owned,
        asked=found_from.asked,
        sources=verified.fused.sources,
        seed_sources={name: _leading_from(name, verified) for name in (*found_from.asked, *found_from.owned)},
        named_by=tuple(voice.source for voice in voices if not voice.seeds),
        shared_genres=tuple(shared[:_SHARED_SHOWN]),
        decade=decade,
        decade_share=profile.decades.get(decade, 0.0) if decade is not None and profile.years else None,
        album_choice=verified.album_choice,
        opinions=tuple(
            f"{voice.source}: {voice.opinion[:_OPINION_LIMIT]}" for voice in voices if voice.opinion
        ),
    )


def _leading_from(seed: str, verified: Verified) -> tuple[str, ...]:
    voices: Sequence[str] = [
        voice.source for voice in verified.fused.voices if any(name == seed for name, _ in voice.seeds)
    ]
    return tuple(voices)
