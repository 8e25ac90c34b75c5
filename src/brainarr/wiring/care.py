"""Library care put together: what its runs work with, and what its page knows without asking anybody."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunOptions, RunResult
from brainarr.loading import load
from brainarr.pipeline.ports import AlbumCharts, Cache, Clock
from brainarr.service.care import Recall
from brainarr.service.library import read_anew
from brainarr.service.progress import OnProgress
from brainarr.store.runs import RunRow
from brainarr.store.session import Database
from brainarr.wiring.caching import CachedCatalog
from brainarr.wiring.outside import LABELS, Outside
from brainarr.wiring.releases import CachedReleases

if TYPE_CHECKING:
    from brainarr.pipeline.care.run import CareInstruments

RunCare = Callable[[RunRow, Library, RunOptions, Memory, OnProgress], Awaitable[RunResult]]


def bind_recall(outside: Outside, cache: Cache, clock: Clock) -> Recall:
    """What is remembered of the catalogue."""
    return Recall(
        CachedCatalog(outside.musicbrainz, cache).recall_albums,
        CachedReleases(outside.releases, cache, clock).recall,
    )


def bind_care(
    outside: Outside, db: Database, cache: Cache, charts: Sequence[AlbumCharts], clock: Clock
) -> RunCare:
    """Runs of lists of gaps and of new releases."""
    catalog = CachedCatalog(outside.musicbrainz, cache)
    releases = CachedReleases(outside.releases, cache, clock)

    def instruments(instance: str, on_progress: OnProgress) -> "CareInstruments":
        from brainarr.pipeline.care.run import CareInstruments

        source = outside.lidarrs.get(instance)

        async def read_albums(library: Library, wanted: Sequence[int]) -> Library:
            if source is None or library.from_snapshot:
                return library
            return await read_anew(db, source, library, set(wanted), on_progress, instance=instance)

        return CareInstruments(
            catalog=catalog,
            calendar=releases,
            recall_albums=catalog.recall_albums,
            recall_releases=releases.recall,
            charts=charts,
            preflight=source,
            read_albums=read_albums,
            labels=LABELS,
            clock=clock,
        )

    async def run_list(
        run: RunRow, library: Library, options: RunOptions, memory: Memory, on_progress: OnProgress
    ) -> RunResult:
        await load("brainarr.pipeline.care.run")
        from brainarr.pipeline.care.run import run_care

        tools = instruments(run.instance, on_progress)
        return await run_care(run.kind, library, options, memory, tools, on_progress)

    return run_list
