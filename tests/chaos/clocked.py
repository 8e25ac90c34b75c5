"""`brainarr serve` by a clock that lies: what the file $CHAOS_CLOCK names, in seconds, is added to it."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from brainarr import log
from brainarr.wiring.serve import serve

BEGIN = datetime(2026, 11, 12, 12, tzinfo=UTC)
"""In the middle of a month: jumps of a week do not lead into another one's budget."""


def lying_clock(file: Path, started: float) -> datetime:
    """`BEGIN`, the time since `started` (by the system's monotonic clock), and the lie of the moment."""
    return BEGIN + timedelta(seconds=time.monotonic() - started + float(file.read_text() or 0))


async def main() -> None:
    log.configure("info")
    file = Path(os.environ["CHAOS_CLOCK"])
    # Kept across restarts: a Brainarr that is started again must not find itself in the past by that alone.
    started = float(os.environ["CHAOS_STARTED"])
    folder = Path(os.environ["BRAINARR_CONFIG"])
    await serve(folder, os.environ, clock=lambda: lying_clock(file, started))


if __name__ == "__main__":
    asyncio.run(main())
