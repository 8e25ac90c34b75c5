"""Single flight: who asks for what is being made already waits for that, instead of making it once more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Flights:
    """Work under way, by key. It belongs to no caller: it goes on while anybody waits for it."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, tuple[asyncio.Task[Any], list[None]]] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` answers, or raises, to everybody who asks for `key` while it is under way.

        A caller that is cancelled leaves the others their answer; the last one takes the work along.
        """
        if key not in self._under_way:
            self.launch(key, work)
        task, waiting = self._under_way[key]
        waiting.append(None)
        try:
            return await asyncio.shield(task)
        finally:
            waiting.pop()
            if not waiting and not task.done():
                task.cancel()
                # Who comes now must not join what was given up.
                self._land(key, task)

    def launch(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> None:
        """Begins `work`, unless it is under way, and waits for nothing."""
        if key in self._under_way:
            return
        task = asyncio.create_task(_run(work))
        self._under_way[key] = task, []
        task.add_done_callback(lambda done: self._land(key, done))

    def _land(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if task.done() and not task.cancelled():
            # Retrieved, for nobody may have waited; who did has it raised.
            task.exception()
        if key in self._under_way and self._under_way[key][0] is task:
            del self._under_way[key]


def _run(work: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
    async def run() -> T:
        return await work()

    return run()
