"""What a process without a web server shows of itself: `/metrics` on `metrics.worker_port`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.types import ASGIApp

from brainarr.web.auth import Doors
from brainarr.web.metrics import create_worker_app
from brainarr.wiring.build import House
from brainarr.wiring.configuration import Settings
from brainarr.wiring.listening import listen, server_of


def worker_app(house: House) -> FastAPI:
    """`/metrics` of this process, and nothing else."""
    doors = Doors(house.db, house.installation.secrets, house.fixed_api_key, house.clock)
    return create_worker_app(doors, open_to_all=house.settings.metrics.open)


@contextlib.asynccontextmanager
async def exposing(settings: Settings, app: ASGIApp) -> AsyncIterator[None]:
    """Serves `app`, a worker's, while this lasts, where the settings name a port for it.

    A process of its own, because a worker may run on another machine, and Prometheus wants to know of each
    whether it is up. Raises BrainarrError when the port cannot be used.
    """
    port = settings.metrics.worker_port
    if port is None:
        yield
        return
    # Every worker on one machine needs a port of its own.
    with listen(settings.server.host, port, "metrics.worker_port") as listener:
        server = server_of(app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving
