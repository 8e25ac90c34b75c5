"""One source's proposals → its voice for each artist: from its own lists, one for each seed, or its one list
for the whole library."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

import msgspec
import numpy as np

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Candidate, Voice
from brainarr.domain.taste import Seed

# Constants of SCIENCE §6: within a source per seed k ≈ 20, for a bare order k = 60.
_K_SEED = 20
_K_SOURCE = 60
# Popularity damping of neighbour lists (SCIENCE §1): raw co-listen counts favour whoever everybody hears.
_DAMPING_FEW_SEEDS = 0.25
_DAMPING_MANY_SEEDS = 0.5
_MANY_SEEDS = 10
# What a source's own scores are measured by: the mean of so many of its best. The first place alone may be an
# outlier, and all others would count for nothing.
_BEST = 20
_SEEDS_KEPT = 5
# Nobody is less heard than that; a count of next to nothing must not divide by nothing.
_LEAST_POPULARITY = 1e-9
# Of the regression on neighbour lists, tuned inside `trained` of the Last.fm data: the share of a list's sum
# that stands for the artist's own listeners, and the ridge in means of that.
_OWN_LISTENERS = 0.1
_RIDGE = 0.4
# Of its spectrum, in the same means: what lies below is no taste but a flaw of short lists. On the Last.fm
# data the smallest value of 400 libraries is 0.29 of the mean diagonal, so nothing there is touched.
_LEAST_SPREAD = 0.1
# Of a voice whose seeds say nothing of their own: it spoke, so it says something.
_LEAST_VOICE = 1e-3

Lists = Mapping[Mbid | None, Mapping[str, Candidate]]
"""Seed → key of an artist → the source's best proposal of it."""


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A voice, and what it weighs in the fusion: `voice.rank_score` unless the source's own scores tell that
    some stand out even among its best."""

    voice: Voice
    score: float


class _Support(msgspec.Struct, gc=False):
    """What one source says for one artist, before it is measured against the rest."""

    score: float = 0.0
    by_seed: dict[Mbid, float] = {}
    candidate: Candidate | None = None


def hear(
    source: str, weight: float, named: Mapping[str, Sequence[Candidate]], seeds: Mapping[Mbid, Seed]
) -> dict[str, Heard]:
    """The source's voice for each artist that it proposes.

    A bare order counts by reciprocal ranks. Scores of its own count by their size against the best: they tell
    how much better the first is than the tenth, which ranks forget (measured on the Last.fm data: Recall@20
    .375 → .378, NDCG@20 .335 → .343 for two such sources).
    """
    lists = _lists(source, named)
    popularity = _popularity(lists.values())
    support = _listen(lists, popularity, seeds)
    ordered = sorted(support, key=lambda key: (-support[key].score, key))
    bare = set(lists) == {None} and not _tells_scores(lists[None])
    new = [key for key in ordered if key not in seeds]
    best = fmean([support[key].score for key in new[:_BEST]] or [1.0]) or 1.0
    first = support[new[0]].score if new else 1.0
    places = {key: place for place, key in enumerate(new)}
    heard: dict[str, Heard] = {}
    for key in ordered:
        score = _K_SOURCE / (_K_SOURCE + places.get(key, 0)) if bare else support[key].score / best
        # The root: a score of a quarter of the best is still half a reason to believe it.
        rank_score = (
            score if bare else min(1.0, max(_LEAST_VOICE, (support[key].score / (first or 1.0)) ** 0.5))
        )
        voice = _voice(source, weight, rank_score, support[key], popularity.get(key), seeds)
        heard[key] = Heard(voice, score)
    return heard


def _lists(source: str, named: Mapping[str, Sequence[Candidate]]) -> Lists:
    lists: dict[Mbid | None, dict[str, Candidate]] = defaultdict(dict)
    for key, proposals in named.items():
        for candidate in proposals:
            if candidate.source == source:
                best = lists[candidate.seed].setdefault(key, candidate)
                if candidate.rank < best.rank:
                    lists[candidate.seed][key] = candidate
    return lists


def _tells_scores(entries: Mapping[str, Candidate]) -> bool:
    return all(candidate.strength is not None for candidate in entries.values())


def _listen(lists: Lists, popularity: Mapping[str, float], seeds: Mapping[Mbid, Seed]) -> dict[str, _Support]:
    damping = _DAMPING_MANY_SEEDS if len(lists) >= _MANY_SEEDS else _DAMPING_FEW_SEEDS
    counted = all(candidate.counted for entries in lists.values() for candidate in entries.values())
    says = _seed_weights(lists, seeds) if counted else {}
    tempered = _tempered(lists, seeds)
    support: dict[str, _Support] = defaultdict(lambda: _Support(by_seed={}))
    for seed, entries in lists.items():
        damped = {
            key: (candidate.strength or 0.0) / popularity.get(key, 1.0) ** damping
            for key, candidate in entries.items()
        }
        whole = seed is None and _tells_scores(entries)
        for place, key in enumerate(_best_first(entries, damped)):
            found = support[key]
            found.candidate = entries[key]
            near = tempered[seed] * _K_SEED / (_K_SEED + place)
            if seed is not None:
                # Evidence is who is close, however much of it others say already.
                found.by_seed[seed] = near
            # The scores of a list for the whole library are the source's own; nothing is to be added to them.
            found.score += (
                says[seed] * damped[key] if counted else entries[key].strength or 0.0 if whole else near
            )
    return support


def _best_first(entries: Mapping[str, Candidate], damped: Mapping[str, float]) -> list[str]:
    """One list, best first: by damped strength, or as it came where no strengths are told."""
    if not _tells_scores(entries):
        return sorted(entries, key=lambda key: entries[key].rank)
    return sorted(entries, key=lambda key: (-damped[key], entries[key].rank))


def _tempered(lists: Lists, seeds: Mapping[Mbid, Seed]) -> dict[Mbid | None, float]:
    """Heavier seeds say more, but by the root: one giant must not drown the other corners of a taste."""
    return {
        seed: (seeds[seed].weight * len(seeds)) ** 0.5 if seed is not None and seed in seeds else 1.0
        for seed in lists
    }


def _seed_weights(lists: Lists, seeds: Mapping[Mbid, Seed]) -> dict[Mbid | None, float]:
    """What each seed says where the lists count common listeners, 0 to 1: a ridge regression of the library
    on itself.

    Ten seeds of one scene repeat each other and would outvote the rest of a taste. With C the common
    listeners of each two seeds and D their own, w = max(0, (C + D + λI)⁻¹ s) leaves each what it says beyond
    the others: EASE, from nothing but the owned artists' lists (100 neighbours each: Recall@20 .326 with
    reciprocal ranks, .341 so). The lists do not tell a seed's own listeners; a tenth of a list's sum does as
    well. But lists name the most shared only, and so what two seeds share may exceed that: C + D is no matrix
    of counts then, and its inverse, if it has one, would silence the heavier of the two. So its eigenvalues
    are kept above a tenth of its mean diagonal.
    """
    tempered = _tempered(lists, seeds)
    asked = [seed for seed in lists if seed is not None]
    if not asked:
        return tempered
    place = {str(seed): number for number, seed in enumerate(asked)}
    common = np.zeros((len(asked), len(asked)))
    own = np.zeros(len(asked))
    for row, seed in enumerate(asked):
        for key, candidate in lists[seed].items():
            own[row] += candidate.strength or 0.0
            if (column := place.get(key)) is not None:
                common[row, column] = candidate.strength or 0.0
    own = own * _OWN_LISTENERS
    common = np.maximum(common, common.T)
    np.fill_diagonal(common, own + _RIDGE * max(float(own.mean()), 1e-9))
    spectrum, axes = np.linalg.eigh(common)
    spectrum = np.maximum(spectrum, _LEAST_SPREAD * float(np.diag(common).mean()))
    says = axes @ (axes.T @ np.array([tempered[seed] for seed in asked]) / spectrum)
    scale = float(np.abs(says).max()) or 1.0
    regressed = {seed: max(0.0, float(weight) / scale) for seed, weight in zip(asked, says, strict=True)}
    return {**tempered, **regressed}


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
            if candidate.seed is not None and candidate.strength and candidate.strength > 0:
                shown[key].append(candidate.strength)
    known = {key: fmean(values) for key, values in (told or shown).items()}
    usual = median(known.values()) if known else 1.0
    popularity = dict.fromkeys(shown, 1.0)
    popularity.update({key: max(_LEAST_POPULARITY, value / usual) for key, value in known.items()})
    return popularity


def _voice(
    source: str,
    weight: float,
    rank_score: float,
    support: _Support,
    popularity: float | None,
    seeds: Mapping[Mbid, Seed],
) -> Voice:
    total = sum(support.by_seed.values()) or 1.0
    strongest = sorted(support.by_seed.items(), key=lambda item: -item[1])[:_SEEDS_KEPT]
    said = support.candidate
    return Voice(
        source=source,
        weight=weight,
        rank_score=rank_score,
        stated=said.confidence if said else None,
        seeds=tuple((seeds[seed].name, vote / total) for seed, vote in strongest if seed in seeds)
        or (said.because[:_SEEDS_KEPT] if said else ()),
        opinion=said.reason if said else None,
        popularity=popularity,
    )
