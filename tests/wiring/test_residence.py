"""Houses that follow the settings: nothing under way is dropped, and nothing is left behind."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from structlog.testing import capture_logs

from brainarr.errors import ConfigurationError
from brainarr.jobs.worker import Worker
from brainarr.service.runs import read_run, request_run
from brainarr.service.settings import Configuration, write_settings
from brainarr.store.runs import RunStatus
from brainarr.store.session import open_database
from brainarr.store.signals import SETTINGS
from brainarr.wiring import residence as module
from brainarr.wiring import tenancy
from brainarr.wiring.build import Ground, House, open_ground
from brainarr.wiring.residence import Furniture, Residence, reside
from brainarr.wiring.serve import nudged_worker


class Furnisher:
    """Makes houses whose app says what they were built with, and waits or streams when asked to."""

    def __init__(self, *, works: bool = False) -> None:
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.works = works
        self.workers: list[Worker] = []

    async def __call__(self, house: House, _: Configuration) -> Furniture:
        app = FastAPI()
        app.state.started_at = app.state.guesses = app.state.throttle = object()
        target = house.settings.recommend.target

        @app.get("/target")
        async def say() -> PlainTextResponse:
            return PlainTextResponse(target)

        @app.get("/slow")
        async def slow() -> PlainTextResponse:
            self.begun.set()
            await self.go_on.wait()
            return PlainTextResponse(target)

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            async def events() -> AsyncIterator[bytes]:
                while True:
                    yield f"data: {target}\n\n".encode()
                    self.begun.set()
                    await asyncio.sleep(3600)

            return StreamingResponse(events(), media_type="text/event-stream")

        worker = nudged_worker(house) if self.works else None
        self.workers += [worker] if worker else []
        return Furniture(app, worker)


@asynccontextmanager
async def living(
    folder: Path, furnisher: Furnisher | None = None
) -> AsyncIterator[tuple[Ground, Residence, httpx2.AsyncClient]]:
    off = {"BRAINARR__RECOMMEND__SCHEDULE": "off"}
    async with open_ground(folder, off) as ground, reside(ground, furnisher or Furnisher()) as residence:
        transport = httpx2.ASGITransport(app=residence)
        async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
            yield ground, residence, client


async def target_of(client: httpx2.AsyncClient) -> str:
    return (await client.get("/target")).text


async def until(come_true: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            outcome = come_true()
            if outcome if isinstance(outcome, bool) else await outcome:
                return
            await asyncio.sleep(0.01)


async def test_who_changed_a_setting_finds_it_changed(tmp_path: Path):
    async with living(tmp_path) as (_, residence, client):
        assert await target_of(client) == "albums"
        await residence.configuration.change({"recommend.target": "mixed"})
        assert await target_of(client) == "mixed"


async def test_a_request_under_way_ends_in_the_house_where_it_began(tmp_path: Path):
    furnisher = Furnisher()
    async with living(tmp_path, furnisher) as (_, residence, client):
        slow = asyncio.create_task(client.get("/slow"))
        await furnisher.begun.wait()
        await residence.configuration.change({"recommend.target": "mixed"})
        assert await target_of(client) == "mixed"
        assert not slow.done()
        furnisher.go_on.set()
        answer = await slow
        assert (answer.status_code, answer.text) == (200, "albums")


async def test_a_request_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tenancy, "PATIENCE_S", 0.05)
    furnisher = Furnisher()
    async with living(tmp_path, furnisher) as (_, residence, client):
        slow = asyncio.create_task(client.get("/slow"))
        await furnisher.begun.wait()
        await residence.configuration.change({"recommend.target": "mixed"})
        with pytest.raises(TimeoutError, match="settings had changed"):
            await slow


async def test_a_stream_of_events_ends_properly_so_that_its_client_comes_again(tmp_path: Path):
    furnisher = Furnisher()
    async with living(tmp_path, furnisher) as (_, residence, client):
        stream = asyncio.create_task(client.get("/stream"))
        await furnisher.begun.wait()
        await residence.configuration.change({"recommend.target": "mixed"})
        answer = await stream
        assert (answer.status_code, answer.text) == (200, "data: albums\n\n")


async def test_another_process_that_changed_a_setting_is_heard(tmp_path: Path):
    async with living(tmp_path) as (ground, _, client):
        elsewhere = open_database("sqlite:///brainarr.db", tmp_path)
        secrets, clock = ground.installation.secrets, ground.clock
        await write_settings(elsewhere, secrets, {"recommend.target": "artists"}, clock=clock)
        await elsewhere.dispose()
        # What Redis brings from there.
        ground.signals.tell(SETTINGS)

        async def followed() -> bool:
            return await target_of(client) == "artists"

        await until(followed)


async def test_a_nudge_without_a_change_and_a_new_api_key_move_nobody(tmp_path: Path):
    async with living(tmp_path) as (ground, residence, _):
        first = residence.present
        await residence.configuration.change({"server.api_key": "a-new-key"})
        await residence.configuration.change({"server.port": 8702})
        ground.signals.tell(SETTINGS)
        await asyncio.sleep(0.1)
        assert residence.present is first


async def test_what_the_app_knows_of_its_visitors_moves_along(tmp_path: Path):
    async with living(tmp_path) as (_, residence, _client):
        former = residence.present.app
        await residence.configuration.change({"recommend.target": "mixed"})
        present = residence.present.app
        assert former is not None and present is not None and present is not former
        assert present.state.guesses is former.state.guesses
        # Else whoever guesses at passwords begins anew with every change.
        assert present.state.throttle is former.state.throttle


async def test_what_cannot_change_while_it_runs_stays_in_every_house(tmp_path: Path):
    async with living(tmp_path) as (_, residence, _client):
        await residence.configuration.change(
            {"redis.url": "redis://127.0.0.1:1/0", "server.port": 8703, "recommend.target": "mixed"}
        )
        settings = residence.present.house.settings
        assert (settings.redis.url, settings.server.port, settings.recommend.target) == (None, 8690, "mixed")


async def test_where_the_next_house_cannot_be_built_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # As on a machine without the packages for it.
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    async with living(tmp_path) as (_, residence, client):
        with pytest.raises(ConfigurationError, match=r"tracing\.endpoint"):
            await residence.configuration.change(
                {"tracing.endpoint": "http://127.0.0.1:4318", "recommend.target": "mixed"}
            )
        assert await target_of(client) == "albums"


async def test_a_configuration_that_became_unusable_outside_leaves_the_present_house(tmp_path: Path):
    async with living(tmp_path) as (ground, _, client):
        (tmp_path / "config.yaml").write_text("recommend: {target: songs}")
        with capture_logs() as lines:
            ground.signals.tell(SETTINGS)
            await until(lambda: any("hold on" in line["event"] for line in lines))
        assert await target_of(client) == "albums"
        (tmp_path / "config.yaml").write_text("recommend: {target: mixed}")
        ground.signals.tell(SETTINGS)

        async def followed() -> bool:
            return await target_of(client) == "mixed"

        await until(followed)


async def test_a_run_under_way_ends_where_it_began_and_the_next_worker_has_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    furnisher = Furnisher(works=True)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def held(*_: object) -> None:
        begun.set()
        await go_on.wait()
        raise RuntimeError("enough")

    monkeypatch.setattr("brainarr.service.execution._work", held)
    async with living(tmp_path, furnisher) as (ground, residence, _client):
        run = await request_run(ground.db, "default", clock=ground.clock)
        furnisher.workers[0].nudge()
        await begun.wait()
        first = residence.present
        for target in ("mixed", "artists", "albums"):
            await residence.configuration.change({"recommend.target": target})
        # The houses between have nothing to wait for.
        await until(lambda: len(residence.houses) == 2)
        assert residence.houses[0] is first.house
        await asyncio.sleep(0.2)
        assert (await read_run(ground.db, run.id)).run.status is RunStatus.RUNNING
        go_on.set()
        await until(lambda: len(residence.houses) == 1)
        assert (await read_run(ground.db, run.id)).run.status is RunStatus.FAILED
        begun.clear()
        await request_run(ground.db, "default", clock=ground.clock)
        furnisher.workers[-1].nudge()
        await asyncio.wait_for(begun.wait(), 10)


async def test_a_worker_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def broken(_: Worker) -> None:
        raise RuntimeError("no more")

    monkeypatch.setattr(Worker, "work", broken)
    async with living(tmp_path, Furnisher(works=True)) as (_, residence, _client):
        with pytest.raises(RuntimeError, match="no more"):
            await asyncio.wait_for(residence.broken, 10)


@pytest.mark.thorough
async def test_fifty_moves_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "TAKE_OVER_S", 30.0)

    def figures() -> tuple[int, int, int]:
        gc.collect()
        return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd"))

    async with living(tmp_path, Furnisher(works=True)) as (ground, residence, client):

        async def move(number: int) -> None:
            await residence.configuration.change({"recommend.max_recommendations": 1 + number % 90})
            assert (await client.get("/target")).status_code == 200

        for number in range(3):
            await move(number)
        await until(lambda: len(residence.houses) == 1)
        before = figures()
        listeners = {topic: len(heard) for topic, heard in ground.signals._listeners.items()}
        for number in range(3, 53):
            await move(number)
        later = count(53)

        async def as_before() -> bool:
            await move(next(later))
            await until(lambda: len(residence.houses) == 1)
            # The pool may have opened one more connection, with its files: far from one of each move.
            return all(now <= then + 6 for now, then in zip(figures(), before, strict=True))

        # A worker that has something to do keeps a queue for it, until the next move; what is left stays.
        await until(as_before)
        assert {topic: len(heard) for topic, heard in ground.signals._listeners.items()} == listeners
