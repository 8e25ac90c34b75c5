"""The worker: executes what is queued, starts what is due, does the chores, and stops cleanly."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from brainarr.domain.caching import Key, Kind
from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunResult
from brainarr.errors import ProviderUnavailable, StorageError
from brainarr.jobs.chores import usual_chores
from brainarr.jobs.schedule import interval
from brainarr.jobs.worker import Chore, Worker
from brainarr.service.execution import Recommend, RunDeps
from brainarr.service.library import read_snapshot
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import list_runs, read_run, request_run
from brainarr.store.cache import LayeredCache, MemoryLevel, StoredCache
from brainarr.store.runs import Process, RunRow, RunStatus
from tests.service.given import deps, finds, ran, result
from tests.store.given import House, ScriptedLidarr, owned, recommended


@asynccontextmanager
async def at_work(
    wired: RunDeps, *, every: timedelta | None = None, chores: Sequence[Chore] = ()
) -> AsyncIterator[Worker]:
    worker = Worker(wired, every=every, chores=chores)
    task = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


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


async def test_a_chore_aside_goes_on_beside_a_run_and_after_a_fault_of_its_own(house: House) -> None:
    rounds: asyncio.Queue[int] = asyncio.Queue()

    async def do() -> None:
        rounds.put_nowait(1)
        raise LookupError("a bug")

    pipeline = Counted(endless=True)
    await request_run(house.db, "default", clock=house.clock)
    chore = Chore("look around", timedelta(milliseconds=1), do, aside=True)
    async with at_work(deps(house, pipeline), chores=[chore]):
        await pipeline.begun.get()
        while not rounds.empty():
            rounds.get_nowait()
        for _ in range(3):
            await rounds.get()


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
        assert not worker.stop_run(run_id + 1)
        assert worker.stop_run(run_id)
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


async def test_a_run_that_cannot_be_claimed_waits_for_the_next_look(house: House) -> None:
    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    await alter(house, "CREATE TRIGGER refuse AFTER UPDATE ON runs BEGIN INSERT INTO nowhere VALUES (1); END")
    with capture_logs() as logged:
        assert await looked(house, finds(), None) == ["manual"]
    assert [entry["run"] for entry in logged] == [run_id]
    assert "nowhere" in logged[0]["error"]
    await alter(house, "DROP TRIGGER refuse")
    async with at_work(deps(house, finds())):
        assert await over(house, run_id) is RunStatus.DONE


async def alter(house: House, statement: str) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(text(statement))


async def looked(house: House, recommend: Recommend, every: timedelta | None) -> list[str]:
    """The triggers of all runs, oldest first, after the worker has looked once and gone idle."""
    idle = asyncio.Event()

    async def settle() -> None:
        idle.set()

    async with at_work(deps(house, recommend), every=every, chores=[Chore("settle", timedelta(1), settle)]):
        await idle.wait()
    return [run.trigger for run in reversed((await list_runs(house.db)).items)]


async def test_a_scheduled_run_starts_when_the_last_one_is_old_enough(house: House) -> None:
    week = timedelta(weeks=1)
    assert await looked(house, finds(), week) == ["schedule"]
    house.clock.advance(days=6)
    assert await looked(house, finds(), week) == ["schedule"]
    house.clock.advance(days=1)
    assert await looked(house, finds(), week) == ["schedule", "schedule"]
    house.clock.advance(weeks=9)
    assert await looked(house, finds(), None) == ["schedule", "schedule"]


async def test_a_run_that_was_asked_for_counts_and_a_dry_one_does_not(house: House) -> None:
    await ran(house, [], dry_run=True)
    assert await looked(house, finds(), timedelta(days=1)) == ["manual", "schedule"]
    house.clock.advance(days=1)
    await ran(house, [])
    assert await looked(house, finds(), timedelta(days=1)) == ["manual", "schedule", "manual"]


async def test_a_scheduled_run_that_failed_is_tried_again_in_an_hour_not_in_a_week(house: House) -> None:
    async def away(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        raise ProviderUnavailable("musicbrainz", "is away")

    week = timedelta(weeks=1)
    assert await looked(house, away, week) == ["schedule"]
    house.clock.advance(minutes=59)
    assert await looked(house, away, week) == ["schedule"]
    house.clock.advance(minutes=1)
    assert await looked(house, finds(), week) == ["schedule", "schedule"]
    house.clock.advance(hours=2)
    assert await looked(house, finds(), week) == ["schedule", "schedule"]


async def test_without_a_lidarr_nothing_is_scheduled(house: House) -> None:
    idle = asyncio.Event()

    async def settle() -> None:
        idle.set()

    wired = RunDeps(house.db, house.clock, Process("here", 1, "this"), Broadcast(), None, finds())
    async with at_work(wired, every=timedelta(hours=1), chores=[Chore("settle", timedelta(1), settle)]):
        await idle.wait()
    assert (await list_runs(house.db)).total == 0


async def test_chores_come_round_and_one_that_fails_stops_no_other(house: House) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def fail() -> None:
        done.put_nowait("failed")
        raise StorageError("The disk is full.")

    async def succeed() -> None:
        done.put_nowait("done")

    chores = [Chore("a", timedelta(hours=1), fail), Chore("b", timedelta(days=1), succeed)]
    async with at_work(deps(house, finds()), chores=chores) as worker:
        assert [await done.get() for _ in range(2)] == ["failed", "done"]
        house.clock.advance(hours=1)
        worker.nudge()
        assert await done.get() == "failed"
        house.clock.advance(hours=23)
        worker.nudge()
        assert [await done.get() for _ in range(2)] == ["failed", "done"]


async def test_the_usual_chores_read_the_library_and_forget_expired_answers(house: House) -> None:
    cache = LayeredCache(house.clock, MemoryLevel(0), StoredCache(house.db, house.clock))
    await cache.put(Key(Kind("facts"), "a"), b"1", timedelta(hours=1))
    house.clock.advance(hours=1)
    lidarr = ScriptedLidarr([owned(1), owned(2)])
    for chore in usual_chores(deps(house, finds(), library=lidarr), cache):
        await chore.do()
    snapshot = await read_snapshot(house.db)
    assert snapshot is not None
    assert len(snapshot.artists) == 2
    assert await cache.purge() == 0


@pytest.mark.parametrize(
    ("schedule", "every"),
    [
        ("off", None),
        ("hourly", timedelta(hours=1)),
        ("Daily", timedelta(days=1)),
        ("weekly", timedelta(days=7)),
        ("6h", timedelta(hours=6)),
        ("2d", timedelta(days=2)),
        ("1 w", timedelta(days=7)),
    ],
)
def test_a_schedule_is_a_word_or_an_interval(schedule: str, every: timedelta | None) -> None:
    assert interval(schedule) == every


@pytest.mark.parametrize("schedule", ["", "0h", "-6h", "6", "sometimes", "* * * * *", "99999h"])
def test_a_schedule_that_is_neither_says_what_is_allowed(schedule: str) -> None:
    with pytest.raises(ValueError, match="6h, 2d, 1w"):
        interval(schedule)
