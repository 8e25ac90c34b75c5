"""The backtest with its settings and sources."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from brainarr.domain.backtest import Backtest, BacktestOptions
from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Candidate, RunOptions
from brainarr.domain.taste import Seed
from brainarr.loading import load
from brainarr.pipeline.backtest.hearing import Consulted, NeighbourCount
from brainarr.pipeline.ports import CandidateSource, Clock
from brainarr.service.backtest import Replay
from brainarr.service.progress import OnProgress
from brainarr.wiring.caching import CachedSource


def bind_replay(
    sources: Sequence[CachedSource], options: Callable[[], Awaitable[RunOptions]], clock: Clock
) -> Replay:
    """`options`: those of a run that would start now."""

    async def replay(
        library: Library,
        asked: BacktestOptions,
        recommended: Mapping[Mbid, datetime],
        on_progress: OnProgress,
    ) -> Backtest:
        # With numpy, which an idle server does without.
        await load("brainarr.pipeline.backtest.replay")
        from brainarr.pipeline.backtest.replay import backtest_library

        consulted = {source.name: ConsultedSource(source, offline=asked.offline) for source in sources}

        async def recall(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
            return await consulted[source.name].recall(seed)

        whom = Consulted(
            tuple(consulted.values()), recall, {name: source.count for name, source in consulted.items()}
        )
        # The library comes without the listens of a run: those are of today.
        return await backtest_library(library, asked, await options(), whom, recommended, clock, on_progress)

    return replay


class ConsultedSource:
    """A source of which is counted where its lists come from; `offline` nobody is asked, and lists past their
    time are as good as others (pipeline.ports.CandidateSource)."""

    def __init__(self, source: CachedSource, *, offline: bool = False) -> None:
        self.name = source.name
        self.kind = source.kind
        self.weight = source.weight
        self.allowance = source.allowance
        self.count = NeighbourCount()
        self._source = source
        self._offline = offline

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        kept = await self._source.remembered(seed, stale=self._offline)
        if kept is not None:
            self.count.known.add(seed.mbid)
            return kept
        if self._offline:
            return ()
        found = await self._source.similar(seed)
        self.count.fetched.add(seed.mbid)
        return found

    async def recall(self, seed: Seed) -> tuple[Candidate, ...]:
        """What it said of `seed`, also if that is past its time; asks nobody."""
        kept = await self._source.remembered(seed, stale=True)
        if kept is not None:
            self.count.known.add(seed.mbid)
        return kept or ()
