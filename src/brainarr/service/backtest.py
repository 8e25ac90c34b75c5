"""Backtest: measuring Brainarr on the library's own past, and applying the weights that this suggests."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from brainarr.domain.backtest import Backtest, BacktestOptions
from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Progress
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.jobs import newest_job, request_job
from brainarr.service.library import read_snapshot, sync_library
from brainarr.service.progress import OnProgress
from brainarr.service.settings import read_setting, write_settings
from brainarr.settings.layers import Origin
from brainarr.store.backtests import newest_backtest, write_backtest
from brainarr.store.jobs import JobRow
from brainarr.store.memory import first_recommended
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

SOURCE_WEIGHTS = "recommend.source_weights"

Replay = Callable[[Library, BacktestOptions, Mapping[Mbid, datetime], OnProgress], Awaitable[Backtest]]
"""The replay of a library with its settings and sources bound by wiring; beside the library, when each artist
was first recommended."""

BACKTEST = "backtest"
"""The kind of its jobs."""


class BacktestDeps(msgspec.Struct, frozen=True):
    """What a backtest needs; wiring fills it."""

    db: Database
    secrets: Secrets
    clock: Clock
    library: LibrarySource | None
    """None: no Lidarr is configured."""
    replay: Replay
    weights: Mapping[str, float]
    """`recommend.source_weights` as the settings had it at the start."""
    origin: Origin
    """Who said it: file and environment lock it."""
    labels: Mapping[str, str] = {}
    """How people know each source."""


async def run_backtest(deps: BacktestDeps, asked: BacktestOptions, on_progress: OnProgress) -> Backtest:
    """Reads the library, replays its past, stores and answers what that showed.

    Offline, and while Lidarr is away, the library is the remembered one. Raises Conflict where there is none,
    and ProviderError and StorageError.
    """
    library = await _read_library(deps, asked, on_progress)
    async with deps.db.reading() as connection:
        recommended = await first_recommended(connection)
    made = await deps.replay(library, asked, recommended, on_progress)
    if library.from_snapshot and not asked.offline:
        note = f"Lidarr was away: the library is as it was read on {library.read_at:%Y-%m-%d}."
        made = msgspec.structs.replace(made, notes=(*made.notes, note))
    async with deps.db.transaction() as connection:
        await write_backtest(connection, made)
    on_progress(Progress("done"))
    return made


async def request_backtest(db: Database, asked: BacktestOptions, *, clock: Clock) -> bool:
    """Asks a worker for one; False: one waits or is under way already, and this is it."""
    about = msgspec.json.encode(asked).decode()
    return await request_job(db, BACKTEST, trigger="api", clock=clock, about=about)


async def work_backtest(deps: BacktestDeps, job: JobRow, on_progress: OnProgress) -> None:
    """The backtest that was asked for, as the work of a job. Raises what `run_backtest` raises."""
    asked = msgspec.json.decode(job.about, type=BacktestOptions) if job.about else BacktestOptions()
    await run_backtest(deps, asked, on_progress)


class BacktestState(msgspec.Struct, frozen=True):
    """The backtest that was asked for last, whichever process makes it."""

    progress: Progress | None = None
    """Where it is; None: none waits or is under way."""
    error: str | None = None
    """Why it ended without a result."""
    remedy: str | None = None


async def backtest_state(db: Database) -> BacktestState:
    job = await newest_job(db, BACKTEST)
    if job is None:
        return BacktestState()
    if not job.status.over:
        return BacktestState(job.progress or Progress("library"))
    return BacktestState(None, job.error, job.remedy)


async def read_backtest(db: Database) -> Backtest | None:
    """The newest one; None before the first."""
    async with db.reading() as connection:
        return await newest_backtest(connection)


async def apply_weights(deps: BacktestDeps) -> Mapping[str, float]:
    """Makes the votes that the newest backtest suggests the setting; the next run counts with them.

    Votes of sources that it did not measure stay. Answers the whole setting. Raises NotFound before the first
    backtest, and Conflict where it suggests nothing, or file or environment fix the setting.
    """
    made = await read_backtest(deps.db)
    if made is None:
        raise NotFound("There is no backtest yet.", remedy="Start one: `brainarr backtest`.")
    suggested = made.suggestion.weights
    if not suggested:
        reason = made.trouble or made.suggestion.reason
        raise Conflict(
            f"The newest backtest suggests no other weights. {reason}", remedy="Keep what you have."
        )
    if deps.origin.locked:
        place = "config.yaml" if deps.origin is Origin.FILE else "the environment"
        raise Conflict(
            f"{SOURCE_WEIGHTS} is fixed by {place}, which goes before what is set here.",
            remedy=f"Write it there yourself: {{{', '.join(f'{k}: {v:g}' for k, v in suggested.items())}}}",
        )
    weights = {**await present_weights(deps), **suggested}
    await write_settings(deps.db, deps.secrets, {SOURCE_WEIGHTS: weights}, clock=deps.clock)
    return weights


async def present_weights(deps: BacktestDeps) -> Mapping[str, float]:
    """The setting as it holds now: what was applied since the start counts at once."""
    if deps.origin.locked:
        return deps.weights
    stored = await read_setting(deps.db, deps.secrets, SOURCE_WEIGHTS)
    try:
        return deps.weights if stored is None else msgspec.convert(stored, dict[str, float])
    except msgspec.ValidationError:  # not of our writing: the next start names it
        return deps.weights


async def _read_library(deps: BacktestDeps, asked: BacktestOptions, on_progress: OnProgress) -> Library:
    if deps.library is not None and not asked.offline:
        return await sync_library(deps.db, deps.library, deps.clock, on_progress)
    remembered = await read_snapshot(deps.db)
    if remembered is None:
        raise Conflict(
            "The library has not been read yet.",
            remedy="Set lidarr.url and lidarr.api_key, and run the backtest without --offline once.",
        )
    return remembered
