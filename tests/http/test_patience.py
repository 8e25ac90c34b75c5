"""Trying again, waiting as told, and keeping to the pace a service allows."""

import asyncio
import itertools

import pytest
import stamina
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import ProviderRejected, ProviderUnavailable
from tests.http.conftest import OpenHttp
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback


def fails_first(times: int, status: int, headers: dict[str, str] | None = None):
    counter = itertools.count()

    def answer(request: Request) -> Response:
        if next(counter) < times:
            return Response("", status=status, headers=headers)
        return Response("[]", content_type="application/json")

    return answer


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_fault_is_tried_again(
    open_http: OpenHttp, httpserver: HTTPServer, status: int
) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(2, status))
    assert await open_http(httpserver.url_for("/")).get_json("x") == []
    assert len(httpserver.log) == 3


async def test_opening_a_stream_is_tried_again(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(2, 503))
    async with open_http(httpserver.url_for("/")).stream("x") as pieces:
        assert b"".join([piece async for piece in pieces]) == b"[]"


async def test_after_the_last_attempt_the_fault_is_reported(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(3, 503))
    with pytest.raises(ProviderUnavailable) as caught:
        await open_http(httpserver.url_for("/"), attempts=3).get_json("x")
    assert caught.value.status == 503
    assert len(httpserver.log) == 3


async def test_a_refusal_is_not_tried_again(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(1, 403))
    with pytest.raises(ProviderRejected):
        await open_http(httpserver.url_for("/")).get_json("x")


async def test_a_post_is_sent_once_unless_it_may_be_repeated(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(1, 503))
    http = open_http(httpserver.url_for("/"))
    with pytest.raises(ProviderUnavailable):
        await http.post_json("x", {})
    assert await http.post_json("x", {}, repeatable=True) == []


async def test_a_short_retry_after_is_waited_for(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_handler(fails_first(1, 503, {"Retry-After": "0"}))
    stamina.set_testing(False)  # the real wait, which is none here
    assert await open_http(httpserver.url_for("/")).get_json("x") == []


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("3600", 3600.0), ("Sun, 22 Nov 2026 13:00:00 GMT", 3600.0), ("9" * 40, 999_999_999.0)],
)
async def test_a_long_retry_after_is_handed_to_the_caller(
    open_http: OpenHttp, given: str, seconds: float
) -> None:
    asked = 0

    async def too_many(writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(head(429, Retry_After=given, Date="Sun, 22 Nov 2026 12:00:00 GMT", Content_Length="0"))

    async with raw_server(too_many) as address:
        with pytest.raises(ProviderUnavailable) as caught:
            await open_http(address).get_json("x")
    assert caught.value.retry_after == seconds
    assert asked == 1


async def test_what_listenbrainz_says_instead_of_retry_after_counts_too(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    headers = {"X-RateLimit-Reset-In": "600", "X-RateLimit-Remaining": "0"}
    httpserver.expect_request("/x").respond_with_data("", status=429, headers=headers)
    with pytest.raises(ProviderUnavailable) as caught:
        await open_http(httpserver.url_for("/")).get_json("x")
    assert caught.value.retry_after == 600
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("given", ["soon", "-1", "", "٣", "1.5"])
async def test_an_unreadable_retry_after_counts_as_none(
    open_http: OpenHttp, httpserver: HTTPServer, given: str
) -> None:
    httpserver.expect_request("/x").respond_with_data(
        "", status=503, headers={"Retry-After": given.encode().decode("latin-1")}
    )
    with pytest.raises(ProviderUnavailable) as caught:
        await open_http(httpserver.url_for("/")).get_json("x")
    assert caught.value.retry_after is None


async def test_concurrent_callers_share_one_pace(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    loop = asyncio.get_running_loop()
    httpserver.expect_request("/x").respond_with_data("[]")
    http = open_http(httpserver.url_for("/"), requests_per_second=20.0, timeout=5.0)
    begun = loop.time()
    await asyncio.gather(*(http.get_json("x") for _ in range(5)))
    # Four pauses of 50 ms lie between five requests, however slow the machine is.
    assert loop.time() - begun >= 0.2


async def test_waiting_for_ones_turn_does_not_use_up_the_timeout(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/x").respond_with_data("[]")
    http = open_http(httpserver.url_for("/"), requests_per_second=2.5, timeout=1.0, attempts=1)
    assert await asyncio.gather(*(http.get_json("x") for _ in range(4))) == [[]] * 4
