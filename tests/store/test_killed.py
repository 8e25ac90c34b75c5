"""Killed with -9 in the middle of its work: the next start is clean, and nothing approved is lost."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from brainarr.domain.recommendation import Status
from brainarr.service.library import read_snapshot
from brainarr.service.recommendations import list_recommendations
from brainarr.service.runs import list_runs, recover_runs, request_run
from brainarr.store.page import PageOf
from brainarr.store.runs import Process, RunStatus
from tests.service.given import HERE
from tests.store.given import House, installed

VICTIM = Path(__file__).with_name("victim.py")
ROOT = VICTIM.parents[2]


async def kill_after(folder: Path, lines: int, pause: float = 0.0) -> list[str]:
    """Starts the victim, kills it once it has said so many lines, and answers all that it said.

    After every fifth line the victim is executing a run; `pause` seconds later it is further on with that.
    """
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        str(VICTIM),
        str(folder),
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout is not None
    said = [(await victim.stdout.readline()).decode().strip() for _ in range(lines)]
    await asyncio.sleep(pause)
    victim.send_signal(signal.SIGKILL)
    said += (await victim.stdout.read()).decode().splitlines()
    assert await victim.wait() == -signal.SIGKILL
    return said


async def check_next_start(house: House, said: list[str]) -> None:
    with closing(sqlite3.connect(house.folder / "brainarr.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    approved = (await list_recommendations(house.db, PageOf(1, 500), status=Status.APPROVED)).items
    assert {f"approved {row.id}" for row in approved} >= {
        line for line in said if line.startswith("approved")
    }
    await recover_runs(house.db, Process(HERE.host, HERE.pid, "next start"), clock=house.clock)
    runs = (await list_runs(house.db, PageOf(1, 500))).items
    assert {run.status for run in runs} <= {RunStatus.DONE, RunStatus.FAILED, RunStatus.QUEUED}
    stored = (await list_recommendations(house.db, PageOf(1, 500))).total
    # Every finished run has all of its five, every other one none.
    assert stored == 5 * sum(run.status is RunStatus.DONE for run in runs)
    for run in runs:
        if run.status is RunStatus.FAILED:
            assert "Interrupted" in (run.error or "")
    await request_run(house.db, "default", clock=house.clock)
    snapshot = await read_snapshot(house.db)
    assert snapshot is not None
    assert [artist.id for artist in snapshot.artists] == list(range(900, 2_000))


@pytest.mark.parametrize(("lines", "pause"), [(3, 0), (5, 0.01), (5, 0.03), (10, 0.05)])
async def test_a_start_after_kill_9_is_clean_and_what_was_approved_is_there(
    tmp_path: Path, lines: int, pause: float
) -> None:
    said = await kill_after(tmp_path, lines, pause)
    async with installed(tmp_path) as house:
        await check_next_start(house, said)


async def test_killed_again_and_again_the_same_folder_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    for lines in (5, 9):
        said += await kill_after(tmp_path, lines)
    async with installed(tmp_path) as house:
        await check_next_start(house, said)
