"""A run that is stopped keeps what it had verified."""

import asyncio

import msgspec

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunResult
from brainarr.service.execution import execute_run
from brainarr.service.progress import OnProgress
from brainarr.service.runs import cancel_run, request_run
from brainarr.store.runs import RunRow, RunStatus
from tests.service.given import deps, result
from tests.store.given import House, recommended


async def test_what_a_stopped_run_hands_over_is_stored_and_the_run_is_cancelled(house: House) -> None:
    started = asyncio.Event()

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return msgspec.structs.replace(result(recommended(1)), stopped=True)
        raise AssertionError("never released")

    run_id = (await request_run(house.db, "default", clock=house.clock)).id
    running = asyncio.create_task(execute_run(deps(house, recommend), run_id))
    await started.wait()
    await cancel_run(house.db, run_id, clock=house.clock)
    detail = await running
    assert detail.run.status is RunStatus.CANCELLED
    assert [row.recommendation for row in detail.recommendations] == [recommended(1)]
