"""Every refusal is an error whose class says who must act, with a remedy and without secrets."""

import socket
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Redirected,
    UnreadableAnswer,
)
from tests.http.conftest import OpenHttp
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRejected),
        (401, ProviderRejected),
        (403, ProviderRejected),
        (404, MissingResource),
        (405, ProviderRejected),
        (408, ProviderUnavailable),
        (429, ProviderUnavailable),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (301, Redirected),
        (304, Redirected),
    ],
)
async def test_each_status_is_the_error_of_whoever_must_act(
    open_http: OpenHttp, httpserver: HTTPServer, status: int, error: type[ProviderError]
) -> None:
    httpserver.expect_request("/stations").respond_with_data("", status=status)
    http = open_http(httpserver.url_for("/"), attempts=1)
    with pytest.raises(error, match=f"GET /stations answered {status}"):
        await http.get_json("stations")
    with pytest.raises(error):
        async with http.stream("stations"):
            pass


async def test_what_the_service_says_is_passed_on_and_its_json_kept_for_the_adapter(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    body = {"message": "The name is\ntaken. apikey=hunter2hunter2", "code": 7}
    httpserver.expect_request("/stations").respond_with_json(body, status=400)
    with pytest.raises(ProviderRejected, match=r"answered 400: The name is taken") as caught:
        await open_http(httpserver.url_for("/")).post_json("stations", {"name": "FM4"})
    assert caught.value.body == body
    assert caught.value.status == 400
    assert "hunter2" not in str(caught.value)


async def test_a_refused_key_is_neither_shown_nor_echoed(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/stations").respond_with_json({"message": "bad key s3cr3t"}, status=401)
    http = open_http(httpserver.url_for("/"), headers={"X-Api-Key": "s3cr3t"})
    with pytest.raises(ProviderRejected) as caught:
        await http.get_json("stations", {"apikey": "s3cr3t"})
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.remedy == "Check the key or token of radio in the settings."


async def test_an_address_is_shown_without_its_password(open_http: OpenHttp) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        http = open_http(f"http://ann:s3cr3t@127.0.0.1:{port}/v1?key=s3cr3t", attempts=1)
        with pytest.raises(ProviderUnavailable) as caught:
            await http.get_json("stations")
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.remedy == f"Is http://127.0.0.1:{port}/v1 running and reachable?"


@pytest.mark.parametrize("address", ["radio.example", "ftp://127.0.0.1/", "http://"])
async def test_an_unusable_address_is_for_the_user_to_correct(open_http: OpenHttp, address: str) -> None:
    with pytest.raises(ProviderRejected, match="not a usable address"):
        await open_http(address).get_json("stations")


async def test_an_untrusted_certificate_says_how_to_go_on(
    open_http: OpenHttp, httpserver: HTTPServer, https_address: str
) -> None:
    with pytest.raises(ProviderRejected, match="certificate") as caught:
        await open_http(https_address).get_json("stations")
    assert "verify_tls" in caught.value.remedy
    assert await open_http(https_address, verify=False).get_json("stations") == []


async def test_something_that_does_not_speak_http_is_unavailable(open_http: OpenHttp) -> None:
    async with raw_server(b"220 mail.example ESMTP\r\n") as address:
        with pytest.raises(ProviderUnavailable):
            await open_http(address, attempts=1).get_json("stations")


async def test_a_redirect_is_not_followed_but_its_path_is_told(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    moved = {"Location": "/base/stations?apikey=s3cr3t"}
    httpserver.expect_request("/stations").respond_with_data("", status=307, headers=moved)
    with pytest.raises(Redirected, match="a redirect to /base/stations") as caught:
        await open_http(httpserver.url_for("/")).get_json("stations")
    assert caught.value.location == "/base/stations"
    assert "s3cr3t" not in str(caught.value)


async def test_a_redirect_within_the_host_is_followed_where_it_is_allowed(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/old").respond_with_data("", status=301, headers={"Location": "/new?fmt=json"})
    httpserver.expect_request("/new").respond_with_json({"id": "new"})
    http = open_http(httpserver.url_for("/"), follow_redirects_same_host=True)
    assert await http.get_json("old") == {"id": "new"}


async def test_a_redirect_to_another_host_or_without_end_is_not_followed(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/away").respond_with_data(
        "", status=302, headers={"Location": "http://localhost:1/x"}
    )
    httpserver.expect_request("/round").respond_with_data("", status=302, headers={"Location": "/round"})
    http = open_http(httpserver.url_for("/"), follow_redirects_same_host=True)
    for path in ("away", "round"):
        with pytest.raises(Redirected):
            await http.get_json(path)
    assert len(httpserver.log) == 1 + 4


@pytest.mark.parametrize("location", ["http://[bad", "http://x:99999999/", "", "\xff\xfe"])
async def test_a_redirect_to_nowhere_is_an_error_of_ours(open_http: OpenHttp, location: str) -> None:
    async with raw_server(head(301, Location=location, Content_Length="0")) as address:
        with pytest.raises(ProviderError):
            await open_http(address, attempts=1).get_json("stations")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 70_000, b"<html>", b"[1, 2]", b'{"message": 7}'])
async def test_an_odd_error_body_does_not_hide_the_refusal(
    open_http: OpenHttp, httpserver: HTTPServer, body: bytes
) -> None:
    httpserver.expect_request("/stations").respond_with_data(body, status=400)
    with pytest.raises(ProviderRejected, match=r"answered 400\.$"):
        await open_http(httpserver.url_for("/")).get_json("stations")


async def test_an_empty_answer_to_a_change_is_none_and_to_a_question_unreadable(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/stations/1").respond_with_data("", status=200)
    http = open_http(httpserver.url_for("/"))
    assert await http.put_json("stations/1", {"name": "FM4"}) is None
    assert await http.post_json("stations/1", {}) is None
    await http.delete("stations/1")
    with pytest.raises(UnreadableAnswer, match="an empty answer"):
        await http.get_json("stations/1")


async def test_bodies_and_parameters_arrive_as_they_were_given(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    seen: list[tuple[str, Any, dict[str, list[str]]]] = []

    def note(request: Request) -> Response:
        seen.append((request.method, request.get_json(silent=True), request.args.to_dict(flat=False)))
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/v1/stations").respond_with_handler(note)
    http = open_http(httpserver.url_for("/v1"), headers={"User-Agent": "Test/1"})
    await http.get_json("stations", {"name": "Ö & +", "page": 1, "ids": ["1", "2"]})
    await http.put_json("stations", {"name": "Ö"})
    assert seen == [
        ("GET", None, {"name": ["Ö & +"], "page": ["1"], "ids": ["1", "2"]}),
        ("PUT", {"name": "Ö"}, {}),
    ]
    assert httpserver.log[0][0].headers["User-Agent"] == "Test/1"


async def test_a_key_with_a_line_break_is_for_the_user_to_correct(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    http = open_http(httpserver.url_for("/"), headers={"X-Api-Key": "a\r\nb"})
    with pytest.raises(ProviderRejected, match="characters that HTTP cannot carry"):
        await http.get_json("stations")


async def test_a_server_that_hangs_up_at_once_is_unavailable(open_http: OpenHttp) -> None:
    async with raw_server(b"") as address:
        with pytest.raises(ProviderUnavailable):
            await open_http(address, attempts=1).get_json("stations")
