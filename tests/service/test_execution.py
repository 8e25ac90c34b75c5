"""Executing runs: all of a result or nothing, one at a time, and an end for every run whatever happens."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Pool, event, text

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, Progress, RunResult, Status, Verdict
from brainarr.errors import ProviderUnavailable, StorageError
from brainarr.service.execution import Recommend, execute_run
from brainarr.service.history import read_history
from brainarr.service.progress import OnProgress
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.runs import cancel_run, follow_run, read_run, recover_runs, request_run
from brainarr.store.runs import Process, RunRow, RunStatus
from tests.conftest import sqlite_only
from tests.service.given import REPORT, deps, finds, ran, result
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


class Waits:
    """A pipeline that says where it is and then waits until it is released or cancelled."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.cancelled = False

    async def __call__(
        self, run: RunRow, library: Library, memory: Memory, on_progress: OnProgress
    ) -> RunResult:
        on_progress(Progress("verify", "waiting", 1, 60))
        self.started.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return result(recommended(1))


async def asked(house: House) -> int:
    return (await request_run(house.db, "default", clock=house.clock)).id


def fails_with(error: BaseException) -> Recommend:
    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        raise error

    return recommend


async def test_a_run_stores_everything_it_found(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2, album=3)])
    assert detail.run.status is RunStatus.DONE
    assert (detail.run.prompt_tokens, detail.run.level, detail.run.compression_ratio) == (
        700,
        "moderate",
        26.5,
    )
    assert detail.run.notes == ("said so",)
    assert [row.recommendation for row in detail.recommendations] == [recommended(1), recommended(2, album=3)]
    assert {row.status for row in detail.recommendations} == {Status.PENDING}
    assert detail.verdicts == {Verdict.KEPT: 1, Verdict.OWNED: 2}
    assert detail.judged == result().judged
    assert detail.providers == (REPORT,)
    assert await read_run(house.db, detail.run.id) == detail


async def test_with_automatic_approval_what_it_found_is_approved_and_history_says_so(house: House) -> None:
    detail = await ran(house, [recommended(1)], auto_approve=True)
    assert [row.status for row in detail.recommendations] == [Status.APPROVED]
    entries = (await read_history(house.db)).items
    assert [(entry.event, entry.actor, entry.artist) for entry in entries] == [
        ("approved", "automatic", "New 1"),
        ("proposed", "person", "New 1"),
    ]


async def test_a_dry_run_shows_but_stores_no_recommendation(house: House) -> None:
    detail = await ran(house, [recommended(1)], auto_approve=True, dry_run=True)
    assert [row.recommendation for row in detail.recommendations] == [recommended(1)]
    assert [row.id for row in detail.recommendations] == [0]
    assert (await list_recommendations(house.db)).total == 0
    assert detail.run.recommended == 1


async def test_a_run_knows_what_earlier_ones_recommended_and_what_was_refused(house: House) -> None:
    first = await ran(house, [recommended(1), recommended(2, album=3), recommended(4)])
    await decide(house.db, first.recommendations[0].id, Decision.REJECT, clock=house.clock)
    seen: list[Memory] = []

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        seen.append(memory)
        return result()

    await execute_run(deps(house, recommend), await asked(house))
    (memory,) = seen
    assert memory.rejected == {mbid(1)}
    assert memory.waiting == {mbid(2), mbid(3), mbid(4)}
    assert memory.names == ("New 4", "New 2", "New 1")


async def test_a_second_run_of_the_list_is_answered_with_the_first(house: House) -> None:
    first = await request_run(house.db, "default", clock=house.clock)
    again = await asyncio.gather(*(request_run(house.db, "default", clock=house.clock) for _ in range(5)))
    assert {(one.id, one.created) for one in again} == {(first.id, False)}
    await execute_run(deps(house, finds()), first.id)
    later = await request_run(house.db, "default", clock=house.clock)
    assert later.created
    assert later.id != first.id


