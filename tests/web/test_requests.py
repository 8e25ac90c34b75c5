"""Every request has a number, which its answer, its lines in the log and its trace carry."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi import APIRouter
from pytest_httpserver import HTTPServer

from brainarr import tracing
from tests.collector import Collector, attributes
from tests.log_lines import logging_to_stderr
from tests.web.conftest import House

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    with logging_to_stderr():
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def test_a_request_gets_a_number_that_its_answer_and_its_line_carry(house: House, lines: Lines) -> None:
    async with house.door(house.deps.api_key()) as client:
        numbers = [(await client.get("/api/v1/lists")).headers["x-request-id"] for _ in range(2)]
    assert len(set(numbers)) == 2
    assert [line["request"] for line in lines() if line["event"] == "request"] == numbers


@pytest.mark.parametrize("given", ["7f3a-b.C_9", "x" * 64])
async def test_the_number_of_a_reverse_proxy_is_kept(house: House, given: str) -> None:
    async with house.door() as client:
        answer = await client.get("/ping", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a;b=c", "a\tb", "\u00e9"])
async def test_what_could_do_harm_in_a_log_is_replaced(house: House, given: str) -> None:
    async with house.door() as client:
        answer = await client.get("/ping", headers=[(b"X-Request-Id", given.encode("latin-1"))])
    made = answer.headers["x-request-id"]
    assert made != given and len(made) == 16


async def test_an_error_of_ours_is_found_in_the_log_by_the_number_of_its_answer(
    house: House, lines: Lines
) -> None:
    async with house.door(house.deps.api_key(), api_key=_broken) as client:
        answer = await client.get("/api/v1/lists")
    assert answer.status_code == 500
    assert "X-Request-Id" in answer.json()["remedy"]
    number = answer.headers["x-request-id"]
    assert [line["event"] for line in lines() if line.get("request") == number] == [
        "request failed",
        "request",
    ]


def _broken() -> str:
    raise ZeroDivisionError


async def test_requests_at_the_same_time_do_not_mix_their_numbers(house: House, lines: Lines) -> None:
    """In tasks and threads that they start, too."""
    log = structlog.get_logger("brainarr.test")

    async def work(part: str) -> None:
        await asyncio.sleep(0.002)
        await asyncio.to_thread(log.info, "worked", part=part)

    router = APIRouter()

    @router.get("/job/{name}")
    async def _(name: str) -> str:
        await asyncio.gather(*(asyncio.create_task(work(f"{name}/{step}")) for step in range(3)))
        return name

    async with house.door() as client:
        app = client._transport.app  # type: ignore[attr-defined]
        app.include_router(router)
        names = [f"r{number}" for number in range(20)]
        await asyncio.gather(*(client.get(f"/job/{name}", headers={"X-Request-Id": name}) for name in names))
    worked = [line for line in lines() if line["event"] == "worked"]
    assert len(worked) == 60
    assert all(line["part"].split("/")[0] == line["request"] for line in worked)
    log.info("outside")
    (outside,) = lines()
    assert "request" not in outside


@pytest.mark.loopback
async def test_a_request_is_a_span_named_by_its_route_and_carries_no_key(
    httpserver: HTTPServer, house: House
) -> None:
    collector = Collector(httpserver)
    key = house.deps.api_key()
    with tracing.exporting_to(collector.url):
        async with house.door() as client:
            await client.get(
                "/api/v1/runs/4711", params={"apikey": key}, headers={"X-Request-Id": "number-7"}
            )
    span = collector.named("GET /api/v1/runs/{id}")
    assert attributes(span) == {"request": "number-7", "http.response.status_code": 404}
    assert key.encode() not in b"".join(collector.raw)
    assert b"4711" not in b"".join(collector.raw)
