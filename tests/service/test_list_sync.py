"""What was approved reaches Lidarr soon, however many approvals it takes."""

from datetime import UTC, timedelta

import pytest

from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderUnavailable
from brainarr.service.list_sync import QUIET, next_sync, sync_approved
from brainarr.service.recommendations import Decision, decide, decide_many
from brainarr.service.tasks import Task, list_tasks, pause_tasks, request_due, waiting_work
from tests.service.given import ran
from tests.service.syncing import Household, SyncingLidarr, albums_of, world_of
from tests.store.given import House, recommended


class AskedLidarr:
    """As far as it is asked to fetch a list."""

    def __init__(self, failure: ProviderUnavailable | None = None) -> None:
        self.asked: list[str] = []
        self.failure = failure

    async def sync_lists(self, url_part: str) -> int:
        self.asked.append(url_part)
        if self.failure is not None:
            raise self.failure
        return 2


async def due_in(house: House) -> timedelta | None:
    async with house.db.reading() as connection:
        due = await next_sync(connection)
    return None if due is None else due - house.clock()


async def synced(house: House, lidarr: AskedLidarr | None = None, instance: str = "default") -> list[str]:
    asked = lidarr or AskedLidarr()
    await sync_approved(house.db, {instance: asked}, clock=house.clock)  # type: ignore[dict-item]
    return asked.asked


async def test_thirty_approvals_are_one_sync_once_it_is_quiet(house: House) -> None:
    detail = await ran(house, [recommended(number) for number in range(1, 31)], clears=True)
    assert await due_in(house) is None
    for row in detail.recommendations:
        await decide(house.db, row.id, Decision.APPROVE, clock=house.clock)
        house.clock.advance(seconds=3)
        assert await synced(house) == []
    assert await due_in(house) == QUIET - timedelta(seconds=3)
    house.clock.advance(seconds=17)
    assert await synced(house) == ["/lists/default"]
    assert await due_in(house) is None
    assert await synced(house) == []


async def test_approvals_in_bulk_ask_too(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2)], clears=True)
    ids = [row.id for row in detail.recommendations]
    await decide_many(house.db, ids, Decision.APPROVE, clock=house.clock)
    assert await due_in(house) == QUIET


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.BLOCK])
async def test_a_no_asks_nobody(house: House, decision: Decision) -> None:
    detail = await ran(house, [recommended(1)], clears=True)
    await decide(house.db, detail.recommendations[0].id, decision, clock=house.clock)
    assert await due_in(house) is None


async def test_what_is_approved_by_itself_asks_too(house: House) -> None:
    await ran(house, [recommended(1)], auto_approve=True, clears=True)
    assert await due_in(house) == QUIET


async def test_a_run_that_found_nothing_asks_nobody(house: House) -> None:
    await ran(house, [], auto_approve=True)
    assert await due_in(house) is None


async def test_an_approval_that_an_undo_restores_asks_again(house: House) -> None:
    detail = await ran(house, [recommended(1)], clears=True)
    number = detail.recommendations[0].id
    await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    house.clock.advance(minutes=1)
    await synced(house)
    await decide(house.db, number, Decision.REJECT, clock=house.clock)
    assert await due_in(house) is None
    row = await decide(house.db, number, Decision.UNDO, clock=house.clock)
    assert row.status is Status.APPROVED
    assert await due_in(house) == QUIET


async def test_a_lidarr_that_is_away_is_not_asked_again_and_again(house: House) -> None:
    await ran(house, [recommended(1)], auto_approve=True, clears=True)
    house.clock.advance(minutes=1)
    away = AskedLidarr(ProviderUnavailable("lidarr", "is away."))
    with pytest.raises(ProviderUnavailable):
        await synced(house, away)
    assert await due_in(house) is None


async def test_a_list_whose_lidarr_does_not_want_it_is_not_fetched(house: House) -> None:
    await ran(house, [recommended(1)], auto_approve=True, clears=True)
    house.clock.advance(minutes=1)
    assert await synced(house, instance="attic") == []
    assert await due_in(house) is None


async def test_what_lidarr_was_not_asked_about_yet_asks_once_its_lookup_knows_it(house: House) -> None:
    home = Household(house, SyncingLidarr(house, world_of(3)))
    detail = await ran(house, albums_of([1]))
    (row,) = detail.recommendations
    await decide(house.db, row.id, Decision.APPROVE, clock=house.clock)
    # The feed would still be empty.
    assert await due_in(house) is None
    await home.round()
    assert await due_in(house) == QUIET
    house.clock.advance(minutes=1)
    assert await synced(house) == ["/lists/default"]
    # Looked up again before that is a day old, it is no news.
    house.clock.advance(hours=23, minutes=30)
    await home.round()
    assert await due_in(house) is None


async def test_the_task_comes_when_something_was_approved_and_not_in_a_pause(house: House) -> None:
    tasks = [Task("list_sync", None, wanted=next_sync)]
    assert await request_due(house.db, tasks, clock=house.clock, zone=UTC) is None
    (row,) = await list_tasks(house.db, tasks, clock=house.clock, zone=UTC)
    assert (row.schedule, row.next_at) == ("when needed", None)
    await ran(house, [recommended(1)], auto_approve=True, clears=True)
    due = house.clock() + QUIET
    assert await request_due(house.db, tasks, clock=house.clock, zone=UTC) == due
    (row,) = await list_tasks(house.db, tasks, clock=house.clock, zone=UTC)
    assert row.next_at == due
    house.clock.advance(seconds=20)
    await pause_tasks(house.db, clock=house.clock)
    assert await request_due(house.db, tasks, clock=house.clock, zone=UTC) is None
    assert await waiting_work(house.db) == ()


async def test_the_task_is_queued_once_it_is_due(house: House) -> None:
    tasks = [Task("list_sync", None, wanted=next_sync)]
    await ran(house, [recommended(1)], auto_approve=True, clears=True)
    house.clock.advance(seconds=20)
    await request_due(house.db, tasks, clock=house.clock, zone=UTC)
    (job,) = await waiting_work(house.db)
    assert job.table == "job"
    # Under way, it is not begun once more.
    await request_due(house.db, tasks, clock=house.clock, zone=UTC)
    assert len(await waiting_work(house.db)) == 1
