"""What a process without a web server shows of itself: `/metrics` on `metrics.worker_port`."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from brainarr.errors import BrainarrError
from brainarr.web.metrics import create_worker_app
from brainarr.wiring.build import House


class _Server(uvicorn.Server):
    """Leaves the signals to the command that runs."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def exposing(house: House) -> AsyncIterator[None]:
    """Serves `/metrics` of this process while this lasts, where the settings name a port for it.

    A process of its own, because a worker may run on another machine, and Prometheus wants to know of each
    whether it is up. Raises BrainarrError when the port cannot be used.
    """
    settings = house.settings.metrics
    if settings.worker_port is None:
        yield
        return
    app = create_worker_app(None if settings.open else lambda: house.api_key, house.clock)
    with _listen(house.settings.server.host, settings.worker_port) as listener:
        server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off")
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BrainarrError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
            remedy="Choose another metrics.worker_port: every worker on one machine needs its own.",
        ) from error
