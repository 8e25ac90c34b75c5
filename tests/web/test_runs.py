"""Runs over HTTP: started, watched, stopped, read."""

import asyncio
import json
import socket

import httpx2
import pytest
import uvicorn

from brainarr.domain.music import Library
from brainarr.domain.recommendation import (
    Judged,
    Memory,
    Outcome,
    Progress,
    ProviderReport,
    RunResult,
    Verdict,
)
from brainarr.errors import ProviderUnavailable
from brainarr.service.execution import RunDeps, execute_run
from brainarr.service.liveness import this_process
from brainarr.service.progress import OnProgress
from brainarr.store.runs import RunRow
from brainarr.web.app import create_app
from tests.conftest import NOW
from tests.store.given import ScriptedLidarr, owned, recommended
from tests.web.conftest import House, both_databases

pytestmark = both_databases

RESULT = RunResult(
    recommendations=(recommended(1, album=2, title="Double Figure"),),
    judged=(Judged("Autechre", None, Verdict.OWNED), Judged("Plaid", "Double Figure", Verdict.KEPT)),
    providers=(
        ProviderReport("cloud", "openai", Outcome.OK, "", 20, 900, 300, 1_500, 2.5),
        ProviderReport("odd", "openai_compatible", Outcome.OK, "", 20, 900, 300, None, 2.5),
        ProviderReport("deezer", "deezer", Outcome.UNAVAILABLE, "deezer: it did not answer in 30 s."),
    ),
    prompt_tokens=900,
    level="minimal",
    compression_ratio=31.5,
    notes=("Lidarr was away.",),
    finished_at=NOW,
)


def deps_of(house: House, recommend: object = None) -> RunDeps:
    async def found(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        on_progress(Progress("verify", "", 1, 2))
        return RESULT

    return RunDeps(
        db=house.deps.db,
        clock=house.deps.clock,
        process=this_process(),
        broadcast=house.deps.broadcast,
        libraries={"default": ScriptedLidarr([owned(1)])},
        recommend=recommend or found,  # pyright: ignore[reportArgumentType]
        beat_s=0.05,
    )


async def test_starting_a_run_answers_its_number_and_wakes_the_worker(house: House, api: httpx2.AsyncClient):
    answer = await api.post("/api/v1/runs", json={})
    assert answer.status_code == 202
    assert answer.json() == {"id": 1, "created": True}
    assert len(house.woken) == 1


async def test_a_second_request_is_answered_with_the_run_that_waits(api: httpx2.AsyncClient):
    first = await api.post("/api/v1/runs")
    second = await api.post("/api/v1/runs", json={"list": "default"})
    assert second.json() == {"id": first.json()["id"], "created": False}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"dry_run": "perhaps"}, "body.dry_run"),
        ({"dryrun": True}, "body.dryrun"),
        ([], "body"),
        ({"list": 7}, "body.list"),
    ],
)
async def test_a_request_that_makes_no_sense_starts_nothing(
    api: httpx2.AsyncClient, body: object, field: str
):
    answer = await api.post("/api/v1/runs", json=body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert (await api.get("/api/v1/runs")).json() == []


async def test_a_run_of_an_unknown_list_is_not_found(api: httpx2.AsyncClient):
    assert (await api.post("/api/v1/runs", json={"list": "other"})).status_code == 404


async def test_a_finished_run_shows_what_it_found(house: House, api: httpx2.AsyncClient):
    number = (await api.post("/api/v1/runs")).json()["id"]
    await execute_run(deps_of(house), number)
    run = (await api.get(f"/api/v1/runs/{number}")).json()
    assert (run["status"], run["run_id"], run["notes"]) == ("done", number, ["Lidarr was away."])
    assert run["verdicts"] == {"owned": 1, "kept": 1}
    assert run["prompt"] == {"tokens": 900, "level": "minimal", "compression_ratio": 31.5}
    assert [(p["name"], p["outcome"], p["cost"]) for p in run["providers"]] == [
        ("cloud", "ok", 0.0015),
        ("odd", "ok", None),
        ("deezer", "unavailable", 0.0),
    ]
    (found,) = run["recommendations"]
    assert (found["artist"], found["album"], found["status"]) == ("New 1", "Double Figure", "pending")
    assert found["parts"] == {"genre": 0.5, "era": 0.75, "diversity": 1.0, "confidence": 0.25}
    assert found["sources"] == ["listenbrainz"]
    assert run["judged"][0] == {
        "artist": "Autechre",
        "album": None,
        "verdict": "owned",
        "detail": "",
        "sources": [],
        "mbid": None,
    }


async def test_a_dry_run_shows_its_findings_and_stores_no_recommendation(
    house: House, api: httpx2.AsyncClient
):
    number = (await api.post("/api/v1/runs", json={"dry_run": True})).json()["id"]
    await execute_run(deps_of(house), number)
    (found,) = (await api.get(f"/api/v1/runs/{number}")).json()["recommendations"]
    assert found["artist"] == "New 1"
    assert found["id"] is None
    assert (await api.get("/api/v1/recommendations")).json() == []


async def test_a_failed_run_says_why_and_what_to_do(house: House, api: httpx2.AsyncClient):
    async def broken(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        raise ProviderUnavailable("musicbrainz", "it is away", remedy="Try again later.")

    number = (await api.post("/api/v1/runs")).json()["id"]
    await execute_run(deps_of(house, broken), number)
    run = (await api.get(f"/api/v1/runs/{number}")).json()
    assert (run["status"], run["error"], run["remedy"]) == (
        "failed",
        "musicbrainz: it is away",
        "Try again later.",
    )


async def test_runs_are_listed_newest_first_in_pages(house: House, api: httpx2.AsyncClient):
    for _ in range(3):
        number = (await api.post("/api/v1/runs")).json()["id"]
        await api.post(f"/api/v1/runs/{number}/cancel")
    page = await api.get("/api/v1/runs", params={"page_size": 2, "apikey": "not-repeated"})
    assert [run["id"] for run in page.json()] == [3, 2]
    assert page.headers["x-total-count"] == "3"
    assert page.headers["link"] == '<?page=2&page_size=2>; rel="next"'
    rest = await api.get("/api/v1/runs", params={"page_size": 2, "page": 2})
    assert [run["id"] for run in rest.json()] == [1]
    assert rest.headers["link"] == '<?page=1&page_size=2>; rel="prev"'


async def test_a_waiting_run_is_cancelled_at_once(api: httpx2.AsyncClient):
    number = (await api.post("/api/v1/runs")).json()["id"]
    assert (await api.post(f"/api/v1/runs/{number}/cancel")).json()["status"] == "cancelled"
    assert (await api.post(f"/api/v1/runs/{number}/cancel")).json()["status"] == "cancelled"


async def test_a_running_run_is_stopped_when_asked(house: House, api: httpx2.AsyncClient):
    begun = asyncio.Event()

    async def endless(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        begun.set()
        await asyncio.Event().wait()
        return RESULT

    number = (await api.post("/api/v1/runs")).json()["id"]
    running = asyncio.create_task(execute_run(deps_of(house, endless), number))
    await begun.wait()
    assert (await api.post(f"/api/v1/runs/{number}/cancel")).status_code == 200
    assert (await running).run.status == "cancelled"


async def test_the_events_of_an_unknown_run_are_not_found(api: httpx2.AsyncClient):
    answer = await api.get("/api/v1/runs/9/events")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:brainarr:problem:not-found"


@pytest.mark.loopback
async def test_events_tell_every_step_of_a_run_until_it_is_over(house: House):
    """Through a real server, because only there a stream is one."""
    seen = asyncio.Event()

    async def stepwise(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        await seen.wait()
        on_progress(Progress("verify", "half-way", 1, 2))
        return RESULT

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(house.deps), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"X-Api-Key": house.deps.api_key()}
        ) as client:
            number = (await client.post("/api/v1/runs")).json()["id"]
            running = asyncio.create_task(execute_run(deps_of(house, stepwise), number))
            told: list[dict[str, object]] = []
            async with client.stream("GET", f"/api/v1/runs/{number}/events") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                async for line in answer.aiter_lines():
                    if line.startswith("data: "):
                        told.append(json.loads(line.removeprefix("data: ")))
                        seen.set()
            await running
    finally:
        server.should_exit = True
        await serving
    assert told[0]["run_id"] == number
    assert {"stage": "verify", "detail": "half-way", "done": 1, "total": 2} in [
        event["progress"] for event in told
    ]
    assert [event["status"] for event in told if event["status"] not in ("queued", "running")] == ["done"]
    assert told[-1]["status"] == "done"
