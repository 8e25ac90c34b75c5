"""Backtest: measuring Brainarr on the library's own past, and applying the weights that this suggests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec
import structlog

from brainarr.domain.backtest import Backtest, BacktestOptions
from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Progress
from brainarr.errors import BrainarrError, Conflict, NotFound
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.library import read_snapshot, sync_library
from brainarr.service.progress import OnProgress
from brainarr.service.settings import read_setting, replace_setting
from brainarr.settings.layers import Origin
from brainarr.store import recommendations
from brainarr.store.backtests import newest_backtest, write_backtest
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database
from brainarr.store.signals import BACKTEST, Signals

SOURCE_WEIGHTS = "recommend.source_weights"

Replay = Callable[[Library, BacktestOptions, Mapping[Mbid, datetime], OnProgress], Awaitable[Backtest]]
"""The replay of a library with its settings and sources bound by wiring; beside the library, when each artist
was first recommended."""

_BEAT_S = 3.0
_SILENCE_S = 10.0
"""A backtest of another process that said nothing for so long has ended with it."""

log = structlog.get_logger(__name__)


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
        recommended = await recommendations.first_recommended(connection)
    made = await deps.replay(library, asked, recommended, on_progress)
    if library.from_snapshot and not asked.offline:
        note = f"Lidarr was away: the library is as it was read on {library.read_at:%Y-%m-%d}."
        made = msgspec.structs.replace(made, notes=(*made.notes, note))
    async with deps.db.transaction() as connection:
        await write_backtest(connection, made)
    on_progress(Progress("done"))
    return made


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
    await replace_setting(deps.db, deps.secrets, SOURCE_WEIGHTS, weights, clock=deps.clock)
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


class _State(msgspec.Struct, frozen=True, array_like=True):
    """A signal's body: where the backtest under way is, or how it ended."""

    progress: Progress | None = None
    problem: str = ""
    remedy: str = ""


class Backtesting:
    """The backtests: in the background of one process, seen by all, one at a time.

    Of two that are asked of two processes within the moment that a signal takes, both are made; the one that
    ends later counts. That of a process that dies is forgotten after some seconds.
    """

    def __init__(self, deps: BacktestDeps, signals: Signals) -> None:
        self.deps = deps
        self._signals = signals
        self._state = _State()
        self._heard_at = 0.0
        self._task: asyncio.Task[Backtest] | None = None
        signals.listen(BACKTEST, self._hear)

    @property
    def progress(self) -> Progress | None:
        """Where the one under way is; None: none is."""
        silent = asyncio.get_running_loop().time() - self._heard_at > _SILENCE_S
        return None if silent and self._task is None else self._state.progress

    @property
    def failure(self) -> BrainarrError | None:
        """Why the last one ended without a result."""
        state = self._state
        return BrainarrError(state.problem, remedy=state.remedy) if state.problem else None

    def start(self, asked: BacktestOptions) -> bool:
        """False: one is under way already, and this is it."""
        if self.progress is not None:
            return False
        self._note(Progress("library"))
        self._task = asyncio.create_task(self._run(asked))
        self._task.add_done_callback(self._end)
        return True

    async def aclose(self) -> None:
        """Stops the one under way here; nothing of it is stored."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, asked: BacktestOptions) -> Backtest:
        alive = asyncio.create_task(self._stay_alive())
        try:
            return await run_backtest(self.deps, asked, self._note)
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            self._tell(self._state)

    def _note(self, step: Progress) -> None:
        self._tell(_State(step))

    def _tell(self, state: _State) -> None:
        self._signals.tell(BACKTEST, msgspec.msgpack.encode(state))

    def _hear(self, body: bytes) -> None:
        try:
            self._state = msgspec.msgpack.decode(body, type=_State)
            self._heard_at = asyncio.get_running_loop().time()
        except msgspec.MsgspecError:
            # After a gap: the next sign of life tells.
            return

    def _end(self, task: asyncio.Task[Backtest]) -> None:
        self._task = None
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, BrainarrError):
            self._tell(_State(None, fault.message, fault.remedy))
        elif fault is not None:
            log.error("a backtest failed unexpectedly", exc_info=fault)
            self._tell(_State(None, f"Brainarr has a fault: {type(fault).__name__}.", "Please report it."))
        else:
            self._tell(_State())
