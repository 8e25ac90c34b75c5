"""Several web processes on one listening socket: started, started again when they die, stopped together."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import structlog

from brainarr.metrics.sharing import process_ended

COMMAND = "web-process"
"""The hidden command that each of them executes; its argument is the number of the socket's descriptor."""

PATIENCE_S = 10.0
"""How long a process may take to end once it was told to; then it is killed."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""Who lived so long died of something new: it is started again without a long pause."""

log = structlog.get_logger("brainarr")


class WebProcesses:
    """`count` children that accept on `listener`, as `brainarr --config folder web-process` each."""

    def __init__(self, folder: Path, listener: socket.socket, count: int) -> None:
        descriptor = listener.fileno()
        self._command = (sys.executable, "-m", "brainarr", "--config", str(folder), COMMAND, str(descriptor))
        self._descriptor = descriptor
        self._count = count
        self._children: set[Process] = set()
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Until `stop` is called and all of them have ended, or were killed."""
        keepers = [asyncio.create_task(self._keep(number)) for number in range(1, self._count + 1)]
        try:
            await self._stopping.wait()
            _, late = await asyncio.wait(keepers, timeout=PATIENCE_S)
            if late:
                log.warning("web processes did not end in time and are killed", processes=len(late))
        finally:
            self._stopping.set()
            for child in self._children:
                child.kill()
            await asyncio.gather(*keepers, return_exceptions=True)

    def stop(self) -> None:
        """Lets answers under way finish; called once more, it does not."""
        self._stopping.set()
        for child in self._children:
            child.terminate()

    async def _keep(self, number: int) -> None:
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._live()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            log.error("a web process ended and is started again", number=number, code=code, pause_s=pause)
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _live(self) -> int:
        """One life of one child; its exit code."""
        # A session of its own: Ctrl-C is for the parent, which passes it on. The open standard input is its
        # tie to the parent, see `end_with_parent`.
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, pass_fds=[self._descriptor], start_new_session=True
        )
        self._children.add(child)
        if self._stopping.is_set():
            child.terminate()
        try:
            return await child.wait()
        finally:
            self._children.discard(child)
            process_ended(child.pid)


def end_with_parent() -> None:
    """Stops this process when its standard input closes: that happens whatever way the parent ends.

    In a thread, because a process whose event loop hangs must not stay behind either, holding the socket.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
