"""The worker: executes what is queued, starts what is due, does the chores, and stops cleanly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from functools import partial

from msgspec.structs import replace
from sqlalchemy import text
from structlog.testing import capture_logs

from brainarr.domain.caching import Key, Kind
from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunResult
from brainarr.domain.schedule import Interval, Schedule
from brainarr.errors import ProviderUnavailable, StorageError
from brainarr.jobs.chores import Chore, Rhythm, chore, usual_chores
from brainarr.jobs.tickets import Ticket, read_ticket
from brainarr.jobs.worker import Worker
from brainarr.service.execution import Recommend, RunDeps
from brainarr.service.library import read_snapshot
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import cancel_run, list_runs, read_run, request_run
from brainarr.service.tasks import (
    Task,
    list_executions,
    pause_tasks,
    request_due,
    resume_tasks,
    start_task,
    waiting_work,
)
from brainarr.store.cache import LayeredCache, MemoryLevel, StoredCache
from brainarr.store.jobs import Execution
from brainarr.store.page import PageOf
from brainarr.store.runs import Process, RunRow, RunStatus
from brainarr.store.signals import Signals
from tests.conftest import sqlite_only
from tests.service.given import deps, finds, ran, result
from tests.store.given import House, ScriptedLidarr, owned, recommended

HOUR, DAY, WEEK = (Interval(timedelta(hours=hours)) for hours in (1, 24, 168))


@asynccontextmanager
async def at_work(
    wired: RunDeps,
    *,
    schedule: Schedule | None = None,
    chores: Sequence[Chore] = (),
    redis: str | None = None,
    works: bool = True,
    grace_s: float = 0,
) -> AsyncIterator[Worker]:
    missing = "" if wired.libraries else "Set lidarr.url."
    worker = Worker(
        wired,
        chores,
        recommend=Task("recommend", schedule, missing),
        zone=UTC,
        redis=redis,
        works=works,
        grace_s=grace_s,
    )
    task = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def executions(house: House, kind: str | None = None) -> list[Execution]:
    """Oldest first."""
    return list(reversed((await list_executions(house.db, PageOf(page_size=500), kind)).items))


async def come_true(probe: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(4_000):
        if await probe():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come true within twenty seconds")


class Counted:
    """A pipeline that can be waited for: `times` runs have begun."""

    def __init__(self, *, endless: bool = False) -> None:
        self.begun: asyncio.Queue[int] = asyncio.Queue()
        self.endless = endless

    async def __call__(
        self, run: RunRow, library: Library, memory: Memory, on_progress: OnProgress
    ) -> RunResult:
        self.begun.put_nowait(len(library.artists))
        if self.endless:
            await asyncio.Event().wait()
        return result(recommended(1))


async def test_chores_go_on_beside_a_run_and_after_a_fault_of_their_own(house: House) -> None:
    rounds: asyncio.Queue[int] = asyncio.Queue()

    async def do(*_: object) -> None:
        rounds.put_nowait(1)
        raise LookupError("a bug")

    pipeline = Counted(endless=True)
    await request_run(house.db, "default", clock=house.clock)
    async with at_work(deps(house, pipeline), chores=[chore("look", HOUR, do)]) as worker:
        await pipeline.begun.get()
        for _ in range(3):
            await rounds.get()
            await settled(house, "look")
            house.clock.advance(hours=1)
            worker.nudge()
    assert "LookupError" in ((await executions(house, "look"))[0].error or "")


async def settled(house: House, kind: str) -> None:
    async def none_open() -> bool:
        return all(one.status.over for one in await executions(house, kind))

    await come_true(none_open)


async def over(house: House, run_id: int) -> RunStatus:
    for _ in range(5_000):
        if (status := (await read_run(house.db, run_id)).run.status).over:
            return status
        await asyncio.sleep(0.002)
    raise AssertionError(f"run {run_id} never ends")


async def test_a_nudge_executes_the_queued_run_at_once(house: House) -> None:
    pipeline = Counted()
    async with at_work(deps(house, pipeline)) as worker:
        for _ in range(2):
            run_id = (await request_run(house.db, "default", clock=house.clock)).id
            worker.nudge()
            assert await over(house, run_id) is RunStatus.DONE
    assert pipeline.begun.qsize() == 2


async def test_what_was_queued_before_the_start_is_executed(house: House) -> None:
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    async with at_work(deps(house, finds())):
        assert await over(house, run_id) is RunStatus.DONE


async def test_a_run_that_a_killed_process_left_is_closed_and_the_next_one_goes_on(house: House) -> None:
    left = (await request_run(house.db, "default", clock=house.clock)).id
    dead = deps(house, Counted(endless=True), process=Process("here", 1, "killed"), beat_s=60)
    async with at_work(dead):
        await dead.recommend.begun.get()  # type: ignore[attr-defined]
        async with at_work(deps(house, finds(), process=Process("here", 1, "anew"))) as worker:
            assert await over(house, left) is RunStatus.FAILED
            run_id = (await request_run(house.db, "default", clock=house.clock)).id
            worker.nudge()
            assert await over(house, run_id) is RunStatus.DONE


async def test_stopping_the_worker_cancels_the_run_that_it_executes(house: House) -> None:
    pipeline = Counted(endless=True)
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    async with at_work(deps(house, pipeline)):
        await pipeline.begun.get()
    assert (await read_run(house.db, run_id)).run.status is RunStatus.CANCELLED


async def test_one_run_can_be_stopped_and_the_worker_goes_on(house: House) -> None:
    pipeline = Counted(endless=True)
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    async with at_work(deps(house, pipeline)) as worker:
        await pipeline.begun.get()
        await cancel_run(house.db, run_id, clock=house.clock)
        assert await over(house, run_id) is RunStatus.CANCELLED
        pipeline.endless = False
        later = (await request_run(house.db, "default", clock=house.clock)).id
        worker.nudge()
        assert await over(house, later) is RunStatus.DONE


async def test_a_fault_of_ours_in_one_run_does_not_end_the_worker(house: House) -> None:
    faults: list[BaseException] = [ZeroDivisionError()]

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        if faults:
            raise faults.pop()
        return result()

    async with at_work(deps(house, recommend)) as worker:
        for expected in (RunStatus.FAILED, RunStatus.DONE):
            run_id = (await request_run(house.db, "default", clock=house.clock)).id
            worker.nudge()
            assert await over(house, run_id) is expected


@sqlite_only
async def test_a_run_that_cannot_be_claimed_waits_for_the_next_look(house: House) -> None:
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    await alter(house, "CREATE TRIGGER refuse AFTER UPDATE ON runs BEGIN INSERT INTO nowhere VALUES (1); END")
    with capture_logs() as logged:
        assert await looked(house, finds(), None) == ["manual"]
    assert {read_ticket(entry["ticket"]) for entry in logged} == {Ticket("run", run_id)}
    assert "nowhere" in logged[0]["error"]
    await alter(house, "DROP TRIGGER refuse")
    async with at_work(deps(house, finds())):
        assert await over(house, run_id) is RunStatus.DONE


async def alter(house: House, statement: str) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(text(statement))


async def looked(house: House, recommend: Recommend, schedule: Schedule | None) -> list[str]:
    """The triggers of all runs, oldest first, after a worker has done what there was to do."""
    done = asyncio.Event()

    async def mark(*_: object) -> None:
        done.set()

    async with at_work(
        deps(house, recommend), schedule=schedule, chores=[chore("mark", None, mark)]
    ) as worker:
        # Asked for behind everything else: when it is done, the look that found it is over.
        await start_task(house.db, [Task("mark", None)], "mark", clock=house.clock)
        worker.nudge()
        await done.wait()
        await settled(house, "mark")
        await settled(house, "recommend") if schedule else None
    return [run.trigger for run in reversed((await list_runs(house.db)).items)]


async def test_a_scheduled_run_starts_when_the_last_one_is_old_enough(house: House) -> None:
    assert await looked(house, finds(), WEEK) == ["schedule"]
    house.clock.advance(days=6)
    assert await looked(house, finds(), WEEK) == ["schedule"]
    house.clock.advance(days=1)
    assert await looked(house, finds(), WEEK) == ["schedule", "schedule"]
    house.clock.advance(weeks=9)
    assert await looked(house, finds(), None) == ["schedule", "schedule"]


async def test_a_run_that_was_asked_for_counts_and_a_dry_one_does_not(house: House) -> None:
    await ran(house, [], dry_run=True)
    assert await looked(house, finds(), DAY) == ["manual", "schedule"]
    house.clock.advance(days=1)
    await ran(house, [])
    assert await looked(house, finds(), DAY) == ["manual", "schedule", "manual"]


async def test_a_scheduled_run_that_failed_is_tried_again_in_an_hour_not_in_a_week(house: House) -> None:
    async def away(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        raise ProviderUnavailable("musicbrainz", "is away")

    assert await looked(house, away, WEEK) == ["schedule"]
    house.clock.advance(minutes=59)
    assert await looked(house, away, WEEK) == ["schedule"]
    house.clock.advance(minutes=1)
    assert await looked(house, finds(), WEEK) == ["schedule", "schedule"]
    house.clock.advance(hours=2)
    assert await looked(house, finds(), WEEK) == ["schedule", "schedule"]


async def test_without_a_lidarr_nothing_is_scheduled(house: House) -> None:
    done = asyncio.Event()

    async def mark(*_: object) -> None:
        done.set()

    wired = RunDeps(house.db, house.clock, Process("here", 1, "this"), Broadcast(Signals()), {}, finds())
    async with at_work(wired, schedule=HOUR, chores=[chore("mark", HOUR, mark)]):
        await done.wait()
    assert (await list_runs(house.db)).total == 0


async def test_chores_come_round_and_one_that_fails_stops_no_other(house: House) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def fail(*_: object) -> None:
        done.put_nowait("failed")
        raise StorageError("The disk is full.")

    async def succeed(*_: object) -> None:
        done.put_nowait("done")

    async def both(expected: set[str]) -> None:
        assert {await done.get() for _ in expected} == expected
        for kind in ("a", "b"):
            await settled(house, kind)

    async with at_work(
        deps(house, finds()), chores=[chore("a", HOUR, fail), chore("b", DAY, succeed)]
    ) as worker:
        await both({"failed", "done"})
        house.clock.advance(hours=1)
        worker.nudge()
        await both({"failed"})
        house.clock.advance(hours=23)
        worker.nudge()
        await both({"failed", "done"})
    failed = (await executions(house, "a"))[-1]
    assert (failed.status, failed.error) == (RunStatus.FAILED, "The disk is full.")


async def test_the_usual_chores_read_the_library_and_forget_expired_answers(house: House) -> None:
    cache = LayeredCache(house.clock, MemoryLevel(0), StoredCache(house.db, house.clock))
    await cache.put(Key(Kind("facts"), "a"), b"1", timedelta(hours=1))
    house.clock.advance(hours=1)
    wired = deps(house, finds(), library=ScriptedLidarr([owned(1), owned(2)]))
    async with at_work(wired, chores=usual_chores(wired, cache, Rhythm(HOUR, DAY, DAY))):
        for kind in ("library", "settle", "clean_up"):
            await come_true(partial(begun, house, kind))
            await settled(house, kind)
    assert {one.status for one in await executions(house)} == {RunStatus.DONE}
    snapshot = await read_snapshot(house.db)
    assert snapshot is not None
    assert len(snapshot.artists) == 2
    assert await cache.purge() == 0


async def test_a_lidarr_that_is_away_keeps_no_other_from_being_read_and_the_task_tells_which(
    house: House,
) -> None:
    cache = LayeredCache(house.clock, MemoryLevel(0), StoredCache(house.db, house.clock))
    away, shed = ScriptedLidarr([]), ScriptedLidarr([])
    away.failure = ProviderUnavailable("lidarr", "it is down.", remedy="Start it.")
    shed.failure = ProviderUnavailable("lidarr shed", "it is down.", remedy="Start it.")
    libraries = {"default": away, "shed": shed, "attic": ScriptedLidarr([owned(1)])}
    wired = replace(deps(house, finds()), libraries=libraries)
    async with at_work(wired, chores=usual_chores(wired, cache, Rhythm(HOUR, DAY, DAY))):
        for kind in ("library", "settle"):
            await come_true(partial(begun, house, kind))
            await settled(house, kind)
            (failed,) = await executions(house, kind)
            assert failed.status is RunStatus.FAILED
            assert failed.error == "lidarr: it is down. lidarr shed: it is down."
    snapshot = await read_snapshot(house.db, instance="attic")
    assert snapshot is not None
    assert len(snapshot.artists) == 1


async def begun(house: House, kind: str, times: int = 1) -> bool:
    return len(await executions(house, kind)) >= times


async def test_while_paused_nothing_starts_by_itself_but_what_a_person_asks_for(house: House) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def do(*_: object) -> None:
        done.put_nowait("done")

    await pause_tasks(house.db, clock=house.clock)
    chores = [chore("a", HOUR, do), chore("b", HOUR, do)]
    async with at_work(deps(house, finds()), schedule=HOUR, chores=chores) as worker:
        assert await start_task(house.db, [one.task for one in chores], "a", clock=house.clock)
        run_id = (await request_run(house.db, "default", clock=house.clock)).id
        worker.nudge()
        assert await over(house, run_id) is RunStatus.DONE
        await done.get()
        await settled(house, "a")
        assert [(one.kind, one.trigger) for one in await executions(house)].count(("a", "api")) == 1
        assert not await begun(house, "b")
        house.clock.advance(hours=9)
        await resume_tasks(house.db)
        worker.nudge()
        for _ in range(2):
            await done.get()
        await settled(house, "a")
        await settled(house, "b")
    # Nine hours late, and done once.
    assert [one.trigger for one in await executions(house, "a")] == ["api", "schedule"]
    assert [one.trigger for one in await executions(house, "b")] == ["schedule"]


async def test_what_waits_by_the_schedule_goes_when_a_person_asks_during_a_pause(
    house: House,
) -> None:
    week = Task("recommend", WEEK)
    await request_due(house.db, [week], clock=house.clock, zone=UTC)
    await pause_tasks(house.db, clock=house.clock)
    assert await waiting_work(house.db) == ()
    asked = await request_run(house.db, "default", clock=house.clock)
    assert not asked.created
    async with at_work(deps(house, finds())):
        assert await over(house, asked.id) is RunStatus.DONE


async def test_work_that_a_worker_cannot_end_in_time_is_given_back(house: House) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def endless(*_: object) -> None:
        begun.put_nowait("begun")
        await asyncio.Event().wait()

    for _ in range(2):
        async with at_work(deps(house, finds()), chores=[chore("a", HOUR, endless)]):
            await begun.get()
        (one,) = await executions(house, "a")
        assert one.status is RunStatus.QUEUED


async def test_work_that_ends_within_the_grace_time_is_done(house: House) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def do(*_: object) -> None:
        begun.set()
        await go.wait()

    async with at_work(deps(house, finds()), chores=[chore("a", HOUR, do)], grace_s=20):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go.set)
    assert [one.status for one in await executions(house, "a")] == [RunStatus.DONE]


async def test_a_clock_that_leaps_a_year_and_back_neither_storms_nor_stops(house: House) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def do(*_: object) -> None:
        done.put_nowait("done")

    async def once(worker: Worker, **leap: float) -> None:
        house.clock.advance(**leap)
        worker.nudge()
        await done.get()
        await settled(house, "a")
        for _ in range(3):
            worker.nudge()
            await asyncio.sleep(0.02)
        assert done.empty()

    async with at_work(deps(house, finds()), chores=[chore("a", HOUR, do)]) as worker:
        await once(worker)
        await once(worker, days=365)
        await once(worker, days=-365)
        await once(worker, hours=1)


async def test_two_workers_do_everything_once(house: House) -> None:
    done: list[str] = []

    def counted(name: str) -> Chore:
        async def do(*_: object) -> None:
            done.append(name)
            await asyncio.sleep(0.005)

        return chore(name, HOUR, do)

    chores = [counted(name) for name in "abcdef"]
    one, other = (deps(house, finds(), process=Process(host, 1, host)) for host in ("here", "there"))
    async with at_work(one, chores=chores) as first, at_work(other, chores=chores) as second:
        for turn in range(1, 4):
            for task in chores:
                await come_true(partial(begun, house, task.task.name, turn))
                await settled(house, task.task.name)
            if turn < 3:
                house.clock.advance(hours=1)
                first.nudge()
                second.nudge()
    assert {name: done.count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 3)
    assert {one.status for one in await executions(house)} == {RunStatus.DONE}
