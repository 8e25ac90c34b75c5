"""What every test may rely on: no network, but loopback for those marked so; a clock that stands still."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

from tests.planted import found_in
from tests.servers import PostgresServer, RedisServer, postgres_server, redis_server
from tests.store.given import NOW, URL, House, install, installed

# Some machines forbid it: then a quarter of what every process costs that a test starts would be to compile
# us again, and pytest would compile the tests again each time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_SERVERS = {"redis", "postgres", "on_postgres", "empty_postgres"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in list(items):
        if not EVERYTHING and (item.get_closest_marker("thorough") or _is_repeated(item)):
            items.remove(item)
        asked = {*getattr(item, "fixturenames", ()), *_chosen(item)}
        if item.get_closest_marker("loopback") or asked & _SERVERS:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


EVERYTHING = os.environ.get("BRAINARR_REQUIRE_SERVERS") == "1"
"""Every test on both databases, as .ci/run has it. Else, so that the suite takes less than five minutes,
PostgreSQL has those that are about the database itself, what several processes do runs there alone, and
hypothesis tries fewer examples, other ones each time, however long one takes on a busy machine."""

if not EVERYTHING:
    hypothesis.settings.register_profile("sample", max_examples=30, deadline=None)
    hypothesis.settings.load_profile("sample")


def examples(whole: int) -> int:
    """How many hypothesis tries where a test names a number of its own."""
    return whole if EVERYTHING else max(2, whole // 3)


_ABOUT_DATABASES = ("store", "processes")


def _is_repeated(item: pytest.Item) -> bool:
    """Whether it says of another database what is said of one already."""
    room = item.path.parent.name
    if room == "processes":
        return bool({"sqlite", "on_sqlite"} & set(_chosen(item)))
    twice = {"on_postgres", "postgres"} & set(_chosen(item))
    return bool(twice) and room not in _ABOUT_DATABASES


def _chosen(item: pytest.Item) -> list[str]:
    """The fixtures that its parameters name."""
    parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
    return [name for name in parameters if isinstance(name, str)]


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where everything is installed (.ci/run), "skipped: needs …" would hide that a test did not run."""
    if EVERYTHING and isinstance(report.longrepr, tuple):
        *_, reason = report.longrepr
        if report.skipped and "needs" in reason.lower():
            report.outcome = "failed"
            report.longrepr = f"{reason} (BRAINARR_REQUIRE_SERVERS=1 allows no such skip)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    _refuse_secrets(report)
    return report


def _refuse_secrets(report: pytest.TestReport) -> None:
    """No test may write a planted secret: what it writes, a user would find in a log or on a screen."""
    for title, text in report.sections:
        # What pytest notes of log records itself has not passed our redaction; what they print has.
        if title.startswith(("Captured stdout", "Captured stderr")) and (found := found_in(text)):
            report.outcome = "failed"
            report.longrepr = f"a planted secret was written ({title}): {found}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def _redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(_redis: RedisServer) -> RedisServer:
    """A real Redis, empty, that runs."""
    _redis.flush()
    return _redis


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL that runs."""
    with postgres_server() as server:
        yield server


class Place(NamedTuple):
    """Where an installed Brainarr lies."""

    folder: Path
    url: str
    """Setting `database.url`."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    install(folder)
    return folder


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the database of a first start that is over; the tests use it one after the other."""
    folder, name = tmp_path_factory.mktemp("template"), postgres.new_database()
    install(folder, postgres.url(name))
    postgres.remember(name)
    return folder, name


@pytest.fixture
def on_sqlite(sqlite_template: Path, tmp_path: Path) -> Place:
    """A first start that is over, copied: quicker than another one."""
    shutil.copytree(sqlite_template, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, URL)


@pytest.fixture
def on_postgres(postgres: PostgresServer, postgres_template: tuple[Path, str], tmp_path: Path) -> Place:
    """The same on PostgreSQL; its tables stay, see `empty_postgres`."""
    folder, name = postgres_template
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    postgres.refresh(name)
    return Place(tmp_path, postgres.url(name))


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Place:
    """Where nothing is yet."""
    return Place(tmp_path, URL)


@pytest.fixture
def empty_postgres(postgres: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """A database without tables, for tests that change tables."""
    name = postgres.new_database()
    yield Place(tmp_path, postgres.url(name))
    postgres.drop_database(name)


@pytest.fixture(params=["empty_sqlite", "empty_postgres"])
def empty_place(request: pytest.FixtureRequest) -> Place:
    """Every test that stands on this starts from nothing on both databases."""
    return request.getfixturevalue(request.param)


sqlite_only = pytest.mark.parametrize("place", ["on_sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize("place", ["on_postgres"], indirect=True)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    """Every test that stands on this runs on both databases."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with installed(*place) as house:
        yield house
