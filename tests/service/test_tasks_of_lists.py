"""Runs of each list come round by its own schedule."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta

import pytest

from brainarr.domain.lists import ListTerms
from brainarr.domain.schedule import Interval
from brainarr.errors import Conflict, NotFound
from brainarr.service.execution import take_run
from brainarr.service.lists import change_list, create_list
from brainarr.service.retiring import delete_list
from brainarr.service.runs import list_runs
from brainarr.service.tasks import Task, list_tasks, request_due, start_task, waiting_work
from tests.conftest import Place
from tests.service.given import deps, finds
from tests.store.given import House, installed

WEEKLY = [Task("recommend", Interval(timedelta(weeks=1)), lidarrs=frozenset({"default"}))]


@pytest.fixture
async def home(on_sqlite: Place) -> AsyncIterator[House]:
    async with installed(*on_sqlite) as house:
        yield house


async def made(home: House, name: str, instance: str = "default", **terms: object) -> str:
    wanted = ListTerms(**terms)  # type: ignore[arg-type]
    row = await create_list(home.db, home.secrets, name, instance=instance, terms=wanted, clock=home.clock)
    return row.slug


async def came_due(home: House) -> list[str]:
    """Slugs of the lists whose runs were queued now; they are done before it answers."""
    await request_due(home.db, WEEKLY, clock=home.clock, zone=UTC)
    waiting = [work.id for work in await waiting_work(home.db)]
    runs = {run.id: run for run in (await list_runs(home.db)).items}
    for number in waiting:
        assert runs[number].trigger == "schedule"
        await take_run(deps(home, finds()), number)
    return sorted(runs[number].list for number in waiting)


async def test_each_list_comes_by_its_own_schedule_else_by_that_of_the_settings(home: House) -> None:
    await made(home, "Daily", schedule="daily")
    await made(home, "Never", schedule="off")
    await made(home, "Usual")
    assert await came_due(home) == ["daily", "default", "usual"]
    assert await came_due(home) == []
    home.clock.advance(days=1)
    assert await came_due(home) == ["daily"]
    home.clock.advance(days=6)
    assert await came_due(home) == ["daily", "default", "usual"]


async def test_a_time_of_day_is_waited_for_from_when_the_list_was_made(home: House) -> None:
    home.clock.advance(days=30)
    await came_due(home)
    await made(home, "At four", schedule="0 4 * * *")
    assert await came_due(home) == []
    home.clock.advance(hours=17)
    assert await came_due(home) == ["at-four"]


async def test_a_changed_schedule_counts_at_once_and_a_deleted_list_comes_no_more(home: House) -> None:
    slug = await made(home, "Late night", schedule="off")
    assert await came_due(home) == ["default"]
    await change_list(home.db, home.secrets, slug, terms=ListTerms(schedule="6h"), clock=home.clock)
    assert await came_due(home) == [slug]
    home.clock.advance(hours=6)
    await delete_list(home.db, home.secrets, slug, clock=home.clock)
    assert await came_due(home) == []
    with pytest.raises(NotFound):
        await start_task(home.db, WEEKLY, f"recommend:{slug}", clock=home.clock)


async def test_a_list_of_a_lidarr_that_is_not_there_waits(home: House) -> None:
    slug = await made(home, "Attic", instance="attic")
    assert await came_due(home) == ["default"]
    rows = {row.name: row for row in await list_tasks(home.db, WEEKLY, clock=home.clock, zone=UTC)}
    assert "attic is not configured" in rows[f"recommend:{slug}"].missing
    with pytest.raises(Conflict):
        await start_task(home.db, WEEKLY, f"recommend:{slug}", clock=home.clock)


async def test_each_task_tells_of_its_own_runs_alone(home: House) -> None:
    slug = await made(home, "Late night", schedule="off")
    assert await start_task(home.db, WEEKLY, f"recommend:{slug}", clock=home.clock)
    assert not await start_task(home.db, WEEKLY, f"recommend:{slug}", clock=home.clock)
    for work in await waiting_work(home.db):
        await take_run(deps(home, finds()), work.id)
    rows = {row.name: row for row in await list_tasks(home.db, WEEKLY, clock=home.clock, zone=UTC)}
    assert rows["recommend"].last is None
    last = rows[f"recommend:{slug}"].last
    assert last is not None and last.about == slug
