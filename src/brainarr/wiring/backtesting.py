"""The backtest with its settings and sources."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from brainarr.domain.backtest import Backtest, BacktestOptions
from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import RunOptions
from brainarr.pipeline.backtest.replay import backtest_library
from brainarr.pipeline.ports import CandidateSource, Clock
from brainarr.service.backtest import Replay
from brainarr.service.progress import OnProgress
from brainarr.wiring.caching import ConsultedSource


def bind_replay(
    sources: Sequence[CandidateSource], options: Callable[[], Awaitable[RunOptions]], clock: Clock
) -> Replay:
    """`options`: those of a run that would start now."""

    async def replay(
        library: Library,
        asked: BacktestOptions,
        recommended: Mapping[Mbid, datetime],
        on_progress: OnProgress,
    ) -> Backtest:
        consulted = [ConsultedSource(source, offline=asked.offline) for source in sources]
        counts = {source.name: source.count for source in consulted}
        # The library comes without the listens of a run: those are of today.
        return await backtest_library(
            library, asked, await options(), consulted, counts, recommended, clock, on_progress
        )

    return replay
