"""list[Scored] → list[Recommendation]: the final pick. Only here is known what was picked before, so only
here diversity enters the score."""

import math
from collections.abc import Container, Mapping, Sequence

from brainarr.domain.genres import canonical_genre
from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Learnt
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import (
    Evidence,
    Judged,
    Parts,
    Recommendation,
    Scored,
    Verdict,
    Verified,
)
from brainarr.domain.taste import Profile
from brainarr.pipeline.likings import asked_for
from brainarr.pipeline.thompson import Exploration, Pick

NOTHING_LEARNT = Learnt()
NO_LEANINGS: Mapping[Mbid, float] = {}
_GENRES_SHOWN = 5
_SHARED_SHOWN = 3
_OPINION_LIMIT = 300


def choose(
    pool: Sequence[Scored],
    profile: Profile,
    wanted: int,
    preferred: Container[Mbid] = (),
    weights: FacetWeights = DEFAULT_WEIGHTS,
    learnt: Learnt = NOTHING_LEARNT,
    leanings: Mapping[Mbid, float] = NO_LEANINGS,
    exploration: Exploration | None = None,
) -> tuple[list[Recommendation], list[Judged]]:
    """The best `wanted` by greedy maximal marginal relevance, in the order picked, and a verdict for the
    rest.

    `preferred`: artists that come before the others, whatever their score. Diversity is 1 − the largest
    cosine between genre shares to anything picked before; 1 for the first pick. `leanings`: artist → what the
    likings add to its score. The last slots of the batch are drawn by `exploration`; None: all are ranked.
    """
    weights = learnt.weights or weights
    liking = [_liking(item, learnt.genres) + leanings.get(item.verified.artist.mbid, 0.0) for item in pool]
    # Where everything is shown anyway there is nothing to draw.
    ranked = wanted - (exploration.slots if exploration and len(pool) > wanted else 0)
    left = list(range(len(pool)))
    nearest = [0.0] * len(pool)
    picked: list[Recommendation] = []
    while left and len(picked) < wanted:
        best = max(
            left,
            key=lambda index: (
                pool[index].verified.artist.mbid in preferred,
                _total(_parts(pool[index], nearest[index]), weights) + liking[index],
                -index,
            ),
        )
        pick = Pick(best)
        if exploration is not None and len(picked) >= ranked:
            pick = exploration.pick(pool, left, nearest, leanings, preferred)
            best = pick.index
        left.remove(best)
        parts = _parts(pool[best], nearest[best])
        total = min(1.0, max(0.0, _total(parts, weights) + liking[best]))
        picked.append(_recommend(pool[best], parts, total, profile, learnt, pick))
        for index in left:
            nearest[index] = max(
                nearest[index], _cosine(pool[best].verified.genres, pool[index].verified.genres)
            )
    return picked, [_not_chosen(pool[index], wanted) for index in left]


def _parts(item: Scored, nearest: float) -> Parts:
    return Parts(item.genre, item.era, 1.0 - nearest, item.relative_confidence)


def _total(parts: Parts, weights: FacetWeights) -> float:
    return (
        weights.genre * parts.genre
        + weights.era * parts.era
        + weights.diversity * parts.diversity
        + weights.confidence * parts.confidence
    )


def _liking(item: Scored, genres: Mapping[str, float]) -> float:
    """What the person's decisions say of its genres; 0 where they say nothing."""
    return sum(share * genres[genre] for genre, share in item.verified.genres.items() if genre in genres)


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """In [0, 1]; 0 where either knows no genre."""
    norms = math.hypot(*one.values()) * math.hypot(*other.values())
    dot = sum(share * other[genre] for genre, share in one.items() if genre in other)
    return min(1.0, dot / norms) if norms else 0.0


def _recommend(
    item: Scored, parts: Parts, total: float, profile: Profile, learnt: Learnt, pick: Pick
) -> Recommendation:
    verified = item.verified
    genres = _own_genres(verified)
    return Recommendation(
        artist=verified.artist.name,
        artist_mbid=verified.artist.mbid,
        album=verified.album.title if verified.album else None,
        release_group_mbid=verified.album.mbid if verified.album else None,
        year=verified.year,
        genres=tuple(genres[:_GENRES_SHOWN]),
        score=total,
        parts=parts,
        confidence=item.confidence,
        evidence=_evidence(item, genres, profile, learnt),
        voices=verified.fused.voices,
        explored=pick.explored,
        propensity=pick.propensity,
    )


def _own_genres(verified: Verified) -> list[str]:
    """What the catalogue calls the artist, most voted first; without the ancestors, which say little to
    people."""
    voted = (canonical_genre(name) for name, _ in verified.artist.genres)
    return list(dict.fromkeys(genre for genre in voted if genre in verified.genres))


def _evidence(item: Scored, genres: Sequence[str], profile: Profile, learnt: Learnt) -> Evidence:
    """The facts that may be said of this choice: what was measured, not what was meant."""
    verified = item.verified
    pull: dict[str, float] = {}
    for voice in verified.fused.voices:
        for name, share in voice.seeds:
            pull[name] = pull.get(name, 0.0) + voice.weight * voice.rank_score * share
    asked, owned = asked_for(pull, learnt.more)
    decade = verified.year // 10 * 10 if verified.year else None
    return Evidence(
        seeds=tuple(owned[:5]),
        asked=tuple(asked[:5]),
        sources=verified.fused.sources,
        shared_genres=tuple([genre for genre in genres if genre in profile.genres][:_SHARED_SHOWN]),
        decade=decade,
        decade_share=profile.decades.get(decade, 0.0) if decade is not None and profile.years else None,
        album_choice=verified.album_choice,
        opinions=tuple(
            f"{voice.source}: {voice.opinion[:_OPINION_LIMIT]}"
            for voice in verified.fused.voices
            if voice.opinion
        ),
    )


def _not_chosen(item: Scored, wanted: int) -> Judged:
    verified = item.verified
    return Judged(
        verified.artist.name,
        verified.album.title if verified.album else None,
        Verdict.NOT_CHOSEN,
        f"verified, but {wanted} others scored higher",
        verified.fused.sources,
        verified.artist.mbid,
    )
