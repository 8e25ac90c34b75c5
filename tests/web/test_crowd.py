"""A crowd that wants recommendations of one library at once: one run, one question, everyone answered."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

import httpx2
import pytest
import uvicorn

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, Outcome, RunResult
from brainarr.jobs.worker import Worker
from brainarr.llm.chain import Chain
from brainarr.llm.models import Link
from brainarr.service.execution import RunDeps
from brainarr.service.progress import OnProgress
from brainarr.service.tasks import Task
from brainarr.store.breakers import StoredBreakers
from brainarr.store.runs import RunRow
from brainarr.store.usage import StoredLedger
from brainarr.web.app import create_app
from tests.conftest import EVERYTHING
from tests.llm.given import ask, entry, guarded
from tests.llm.test_chain import ScriptedModel
from tests.web.conftest import House, both_databases
from tests.web.test_runs import deps_of

pytestmark = pytest.mark.loopback


class Crowded:
    """A house whose runs ask one scripted model through the real chain."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.questions = 0
        self.model = ScriptedModel("home", ready=False)
        link = Link(entry(name="home", base_url="http://127.0.0.1:1/v1"), self.model)
        self._links = (link,)
        self._guards = guarded(self._links, StoredBreakers(house.deps.db), house.deps.clock)
        self.runs: RunDeps = deps_of(house, self._recommend)
        self.worker = Worker(self.runs, (), recommend=Task("recommend", None), zone=UTC)

    async def _recommend(
        self, run: RunRow, library: Library, memory: Memory, on_progress: OnProgress
    ) -> RunResult:
        self.questions += 1
        ledger = StoredLedger(self.house.deps.db, self.house.deps.clock, run.id)
        answer = await ask(Chain(self._links, ledger, self._guards))
        return RunResult((), (), answer.reports)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.worker.work())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def serve(self, crowd: int, client: httpx2.AsyncClient) -> None:
        """Every one of the crowd asks at once, and then waits for what the run found."""
        asked = await asyncio.gather(*(client.post("/api/v1/runs", json={}) for _ in range(crowd)))
        assert {response.status_code for response in asked} == {202}
        answers = [response.json() for response in asked]
        assert len({answer["id"] for answer in answers}) == 1
        assert [answer["created"] for answer in answers].count(True) == 1
        await self.model.asked.wait()
        self.model.ready.set()
        found = await asyncio.gather(*(self._result(client, answer["id"]) for answer in answers))
        assert len(found) == crowd
        assert all(run["providers"][0]["outcome"] == Outcome.OK for run in found)
        assert self.questions == 1

    async def _result(self, client: httpx2.AsyncClient, run_id: int) -> dict[str, list[dict[str, str]]]:
        for _ in range(300):
            run = (await client.get(f"/api/v1/runs/{run_id}")).json()
            if run["status"] == "done":
                return run
            await asyncio.sleep(0.25)
        raise AssertionError("the run never ends")


async def test_a_thousand_callers_cause_one_question_and_all_get_the_run(house: House) -> None:
    crowded = Crowded(house)
    async with (
        crowded.at_work(),
        house.door(house.deps.api_key(), wake=crowded.worker.nudge) as client,
    ):
        await crowded.serve(1_000 if EVERYTHING else 100, client)


@both_databases
@pytest.mark.thorough
async def test_a_hundred_callers_over_real_sockets_too(house: House) -> None:
    crowded = Crowded(house)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(replace(house.deps, wake=crowded.worker.nudge))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with (
                crowded.at_work(),
                httpx2.AsyncClient(
                    base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                    headers={"X-Api-Key": house.deps.api_key()},
                    limits=httpx2.Limits(max_connections=100),
                    timeout=60,
                    trust_env=False,
                ) as client,
            ):
                await crowded.serve(100, client)
        finally:
            server.should_exit = True
            await serving