async def test_two_processes_execute_a_run_once_and_both_answer_it(house: House) -> None:
    waits, run_id = Waits(), await asked(house)
    here = asyncio.create_task(execute_run(deps(house, waits), run_id))
    await waits.started.wait()
    other = deps(house, fails_with(AssertionError("executed twice")), process=Process("there", 2, "other"))
    there = asyncio.create_task(execute_run(other, run_id))
    waits.release.set()
    assert await here == await there
    assert (await here).run.status is RunStatus.DONE


async def test_a_provider_that_fails_ends_the_run_with_its_message(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1)])
    lidarr.failure = ProviderUnavailable("lidarr", "refused the connection", remedy="Is it running?")
    detail = await execute_run(deps(house, finds(recommended(1)), library=lidarr), await asked(house))
    assert detail.run.status is RunStatus.FAILED
    assert detail.run.error == "lidarr: refused the connection"
    assert detail.run.remedy == "Is it running?"
    assert detail.recommendations == ()


async def test_a_fault_of_ours_ends_the_run_and_is_not_hidden(house: House) -> None:
    run_id = await asked(house)
    with pytest.raises(ZeroDivisionError):
        await execute_run(deps(house, fails_with(ZeroDivisionError())), run_id)
    assert (await read_run(house.db, run_id)).run.error == "Brainarr has a fault: ZeroDivisionError."


async def test_ctrl_c_leaves_a_cancelled_run_and_nothing_half_stored(house: House) -> None:
    waits, run_id = Waits(), await asked(house)
    task = asyncio.create_task(execute_run(deps(house, waits), run_id))
    await waits.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    detail = await read_run(house.db, run_id)
    assert waits.cancelled
    assert detail.run.status is RunStatus.CANCELLED
    assert (detail.recommendations, detail.judged, detail.providers) == ((), (), ())
    assert (await request_run(house.db, "default", clock=house.clock)).created


