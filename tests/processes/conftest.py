"""Towns: several real processes on one database and one Redis, in a world that stands still outside."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from brainarr.domain.recommendation import Recommendation, Status
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.store import lists, recommendations
from brainarr.store import runs as rows
from brainarr.store.runs import RunStatus
from brainarr.store.session import Database, open_database
from brainarr.wiring.build import utc_now
from tests.cli.conftest import standing
from tests.processes.paid_model import PaidModel, paid_model
from tests.processes.town import Crowd, Member, crowd, environment, serving
from tests.servers import PostgresServer, RedisServer

SQLITE = "sqlite:///brainarr.db"


@dataclass(frozen=True)
class Town:
    folder: Path
    url: str
    members: tuple[Member, ...]
    """On PostgreSQL two, each with a worker and two web processes; on SQLite one with four."""
    model: PaidModel


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def town(
    request: pytest.FixtureRequest, _redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    _redis.flush()
    world = starter_world()
    with ExitStack() as stack:
        outside = stack.enter_context(standing(world, demo_library(world)[:8]))
        model = stack.enter_context(paid_model([("Slint", "Spiderland"), ("Codeine", "Frigid Stars LP")]))
        if request.param == "postgres":
            postgres: PostgresServer = request.getfixturevalue("postgres")
            url = postgres.url(postgres.new_database())
        else:
            url = SQLITE
        settings = {
            name.removeprefix("BRAINARR__"): value for name, value in outside.environ.items()
        } | model.environment()
        environ = environment(
            folder,
            url,
            _redis.url,
            **settings,
            SERVER__WORKERS="2" if request.param == "postgres" else "4",
            RECOMMEND__SCHEDULE="off",
            SERVER__REQUESTS_PER_MINUTE="0",
            HEALTH__PROBE_INTERVAL="0",
        )
        # Both at once: an empty folder, an empty database.
        members = [
            stack.enter_context(serving(environ, wait=False))
            for _ in range(2 if request.param == "postgres" else 1)
        ]
        for member in members:
            member.wait_until_it_answers()
        yield Town(folder, url, tuple(members), model)


@pytest.fixture
async def people(town: Town) -> AsyncIterator[Crowd]:
    async with crowd(*town.members) as people:
        yield people


@pytest.fixture
async def db(town: Town) -> AsyncIterator[Database]:
    """The town's database; what an earlier test left on its way to Lidarr has arrived there."""
    db = open_database(town.url, town.folder)
    async with db.transaction() as connection:
        await connection.execute(update(recommendations.recommendations).values(status=Status.IMPORTED))
    yield db
    await db.dispose()


async def recommend(db: Database, found: Sequence[Recommendation]) -> list[int]:
    """Stores them as what a run of the default list has found; their ids."""
    now = utc_now()
    async with db.transaction() as connection:
        stored = await lists.list_named(connection, "default")
        assert stored is not None
        run = await rows.insert_run(connection, stored.id, dry_run=False, trigger="test", at=now)
        assert run is not None
        await rows.close_run(connection, run, RunStatus.DONE, now)
        await recommendations.insert_recommendations(
            # Else Lidarr would be asked for them, and would know none.
            connection,
            run,
            stored.id,
            found,
            Status.PENDING,
            now,
            cleared_at=now,
        )
        return [row.id for row in await recommendations.of_run(connection, run)]
