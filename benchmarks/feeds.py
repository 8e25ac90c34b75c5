"""How many polls of a feed a second, against a bare FastAPI route with the same payload and server flags.

    python -m benchmarks.feeds [ROUNDS]        (default: 20; half a second or more for each server and feed)

Prints one JSON object. Both servers are processes of their own; this one is a hundred callers that keep their
connections. The servers take turns, so that whatever else the machine does slows down both; `ratio` is the
median of the rounds' ratios of polls a second, `cpu_ratio` that of the processor time one poll takes, which a
busy machine disturbs less. The bare route sends ready-made bytes: it encodes nothing, asks nothing, logs
nothing.
"""

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import uvicorn
from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from brainarr import log
from brainarr.domain.deliveries import CYCLE
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Status
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.runs import request_run
from brainarr.store import lists, recommendations
from brainarr.wiring.build import House, open_house
from brainarr.wiring.serve import web_app

CALLERS = 100
SECONDS = 0.5
ARTISTS, ALBUMS = f"/lists/{DEFAULT_LIST}/artists", f"/lists/{DEFAULT_LIST}/api/v1/album"


def recommended(number: int, *, album: bool) -> Recommendation:
    mbid = Mbid(f"{number:08x}-0000-4000-8000-{number:012x}")
    return Recommendation(
        artist=f"Artist {number}",
        artist_mbid=mbid,
        album=f"Album {number}" if album else None,
        release_group_mbid=mbid if album else None,
        year=2001,
        genres=("dream pop",),
        score=0.75,
        parts=Parts(0.5, 0.75, 1.0, 0.25),
        confidence=0.6,
        evidence=Evidence(seeds=("Slowdive",), sources=("listenbrainz",), shared_genres=("dream pop",)),
        voices=(),
        reason="Near Slowdive.",
    )


async def fill(house: House) -> str:
    """A full feed of artists and one of albums; the key of both."""
    asked = await request_run(house.db, DEFAULT_LIST, clock=house.clock)
    found = [recommended(number, album=number > CYCLE) for number in range(1, 2 * CYCLE + 1)]
    async with house.db.transaction() as connection:
        stored = await lists.list_named(connection, DEFAULT_LIST)
        assert stored is not None
        await recommendations.insert_recommendations(
            connection, asked.id, stored.id, found, Status.APPROVED, house.clock()
        )
    return (await read_list(house.db, house.installation.secrets, DEFAULT_LIST)).key


def bare(payloads: dict[str, bytes]) -> FastAPI:
    """Nothing but the routes."""

    def constant(payload: bytes) -> Callable[[], Awaitable[Response]]:
        async def answer() -> Response:
            return Response(payload, media_type="application/json")

        return answer

    app = FastAPI()
    for path, payload in payloads.items():
        app.add_api_route(path, constant(payload))
    return app


async def serve(app: ASGIApp, port: int) -> None:
    """With the flags of `brainarr serve`, until the process is ended."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        backlog=2048,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
    )
    await uvicorn.Server(config).serve()


async def serve_brainarr(folder: Path, port: int) -> None:
    log.configure("info")
    async with open_house(folder, {}) as house:
        await serve(web_app(house), port)


class Caller(asyncio.Protocol):
    """Asks for the same thing over and over on one connection; `taken` are seconds for each answer."""

    def __init__(self, request: bytes) -> None:
        self.taken: list[float] = []
        self.body = b""
        self.begun = asyncio.Event()
        self.over = asyncio.get_running_loop().create_future()
        self.stopping = False
        self._request = request
        self._read = b""
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        self.taken.append(time.perf_counter() - self._asked)
        self.body, self._read = body, b""
        self.begun.set()
        if self.stopping:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result(None)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)


class Server(NamedTuple):
    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return times.user + times.system


class Round(NamedTuple):
    per_second: float
    cpu: float
    """Seconds of the server's processor for one poll."""
    taken: list[float]
    body: bytes


async def poll(server: Server, path: str, key: str) -> Round:
    """All callers at once, for a while."""
    host = f"127.0.0.1:{server.port}"
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", f"X-Api-Key: {key}"]
    request = "\r\n".join([*lines, "", ""]).encode()
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Caller(request), "127.0.0.1", server.port))[1]
        for _ in range(CALLERS)
    ]
    # The first answers, which connecting delayed, do not count.
    await asyncio.gather(*(caller.begun.wait() for caller in made))
    for caller in made:
        caller.taken.clear()
    began, used = time.perf_counter(), server.cpu()
    taken: list[float] = []
    # On a machine that does other things too, half a second may be nothing at all.
    while len(taken) < 2 * CALLERS:
        await asyncio.sleep(SECONDS)
        taken = [one for caller in made for one in caller.taken]
    passed, spent = time.perf_counter() - began, server.cpu() - used
    for caller in made:
        caller.stopping = True
    await asyncio.gather(*(caller.over for caller in made))
    return Round(len(taken) / passed, spent / len(taken), taken, made[0].body)


async def measure(rounds: int, folder: Path) -> dict[str, object]:
    async with open_house(folder, {}) as house:
        key = await fill(house)
    with serving("brainarr", str(folder)) as ours:
        payloads = {path: (await poll(ours, path, key)).body for path in (ARTISTS, ALBUMS)}
        texts = json.dumps({path: payload.decode() for path, payload in payloads.items()})
        with serving("bare", texts) as others:
            measured = {
                name: await compare(ours, others, path, key, rounds)
                for name, path in (("artists", ARTISTS), ("albums", ALBUMS))
            }
    return {"benchmark": "feeds", "callers": CALLERS, "rounds": rounds, "seconds": SECONDS, **measured}


async def compare(ours: Server, others: Server, path: str, key: str, rounds: int) -> dict[str, object]:
    pairs = [(await poll(others, path, key), await poll(ours, path, key)) for _ in range(rounds)]
    return {
        "bytes": len(pairs[0][0].body),
        "bare_per_second": round(statistics.median(bare.per_second for bare, _ in pairs)),
        "feed_per_second": round(statistics.median(feed.per_second for _, feed in pairs)),
        "ratio": round(statistics.median(feed.per_second / bare.per_second for bare, feed in pairs), 3),
        "bare_cpu_us": round(statistics.median(bare.cpu for bare, _ in pairs) * 1e6),
        "feed_cpu_us": round(statistics.median(feed.cpu for _, feed in pairs) * 1e6),
        "cpu_ratio": round(statistics.median(bare.cpu / feed.cpu for bare, feed in pairs), 3),
        "bare_ms": percentiles([one for bare, _ in pairs for one in bare.taken]),
        "feed_ms": percentiles([one for _, feed in pairs for one in feed.taken]),
    }


def percentiles(taken: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100)
    return {f"p{share}": round(cuts[share - 1] * 1_000, 2) for share in (50, 95, 99)}


@contextmanager
def serving(sort: str, what: str) -> Iterator[Server]:
    """A server in a process of its own, its log thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.feeds", sort, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(what)
            process.stdin.close()
            wait_for(port)
            yield Server(port, psutil.Process(process.pid))
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"no server on port {port}")


def main(arguments: list[str]) -> None:
    match arguments:
        case ["brainarr", port]:
            asyncio.run(serve_brainarr(Path(sys.stdin.read()), int(port)))
        case ["bare", port]:
            texts: dict[str, str] = json.load(sys.stdin)
            asyncio.run(serve(bare({path: text.encode() for path, text in texts.items()}), int(port)))
        case _:
            log.configure("warning")
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps(asyncio.run(measure(int(*arguments or [20]), Path(folder))), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
