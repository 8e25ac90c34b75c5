"""The tasks' API: what comes round, its history, and the pause."""

import httpx2

from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.runs import request_run
from brainarr.service.tasks import waiting_work
from tests.service.given import HERE
from tests.web.conftest import House


async def work_off(house: House, seconds: float = 0) -> None:
    """Does the jobs that wait, as a worker would."""

    async def do(*_: object) -> None:
        house.deps.clock.advance(seconds=seconds)  # type: ignore[attr-defined]

    for work in await waiting_work(house.deps.db):
        if work.table == "job":
            await execute_job(JobDeps(house.deps.db, house.deps.clock, HERE), work.id, lambda _: do)


async def test_every_task_tells_its_last_and_its_next_time(house: House, api: httpx2.AsyncClient):
    assert (await api.post("/api/v1/system/tasks/library")).json() == {"created": True}
    assert (await api.post("/api/v1/system/tasks/library")).json() == {"created": False}
    assert len(house.woken) == 2
    await work_off(house, seconds=1.5)
    found = {task["name"]: task for task in (await api.get("/api/v1/system/tasks")).json()}
    assert found["library"] == {
        "name": "library",
        "schedule": "every 1h",
        "running": False,
        "paused": False,
        "last_at": "2026-11-22T12:00:00Z",
        "last_status": "done",
        "last_error": None,
        "last_duration": 1.5,
        "next_at": "2026-11-22T13:00:00Z",
    }
    assert (found["recommend"]["schedule"], found["recommend"]["next_at"]) == ("off", None)
    assert found["settle"]["schedule"] == "30 4 * * *"


async def test_a_run_started_as_a_task_is_the_run(house: House, api: httpx2.AsyncClient):
    assert (await api.post("/api/v1/system/tasks/recommend")).status_code == 202
    (run,) = (await api.get("/api/v1/runs")).json()
    assert (run["status"], run["trigger"]) == ("queued", "api")
    history = (await api.get("/api/v1/system/tasks/history")).json()
    assert [(one["task"], one["id"], one["about"]) for one in history] == [
        ("recommend", run["id"], "default")
    ]


async def test_what_is_not_there_and_what_cannot_be_done_are_told_apart(api: httpx2.AsyncClient):
    unknown = await api.post("/api/v1/system/tasks/tidy")
    assert unknown.status_code == 404 and "library" in unknown.json()["remedy"]
    impossible = await api.post("/api/v1/system/tasks/settle")
    assert impossible.status_code == 409 and impossible.json()["remedy"] == "Set lidarr.url."


async def test_history_comes_in_pages_newest_first(house: House, api: httpx2.AsyncClient):
    for _ in range(3):
        await api.post("/api/v1/system/tasks/library")
        await work_off(house, seconds=60)
    await request_run(house.deps.db, "default", clock=house.deps.clock)
    first = await api.get("/api/v1/system/tasks/history", params={"page_size": 2})
    assert first.headers["X-Total-Count"] == "4" and 'rel="next"' in first.headers["Link"]
    assert [one["task"] for one in first.json()] == ["recommend", "library"]
    alone = (await api.get("/api/v1/system/tasks/history", params={"task": "library"})).json()
    assert [one["id"] for one in alone] == [3, 2, 1]


async def test_a_pause_is_kept_in_the_database_and_ends(house: House, api: httpx2.AsyncClient):
    paused = (await api.post("/api/v1/system/tasks/pause")).json()
    assert paused == {"paused": True, "since": "2026-11-22T12:00:00Z"}
    house.deps.clock.advance(hours=1)  # type: ignore[attr-defined]
    assert (await api.post("/api/v1/system/tasks/pause")).json() == paused
    async with house.door(house.deps.api_key()) as other:
        found = {task["name"]: task for task in (await other.get("/api/v1/system/tasks")).json()}
    assert (found["library"]["paused"], found["library"]["next_at"]) == (True, None)
    assert (await api.post("/api/v1/system/tasks/resume")).json() == {"paused": False, "since": None}
    found = {task["name"]: task for task in (await api.get("/api/v1/system/tasks")).json()}
    assert not found["library"]["paused"] and found["library"]["next_at"] is not None


async def test_a_stranger_neither_sees_nor_starts_a_task(stranger: httpx2.AsyncClient):
    assert (await stranger.get("/api/v1/system/tasks")).status_code == 401
    assert (await stranger.post("/api/v1/system/tasks/pause")).status_code == 401
