"""What is logged while a run is executed says which run it is of."""

import asyncio
import json
from typing import Any

import pytest
import structlog

from brainarr.domain.recommendation import Progress, RunResult
from brainarr.service.execution import execute_run
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.progress import OnProgress
from brainarr.service.runs import request_run
from brainarr.store import lists
from tests.log_lines import logging_to_stderr
from tests.service.given import deps, result
from tests.store.given import House, recommended

log = structlog.get_logger("brainarr.test")


async def test_runs_at_the_same_time_do_not_mix_their_lines(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async def recommend(run: Any, library: Any, memory: Any, on_progress: OnProgress) -> RunResult:
        for stage in ("candidates", "verify"):
            on_progress(Progress(stage))
            await asyncio.sleep(0.02)
            await asyncio.gather(
                asyncio.create_task(in_a_task(run.id)), asyncio.to_thread(log.info, "in a thread", of=run.id)
            )
        return result(recommended(run.id))

    async def in_a_task(number: int) -> None:
        log.info("in a task", of=number)

    async with house.db.transaction() as connection:
        await lists.insert_list(connection, "jazz", "Jazz", "key", house.clock())
    asked = [await request_run(house.db, slug, clock=house.clock) for slug in (DEFAULT_LIST, "jazz")]
    with logging_to_stderr():
        await asyncio.gather(*(execute_run(deps(house, recommend), one.id) for one in asked))
        log.info("afterwards")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    inside = [line for line in lines if "of" in line]
    assert len(inside) == 8
    assert all(line["run"] == line["of"] for line in inside)
    assert {(line["run"], line["list"]) for line in inside} == {
        (asked[0].id, DEFAULT_LIST),
        (asked[1].id, "jazz"),
    }
    ends = {line["run"]: line["outcome"] for line in lines if line["event"] == "a run ended"}
    assert ends == {asked[0].id: "done", asked[1].id: "done"}
    assert "run" not in lines[-1]
