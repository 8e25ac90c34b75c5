"""A run ends also when the database is away at that moment."""

import asyncio

from sqlalchemy import text

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunResult
from brainarr.errors import StorageError
from brainarr.service.execution import execute_run
from brainarr.service.progress import OnProgress
from brainarr.service.runs import request_run
from brainarr.store.runs import RunRow, RunStatus
from tests.service.given import deps
from tests.store.given import House


async def test_the_end_of_a_run_is_stored_once_the_database_is_back(house: House) -> None:
    async def rename(old: str, new: str) -> None:
        async with house.db.transaction() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    async def come_back() -> None:
        await asyncio.sleep(0.1)
        await rename("runs_away", "runs")

    returning: list[asyncio.Task[None]] = []

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        await rename("runs", "runs_away")
        returning.append(asyncio.create_task(come_back()))
        raise StorageError("The database cannot be used: it is restarted.")

    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    detail = await execute_run(deps(house, recommend), run_id)
    assert returning[0].done()
    assert (detail.run.status, detail.run.error) == (
        RunStatus.FAILED,
        "The database cannot be used: it is restarted.",
    )
