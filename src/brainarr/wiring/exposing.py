"""What a process without a web server shows of itself: `/metrics` on `metrics.worker_port`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from brainarr.web.auth import Doors
from brainarr.web.metrics import create_worker_app
from brainarr.wiring.build import House
from brainarr.wiring.listening import listen, server_of


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
    doors = Doors(house.db, house.installation.secrets, house.fixed_api_key, house.clock)
    app = create_worker_app(doors, open_to_all=settings.open)
    # Every worker on one machine needs a port of its own.
    with listen(house.settings.server.host, settings.worker_port, "metrics.worker_port") as listener:
        server = server_of(app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving
