"""Progress of the runs, for whoever watches, in whatever process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from brainarr.domain.recommendation import Progress
from brainarr.store.signals import PROGRESS, Signals

OnProgress = Callable[[Progress], None]


Steps = asyncio.Queue[Progress | None]
"""What a watcher reads from; None: the run's row has changed, look there."""


class _Step(msgspec.Struct, frozen=True, array_like=True):
    """A signal's body."""

    run_id: int
    progress: Progress | None


class Broadcast:
    """Hands every step of a run to all who watch it. A slow watcher misses steps, never the newest one."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._watchers: dict[int, set[Steps]] = {}
        # For as long as both live, which wiring makes the same.
        signals.listen(PROGRESS, self._hear)

    def publish(self, run_id: int, progress: Progress | None) -> None:
        self._signals.tell(PROGRESS, msgspec.msgpack.encode(_Step(run_id, progress)))

    @contextmanager
    def watch(self, run_id: int) -> Iterator[Steps]:
        queue: Steps = asyncio.Queue(maxsize=64)
        watchers = self._watchers.setdefault(run_id, set())
        watchers.add(queue)
        try:
            yield queue
        finally:
            watchers.discard(queue)
            if not watchers:
                self._watchers.pop(run_id, None)

    def _hear(self, body: bytes) -> None:
        if not self._watchers:
            return
        try:
            step = msgspec.msgpack.decode(body, type=_Step) if body else None
        except msgspec.MsgspecError:
            # A process of another version: the rows tell the same.
            step = None
        for run_id in self._watchers if step is None else (step.run_id,):
            for queue in self._watchers.get(run_id, ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(step.progress if step else None)
