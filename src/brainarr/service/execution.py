"""Executing a run: library → pipeline → result, stored in one transaction or not at all."""

from collections.abc import Awaitable, Callable

import msgspec

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunResult
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import RunDetail
from brainarr.store.runs import Process
from brainarr.store.session import Database

Recommend = Callable[[Library, Memory, OnProgress], Awaitable[RunResult]]
"""The pipeline with its options and providers bound by wiring."""


class RunDeps(msgspec.Struct, frozen=True):
    """What executing a run needs; wiring fills it."""

    db: Database
    clock: Clock
    process: Process
    broadcast: Broadcast
    library: LibrarySource | None
    """None: no Lidarr is configured."""
    recommend: Recommend
    auto_approve: bool = False
    """Setting `recommend.approval` is `auto`."""


async def execute_run(deps: RunDeps, run_id: int, *, on_progress: OnProgress | None = None) -> RunDetail:
    """Executes a queued run and answers it; one that another process has taken is waited for.

    A failure ends the run as failed with a message for people, and is answered, not raised. Cancelling the task ends
    it as cancelled and raises CancelledError. Raises NotFound, and StorageError when not even the end can be stored.
    """
    ...
