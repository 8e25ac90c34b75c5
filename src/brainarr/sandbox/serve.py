"""Runs ASGI apps on loopback ports of this process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp


class _QuietServer(uvicorn.Server):
    """A guest in somebody else's process: signals stay with the host, and it leaves at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.leave.wait(), 0.1)

    @contextlib.contextmanager
    def capture_signals(self):
        yield


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serves `app` on 127.0.0.1 for as long as the context lasts; yields its address, e.g. http://127.0.0.1:41234.

    Port 0 takes any free one.
    """
    listener = socket.create_server(("127.0.0.1", port))
    # Inherited by its connections. Without it Nagle's algorithm and delayed acknowledgements make an answer
    # of two segments (head, body) take 40 ms; asyncio only sets it on sockets made with an explicit protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app, log_config=None, access_log=False, log_level="critical", timeout_graceful_shutdown=2, ws="none"
    )
    server = _QuietServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if running.done():
                await running  # its failure, instead of waiting for ever
                raise OSError(f"the server at {address} did not start")
            await asyncio.sleep(0.005)
        yield address
    finally:
        server.should_exit = True
        server.leave.set()
        await running
        listener.close()
