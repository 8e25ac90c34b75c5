"""How long the event loop did not come round."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stall:
    """The longest so far, in seconds."""

    worst = 0.0


@contextmanager
def watching() -> Iterator[Stall]:
    """Within a running event loop."""
    stall = Stall()

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            stall.worst = max(stall.worst, time.perf_counter() - before - 0.001)

    ticker = asyncio.create_task(tick())
    try:
        yield stall
    finally:
        ticker.cancel()
