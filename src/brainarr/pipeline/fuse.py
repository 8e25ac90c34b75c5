"""list[Candidate] → list[Fused]: one ranking out of many voices.

Each source is heard over its own lists first (`voices`), then the sources are added up by weight: reciprocal
rank fusion (Cormack, Clarke, Büttcher 2009) where a source tells an order, its scores where it tells those.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from statistics import geometric_mean

import msgspec

from brainarr.domain.music import Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.novelty import NOVELTY
from brainarr.domain.recommendation import Candidate, Discovery, Fused, Judged, Verdict, Voice
from brainarr.domain.taste import Seed
from brainarr.pipeline.voices import Heard, hear

# At a model's weight whatever it alone proposes would stand below 180 neighbours, and its reach beyond the
# data, the one thing it is better at (SCIENCE §2), would never be verified. So it gets every n-th place of
# the ranking; what it proposes still has to score.
_REACH = {Discovery.SIMILAR: 0, Discovery.ADJACENT: 4, Discovery.EXPLORATORY: 2}
_BELIEF = 0.9


def fuse(
    candidates: Sequence[Candidate],
    weights: Mapping[str, float],
    seeds: Mapping[Mbid, Seed],
    discovery: Discovery,
) -> tuple[list[Fused], list[Judged]]:
    """The fused ranking, one entry per artist and best first; and the verdicts of proposals that repeat
    another.

    `weights`: the vote of each source that answered, 0 to 1. `seeds`: the owned artists that were asked
    about.
    """
    named = _by_artist(candidates)
    voices: dict[str, list[Heard]] = defaultdict(list)
    for source in dict.fromkeys(candidate.source for candidate in candidates):
        for key, heard in hear(source, weights[source], named, seeds).items():
            voices[key].append(heard)
    strongest = max(weights.values(), default=1.0) or 1.0
    fused = [_fuse_one(proposals, voices[key], strongest) for key, proposals in named.items()]
    fused = _apply_novelty(fused, NOVELTY[discovery].damping)
    repeats = [judged for proposals in named.values() for judged in _repeats(proposals)]
    ranking = sorted(fused, key=lambda item: (-item.score, item.artist))
    return _reach_out(ranking, _REACH[discovery]), repeats


def _by_artist(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Proposals by artist: by identifier where one is named, else by name. A bare name joins the one
    identifier that goes by it, but never one of several: those are namesakes, which verification must
    settle."""
    grouped: dict[str, list[Candidate]] = defaultdict(list)
    bare: dict[str, list[Candidate]] = defaultdict(list)
    named: set[tuple[str, Mbid]] = set()
    for candidate in candidates:
        if candidate.mbid is not None:
            grouped[candidate.mbid].append(candidate)
            named.add((candidate.artist, candidate.mbid))
        else:
            bare[name_keys(candidate.artist)[Tier.WORDS]].append(candidate)
    holders: dict[str, set[Mbid]] = defaultdict(set)
    for name, mbid in named if bare else ():
        holders[name_keys(name)[Tier.WORDS]].add(mbid)
    for key, found in bare.items():
        mbids = holders[key]
        grouped[next(iter(mbids)) if len(mbids) == 1 else f"name:{key}"] += found
    return grouped


def _fuse_one(proposals: Sequence[Candidate], heard: Sequence[Heard], strongest: float) -> Fused:
    voices = [one.voice for one in heard]
    first = min(proposals, key=lambda candidate: (candidate.album is None, candidate.rank))
    popularity = [voice.popularity for voice in voices if voice.popularity]
    return Fused(
        artist=first.artist,
        album=first.album,
        named_by=first.source if first.album else None,
        mbid=next((candidate.mbid for candidate in proposals if candidate.mbid), None),
        voices=tuple(sorted(voices, key=lambda voice: -voice.weight * voice.rank_score)),
        score=sum(one.voice.weight * one.score for one in heard),
        votes={one.voice.source: one.score for one in heard},
        confidence=confidence(voices, strongest),
        popularity=geometric_mean(popularity) if popularity else None,
        genres=tuple(dict.fromkeys(genre for candidate in proposals for genre in candidate.genres)),
        year=first.year,
    )


def confidence(voices: Iterable[Voice], strongest: float) -> float:
    """1 − Π(1 − b·r) over the voices, in [0, 1]: the chance that at least one of them is right (noisy or).

    r is the source's rank score, or what a model stated. b is 0.9 (no source alone makes certain) times the
    root of its weight against the strongest that answered: a fair vote in a ranking is not the belief that it
    is true. At its .25 nothing that a model alone proposes could ever reach the default minimum of .3, and a
    house that has only models would recommend nothing.
    """
    doubt = 1.0
    for voice in voices:
        rank_score = voice.rank_score if voice.stated is None else voice.stated
        doubt *= 1.0 - _BELIEF * min(1.0, (voice.weight / strongest) ** 0.5) * rank_score
    return 1.0 - doubt


def _apply_novelty(fused: Sequence[Fused], beta: float) -> list[Fused]:
    """score / popularity^β (SCIENCE §3); unknown popularity counts as usual."""
    return [
        msgspec.structs.replace(item, score=item.score / (item.popularity or 1.0) ** beta) for item in fused
    ]


def _reach_out(ranking: Sequence[Fused], every: int) -> list[Fused]:
    """Gives every `every`-th place to the best one left that no owned artist's neighbours lead to (0: to
    none), and that somebody with a vote named."""
    if not every:
        return list(ranking)
    beyond = deque(
        item for item in ranking if item.score > 0 and not any(voice.seeds for voice in item.voices)
    )
    taken: set[int] = set()
    mixed: list[Fused] = []
    for item in ranking:
        while beyond and len(mixed) % every == every - 1:
            far = beyond.popleft()
            if id(far) not in taken:
                taken.add(id(far))
                mixed.append(far)
        if id(item) not in taken:
            taken.add(id(item))
            mixed.append(item)
    return mixed


def _repeats(proposals: Sequence[Candidate]) -> list[Judged]:
    """What a source said twice of one artist; a similarity source naming it for several seeds is no
    repeat."""
    seen: set[tuple[str, Mbid | None]] = set()
    repeated: list[Judged] = []
    for candidate in proposals:
        voice = (candidate.source, candidate.seed)
        if voice in seen:
            detail = f"{candidate.source} named this artist before"
            repeated.append(
                Judged(
                    candidate.artist,
                    candidate.album,
                    Verdict.DUPLICATE,
                    detail,
                    (candidate.source,),
                    candidate.mbid,
                )
            )
        seen.add(voice)
    return repeated
