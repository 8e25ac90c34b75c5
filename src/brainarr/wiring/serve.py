"""What runs until a signal says stop: the server, with its worker, and a worker alone.

The web app runs in one process, or with `server.workers` in several; the server's worker in their parent.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from brainarr import __version__
from brainarr.domain.schedule import parse_schedule, period
from brainarr.errors import ConfigurationError, Fault
from brainarr.jobs.worker import CONCURRENCY, Worker
from brainarr.llm.detection import find_servers
from brainarr.metrics.sharing import shared_between_processes
from brainarr.pipeline.ports import Clock
from brainarr.service.feed_cache import FeedCache
from brainarr.service.health import Surroundings
from brainarr.service.settings import Configuration
from brainarr.service.symptoms import exposure_issues
from brainarr.store.breakers import StoredBreakers
from brainarr.store.session import database_url
from brainarr.store.signals import FEEDS, WORK
from brainarr.web.app import WebDeps, create_app
from brainarr.wiring.build import Ground, House, open_ground, utc_now
from brainarr.wiring.caching import CachedCatalog
from brainarr.wiring.care import bind_recall
from brainarr.wiring.changing import configuration_of
from brainarr.wiring.checkup import wired_providers
from brainarr.wiring.configuration import ServerSettings
from brainarr.wiring.exposing import exposing, worker_app
from brainarr.wiring.listening import listen, server_of
from brainarr.wiring.probes import kinds, probes_of
from brainarr.wiring.residence import Furniture, Residence, reside
from brainarr.wiring.web_processes import WebProcesses
from brainarr.wiring.working import house_tasks, house_worker

log = structlog.get_logger("brainarr")


async def serve(folder: Path, environ: Mapping[str, str], *, clock: Clock = utc_now) -> None:
    """Serves until SIGINT or SIGTERM, then lets answers finish, ends a run under way and returns.

    Raises BrainarrError when the configuration, the database or the address cannot be used.
    """
    async with open_ground(folder, environ, clock=clock) as ground:
        settings = ground.loaded.values.server
        several = settings.workers > 1
        with listen(settings.host, settings.port, "server.port") as listener:
            async with reside(ground, _works_only if several else _serves_and_works) as residence:
                _say_where(ground, listener)
                if several:
                    with shared_between_processes(folder):
                        await _serve_and_work(WebProcesses(folder, listener, settings.workers), residence)
                else:
                    await _serve_and_work(WebServer(residence, listener), residence)
    log.info("Brainarr stopped")


async def work(folder: Path, environ: Mapping[str, str], concurrency: int | None) -> None:
    """Works, without a server, until SIGINT or SIGTERM; gives back what does not end in time.

    Raises BrainarrError, also where no Redis is configured.
    """

    async def furnish(house: House, _: Configuration) -> Furniture:
        return Furniture(worker_app(house), nudged_worker(house, concurrency=concurrency))

    async with open_ground(folder, environ) as ground:
        settings = ground.loaded.values
        if settings.redis.url is None:
            allowed = "redis://host:6379/0, the one that the server uses; without it, `brainarr serve` works"
            raise ConfigurationError([Fault("redis.url", "nothing", allowed)])
        async with reside(ground, furnish) as residence, exposing(settings, residence):
            log.info("the worker waits for work", version=__version__, concurrency=concurrency or CONCURRENCY)
            stopped = asyncio.Event()

            def stop() -> None:
                stopped.set()
                residence.stop_working()

            with _on_signals(stop):
                stopping = asyncio.create_task(stopped.wait())
                await asyncio.wait([stopping, residence.broken], return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                await residence.move_out()
            if residence.broken.done():
                residence.broken.result()
    log.info("the worker stopped")


async def serve_web(folder: Path, environ: Mapping[str, str], listener: socket.socket) -> None:
    """What one of several web processes does: no worker, and the socket is its parent's."""
    async with open_ground(folder, environ) as ground, reside(ground, _serves_only) as residence:
        web = WebServer(residence, listener)
        with _on_signals(web.stop):
            await web.serve()


