"""The processes that run until a signal says stop: the server, with its worker in it, and a worker alone."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial

import structlog
import uvicorn
from fastapi import FastAPI

from brainarr import __version__
from brainarr.errors import BrainarrError
from brainarr.jobs.worker import Worker
from brainarr.llm.detection import find_servers
from brainarr.pipeline.ports import Wake
from brainarr.store.breakers import StoredBreakers
from brainarr.web.app import WebDeps, create_app
from brainarr.wiring.build import House
from brainarr.wiring.checkup import wired_providers
from brainarr.wiring.timezone import server_zone
from brainarr.wiring.working import house_tasks, house_worker

GRACE_S = 5
"""How long answers under way may take once the server was told to stop."""

log = structlog.get_logger("brainarr")


class _Server(uvicorn.Server):
    """Leaves the signals to `serve`: uvicorn repeats them at its end, which would skip our own tidying."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(house: House) -> None:
    """Serves until SIGINT or SIGTERM, then lets answers finish, ends a run under way and returns.

    Raises BrainarrError when the address cannot be used.
    """
    settings = house.settings.server
    worker = await house_worker(house, works=house.settings.jobs.embedded)
    server = _Server(
        uvicorn.Config(
            web_app(house, worker.nudge),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    with _listen(settings.host, settings.port) as listener:
        address = listener.getsockname()
        log.info("Brainarr listens", version=__version__, host=address[0], port=address[1])
        if house.installation.first_start:
            log.info("first start: `brainarr api-key` shows the key of the API", folder=str(house.folder))
        await _run_both(server, worker, listener)
    log.info("Brainarr stopped")


async def work(house: House, concurrency: int | None) -> None:
    """Works, without a server, until SIGINT or SIGTERM; gives back what does not end in time."""
    worker = await house_worker(house, concurrency=concurrency)
    working = asyncio.create_task(worker.work())
    log.info("the worker waits for work", version=__version__, concurrency=worker.concurrency)
    with _on_signals(working.cancel):
        await asyncio.wait([working])
    if not working.cancelled():
        # It ends by itself only with a fault.
        working.result()
    log.info("the worker stopped")


def web_app(house: House, wake: Wake) -> FastAPI:
    """The web app of this house; `wake` tells its worker that a run waits."""
    return create_app(
        WebDeps(
            db=house.db,
            secrets=house.installation.secrets,
            api_key=lambda: house.api_key,
            clock=house.clock,
            broadcast=house.runs.broadcast,
            wake=wake,
            backtests=house.backtests,
            providers=wired_providers(house.outside, StoredBreakers(house.db), house.clock),
            find_servers=partial(find_servers, house.settings.provider_chain),
            estimate=house.estimate,
            messengers=house.outside.messengers,
            limits=house.settings.costs.limits,
            configured=house.runs.configured,
            importer=house.outside.lidarr,
            tasks=house_tasks(house),
            zone=server_zone(os.environ),
            url_base=house.settings.server.url_base,
            external_url=house.settings.server.external_url,
        )
    )


async def _run_both(server: uvicorn.Server, worker: Worker, listener: socket.socket) -> None:
    """The server decides how long; a worker that ends before it has failed, and takes the server along."""
    working = asyncio.create_task(worker.work())
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    def stop() -> None:
        """The first time gracefully, both at once; the second time in a hurry."""
        server.force_exit = server.should_exit
        server.should_exit = True
        working.cancel()

    try:
        with _on_signals(stop):
            await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            if not working.cancelling():
                working.cancel()
            ended = await asyncio.gather(serving, working, return_exceptions=True)
    except asyncio.CancelledError:
        stop()
        await asyncio.gather(serving, working, return_exceptions=True)
        raise
    for failure in ended:
        if isinstance(failure, Exception):
            raise failure


@contextlib.contextmanager
def _on_signals(stop: Callable[[], object]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        dual = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=dual)
        # Inherited by its connections; asyncio sets it only where the protocol was named. Without it an
        # answer of two segments waits 40 ms for a delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise BrainarrError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
            remedy="Choose another server.host or server.port, or stop the program that uses it.",
        ) from error
