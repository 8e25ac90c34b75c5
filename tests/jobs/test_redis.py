"""The worker with a real Redis, which only carries tickets: whatever befalls it loses or repeats no work."""

import asyncio
import os
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from brainarr.jobs import carrier
from brainarr.jobs.chores import Chore, chore
from brainarr.jobs.tickets import Ticket, write_ticket
from brainarr.service.execution import RunDeps
from brainarr.service.runs import request_run
from brainarr.service.tasks import start_task
from brainarr.store.runs import Process, RunStatus
from tests.jobs.test_worker import HOUR, at_work, begun, executions, over, settled
from tests.servers import RedisServer
from tests.service.given import deps, finds
from tests.store.given import House

HERE, THERE, YONDER = (Process(host, 1, host) for host in ("here", "there", "yonder"))


class Counter:
    """A chore that counts how often it was done, and by whom."""

    def __init__(self) -> None:
        self.done: asyncio.Queue[str] = asyncio.Queue()

    def chore(self, who: str = "") -> Chore:
        async def do(*_: object) -> None:
            self.done.put_nowait(who)

        return chore("count", None, do)


async def ask(house: House, work: Chore) -> None:
    assert await start_task(house.db, [work.task], work.task.name, clock=house.clock)


@pytest.fixture
def queue(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """A Redis that workers notice quickly when it has come back."""
    monkeypatch.setattr(carrier, "_RECONNECT", timedelta(milliseconds=50))
    return redis


async def test_who_only_serves_hands_the_work_to_who_works(house: House, queue: RedisServer):
    counter = Counter()
    serves = deps(house, finds(), process=HERE)
    works = deps(house, finds(), process=THERE)
    async with (
        at_work(serves, chores=[counter.chore("serves")], redis=queue.url, works=False) as server,
        at_work(works, chores=[counter.chore("works")], redis=queue.url),
    ):
        await asyncio.sleep(0.1)
        await ask(house, counter.chore())
        run_id = (await request_run(house.db, "default", clock=house.clock)).id
        server.nudge()
        assert await counter.done.get() == "works"
        assert await over(house, run_id) is RunStatus.DONE


async def test_of_several_workers_one_does_each_job_and_each_run(house: House, queue: RedisServer):
    counter = Counter()
    wired = [deps(house, finds(), process=process) for process in (HERE, THERE, YONDER)]
    async with (
        at_work(wired[0], chores=[counter.chore()], redis=queue.url) as one,
        at_work(wired[1], chores=[counter.chore()], redis=queue.url) as two,
        at_work(wired[2], chores=[counter.chore()], redis=queue.url) as three,
    ):
        for turn in range(1, 9):
            await ask(house, counter.chore())
            run_id = (await request_run(house.db, "default", clock=house.clock)).id
            for worker in (one, two, three):
                worker.nudge()
            await settled(house, "count")
            assert await over(house, run_id) is RunStatus.DONE
            assert counter.done.qsize() == turn
    assert len(await executions(house)) == 16


async def test_with_redis_away_the_work_goes_on_in_the_process_itself(house: House, queue: RedisServer):
    counter = Counter()
    queue.stop()
    try:
        with capture_logs() as logged:
            async with at_work(deps(house, finds()), chores=[counter.chore()], redis=queue.url) as worker:
                for _ in range(2):
                    await ask(house, counter.chore())
                    worker.nudge()
                    await counter.done.get()
                    await settled(house, "count")
        # Told once, not every time.
        assert [entry["event"] for entry in logged] == ["no work can be handed to other processes"]
    finally:
        queue.start()


async def test_a_redis_that_comes_back_is_used_again_and_nothing_was_lost(house: House, queue: RedisServer):
    counter = Counter()
    works = deps(house, finds(), process=THERE)
    serves = deps(house, finds(), process=HERE)
    async with (
        at_work(serves, redis=queue.url, works=False) as server,
        at_work(works, chores=[counter.chore()], redis=queue.url),
    ):
        await ask(house, counter.chore())
        server.nudge()
        await counter.done.get()
        await settled(house, "count")
        queue.stop()
        await ask(house, counter.chore())
        server.nudge()
        await asyncio.sleep(0.3)
        assert counter.done.empty()
        queue.start()
        await nudged_until(server.nudge, counter.done)
        await settled(house, "count")
    assert counter.done.empty()
    assert {one.status for one in await executions(house)} == {RunStatus.DONE}


async def nudged_until(nudge: Callable[[], None], done: asyncio.Queue[str]) -> None:
    """A nudge stands for the look that comes every half minute."""
    for _ in range(200):
        nudge()
        try:
            async with asyncio.timeout(0.1):
                await done.get()
                return
        except TimeoutError:
            continue
    raise AssertionError("nobody did it")


async def test_an_emptied_redis_loses_nothing(house: House, queue: RedisServer):
    counter = Counter()
    serves = deps(house, finds(), process=HERE)
    works = deps(house, finds(), process=THERE)
    async with at_work(serves, redis=queue.url, works=False) as server:
        await ask(house, counter.chore())
        server.nudge()
        await asyncio.sleep(0.3)
        queue.flush()
        async with at_work(works, chores=[counter.chore()], redis=queue.url) as worker:
            await counter.done.get()
            await settled(house, "count")
            # And in the middle of its work: the group it reads with is gone.
            queue.flush()
            await ask(house, counter.chore())
            await nudged_until(worker.nudge, counter.done)
            await settled(house, "count")
    assert counter.done.empty()


async def test_a_lost_nudge_is_made_good_by_the_next_look(
    house: House, queue: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("brainarr.jobs.worker.LOOK_S", 0.1)
    counter = Counter()
    async with at_work(deps(house, finds()), chores=[counter.chore()], redis=queue.url):
        await asyncio.sleep(0.2)
        await ask(house, counter.chore())
        await counter.done.get()
        await settled(house, "count")


REFUSALS = {
    "a permission is missing": (
        ("ACL", "SETUSER", "default", "-xgroup", "-xreadgroup"),
        ("ACL", "SETUSER", "default", "+@all"),
    ),
    "it follows another one": (("REPLICAOF", "127.0.0.1", "9"), ("REPLICAOF", "NO", "ONE")),
    "its memory is full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_what_lies_in_a_redis_that_refuses_stays_there_until_it_is_mended(
    queue: RedisServer, refusal: str
):
    begin, mend = REFUSALS[refusal]
    delivered: asyncio.Queue[str] = asyncio.Queue()
    async with carrier.open_carrier(queue.url, "brainarr", delivered.put) as carried:
        await carried.carry("run-1-1")
        queue.say(*begin)
        with capture_logs() as logged:
            work = asyncio.create_task(carried.work("there", 1))
            try:
                await asyncio.sleep(0.5)
                assert delivered.empty()
                queue.say(*mend)
                async with asyncio.timeout(10):
                    assert await delivered.get() == "run-1-1"
            finally:
                queue.say(*mend)
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
    # It counts as away, not as full of what is not ours: that would be emptied.
    assert logged == []


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.place),)


