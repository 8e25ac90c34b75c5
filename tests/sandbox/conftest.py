"""A sandbox Lidarr with a few artists, and a feed whose answers a test writes by hand."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.sandbox.lidarr.app import SandboxLidarr, create_lidarr
from brainarr.sandbox.lidarr.held import AddOptions, ImportList, Notification
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.notifications import EVENTS
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.sandbox.world import World

API_KEY = "sandbox-key"


class MovableClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **interval: float) -> None:
        self.now += timedelta(**interval)


class Feed:
    """Answers with what it was told, by path ending; remembers what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.requests: list[Request] = []
        self._answers: dict[str, Response] = {}
        server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def say(self, ending: str, body: str, status: int = 200, **headers: str) -> None:
        self._answers[ending] = Response(body, status, headers, content_type="application/json")

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        found = (answer for ending, answer in self._answers.items() if request.path.endswith(ending))
        return next(found, Response(status=404))


@pytest.fixture
def world() -> World:
    """The starter set, to be changed as a test likes."""
    known = starter_world()
    artists, albums = known.artists.values(), known.albums.values()
    return World(artists, albums, known.neighbours, relations=known.relations)


@pytest.fixture
def clock(now: datetime) -> MovableClock:
    return MovableClock(now)


@pytest.fixture
def holdings(world: World, clock: MovableClock) -> Holdings:
    holdings = Holdings(world, clock)
    holdings.populate(demo_library(world)[:5])
    clock.advance(hours=1)  # past the grace that follows a start
    return holdings


@pytest.fixture
def feed(httpserver: HTTPServer) -> Feed:
    return Feed(httpserver)


@pytest.fixture
def app(holdings: Holdings) -> SandboxLidarr:
    return create_lidarr(holdings, API_KEY)


@pytest.fixture
async def lidarr(app: SandboxLidarr) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        serve(app) as url,
        httpx2.AsyncClient(base_url=url, headers={"X-Api-Key": API_KEY}, trust_env=False) as client,
    ):
        yield client


def make_list(
    holdings: Holdings, base_url: str, implementation: str = "LidarrImport", **changes
) -> ImportList:
    """An enabled list of `holdings`; keywords are fields of ImportList or AddOptions."""
    options = AddOptions(**{k: changes.pop(k) for k in list(changes) if k in AddOptions.__dataclass_fields__})
    definition = ImportList(
        id=holdings.next_id(),
        name=f"list {len(holdings.lists)}",
        implementation=implementation,
        config_contract=implementation.replace("Import", "Settings"),
        fields={"baseUrl": base_url, "apiKey": "feed-key"} | changes.pop("fields", {}),
        enable_automatic_add=changes.pop("enable_automatic_add", True),
        should_monitor=changes.pop("should_monitor", "specificAlbum"),
        should_monitor_existing=changes.pop("should_monitor_existing", False),
        should_search=False,
        options=options,
    )
    assert not changes, changes
    holdings.lists[definition.id] = definition
    return definition


def make_webhook(holdings: Holdings, url: str, *flags: str, **changes) -> Notification:
    """A webhook of `holdings` that is told of `flags`, or of everything when none is given."""
    told = frozenset(flags or (*EVENTS, "includeHealthWarnings"))
    fields = {"url": url, "method": 1, "username": "", "password": "", "headers": []}
    fields |= changes.pop("fields", {})
    notification = Notification(holdings.next_id(), "Brainarr", fields, told, **changes)
    holdings.notifications[notification.id] = notification
    return notification