@pytest.mark.parametrize("steps", range(1, 40, 3))
async def test_ctrl_c_at_any_moment_leaves_all_of_a_result_or_nothing(house: House, steps: int) -> None:
    run_id = await asked(house)
    task = asyncio.create_task(execute_run(deps(house, finds(recommended(1), recommended(2))), run_id))
    for _ in range(steps):
        # One turn of the loop, and a little for the database's own thread.
        await asyncio.sleep(0.0005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await recover_runs(house.db, Process("here", 1, "next start"), clock=house.clock)
    detail = await read_run(house.db, run_id)
    whole = (2, 3, 1) if detail.run.status is RunStatus.DONE else (0, 0, 0)
    assert (len(detail.recommendations), len(detail.judged), len(detail.providers)) == whole
    # A run that had not begun waits for the next worker; every other one is over.
    assert detail.run.status.over or detail.run.started_at is None


async def test_a_running_run_stops_when_asked_to(house: House) -> None:
    waits, run_id = Waits(), await asked(house)
    task = asyncio.create_task(execute_run(deps(house, waits), run_id))
    await waits.started.wait()
    await cancel_run(house.db, run_id, clock=house.clock)
    detail = await task
    assert detail.run.status is RunStatus.CANCELLED
    assert detail.run.progress == Progress("verify", "waiting", 1, 60)


async def test_a_queued_run_is_cancelled_at_once_and_never_executed(house: House) -> None:
    run_id = await asked(house)
    assert (await cancel_run(house.db, run_id, clock=house.clock)).status is RunStatus.CANCELLED
    detail = await execute_run(deps(house, fails_with(AssertionError("executed"))), run_id)
    assert detail.run.status is RunStatus.CANCELLED


async def test_cancelling_a_run_that_is_over_changes_nothing(house: House) -> None:
    detail = await ran(house, [])
    assert await cancel_run(house.db, detail.run.id, clock=house.clock) == detail.run


async def test_a_watcher_sees_the_steps_and_the_end(house: House) -> None:
    waits, run_id = Waits(), await asked(house)
    wired = deps(house, waits)
    seen: list[tuple[str, str]] = []
    watches = asyncio.Event()

    async def watch() -> None:
        async for step in follow_run(house.db, wired.broadcast, run_id):
            seen.append((step.status, step.progress.stage if step.progress else ""))
            watches.set()

    watching = asyncio.create_task(watch())
    await watches.wait()
    running = asyncio.create_task(execute_run(wired, run_id))
    await waits.started.wait()
    waits.release.set()
    await running
    await watching
    assert seen[0] == ("queued", "")
    assert ("running", "verify") in seen
    assert seen[-1] == ("done", "done")


@contextmanager
def every_connection(pragma: str) -> Iterator[None]:
    """The disk's troubles, as SQLite sees them."""

    def trouble(connection: Any, *_: object) -> None:
        connection.cursor().execute(f"PRAGMA {pragma}")

    event.listen(Pool, "checkout", trouble)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", trouble)


@sqlite_only
async def test_a_full_disk_fails_the_run_with_a_remedy_and_stores_nothing_of_it(house: House) -> None:
    async with house.db.reading() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
    found = finds(*(recommended(number) for number in range(1, 100)))
    run_id = await asked(house)
    with every_connection(f"max_page_count = {pages}"):
        detail = await execute_run(deps(house, found), run_id)
    assert detail.run.status is RunStatus.FAILED
    assert "disk is full" in (detail.run.error or "")
    assert "space" in (detail.run.remedy or "")
    assert (detail.recommendations, detail.judged, detail.providers) == ((), (), ())


@sqlite_only
async def test_when_not_even_the_end_can_be_stored_the_next_start_closes_the_run(house: House) -> None:
    waits, run_id = Waits(), await asked(house)
    task = asyncio.create_task(execute_run(deps(house, waits), run_id))
    await waits.started.wait()
    with every_connection("query_only = ON"):
        waits.release.set()
        with pytest.raises(StorageError, match="may not be written"):
            await task
    await house.db.dispose()
    await recover_runs(house.db, Process("here", 1, "next start"), clock=house.clock)
    detail = await read_run(house.db, run_id)
    assert detail.run.status is RunStatus.FAILED
    assert detail.recommendations == ()


@pytest.mark.parametrize(
    ("owner", "minutes", "closed"),
    [
        (Process("here", 1, "earlier"), 0, 1),  # the container's process number 1, started anew
        (Process("here", 2**22 + 1, "earlier"), 0, 1),  # no such process any more
        (Process("there", 1, "other"), 1, 0),  # another machine, alive a minute ago
        (Process("there", 1, "other"), 3, 1),  # another machine, silent for too long
        (Process("here", 1, "this"), 1, 0),  # our own
    ],
)
async def test_a_run_is_closed_as_interrupted_when_its_process_is_gone(
    house: House, owner: Process, minutes: int, closed: int
) -> None:
    waits, run_id = Waits(), await asked(house)
    task = asyncio.create_task(execute_run(deps(house, waits, process=owner, beat_s=60), run_id))
    await waits.started.wait()
    house.clock.advance(minutes=minutes)
    assert await recover_runs(house.db, Process("here", 1, "this"), clock=house.clock) == closed
    waits.release.set()
    detail = await task
    if closed:
        assert detail.run.status is RunStatus.FAILED
        assert "Interrupted" in (detail.run.error or "")
        assert detail.recommendations == ()
    else:
        assert detail.run.status is RunStatus.DONE


@pytest.fixture
def killed_but_not_waited_for() -> Iterator[int]:
    """The number of a process that is no more, though the system still counts it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        victim.kill()
        os.waitid(os.P_PID, victim.pid, os.WEXITED | os.WNOWAIT)
        yield victim.pid


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
async def test_a_run_is_closed_when_nobody_waited_for_its_killed_process(
    house: House, killed_but_not_waited_for: int
) -> None:
    waits, run_id = Waits(), await asked(house)
    owner = Process("here", killed_but_not_waited_for, "earlier")
    task = asyncio.create_task(execute_run(deps(house, waits, process=owner, beat_s=60), run_id))
    await waits.started.wait()
    assert await recover_runs(house.db, Process("here", 1, "this"), clock=house.clock) == 1
    waits.release.set()
    assert (await task).run.status is RunStatus.FAILED
