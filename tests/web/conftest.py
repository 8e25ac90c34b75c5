"""A Brainarr with a real database, its HTTP door, and somebody in front of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid
from brainarr.domain.people import Role
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.domain.schedule import Cron, Interval
from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import ImportChoices, ImportOptions, Taken
from brainarr.service.albums import Discographies
from brainarr.service.backtest import BacktestDeps
from brainarr.service.backup import Backups
from brainarr.service.care import CARE, Recall
from brainarr.service.doctor import Check
from brainarr.service.estimate import ESTIMATE
from brainarr.service.feed_cache import FeedCache
from brainarr.service.listens import LISTENS
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.liveness import this_process
from brainarr.service.passwords import Passwords
from brainarr.service.people import add_person
from brainarr.service.profile import PROFILE
from brainarr.service.progress import Broadcast
from brainarr.service.runs import request_run
from brainarr.service.settings import Configuration
from brainarr.service.setup import Installation
from brainarr.service.tasks import Task
from brainarr.settings.layers import Origin
from brainarr.store import lists, people, recommendations
from brainarr.store.backup import SHELF
from brainarr.store.cache import LayeredCache, MemoryLevel, StoredCache
from brainarr.store.history import write_history
from brainarr.store.people import PersonRow
from brainarr.store.session import open_database
from brainarr.store.signals import Signals
from brainarr.web.app import WebDeps, WiredProvider, create_app
from brainarr.wiring.build import Ground
from brainarr.wiring.caching import REMOTE, CachedCatalog
from brainarr.wiring.changing import configuration_of
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.probes import kinds, probes_of
from brainarr.wiring.releases import CachedReleases
from tests.conftest import Place
from tests.fakes import FakeCalendar, FakeCatalog, Offers
from tests.planted import ADMIN_PASSWORD, USER_PASSWORD
from tests.service.given import replayed
from tests.store.given import House as Home
from tests.store.given import ScriptedLidarr, StandingClock, installed, owned

ADMIN, USER = "Ada", "Ben"
QUICK = Passwords(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes that no attacker would mind, for tests that would."""


class ScriptedImporter(Offers):
    """Takes what is pushed; `failure`, when set, is what it answers instead."""

    def __init__(self) -> None:
        self.added: list[tuple[str, ...]] = []
        self.options: list[ImportOptions] = []
        self.refuses: set[Mbid] = set()
        self.taken = Taken.ADDED
        self.synced: list[str] = []
        self.failure: ProviderRejected | ProviderUnavailable | None = None

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        self._maybe_fail()
        self.options.append(options)
        self.added.append((mbid, name))
        return self.taken

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        self._maybe_fail()
        if album in self.refuses:
            raise ProviderRejected("lidarr", "it refuses (Path: no).", remedy="Set a path.", status=400)
        self.options.append(options)
        self.added.append((album, artist, name))
        return self.taken

    async def choices(self) -> ImportChoices:
        self._maybe_fail()
        return await super().choices()

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
        self,
        deps: WebDeps,
        lidarr: ScriptedImporter,
        catalog: FakeCatalog,
        woken: list[None],
        clock: StandingClock,
        place: Place,
    ) -> None:
        self.deps = deps
        self.clock = clock
        self._place = place
        self.folder = place.folder
        self.lidarr = lidarr
        self.catalog = catalog
        self.woken = woken

    async def recommend(
        self,
        *found: Recommendation,
        status: Status = Status.PENDING,
        list_slug: str = DEFAULT_LIST,
        cleared: bool = True,
    ) -> list[int]:
        """Stores them as the findings of a run that is still open; their ids. `cleared`: Lidarr's lookup
        knew them just now."""
        asked = await request_run(self.deps.db, list_slug, clock=self.deps.clock)
        async with self.deps.db.transaction() as connection:
            stored = await lists.list_named(connection, list_slug)
            assert stored is not None
            await recommendations.insert_recommendations(
                connection,
                asked.id,
                stored.id,
                found,
                status,
                self.deps.clock(),
                cleared_at=self.deps.clock() if cleared else None,
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

    def door(
        self, key: str | None = None, *, comes_from: str = "127.0.0.1", **changes: object
    ) -> httpx2.AsyncClient:
        """A client of the app; `key` goes into X-Api-Key, `changes` into the deps."""
        app = self.app(**changes)
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False, client=(comes_from, 5000)),
            base_url="http://brainarr:8690",
            headers={"X-Api-Key": key} if key else {},
        )

    def browser(self, *, comes_from: str = "127.0.0.1", **changes: object) -> httpx2.AsyncClient:
        """A client that keeps cookies, wants pages and follows no redirect by itself."""
        client = self.door(None, comes_from=comes_from, **changes)
        client.headers["Accept"] = "text/html"
        return client

    @asynccontextmanager
    async def signed_in(
        self, name: str = ADMIN, *, comes_from: str = "127.0.0.1", **changes: object
    ) -> AsyncIterator[httpx2.AsyncClient]:
        """A browser of the administrator, or of USER, in front of the app with `changes` in its deps.

        The account is made where it is missing, and the URL base is that of `changes`.
        """
        password, role = (ADMIN_PASSWORD, Role.ADMIN) if name == ADMIN else (USER_PASSWORD, Role.USER)
        async with self.deps.db.reading() as connection:
            known = await people.person_named(connection, name)
        if known is None:
            await self.add_person(name, password, role)
        async with self.browser(comes_from=comes_from, **changes) as browser:
            await sign_in(browser, name, password, str(changes.get("url_base", "")))
            yield browser

    async def add_person(self, name: str, password: str, role: Role = Role.USER) -> PersonRow:
        return await add_person(
            self.deps.db, self.deps.passwords, name, password, role, clock=self.deps.clock
        )


CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


async def sign_in(browser: httpx2.AsyncClient, name: str, password: str, base: str = "") -> None:
    """Through the page, as people do. From then on its forms carry their token in a header."""
    token = CSRF.search((await browser.get(f"{base}/sign-in")).text)
    assert token is not None
    form = {"csrf": token[1], "name": name, "password": password, "keep": "true"}
    went = await browser.post(f"{base}/sign-in", data=form)
    assert went.status_code == 303, went.text
    browser.headers["X-CSRF-Token"] = await token_of_forms(browser, base)


async def token_of_forms(browser: httpx2.AsyncClient, base: str = "") -> str:
    found = re.search(r'data-csrf="([0-9a-f]{64})"', (await browser.get(f"{base}/more")).text)
    assert found is not None
    return found[1]


def configuration_on(home: Home) -> Configuration:
    """Of this database and its folder, without variables; nobody follows what is changed."""
    loaded = load_settings(home.folder, {})
    ground = Ground(
        folder=home.folder,
        environ={},
        before=loaded.values,
        loaded=loaded,
        db=home.db,
        installation=Installation(home.secrets, home.api_key, first_start=False, name="tests"),
        process=this_process(),
        signals=(signals := Signals()),
        broadcast=Broadcast(signals),
        reserve=None,
        clock=home.clock,
    )
    return configuration_of(ground)


both_databases = pytest.mark.parametrize("place", ["on_sqlite", "on_postgres"], indirect=True)
"""For what asks more of the database than that it is there."""


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(getattr(request, "param", "on_sqlite"))


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    lidarr, catalog = ScriptedImporter(), FakeCatalog()
    woken: list[None] = []

    async def alive() -> str:
        return "answers"

    async def refused() -> str:
        raise ProviderRejected("cloud", "the key is not valid", remedy="Set a valid api_key.")

    signals = Signals()
    async with installed(*place) as home:
        cache = LayeredCache(
            home.clock,
            MemoryLevel(2**20),
            StoredCache(home.db, home.clock),
            kinds=(*REMOTE, LISTENS, PROFILE, CARE, ESTIMATE),
        )
        known = CachedCatalog(catalog, cache)
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
            passwords=QUICK,
            cache=cache,
            care=Recall(known.recall_albums, CachedReleases(FakeCalendar(), cache, home.clock).recall),
            discographies=Discographies(home.db, catalog),
            feeds=FeedCache(home.db, home.secrets, home.clock),
            configuration=configuration_on(home),
            probes=probes_of(Settings),
            kinds=kinds(),
            providers=(
                WiredProvider("ollama", Check("home", "model", alive), model="qwen3:8b"),
                WiredProvider("openai", Check("cloud", "model", refused), model="gpt-5-mini"),
            ),
            importers={"default": lidarr},
        )
        yield House(deps, lidarr, catalog, woken, home.clock, place)


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
    async with house.signed_in() as browser:
        yield browser


@pytest.fixture
async def user_pages(house: House, pages: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who is no administrator, likewise."""
    async with house.signed_in(USER) as browser:
        yield browser
