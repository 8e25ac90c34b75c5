"""A Brainarr with a real database, its HTTP door, and somebody in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.domain.schedule import Cron, Interval
from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import ImportOptions
from brainarr.service.backtest import BacktestDeps
from brainarr.service.backup import Backups
from brainarr.service.doctor import Check
from brainarr.service.estimate import ESTIMATE
from brainarr.service.feed_cache import FeedCache
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.profile import PROFILE
from brainarr.service.progress import Broadcast
from brainarr.service.runs import request_run
from brainarr.service.tasks import Task
from brainarr.settings.layers import Origin
from brainarr.store import lists, recommendations
from brainarr.store.backup import SHELF
from brainarr.store.cache import LayeredCache, MemoryLevel, StoredCache
from brainarr.store.history import write_history
from brainarr.store.session import open_database
from brainarr.store.signals import Signals
from brainarr.web.app import WebDeps, WiredProvider, create_app
from brainarr.wiring.caching import REMOTE
from tests.conftest import Place
from tests.service.given import replayed
from tests.store.given import ScriptedLidarr, StandingClock, installed, owned


class ScriptedImporter:
    """Takes what is pushed; `failure`, when set, is what it answers instead."""

    def __init__(self) -> None:
        self.added: list[tuple[str, ...]] = []
        self.synced: list[str] = []
        self.failure: ProviderRejected | ProviderUnavailable | None = None

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> None:
        self._maybe_fail()
        self.added.append((mbid, name))

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> None:
        self._maybe_fail()
        self.added.append((album, artist, name))

    async def sync_lists(self, url_part: str) -> int:
        self._maybe_fail()
        self.synced.append(url_part)
        return 2

    def _maybe_fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class House:
    """What a test may reach for: the deps of the app, and short ways to fill the database."""

    def __init__(
        self, deps: WebDeps, lidarr: ScriptedImporter, woken: list[None], clock: StandingClock, place: Place
    ) -> None:
        self.deps = deps
        self.clock = clock
        self._place = place
        self.lidarr = lidarr
        self.woken = woken

    async def recommend(self, *found: Recommendation, status: Status = Status.PENDING) -> list[int]:
        """Stores them as the findings of a run that is still open; their ids."""
        asked = await request_run(self.deps.db, DEFAULT_LIST, clock=self.deps.clock)
        async with self.deps.db.transaction() as connection:
            stored = await lists.list_named(connection, DEFAULT_LIST)
            assert stored is not None
            await recommendations.insert_recommendations(
                connection, asked.id, stored.id, found, status, self.deps.clock()
            )
            rows = (await recommendations.of_run(connection, asked.id))[-len(found) :]
            await write_history(connection, rows, Event.PROPOSED, self.deps.clock(), actor=Actor.PERSON)
        return [row.id for row in rows]

    async def feed_key(self) -> str:
        return (await read_list(self.deps.db, self.deps.secrets, DEFAULT_LIST)).key

    def app(self, **changes: object) -> FastAPI:
        """The app itself, with `changes` in its deps."""
        return create_app(replace(self.deps, **changes))  # pyright: ignore[reportArgumentType]

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[WebDeps]:
        """Another process on the same database."""
        db = open_database(self._place.url, self._place.folder)
        try:
            yield replace(self.deps, db=db, feeds=FeedCache(db, self.deps.secrets, self.clock))
        finally:
            await db.dispose()

    def door(self, key: str | None = None, **changes: object) -> httpx2.AsyncClient:
        """A client of the app; `key` goes into X-Api-Key, `changes` into the deps."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app(**changes), raise_app_exceptions=False),
            base_url="http://brainarr:8690",
            headers={"X-Api-Key": key} if key else {},
        )


both_databases = pytest.mark.parametrize("place", ["on_sqlite", "on_postgres"], indirect=True)
"""For what asks more of the database than that it is there."""


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(getattr(request, "param", "on_sqlite"))


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    lidarr = ScriptedImporter()
    woken: list[None] = []

    async def alive() -> str:
        return "answers"

    async def refused() -> str:
        raise ProviderRejected("cloud", "the key is not valid", remedy="Set a valid api_key.")

    signals = Signals()
    async with installed(*place) as home:
        deps = WebDeps(
            db=home.db,
            secrets=home.secrets,
            api_key=lambda: home.api_key,
            clock=home.clock,
            broadcast=Broadcast(signals),
            wake=lambda: woken.append(None),
            backtests=BacktestDeps(
                db=home.db,
                secrets=home.secrets,
                clock=home.clock,
                library=ScriptedLidarr([owned(900)]),
                replay=replayed,
                weights={},
                origin=Origin.DEFAULT,
            ),
            tasks=(
                Task("recommend", None),
                Task("library", Interval(timedelta(hours=1))),
                Task("settle", Cron("30 4 * * *"), missing="Set lidarr.url."),
            ),
            backups=Backups(home.url, home.folder, SHELF, home.clock),
            cache=LayeredCache(
                home.clock,
                MemoryLevel(2**20),
                StoredCache(home.db, home.clock),
                kinds=(*REMOTE, PROFILE, ESTIMATE),
            ),
            feeds=FeedCache(home.db, home.secrets, home.clock),
            providers=(
                WiredProvider("ollama", Check("home", "model", alive), model="qwen3:8b"),
                WiredProvider("openai", Check("cloud", "model", refused), model="gpt-5-mini"),
            ),
            importer=lidarr,
        )
        yield House(deps, lidarr, woken, home.clock, place)


@pytest.fixture
async def api(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who has the API key."""
    async with house.door(house.deps.api_key()) as client:
        yield client


@pytest.fixture
async def stranger(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a key."""
    async with house.door() as client:
        yield client


@pytest.fixture
async def pages(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator with a browser, which follows no redirect by itself."""
    async with house.door(house.deps.api_key()) as client:
        client.headers["Accept"] = "text/html"
        yield client
