"""The house that serves now, and how the next one takes over when the settings have changed.

The socket, the server on it and the ground stay. A new house is built beside the present one; once it stands,
requests and work go to it, and the former one is left when what it has under way is over: answers within a
minute, a run whenever it ends. So no request is refused, and no run is cut off. Where the new house cannot be
built, the present one stays.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from brainarr.errors import BrainarrError, StorageError
from brainarr.jobs.worker import Worker
from brainarr.service.settings import Configuration, read_settings
from brainarr.service.setup import API_KEY
from brainarr.settings.layers import Origin
from brainarr.settings.load import Loaded
from brainarr.store.signals import SETTINGS
from brainarr.wiring.build import Ground, House, build_house
from brainarr.wiring.changing import as_at_start, configuration_of
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.logging import log_as
from brainarr.wiring.tenancy import Tenancy

TAKE_OVER_S = 5.0
"""So long whoever changed a setting waits for this process to follow; it follows later all the same."""

AGAIN_S = 1.0
"""When a database that could not be read is asked again."""

KEPT = ("started_at", "guesses", "throttle")
"""What the app knows of this process and of who knocked: a changed setting must not make it forget."""

log = structlog.get_logger("brainarr")


class Furniture(NamedTuple):
    """What a house is for in this process."""

    app: FastAPI | None
    worker: Worker | None


Furnish = Callable[[House, Configuration], Awaitable[Furniture]]


@asynccontextmanager
async def reside(ground: Ground, furnish: Furnish) -> AsyncIterator["Residence"]:
    """The first house stands when this begins, and follows the settings until it ends.

    Raises ConfigurationError where it cannot be built.
    """
    residence = Residence(ground, furnish)
    stop_listening = ground.signals.listen(SETTINGS, lambda _: residence.call())
    try:
        await residence.move_in(ground.loaded)
        following = asyncio.create_task(residence.follow())
        try:
            yield residence
        finally:
            await _ended([following])
    finally:
        stop_listening()
        await residence.move_out()


class Residence:
    """An ASGI app: that of the present house."""

    def __init__(self, ground: Ground, furnish: Furnish) -> None:
        self._ground = ground
        self._furnish = furnish
        self._present: Tenancy | None = None
        self._tenancies: dict[asyncio.Task[None], Tenancy] = {}
        self._called = asyncio.Event()
        self._followed = asyncio.Event()
        self._stopping = False
        self._logs = ground.before.log
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what a worker failed with."""
        self.configuration = configuration_of(ground, try_out=self._try_out, take_over=self._take_over)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.present.answer(scope, receive, send)

    @property
    def present(self) -> Tenancy:
        if self._present is None:
            raise RuntimeError("nobody has moved in yet")
        return self._present

    @property
    def houses(self) -> tuple[House, ...]:
        """Those that stand: the present one last, before it those that still finish something."""
        return tuple(tenancy.house for tenancy in self._tenancies.values())

    def call(self) -> None:
        """The settings may have changed."""
        self._followed.clear()
        self._called.set()

    def stop_working(self) -> None:
        """Ends all work within its grace time, no other begins; called once more, at once."""
        self._stopping = True
        for tenancy in self._tenancies.values():
            tenancy.stop_working()

    async def follow(self) -> None:
        """Moves whenever the settings are others, until it is cancelled."""
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._move_if_needed()
            except StorageError as error:
                log.warning("the settings cannot be read now", error=error.message, remedy=error.remedy)
                await asyncio.sleep(AGAIN_S)
                self._called.set()
            except BrainarrError as error:
                log.error("the new settings cannot be used: the former ones hold on", error=str(error))
            except Exception as error:
                log.error("the settings could not be followed", exc_info=error)
            if not self._called.is_set():
                self._followed.set()

    async def move_in(self, loaded: Loaded[Settings]) -> None:
        """Builds a house with these settings and makes it the present one. Raises ConfigurationError."""
        if loaded.values.log != self._logs:
            log_as(loaded.values.log, self._ground.folder)
            self._logs = loaded.values.log
        standing: asyncio.Future[Tenancy] = asyncio.get_running_loop().create_future()
        life = asyncio.create_task(self._live(loaded, standing))
        tenancy = await _first(standing, life)
        self._tenancies[life] = tenancy
        life.add_done_callback(self._tenancies.pop)
        former, self._present = self._present, tenancy
        if former is not None:
            former.leave()

    async def move_out(self) -> None:
        await _ended(self._tenancies)

    async def _live(self, loaded: Loaded[Settings], standing: asyncio.Future[Tenancy]) -> None:
        async with build_house(self._ground, loaded) as house:
            app, worker = await self._furnish(house, self.configuration)
            former = self._present.app if self._present else None
            if app is not None and former is not None:
                for name in KEPT:
                    if hasattr(former.state, name):
                        setattr(app.state, name, getattr(former.state, name))
            tenancy = Tenancy(house, app, worker)
            standing.set_result(tenancy)
            await tenancy.live(self._broke)

    def _broke(self, fault: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(fault)

    async def _move_if_needed(self) -> None:
        ground = self._ground
        stored = await read_settings(ground.db, ground.installation.secrets)
        loaded = await asyncio.to_thread(load_settings, ground.folder, ground.environ, stored)
        loaded = replace(loaded, values=as_at_start(loaded.values, ground.loaded.values))
        if self._stopping or _felt(loaded) == _felt(self.present.house.loaded):
            return
        await self.move_in(loaded)
        log.info("the new settings hold")

    async def _try_out(self, loaded: Loaded[Settings]) -> None:
        values = as_at_start(loaded.values, self._ground.loaded.values)
        async with build_house(self._ground, replace(loaded, values=values)):
            pass

    async def _take_over(self) -> None:
        self._ground.signals.tell(SETTINGS)
        with suppress(TimeoutError):
            async with asyncio.timeout(TAKE_OVER_S):
                await self._followed.wait()


def _felt(loaded: Loaded[Settings]) -> tuple[Any, ...]:
    """What a house is built with. The API key of the database is none of it: every request looks it up."""
    locked = {key for key, origin in loaded.origins.items() if origin.locked}
    values = loaded.values
    if loaded.origin(API_KEY) in (Origin.DATABASE, Origin.DEFAULT):
        values = values.model_copy(update={"server": values.server.model_copy(update={"api_key": None})})
    return values, locked


async def _first(standing: asyncio.Future[Tenancy], life: asyncio.Task[None]) -> Tenancy:
    """The tenancy, once it stands; raises what kept it from standing."""
    try:
        await asyncio.wait([standing, life], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _ended([life])
        raise
    if not standing.done():
        life.result()
    return standing.result()


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels them and waits until they have ended."""
    tasks = tuple(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