async def test_a_pickle_planted_in_redis_is_never_loaded(house: House, queue: RedisServer, tmp_path: Path):
    place = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(place))
    pickle.loads(pickle.dumps(Bomb(tmp_path / "proof")))
    assert (tmp_path / "proof").is_dir()
    counter = Counter()
    async with at_work(deps(house, finds()), chores=[counter.chore()], redis=queue.url) as worker:
        await ask(house, counter.chore())
        worker.nudge()
        await counter.done.get()
        await settled(house, "count")
        async with Redis.from_url(queue.url) as planter:
            ticket = write_ticket(Ticket("job", 1), 0, house.clock())
            for key in (ticket, "job-77-0-1", "../../etc/passwd", "run-1-1"):
                for name in ("carried", "trace", "os.mkdir"):
                    message = {"key": key, "when": "2026-01-01T00:00:00+00:00", "function": name}
                    message |= {"args": bomb, "kwargs": bomb, "attempt": "1", "generation": "0"}
                    await planter.xadd("brainarr:stream", message)  # pyright: ignore[reportArgumentType]
            strike = {
                "direction": "strike",
                "function": "x",
                "operator": "==",
                "parameter": "p",
                "value": bomb,
            }
            await planter.xadd("brainarr:strikes", strike)  # pyright: ignore[reportArgumentType]
            assert await planter.xlen("brainarr:strikes") == 1
            # Not even what cannot be read at all ends the worker.
            await planter.xadd("brainarr:stream", {"key": "x", "function": "carried", "when": "never"})
            for _ in range(500):
                if await planter.xlen("brainarr:stream") <= 1:
                    break
                await asyncio.sleep(0.01)
        await ask(house, counter.chore())
        await nudged_until(worker.nudge, counter.done)
        await settled(house, "count")
    assert not place.exists()
    # The planted ticket of a job that is over did nothing either.
    assert counter.done.empty()
    assert len(await executions(house)) == 2


async def test_nothing_that_is_put_into_redis_is_a_pickle(house: House, queue: RedisServer):
    serves = deps(house, finds(), process=HERE)
    async with at_work(serves, redis=queue.url, works=False) as server:
        await ask(house, Counter().chore())
        server.nudge()
        async with Redis.from_url(queue.url) as reader:
            for _ in range(500):
                if await reader.xlen("brainarr:stream"):
                    break
                await asyncio.sleep(0.01)
            ((_, message),) = await reader.xrange("brainarr:stream")
    assert (message[b"args"], message[b"kwargs"]) == (b"", b"")
    assert message[b"key"].startswith(b"job-1-0-")


async def test_a_chore_that_comes_round_is_done_by_one_worker_each_time(house: House, queue: RedisServer):
    done: list[str] = []

    def counted(who: str) -> list[Chore]:
        async def do(*_: object) -> None:
            done.append(who)

        return [chore("count", HOUR, do)]

    def wired(process: Process) -> RunDeps:
        return deps(house, finds(), process=process)

    async with (
        at_work(wired(HERE), chores=counted("here"), redis=queue.url) as one,
        at_work(wired(THERE), chores=counted("there"), redis=queue.url) as two,
    ):
        for turn in range(1, 5):
            for _ in range(2_000):
                if await begun(house, "count", turn):
                    break
                await asyncio.sleep(0.005)
            await settled(house, "count")
            if turn < 4:
                house.clock.advance(hours=1)
                one.nudge()
                two.nudge()
    assert len(done) == 4 == len(await executions(house, "count"))
