"""Library → Backtest: profile, candidates and fuse as of earlier days, held against what came next.

Like `run` it stands above the stages and joins them. It does not verify, score or choose: that would cost a
question to MusicBrainz for every candidate of every cut, and ranks within what is measured here.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np

from brainarr.domain.backtest import (
    DEFAULT,
    FEWEST_HIDDEN,
    POPULARITY,
    PRESENT,
    SUGGESTED,
    Backtest,
    BacktestOptions,
    Cut,
    Estimate,
    SystemResult,
    Tested,
)
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, Library, Mbid
from brainarr.domain.recommendation import Candidate, Progress, RunOptions
from brainarr.domain.taste import Seed
from brainarr.pipeline.backtest.ballot import (
    Ballot,
    Floats,
    Places,
    make_ballot,
    places,
    places_by_popularity,
)
from brainarr.pipeline.backtest.hearing import Consulted, OnProgress, hear_past, questions
from brainarr.pipeline.backtest.history import Fold, History, cut_library, read_history, usual_share
from brainarr.pipeline.backtest.measure import difference, estimate, ndcgs, recalls
from brainarr.pipeline.backtest.weights import suggest
from brainarr.pipeline.candidates import Heard
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.ports import Clock
from brainarr.pipeline.profile import profile_library
from brainarr.pipeline.verify import Owned

_LATER = "Come back when more artists have been added one by one."
_NOTHING_BEFORE = "Almost nothing was in the library before the artists that could be hidden."
_NOBODY_SPOKE = "No similarity source named anybody, so there is no ranking to measure."


class Replayed(msgspec.Struct, frozen=True):
    """One cut with everything that was said at it."""

    fold: Fold
    seeds: int
    together: Ballot
    alone: Mapping[str, Ballot]
    """Source → what it would have ranked by itself."""


async def backtest_library(
    library: Library,
    asked: BacktestOptions,
    options: RunOptions,
    whom: Consulted,
    recommended: Mapping[Mbid, datetime],
    clock: Clock,
    on_progress: OnProgress,
) -> Backtest:
    """Whether Brainarr would have named the artists that `library` took in last, before it did.

    `options`: the settings of a run, of which the sources' votes, the novelty dial and the seed count here.
    `recommended`: when Brainarr first named an artist. Language models are not asked. What feedback has
    taught is left out: it came after the cuts.
    Raises nothing that a provider may cause.
    """
    history = read_history(library, recommended)
    found = _empty(library, asked, history, clock)
    if len(history.eligible) < FEWEST_HIDDEN:
        return msgspec.structs.replace(found, trouble=_too_few(found), remedy=_LATER)
    hide = min(asked.hide or usual_share(len(history.eligible)), len(history.eligible))
    folds = cut_library(library, history, hide, asked.folds)
    if sum(len(fold.hidden) for fold in folds) < FEWEST_HIDDEN:
        return msgspec.structs.replace(found, trouble=_NOTHING_BEFORE, remedy=_LATER)
    on_progress(Progress("profile", f"at {len(folds)} points in time"))
    profiles = [await profile_library(fold.known, fold.cut, seed=options.seed) for fold in folds]
    heard = await hear_past(profiles, whom, on_progress)
    found = msgspec.structs.replace(found, asked=questions(profiles, whom, heard))
    if not any(profile.seeds for profile in profiles):
        trouble = "None of the artists that were there before has a MusicBrainz identifier to ask about."
        return msgspec.structs.replace(found, trouble=trouble, remedy="Let Lidarr refresh its artists.")
    named = {one.report.name for cut in heard for one in cut if one.candidates}
    defaults = {source.name: source.weight for source in whom.sources if source.name in named}
    if not defaults:
        remedy = "Run it without --offline." if asked.offline else "`brainarr doctor` says what is wrong."
        return msgspec.structs.replace(found, trouble=_NOBODY_SPOKE, remedy=remedy)
    on_progress(Progress("fuse", f"{sum(len(one.candidates) for cut in heard for one in cut)} proposals"))
    replays = [
        await asyncio.to_thread(_replay, fold, profile.seeds, cut, list(defaults), options)
        for fold, profile, cut in zip(folds, profiles, heard, strict=True)
    ]
    present = {name: options.source_weights.get(name, usual) for name, usual in defaults.items()}
    on_progress(Progress("score", f"{sum(len(fold.hidden) for fold in folds)} hidden artists"))
    return await asyncio.to_thread(_measure, found, replays, present, defaults, options.seed)


def _replay(
    fold: Fold, seeds: Sequence[Seed], heard: Sequence[Heard], sources: Sequence[str], options: RunOptions
) -> Replayed:
    by_seed = {seed.mbid: seed for seed in seeds}
    said = {one.report.name: one.candidates for one in heard if one.report.name in sources}
    barred = Owned.of(fold.known), Owned.of(msgspec.structs.replace(fold.known, artists=fold.later))

    def ballot(candidates: Sequence[Candidate], names: Sequence[str]) -> Ballot:
        ranking, _ = fuse(candidates, dict.fromkeys(names, 1.0), by_seed, options.discovery)
        free = [
            item
            for item in ranking
            if item.mbid not in SPECIAL_PURPOSE_ARTISTS
            and not any(owned.holds(item.artist, item.mbid) for owned in barred)
        ]
        lists = Counter(item.artist for item in candidates)
        return make_ballot(free, names, fold.hidden, lists)

    return Replayed(
        fold,
        len(seeds),
        ballot([item for items in said.values() for item in items], list(said)),
        {name: ballot(items, [name]) for name, items in said.items()},
    )


def _measure(
    found: Backtest,
    replays: Sequence[Replayed],
    present: Mapping[str, float],
    defaults: Mapping[str, float],
    seed: int,
) -> Backtest:
    dates = [artist.added for one in replays for artist in one.fold.hidden if artist.added]
    days = np.array([moment.toordinal() for moment in dates], dtype=np.int64)

    def mean(values: Sequence[Floats]) -> Estimate:
        # The same draws for every system: their differences then are not the dice's.
        return estimate(np.concatenate(values), days, np.random.default_rng(seed))

    def system(name: str, of: Sequence[Places], weights: Mapping[str, float] | None = None) -> SystemResult:
        return SystemResult(
            name,
            recall20=mean([recalls(one, 20) for one in of]),
            ndcg20=mean([ndcgs(one, 20) for one in of]),
            ndcg100=mean([ndcgs(one, 100) for one in of]),
            weights=weights or {},
        )

    ballots = [one.together for one in replays]
    now = [places(ballot, present) for ballot in ballots]
    suggestion, crossed = suggest(ballots, present, days, np.random.default_rng(seed))
    systems = [system(PRESENT, now, present)]
    if present != defaults:
        systems.append(system(DEFAULT, [places(ballot, defaults) for ballot in ballots], defaults))
    if crossed:
        apart = [places(ballot, weights) for ballot, weights in zip(ballots, crossed, strict=True)]
        systems.append(system(SUGGESTED, apart, suggestion.weights))
    for name in present:
        systems.append(system(name, [places(one.alone[name], {name: 1.0}) for one in replays]))
    popular = [places_by_popularity(ballot) for ballot in ballots]
    systems.append(system(POPULARITY, popular))
    first, second = (np.concatenate([recalls(one, 20) for one in of]) for of in (now, popular))
    return msgspec.structs.replace(
        found,
        cuts=tuple(_cut(one, where) for one, where in zip(replays, now, strict=True)),
        systems=tuple(systems),
        lead=difference(first, second, days, np.random.default_rng(seed)),
        tested=tuple(
            Tested(artist.name, artist.added, one.fold.cut, int(place) or None)
            for one, where in zip(replays, now, strict=True)
            for artist, place in zip(one.fold.hidden, where, strict=True)
            if artist.added
        ),
        suggestion=suggestion,
    )


def _cut(replayed: Replayed, present: Places) -> Cut:
    fold = replayed.fold
    return Cut(
        at=fold.cut,
        until=fold.hidden[-1].added or fold.cut,
        known=len(fold.known.artists),
        seeds=replayed.seeds,
        hidden=len(fold.hidden),
        found20=int(recalls(present, 20).sum()),
    )


def _empty(library: Library, asked: BacktestOptions, history: History, clock: Clock) -> Backtest:
    return Backtest(
        made_at=clock(),
        library_read_at=library.read_at,
        options=asked,
        artists=len(library.artists),
        undated=history.undated,
        bulk_days=history.bulk_days,
        recommended=history.recommended,
        eligible=len(history.eligible),
    )


def _too_few(found: Backtest) -> str:
    if not found.artists:
        return "The library is empty."
    reasons = (
        (found.undated, "without a date"),
        (sum(day.artists for day in found.bulk_days), "taken in on days of a bulk import"),
        (found.recommended, "that Brainarr had recommended before"),
    )
    told = ", ".join(f"{count} {why}" for count, why in reasons if count)
    return (
        f"Only {found.eligible} of {found.artists} artists show when you chose them"
        f"{f' ({told})' if told else ''}; at least {FEWEST_HIDDEN} are needed."
    )
