"""Which processes are alive, and their signs of it: what a dead one was executing must not wait for it."""

import asyncio
import os
import secrets as tokens
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from brainarr.errors import StorageError
from brainarr.store.runs import Process

SILENCE = timedelta(minutes=2)
"""Work on another machine that said nothing for so long is dead."""


def this_process() -> Process:
    """The identity under which this process executes work; taken once, at its start."""
    return Process(socket.gethostname(), os.getpid(), tokens.token_hex(8))


def is_orphan(executor: Process | None, heartbeat_at: datetime | None, here: Process, now: datetime) -> bool:
    """Whether nobody executes it any more. A sign of life from the future is of a clock that was set back."""
    if executor is None or (heartbeat_at is not None and abs(now - heartbeat_at) > SILENCE):
        return True
    if executor.host != here.host or executor.token == here.token:
        return False
    return executor.pid == here.pid or not _is_alive(executor.pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A killed process that nobody waited for keeps its number: containers without an init have such.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"


async def stay_alive(beat_s: float, beat: Callable[[], Awaitable[bool]], work: asyncio.Task[None]) -> None:
    """A sign of life every `beat_s` seconds; cancels `work` when `beat` says that it shall not go on."""
    while True:
        await asyncio.sleep(beat_s)
        try:
            goes_on = await beat()
        except StorageError:
            # The work itself will meet the same trouble and report it; a missed sign of life alone is none.
            continue
        if not goes_on:
            work.cancel()
            return
