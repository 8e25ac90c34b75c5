"""An answer that is written while it is read: each silence has its bound, and so has the whole."""

import asyncio

import pytest

from brainarr.errors import ProviderRejected, ProviderUnavailable, UnreadableAnswer
from tests.http.conftest import OpenHttp
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback

LONG = 30.0
SHORT = 0.1


async def said(
    open_http: OpenHttp, address: str, *, first: float = LONG, idle: float = LONG, **options: float
) -> bytes:
    http = open_http(address, timeout=options.pop("timeout", LONG), **options)
    async with http.post_stream("/chat", {}, first=first, idle=idle) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_an_answer_is_handed_on_piece_by_piece(open_http: OpenHttp) -> None:
    heard: asyncio.Event = asyncio.Event()

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + b"one ")
        await heard.wait()
        writer.write(b"two")

    async with (
        raw_server(speak) as address,
        open_http(address).post_stream("/chat", {}, first=LONG, idle=LONG) as pieces,
    ):
        assert await anext(pieces) == b"one "
        heard.set()
        assert await anext(pieces) == b"two"


async def test_a_server_that_never_begins_is_given_up(open_http: OpenHttp) -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(hang) as address:
        with pytest.raises(ProviderUnavailable, match=r"said nothing for 0\.1 s") as caught:
            await said(open_http, address, first=SHORT)
    assert caught.value.reached


async def test_a_head_alone_is_no_beginning(open_http: OpenHttp) -> None:
    async def only_promise(writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        await asyncio.Event().wait()

    async with raw_server(only_promise) as address:
        with pytest.raises(ProviderUnavailable, match="said nothing"):
            await said(open_http, address, first=SHORT)


async def test_a_server_that_hangs_in_the_middle_is_given_up(open_http: OpenHttp) -> None:
    async def stop(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + b"one")
        await asyncio.Event().wait()

    async with raw_server(stop) as address:
        with pytest.raises(ProviderUnavailable, match="in the middle of its answer"):
            await said(open_http, address, idle=SHORT)


async def test_endless_dribble_ends_with_the_whole_timeout(open_http: OpenHttp) -> None:
    async def dribble(writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_server(dribble) as address:
        with pytest.raises(ProviderUnavailable, match=r"no answer within 0\.3 s"):
            await said(open_http, address, timeout=0.3)


async def test_an_answer_without_end_is_cut_at_its_bound(open_http: OpenHttp) -> None:
    async with raw_server(head() + b"x" * 5_000) as address:
        with pytest.raises(UnreadableAnswer, match="larger than"):
            await said(open_http, address, max_body=1_000)


async def test_a_half_closed_connection_is_an_unreadable_answer(open_http: OpenHttp) -> None:
    async with raw_server(head(Content_Length="100") + b"one") as address:
        with pytest.raises(UnreadableAnswer, match="broke off"):
            await said(open_http, address)


async def test_a_refusal_comes_before_any_piece_and_is_not_repeated(open_http: OpenHttp) -> None:
    body = b'{"error": "no such model"}'
    async with raw_server(head(400, Content_Length=str(len(body))) + body) as address:
        with pytest.raises(ProviderRejected, match="no such model"):
            await said(open_http, address)


async def test_a_port_that_nobody_listens_on_was_not_reached(
    open_http: OpenHttp, unused_tcp_port: int
) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        await said(open_http, f"http://127.0.0.1:{unused_tcp_port}")
    assert not caught.value.reached
