"""Whoever sends too much, too deep or too slowly, in either direction, costs little and is told so."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from pytest_httpserver import HTTPServer

from brainarr.errors import UnreadableAnswer
from brainarr.http import Http
from brainarr.web import connection, envelope
from brainarr.web.connection import PatientConnection
from tests.web.conftest import House
from tests.wire import head, raw_server


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """The app behind the server that `brainarr serve` uses; its port."""
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, lifespan="off", ws="none", http=PatientConnection
    )
    server = uvicorn.Server(config)
    server.capture_signals = _nothing  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


async def said(port: int, *words: bytes, pause: float = 0.0) -> bytes:
    """What the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()

    async def listen() -> None:
        while piece := await reader.read(1000):
            answer.extend(piece)

    listening = asyncio.create_task(listen())
    try:
        for word in words:
            if listening.done():
                break
            writer.write(word)
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            await listening
    except ConnectionError:
        pass
    finally:
        writer.close()
    return bytes(answer)


@pytest.mark.loopback
async def test_a_head_that_never_ends_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    async with serving(house.app()) as port:
        began = asyncio.get_running_loop().time()
        assert await said(port) == b""
        assert await said(port, b"GET /ping HTTP/1.1\r\n", *[b"X: y\r\n"] * 30, pause=0.05) == b""
        assert asyncio.get_running_loop().time() - began < 4
        # Whoever is quick is served, several times on one connection.
        fine = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert (await said(port, fine, fine, last, pause=0.15)).count(b'{"status":"OK"}') == 3


@pytest.mark.loopback
async def test_a_body_that_trickles_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(envelope, "BODY_S", 0.3)
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    opening = (
        b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"X-Api-Key: " + house.deps.api_key().encode() + b"\r\nContent-Length: 1000\r\n\r\n"
    )
    async with serving(house.app()) as port:
        answer = await said(port, opening, *[b" "] * 30, pause=0.05)
    assert b" 408 " in answer and b"urn:brainarr:problem:request-timeout" in answer


@pytest.mark.loopback
async def test_a_head_beyond_all_measure_is_refused(house: House):
    async with serving(house.app()) as port:
        for target in (
            b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"GET /ping HTTP/1.1\r\nX: " + b"y" * 100_000,
        ):
            assert b" 400 " in (await said(port, target))[:20]


@pytest.mark.parametrize("depth", [500, 30_000])
@pytest.mark.parametrize("body", ["[", '{"a":'])
async def test_json_of_any_depth_is_a_problem_document(api: httpx2.AsyncClient, body: str, depth: int):
    content = (body * depth)[: envelope.MAX_BODY]
    answer = await api.post("/api/v1/runs", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body", ['{"dry_run": NaN}', '{"max_recommendations": 1e999}', f'{{"list": {"9" * 5000}}}']
)
async def test_numbers_beyond_all_measure_are_a_problem_document(api: httpx2.AsyncClient, body: str):
    answer = await api.post("/api/v1/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """What happens within must never hold more than `size` bytes."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


def bomb(size: int) -> bytes:
    """Gzip that becomes `size` zeros."""
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeezed.compress(b"0" * 2**20) for _ in range(size >> 20)) + squeezed.flush()


@pytest.mark.loopback
@pytest.mark.parametrize("layers", [1, 2])
async def test_a_compressed_answer_is_given_up_where_the_limit_is(layers: int):
    """256 MiB of zeros, once in 260 kB and once in less than one."""
    content, coding = bomb(256 * 2**20), "gzip"
    if layers == 2:
        content, coding = gzip.compress(content), "gzip, gzip"

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, Content_Encoding=coding, Content_Length=str(len(content))) + content)

    async with raw_server(answer) as address:
        http = Http("radio", address, max_body=2**20, attempts=1)
        with at_most(16 * 2**20), pytest.raises(UnreadableAnswer, match="larger than 1 MiB"):
            await http.get_json("x")
        await http.aclose()


@pytest.mark.loopback
async def test_the_body_of_a_refusal_is_bounded_too(httpserver: HTTPServer):
    httpserver.expect_request("/x").respond_with_data(
        bomb(64 * 2**20), status=400, headers={"Content-Encoding": "gzip"}
    )
    http = Http("radio", httpserver.url_for("/"), attempts=1)
    with at_most(16 * 2**20), pytest.raises(Exception, match="answered 400"):
        await http.get_json("x")
    await http.aclose()


@pytest.mark.loopback
async def test_an_answer_of_any_depth_is_unreadable(httpserver: HTTPServer):
    httpserver.expect_request("/x").respond_with_data("[" * 5_000_000)
    http = Http("radio", httpserver.url_for("/"), attempts=1)
    with pytest.raises(UnreadableAnswer):
        await http.get_json("x")
    await http.aclose()
