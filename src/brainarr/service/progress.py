"""Progress of the runs that this process executes, for whoever watches."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brainarr.domain.recommendation import Progress

OnProgress = Callable[[Progress], None]


class Broadcast:
    """Hands every step of a run to all who watch it. A slow watcher misses steps, never the newest one."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[asyncio.Queue[Progress]]] = {}

    def publish(self, run_id: int, progress: Progress) -> None:
        for queue in self._watchers.get(run_id, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(progress)

    @contextmanager
    def watch(self, run_id: int) -> Iterator[asyncio.Queue[Progress]]:
        queue: asyncio.Queue[Progress] = asyncio.Queue(maxsize=64)
        watchers = self._watchers.setdefault(run_id, set())
        watchers.add(queue)
        try:
            yield queue
        finally:
            watchers.discard(queue)
            if not watchers:
                self._watchers.pop(run_id, None)
