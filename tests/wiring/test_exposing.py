"""A process that only works shows what it measures of itself on a port of its own."""

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx2
import pytest

from brainarr import metrics
from brainarr.errors import BrainarrError
from brainarr.wiring.build import House, open_house
from brainarr.wiring.exposing import exposing, worker_app
from tests.servers import free_port

pytestmark = pytest.mark.loopback


def environ(port: int, **more: str) -> dict[str, str]:
    return {"BRAINARR__METRICS__WORKER_PORT": str(port), **more}


def exposed(house: House) -> AbstractAsyncContextManager[None]:
    return exposing(house.settings, worker_app(house))


async def scraped(port: int, key: str | None = None, path: str = "/metrics") -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {"X-Api-Key": key} if key else {}
        return await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)


async def test_it_shows_its_own_meters_to_who_has_the_key_and_nothing_of_the_database(tmp_path: Path) -> None:
    port = free_port()
    async with open_house(tmp_path, environ(port)) as house, exposed(house):
        metrics.model_answered("home", "ok", 2.0)
        refused, shown = await scraped(port), await scraped(port, house.api_key)
    assert refused.status_code == 401
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert 'brainarr_provider_request_duration_seconds_count{outcome="ok",provider="home"}' in shown.text
    assert ("process_resident_memory_bytes" in shown.text) is (sys.platform == "linux")
    # The server tells of these; a sum over both would count them twice.
    assert "brainarr_runs_started_total" not in shown.text
    with pytest.raises(httpx2.ConnectError):
        await scraped(port)


async def test_whether_it_is_alive_is_told_to_everybody(tmp_path: Path) -> None:
    port = free_port()
    async with open_house(tmp_path, environ(port)) as house, exposed(house):
        assert (await scraped(port, path="/ping")).json() == {"status": "OK"}


async def test_it_is_open_where_the_settings_say_so(tmp_path: Path) -> None:
    port = free_port()
    async with open_house(tmp_path, environ(port, BRAINARR__METRICS__OPEN="true")) as house, exposed(house):
        assert (await scraped(port)).status_code == 200


async def test_two_workers_with_one_port_is_said_with_a_remedy(tmp_path: Path) -> None:
    port = free_port()
    async with open_house(tmp_path, environ(port)) as house, exposed(house):
        with pytest.raises(BrainarrError, match=r"metrics\.worker_port"):
            async with exposed(house):
                pass
        assert (await scraped(port, house.api_key)).status_code == 200


async def test_without_a_port_nothing_listens(tmp_path: Path) -> None:
    async with open_house(tmp_path, {}) as house, exposed(house):
        pass
