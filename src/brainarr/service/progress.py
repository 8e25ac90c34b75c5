"""Progress of the runs that this process executes, for whoever watches."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brainarr.domain.recommendation import Progress

OnProgress = Callable[[Progress], None]


Steps = asyncio.Queue[Progress | None]
"""What a watcher reads from; None: the run's row has changed, look there."""


class Broadcast:
    """Hands every step of a run to all who watch it. A slow watcher misses steps, never the newest one."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[Steps]] = {}

    def publish(self, run_id: int, progress: Progress | None) -> None:
        for queue in self._watchers.get(run_id, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(progress)

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
