"""list[Candidate] → list[Fused]: one ranking out of many voices.

Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009), within each source over its seeds, then across the
sources.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, geometric_mean, median

import msgspec

from brainarr.domain.music import Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.novelty import NOVELTY
from brainarr.domain.recommendation import Candidate, Discovery, Fused, Judged, Verdict, Voice
from brainarr.domain.taste import Seed

# Constants of SCIENCE §6: within a source per seed k ≈ 20, across sources k = 60.
_K_SEED = 20
_K_SOURCE = 60
# Popularity damping of neighbour lists (SCIENCE §1): raw co-listen counts favour whoever everybody hears.
_DAMPING_FEW_SEEDS = 0.25
_DAMPING_MANY_SEEDS = 0.5
_MANY_SEEDS = 20
# At a model's weight whatever it alone proposes would stand below 180 neighbours, and its reach beyond the
# data, the one thing it is better at (SCIENCE §2), would never be verified. So it gets every n-th place of
# the ranking; what it proposes still has to score.
_REACH = {Discovery.SIMILAR: 0, Discovery.ADJACENT: 4, Discovery.EXPLORATORY: 2}
_SEEDS_KEPT = 5
_BELIEF = 0.9


class _Support(msgspec.Struct):
    """What one source says for one artist, before it is ranked against the rest."""

    score: float = 0.0
    by_seed: dict[Mbid, float] = {}
    confidence: float | None = None
    opinion: str | None = None


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
    voices: dict[str, list[Voice]] = defaultdict(list)
    for source in dict.fromkeys(candidate.source for candidate in candidates):
        for key, voice in _hear(source, weights[source], named, seeds).items():
            voices[key].append(voice)
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
    holders: dict[str, set[Mbid]] = defaultdict(set)
    for candidate in candidates:
        key = name_keys(candidate.artist)[Tier.WORDS]
        if candidate.mbid is not None:
            grouped[candidate.mbid].append(candidate)
            holders[key].add(candidate.mbid)
        else:
            bare[key].append(candidate)
    for key, found in bare.items():
        mbids = holders[key]
        grouped[next(iter(mbids)) if len(mbids) == 1 else f"name:{key}"] += found
    return grouped


def _hear(
    source: str, weight: float, named: Mapping[str, Sequence[Candidate]], seeds: Mapping[Mbid, Seed]
) -> dict[str, Voice]:
    """The source's voice for each artist, from its own ranking over all its lists (one per seed)."""
    lists: dict[Mbid | None, dict[str, Candidate]] = defaultdict(dict)
    for key, proposals in named.items():
        for candidate in proposals:
            if candidate.source == source:
                best = lists[candidate.seed].setdefault(key, candidate)
                if candidate.rank < best.rank:
                    lists[candidate.seed][key] = candidate
    popularity = _popularity(lists.values())
    damping = _DAMPING_MANY_SEEDS if len(lists) >= _MANY_SEEDS else _DAMPING_FEW_SEEDS
    support: dict[str, _Support] = defaultdict(lambda: _Support(by_seed={}))
    for seed, entries in lists.items():
        for place, key in enumerate(_damped_order(entries, popularity, damping)):
            vote = _K_SEED / (_K_SEED + place)
            found = support[key]
            if seed is not None:
                # Heavier seeds say more, but by the root: one giant must not drown the other corners of a
                # taste.
                vote *= (seeds[seed].weight * len(seeds)) ** 0.5 if seed in seeds else 1.0
                found.by_seed[seed] = vote
            found.score += vote
            found.confidence = entries[key].confidence
            found.opinion = entries[key].reason
    ordered = sorted(support, key=lambda key: (-support[key].score, key))
    return {
        key: _voice(source, weight, place, support[key], popularity.get(key), seeds)
        for place, key in enumerate(ordered)
    }


def _popularity(lists: Iterable[Mapping[str, Candidate]]) -> dict[str, float]:
    """How popular each artist of a source's lists is, against the median of those whose popularity is known
    (which the others get); empty where nothing shows it.

    A source that tells of nobody's popularity may still show it: who is popular is close to everybody. The
    mean strength over the lists gives half of what true counts give (Recall@20 .278 undamped, .295 so, .313
    with true counts, on a validation split of the Last.fm data).
    """
    told: dict[str, list[float]] = defaultdict(list)
    shown: dict[str, list[float]] = defaultdict(list)
    for entries in lists:
        for key, candidate in entries.items():
            if candidate.popularity:
                told[key].append(candidate.popularity)
            if candidate.strength and candidate.strength > 0:
                shown[key].append(candidate.strength)
    known = {key: fmean(values) for key, values in (told or shown).items()}
    usual = median(known.values()) if known else 1.0
    popularity = dict.fromkeys(shown, 1.0)
    popularity.update({key: value / usual for key, value in known.items()})
    return popularity


def _damped_order(
    entries: Mapping[str, Candidate], popularity: Mapping[str, float], damping: float
) -> list[str]:
    """One list, best first: by strength over popularity^β, or as it came where no strengths are told."""
    if any(candidate.strength is None for candidate in entries.values()):
        return sorted(entries, key=lambda key: entries[key].rank)

    def damped(key: str) -> tuple[float, int]:
        candidate = entries[key]
        return (-(candidate.strength or 0.0) / popularity.get(key, 1.0) ** damping, candidate.rank)

    return sorted(entries, key=damped)


def _voice(
    source: str,
    weight: float,
    place: int,
    support: _Support,
    popularity: float | None,
    seeds: Mapping[Mbid, Seed],
) -> Voice:
    total = sum(support.by_seed.values())
    strongest = sorted(support.by_seed.items(), key=lambda item: -item[1])[:_SEEDS_KEPT]
    return Voice(
        source=source,
        weight=weight,
        rank_score=_K_SOURCE / (_K_SOURCE + place),
        stated=support.confidence,
        seeds=tuple((seeds[seed].name, vote / total) for seed, vote in strongest if seed in seeds),
        opinion=support.opinion,
        popularity=popularity,
    )


def _fuse_one(proposals: Sequence[Candidate], voices: Sequence[Voice], strongest: float) -> Fused:
    first = min(proposals, key=lambda candidate: (candidate.album is None, candidate.rank))
    popularity = [voice.popularity for voice in voices if voice.popularity]
    return Fused(
        artist=first.artist,
        album=first.album,
        named_by=first.source if first.album else None,
        mbid=next((candidate.mbid for candidate in proposals if candidate.mbid), None),
        voices=tuple(sorted(voices, key=lambda voice: -voice.weight * voice.rank_score)),
        # w·k/(k+place) is k times the reciprocal rank of RRF: the same order, in readable numbers.
        score=sum(voice.weight * voice.rank_score for voice in voices),
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
    none)."""
    if not every:
        return list(ranking)
    beyond = deque(item for item in ranking if not any(voice.seeds for voice in item.voices))
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
