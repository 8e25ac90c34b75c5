"""What runs until a signal says stop: the server, with its worker, and a worker alone.

The web app runs in one process, or with `server.workers` in several; the server's worker in their parent.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from fastapi import FastAPI

from brainarr import __version__
from brainarr.domain.schedule import parse_schedule, period
from brainarr.jobs.worker import Worker
from brainarr.llm.detection import find_servers
from brainarr.metrics.sharing import shared_between_processes
from brainarr.pipeline.ports import Wake
from brainarr.service.feed_cache import FeedCache
from brainarr.service.health import Surroundings
from brainarr.service.symptoms import exposure_issues
from brainarr.store.breakers import StoredBreakers
from brainarr.store.session import database_url
from brainarr.store.signals import FEEDS, WORK
from brainarr.web.app import WebDeps, create_app
from brainarr.wiring.build import House
from brainarr.wiring.caching import CachedCatalog
from brainarr.wiring.checkup import wired_providers
from brainarr.wiring.listening import listen, server_of
from brainarr.wiring.web_processes import WebProcesses
from brainarr.wiring.working import house_tasks, house_worker

log = structlog.get_logger("brainarr")


async def serve(house: House) -> None:
    """Serves until SIGINT or SIGTERM, then lets answers finish, ends a run under way and returns.

    Raises BrainarrError when the address cannot be used.
    """
    settings = house.settings.server
    worker = await house_worker(house, works=house.settings.jobs.embedded)
    with listen(settings.host, settings.port, "server.port") as listener:
        address = listener.getsockname()
        log.info(
            "Brainarr listens",
            version=__version__,
            host=address[0],
            port=address[1],
            processes=settings.workers,
        )
        if house.installation.first_start:
            log.info("first start: `brainarr api-key` shows the key of the API", folder=str(house.folder))
        if settings.workers > 1:
            with shared_between_processes(house.folder):
                web = WebProcesses(house.folder, listener, settings.workers)
                await _serve_and_work(web, worker, house)
        else:
            await _serve_and_work(WebServer(house, listener), worker, house)
    log.info("Brainarr stopped")


async def work(house: House, concurrency: int | None) -> None:
    """Works, without a server, until SIGINT or SIGTERM; gives back what does not end in time."""
    worker = await house_worker(house, concurrency=concurrency)
    house.signals.listen(WORK, lambda _: worker.nudge())
    working = asyncio.create_task(worker.work())
    log.info("the worker waits for work", version=__version__, concurrency=worker.concurrency)
    with _on_signals(working.cancel):
        await asyncio.wait([working])
    if not working.cancelled():
        # It ends by itself only with a fault.
        working.result()
    log.info("the worker stopped")


async def serve_web(house: House, listener: socket.socket) -> None:
    """What one of several web processes does: no worker, and the socket is its parent's."""
    web = WebServer(house, listener)
    with _on_signals(web.stop):
        await web.serve()


class WebServer:
    """The web app on a socket that listens, in this process."""

    def __init__(self, house: House, listener: socket.socket) -> None:
        self._listener = listener
        self._server = server_of(web_app(house, partial(house.signals.tell, WORK)))

    async def serve(self) -> None:
        """Until `stop` is called, and answers under way have ended."""
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Lets answers under way finish; called once more, it does not."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True


def web_app(house: House, wake: Wake) -> FastAPI:
    """The web app of this house; `wake` tells its worker that a run waits."""
    feeds = FeedCache(house.db, house.installation.secrets, house.clock)
    house.signals.listen(FEEDS, lambda _: feeds.forget())
    return create_app(
        WebDeps(
            db=house.db,
            secrets=house.installation.secrets,
            api_key=lambda: house.fixed_api_key,
            clock=house.clock,
            broadcast=house.runs.broadcast,
            wake=wake,
            backtests=house.backtests,
            backups=house.backups,
            cache=house.cache,
            feeds=feeds,
            providers=wired_providers(house.outside, StoredBreakers(house.db), house.clock),
            find_servers=partial(find_servers, house.settings.provider_chain),
            estimate=house.estimate,
            messengers=house.outside.messengers,
            limits=house.settings.costs.limits,
            configured=house.runs.configured,
            catalog=CachedCatalog(house.outside.musicbrainz, house.cache),
            importer=house.outside.lidarr,
            tasks=house_tasks(house),
            zone=house.zone,
            around=surroundings(house),
            metrics_open=house.settings.metrics.open,
            url_base=house.settings.server.url_base,
            external_url=house.settings.server.external_url,
            allowed_hosts=house.settings.server.allowed_hosts,
        )
    )


def surroundings(house: House) -> Surroundings:
    """What health looks at in this house beside the database's rows."""
    server, schedules = house.settings.server, house.settings.schedules

    def every(text: str) -> timedelta | None:
        schedule = parse_schedule(text)
        return period(schedule, house.clock(), house.zone) if schedule else None

    return Surroundings(
        folders=written_folders(house),
        limits=house.settings.costs.limits,
        library_every=every(schedules.library) if house.outside.lidarr else None,
        settings=tuple(exposure_issues(server.host, server.external_url, house.api_key)),
        redis_away=(lambda: house.signals.away) if house.settings.redis.url else None,
        backup_every=every(schedules.backup),
    )


def written_folders(house: House) -> tuple[Path, ...]:
    """Where this house writes: configuration, database, backups, log."""
    database = database_url(house.settings.database.url, house.folder)
    # The first backup makes its folder.
    shelf = house.backups.place.absolute()
    folders = [house.folder, next(folder for folder in (shelf, *shelf.parents) if folder.exists())]
    if database.get_backend_name() == "sqlite" and database.database:
        folders.append(Path(database.database).parent)
    if house.settings.log.file:
        folders.append((house.folder / house.settings.log.file).parent)
    return tuple(dict.fromkeys(folders))


async def _serve_and_work(web: WebServer | WebProcesses, worker: Worker, house: House) -> None:
    """The web decides how long; a worker that ends before it has failed, and takes the web along."""
    house.signals.listen(WORK, lambda _: worker.nudge())
    working = asyncio.create_task(worker.work())
    serving = asyncio.create_task(web.serve())

    def stop() -> None:
        """The first time gracefully, both at once; the second time in a hurry."""
        web.stop()
        working.cancel()

    try:
        with _on_signals(stop):
            await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
            if not serving.done() and not working.cancelling():
                web.stop()
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
