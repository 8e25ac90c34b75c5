"""The server: web app and worker in one process, until a signal says stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import structlog
import uvicorn
from fastapi import FastAPI

from brainarr import __version__
from brainarr.errors import BrainarrError
from brainarr.jobs.chores import usual_chores
from brainarr.jobs.worker import Chore, Worker
from brainarr.llm.detection import find_servers
from brainarr.pipeline.ports import Wake
from brainarr.service.feed_cache import FeedCache
from brainarr.service.monitor import watch_providers
from brainarr.service.runs import recover_runs
from brainarr.store.breakers import StoredBreakers
from brainarr.web.app import WebDeps, create_app
from brainarr.wiring.build import House
from brainarr.wiring.checkup import watched_models, wired_providers

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
    if recovered := await recover_runs(house.db, house.runs.process, clock=house.clock):
        log.warning("interrupted runs were closed", runs=recovered)
    watch = Chore("watch the costs", timedelta(minutes=1), house.alert_on_costs)
    chores = (*usual_chores(house.runs, house.cache), watch, *_monitor(house))
    worker = Worker(house.runs, every=house.settings.recommend.every, chores=chores)
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
    with _listen(settings.host, settings.port) as listener, _stopped_by_signals(server):
        address = listener.getsockname()
        log.info("Brainarr listens", version=__version__, host=address[0], port=address[1])
        if house.installation.first_start:
            log.info("first start: `brainarr api-key` shows the key of the API", folder=str(house.folder))
        await _run_both(server, worker, listener)
    log.info("Brainarr stopped")


def _monitor(house: House) -> list[Chore]:
    """The health monitor, where the chain has models and the user wants it."""
    every = house.settings.health.probe_interval
    watched = watched_models(house.outside)
    if not every or not watched:
        return []
    probe = partial(watch_providers, watched, StoredBreakers(house.db), house.clock)
    return [Chore("probe the models", timedelta(seconds=every), probe, aside=True)]


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
            cache=house.cache,
            feeds=FeedCache(house.db, house.installation.secrets, house.clock),
            providers=wired_providers(house.outside, StoredBreakers(house.db), house.clock),
            find_servers=partial(find_servers, house.settings.provider_chain),
            estimate=house.estimate,
            messengers=house.outside.messengers,
            limits=house.settings.costs.limits,
            configured=house.runs.configured,
            importer=house.outside.lidarr,
            url_base=house.settings.server.url_base,
            external_url=house.settings.server.external_url,
        )
    )


async def _run_both(server: uvicorn.Server, worker: Worker, listener: socket.socket) -> None:
    """The server decides how long; a worker that ends before it has failed, and takes the server along."""
    working = asyncio.create_task(worker.work())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        working.cancel()
        ended = await asyncio.gather(serving, working, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception):
            raise failure


@contextlib.contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """The first signal stops gracefully, a second one at once."""

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

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
