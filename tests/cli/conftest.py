"""The command line as a person calls it, against a Lidarr and a catalogue that run beside the tests."""

import asyncio
import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from brainarr.cli.app import app
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.sandbox.world import Owned
from brainarr.sandbox.world import World as Music
from tests.planted import LIDARR_KEY, found_in


@dataclass(frozen=True)
class World:
    """What is outside: stand-ins on loopback ports, and the variables that point Brainarr to them."""

    environ: dict[str, str]
    lidarr: Faults
    catalogue: Faults


@pytest.fixture(scope="module")
def servers() -> Iterator[World]:
    world = starter_world()
    with standing(world, demo_library(world)[:8]) as servers:
        yield servers


@contextmanager
def standing(world: Music, library: Sequence[Owned]) -> Iterator[World]:
    """A thread of its own: the commands under test occupy this one."""
    holdings = Holdings(world, lambda: datetime(2026, 11, 22, tzinfo=UTC))
    holdings.populate(library)
    lidarr, catalogue = create_lidarr(holdings, LIDARR_KEY), create_catalogue(world)
    loop = asyncio.new_event_loop()
    addresses: list[str] = []
    ready, over = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            addresses.append(await stack.enter_async_context(serve(lidarr)))
            addresses.append(await stack.enter_async_context(serve(catalogue)))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(20)
    environ = {
        "BRAINARR__LIDARR__URL": addresses[0],
        "BRAINARR__LIDARR__API_KEY": LIDARR_KEY,
        "BRAINARR__MUSICBRAINZ__BASE_URL": f"{addresses[1]}/ws/2",
        "BRAINARR__LISTENBRAINZ__BASE_URL": f"{addresses[1]}/listenbrainz",
        "BRAINARR__LISTENBRAINZ__LABS_URL": f"{addresses[1]}/labs",
        "BRAINARR__DEEZER__BASE_URL": f"{addresses[1]}/deezer",
        "BRAINARR__COVERART__BASE_URL": f"{addresses[1]}/coverart",
        "BRAINARR__ITUNES__BASE_URL": f"{addresses[1]}/itunes",
        "BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": "3",
    } | {
        f"BRAINARR__{service}__REQUESTS_PER_SECOND": "1000"
        for service in ("MUSICBRAINZ", "LISTENBRAINZ", "DEEZER")
    }
    yield World(environ, lidarr, catalogue)
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def outside(servers: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The stand-ins, configured; each test may break them."""
    for name, value in servers.environ.items():
        monkeypatch.setenv(name, value)
    yield servers
    servers.lidarr.clear()
    servers.catalogue.clear()


Brainarr = Callable[..., Result]


@pytest.fixture
def brainarr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brainarr]:
    """Calls a command with a configuration folder of its own; what it changed of this process is undone."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    monkeypatch.setenv("BRAINARR_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "120")

    def call(*args: str) -> Result:
        said = CliRunner().invoke(app, args)
        assert found_in(said.output) == {}, args
        return said

    yield call
    logging.captureWarnings(False)
    root.handlers, sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


def runs_in(folder: Path) -> list[tuple[str, str | None]]:
    """Status and error of every run in the database of that folder."""
    with sqlite3.connect(folder / "brainarr.db") as database:
        found = database.execute("select status, error from runs order by id").fetchall()
    database.close()
    return found