class WebServer:
    """The web app on a socket that listens, in this process."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._server = server_of(app)

    async def serve(self) -> None:
        """Until `stop` is called, and answers under way have ended."""
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Lets answers under way finish; called once more, it does not."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True


def web_app(house: House) -> FastAPI:
    """The web app of this house alone: nobody follows what is changed in it."""
    return create_app(web_deps(house, configuration_of(house.ground)))


def web_deps(house: House, configuration: Configuration) -> WebDeps:
    """What the web app of this house is handed."""
    feeds = FeedCache(house.db, house.installation.secrets, house.clock)
    house.leaving.callback(house.signals.listen(FEEDS, lambda _: feeds.forget()))
    return WebDeps(
        db=house.db,
        secrets=house.installation.secrets,
        api_key=lambda: house.fixed_api_key,
        clock=house.clock,
        entrance=house.settings.auth.entrance(house.outside.openid),
        broadcast=house.runs.broadcast,
        wake=partial(house.signals.tell, WORK),
        backtests=house.backtests,
        backups=house.backups,
        cache=house.cache,
        care=bind_recall(house.outside, house.cache, house.clock),
        discographies=house.media.discographies,
        feeds=feeds,
        configuration=configuration,
        probes=probes_of(lambda: house.settings),
        kinds=kinds(),
        import_lists={name: one.lists for name, one in house.outside.lidarrs.items()},
        providers=wired_providers(house.outside, StoredBreakers(house.db), house.clock),
        find_servers=partial(find_servers, house.settings.provider_chain),
        estimate=house.estimate,
        messengers=house.outside.messengers,
        limits=house.settings.costs.limits,
        alert_at=house.settings.costs.alert_threshold,
        origin_of=house.loaded.origin,
        configured=house.runs.configured,
        catalog=CachedCatalog(house.outside.musicbrainz, house.cache),
        importers=house.outside.lidarrs,
        excluding=house.excluding,
        artwork=house.media.artwork,
        previews=house.media.previews,
        tasks=house_tasks(house),
        zone=house.zone,
        around=surroundings(house),
        metrics_open=house.settings.metrics.open,
        url_base=house.settings.server.url_base,
        external_url=house.settings.server.external_url,
        requests_per_minute=house.settings.server.requests_per_minute,
        allowed_hosts=house.settings.server.allowed_hosts,
    )


def nudged_worker(house: House, *, works: bool = True, concurrency: int | None = None) -> Worker:
    """The worker of this house, which hears of work that waits."""
    worker = house_worker(house, works=works, concurrency=concurrency)
    house.leaving.callback(house.signals.listen(WORK, lambda _: worker.nudge()))
    return worker


async def _serves_only(house: House, configuration: Configuration) -> Furniture:
    # Describing a hundred routes takes some tenths of a second, in which the present house serves.
    app = await asyncio.to_thread(create_app, web_deps(house, configuration))
    return Furniture(app, None)


async def _works_only(house: House, _: Configuration) -> Furniture:
    return Furniture(None, nudged_worker(house, works=house.settings.jobs.embedded))


async def _serves_and_works(house: House, configuration: Configuration) -> Furniture:
    app, _ = await _serves_only(house, configuration)
    _, worker = await _works_only(house, configuration)
    return Furniture(app, worker)


def _say_where(ground: Ground, listener: socket.socket) -> None:
    host, port, *_ = listener.getsockname()
    processes = ground.loaded.values.server.workers
    log.info("Brainarr listens", version=__version__, host=host, port=port, processes=processes)
    if ground.installation.first_start:
        log.info(
            "first start: open the address in a browser and make an account",
            address=address_of(ground.loaded.values.server, port),
            folder=str(ground.folder),
        )


def address_of(server: ServerSettings, port: int) -> str:
    """Where a person finds the web app, as far as the settings tell."""
    if server.external_url:
        return f"{server.external_url}{server.url_base}/"
    # What listens on every interface does not know by which name it is called, in a container least of all.
    host = "localhost" if server.host in ("0.0.0.0", "::") else server.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{server.url_base}/"


def surroundings(house: House) -> Surroundings:
    """What health looks at in this house beside the database's rows."""
    server, schedules = house.settings.server, house.settings.schedules

    def every(text: str) -> timedelta | None:
        schedule = parse_schedule(text)
        return period(schedule, house.clock(), house.zone) if schedule else None

    return Surroundings(
        folders=written_folders(house),
        limits=house.settings.costs.limits,
        instances=tuple(house.outside.lidarrs),
        library_every=every(schedules.library) if house.outside.lidarrs else None,
        settings=tuple(exposure_issues(server.host, server.external_url, house.api_key)),
        redis_away=(lambda: house.signals.away) if house.settings.redis.url else None,
        backup_every=every(schedules.backup),
        chain=tuple(entry.name for entry in house.settings.provider_chain),
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


async def _serve_and_work(web: WebServer | WebProcesses, residence: Residence) -> None:
    """The web decides how long; a worker that ends before it has failed, and takes the web along."""
    serving = asyncio.create_task(web.serve())

    def stop() -> None:
        """The first time gracefully, both at once; the second time in a hurry."""
        web.stop()
        residence.stop_working()

    try:
        with _on_signals(stop):
            await asyncio.wait([serving, residence.broken], return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                web.stop()
            residence.stop_working()
            await asyncio.wait([serving])
            await residence.move_out()
    except asyncio.CancelledError:
        stop()
        await asyncio.gather(serving, return_exceptions=True)
        raise
    serving.result()
    if residence.broken.done():
        residence.broken.result()


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
