"""Two processes at the same moment: what is read and then written stays within one transaction."""

import asyncio
from datetime import UTC, timedelta

import pytest

from brainarr.domain.life import Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Progress, Status
from brainarr.domain.schedule import Interval
from brainarr.errors import ProviderRejected
from brainarr.pipeline.ports import ImportOptions, Taken
from brainarr.service.execution import execute_run
from brainarr.service.history import read_history
from brainarr.service.push import push
from brainarr.service.recommendations import (
    Decision,
    decide,
    list_recommendations,
    read_recommendation,
)
from brainarr.service.runs import RunEvent, follow_run, list_runs, request_run
from brainarr.service.tasks import Task, request_due, waiting_work
from brainarr.store import runs as rows
from brainarr.store.jobs import RECOMMEND
from brainarr.store.runs import RunStatus
from brainarr.store.session import open_database
from tests.fakes import Offers
from tests.service.given import HERE, deps, finds, ran
from tests.store.given import House, recommended


class Hesitates(Offers):
    """An Importer that refuses for good, after something has happened meanwhile."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        self.asked.set()
        await self.go_on.wait()
        raise ProviderRejected("lidarr", "No such artist.", status=400)

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        return await self.add_artist(artist, name, options)

    async def sync_lists(self, url_part: str) -> int:
        return 0


async def test_what_was_rejected_while_lidarr_refused_it_stays_rejected(house: House) -> None:
    await ran(house, [recommended(1)])
    number = (await list_recommendations(house.db)).items[0].id
    await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    lidarr = Hesitates()
    pushing = asyncio.create_task(push(house.db, number, {"default": lidarr}, clock=house.clock))
    await lidarr.asked.wait()
    await decide(house.db, number, Decision.REJECT, clock=house.clock)
    lidarr.go_on.set()
    (refusal,) = await asyncio.gather(pushing, return_exceptions=True)
    assert isinstance(refusal, ProviderRejected)
    assert (await read_recommendation(house.db, number)).status is Status.REJECTED
    assert [row.event for row in (await read_history(house.db)).items] == [
        Event.REJECTED,
        Event.APPROVED,
        Event.PROPOSED,
    ]


@pytest.mark.thorough
async def test_workers_that_look_at_once_start_one_scheduled_run_also_when_it_is_over_quickly(
    house: House,
) -> None:
    weekly = Task(RECOMMEND, Interval(timedelta(days=7)))
    others = [open_database(house.url, house.folder) for _ in range(4)]

    async def look_and_execute(number: int) -> None:
        db = others[number % len(others)]
        await request_due(db, [weekly], clock=house.clock, zone=UTC)
        for waiting in await waiting_work(db):
            await execute_run(deps(house, finds()), waiting.id)

    try:
        for week in range(5):
            await asyncio.gather(*(look_and_execute(number) for number in range(12)))
            assert (await list_runs(house.db)).total == week + 1
            house.clock.advance(days=8)
    finally:
        for db in others:
            await db.dispose()


async def test_a_watcher_is_not_thrown_back_by_a_row_that_is_behind(house: House) -> None:
    asked = await request_run(house.db, "default", clock=house.clock)
    wired = deps(house, finds())
    early, late = Progress("verify", "Slowdive", 1, 9), Progress("verify", "Ride", 2, 9)
    async with house.db.transaction() as connection:
        await rows.claim(connection, asked.id, HERE, house.clock())
        await rows.beat(connection, asked.id, house.clock(), early)
    seen: list[RunEvent] = []

    async def watch() -> None:
        async for event in follow_run(house.db, wired.broadcast, asked.id):
            seen.append(event)
            if event.progress == early:
                wired.broadcast.publish(asked.id, late)

    watching = asyncio.create_task(watch())
    # Longer than it waits for a step: it has looked at the row again, which still has the early one.
    await asyncio.sleep(1.3)
    async with house.db.transaction() as connection:
        await rows.close_run(connection, asked.id, RunStatus.FAILED, house.clock(), error="over")
    await watching
    assert [event.progress for event in seen[:2]] == [early, late]
    assert [event.status for event in seen[2:]] == [RunStatus.FAILED]
