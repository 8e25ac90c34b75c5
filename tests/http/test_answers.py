"""What comes back is decoded within bounds, and what is no JSON is shown for what it is."""

import asyncio
import gzip

import msgspec
import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderUnavailable, UnreadableAnswer
from tests.http.conftest import OpenHttp
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback


class Station(msgspec.Struct):
    name: str


async def test_an_answer_is_read_into_the_shape_that_is_wanted(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/stations").respond_with_json([{"name": "FM4", "more": 1}])
    http = open_http(httpserver.url_for("/v1/"))
    assert await http.get_json("stations", shape=list[Station]) == [Station("FM4")]
    assert await http.get_json("/stations") == [{"name": "FM4", "more": 1}]


async def test_compressed_answers_and_a_byte_order_mark_are_no_obstacle(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    packed = gzip.compress(b'\xef\xbb\xbf{"name": "FM4"}')
    httpserver.expect_request("/").respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    assert await open_http(httpserver.url_for("/")).get_json("") == {"name": "FM4"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"  <!DOCTYPE html><title>Sign in</title>", "a web page came"),
        (b"", "an empty answer"),
        (b'[{"name": ', "not JSON"),
        (b'[{"name": NaN}]', "not JSON"),
        (b'{"name": "FM4"}', "unexpected shape"),
        (b"[" * 100_000, "unexpected shape"),
        (b'[{"name": "\xff"}]', "not JSON"),
    ],
)
async def test_what_is_no_such_json_is_an_unreadable_answer_with_an_excerpt(
    open_http: OpenHttp, httpserver: HTTPServer, body: bytes, said: str
) -> None:
    httpserver.expect_request("/stations").respond_with_data(body)
    with pytest.raises(UnreadableAnswer, match=said) as caught:
        await open_http(httpserver.url_for("/")).get_json("stations", shape=list[Station])
    assert caught.value.provider == "radio"
    assert len(caught.value.excerpt) <= 300
    assert caught.value.excerpt.startswith(body[:20].decode("utf-8", "replace").strip()[:5])


async def test_an_excerpt_shows_no_control_characters(open_http: OpenHttp, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"\x1b[31mred\nalert\x00" + b"!" * 1000)
    with pytest.raises(UnreadableAnswer) as caught:
        await open_http(httpserver.url_for("/")).get_json("")
    assert caught.value.excerpt.isprintable()
    assert caught.value.excerpt.startswith("[31mred alert")


async def test_a_body_beyond_the_limit_is_not_read_to_its_end(open_http: OpenHttp) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head(Content_Type="application/json") + b'["')
        while sent < 2**31:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with raw_server(endless) as address:
        with pytest.raises(UnreadableAnswer, match="larger than 1 MiB"):
            await open_http(address, max_body=2**20).get_json("x")
    assert sent < 2**26


async def test_a_small_body_that_unpacks_into_a_huge_one_is_stopped(
    open_http: OpenHttp, httpserver: HTTPServer
) -> None:
    bomb = gzip.compress(b" " * 2**26)
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UnreadableAnswer, match="larger than 1 MiB"):
        await open_http(httpserver.url_for("/"), max_body=2**20).get_json("")


@pytest.mark.parametrize(
    "answer",
    [
        head(Content_Length="1000") + b'[{"name": "FM4"}',
        head(Transfer_Encoding="chunked") + b'5\r\n[{"na',
        head(Content_Encoding="gzip", Content_Length="5") + b"nogzi",
    ],
    ids=["shorter than announced", "in the middle of a chunk", "no gzip"],
)
async def test_a_body_that_breaks_off_or_cannot_be_unpacked_is_unreadable(
    open_http: OpenHttp, answer: bytes
) -> None:
    async with raw_server(answer) as address:
        http = open_http(address)
        with pytest.raises(UnreadableAnswer):
            await http.get_json("x")
        async with http.stream("x") as pieces:
            with pytest.raises(UnreadableAnswer):
                _ = [piece async for piece in pieces]


async def test_a_stream_gives_the_bytes_as_they_come_without_a_limit(open_http: OpenHttp) -> None:
    release = asyncio.Event()

    async def two_halves(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="4000000") + b"a" * 2_000_000)
        await writer.drain()
        await release.wait()
        writer.write(b"b" * 2_000_000)

    async with raw_server(two_halves) as address:
        got = 0
        async with open_http(address, max_body=1000).stream("x") as pieces:
            async for piece in pieces:
                got += len(piece)
                if got == 2_000_000:
                    release.set()
        assert got == 4_000_000


async def test_a_stream_that_is_left_early_closes_its_connection(open_http: OpenHttp) -> None:
    hung_up = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            hung_up.set()

    async with raw_server(endless) as address:
        async with open_http(address).stream("x") as pieces:
            async for _ in pieces:
                break
        async with asyncio.timeout(5):
            await hung_up.wait()


async def test_silence_in_the_middle_of_a_stream_ends_it(open_http: OpenHttp) -> None:
    async def falls_asleep(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="100") + b"[1, ")
        await writer.drain()
        await asyncio.sleep(60)

    async with raw_server(falls_asleep) as address, open_http(address, timeout=0.2).stream("x") as pieces:
        with pytest.raises(ProviderUnavailable, match=r"fell silent for 0\.2 s"):
            _ = [piece async for piece in pieces]


async def test_a_drip_of_bytes_does_not_outlast_the_timeout_of_a_call(open_http: OpenHttp) -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="1000"))
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw_server(drips) as address:
        with pytest.raises(ProviderUnavailable, match=r"no answer within 0\.3 s"):
            await open_http(address, timeout=0.3, attempts=1).get_json("x")
