"""What measuring costs: requests and runs with the meters, and with all of them taken out, as a ratio.

    python -m benchmarks.metrics

Prints one JSON object: microseconds for each call of a hook; requests and runs in milliseconds, `ratio` is
with ÷ without (1.0: free); what answering /metrics takes with so many rows in each table.
"""

import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from sqlalchemy import insert

from brainarr import metrics
from brainarr.domain.recommendation import Progress, Status, Verdict
from brainarr.service.execution import execute_run
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.runs import request_run
from brainarr.store import tables
from brainarr.wiring.build import House, open_house
from brainarr.wiring.serve import web_app
from tests.service.given import deps, result
from tests.store.given import House as StoredHouse
from tests.store.given import installed, mbid, recommended

ROWS = 100_000
REQUESTS = 2_000
RUNS = 80

STAGES = ("library", "profile", "candidates", "fuse", "verify", "rank", "score", "done")


class _Nothing:
    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, *_: object) -> None: ...

    def begun(self) -> None: ...

    def step(self, stage: str) -> None: ...

    def ended(self, outcome: str) -> None: ...


@contextmanager
def unmeasured() -> Iterator[None]:
    """As if there were no meters: every hook does nothing."""

    def nothing(*_: object, **__: object) -> _Nothing:
        return _Nothing()

    with ExitStack() as stack:
        for name in metrics.__all__:
            stack.enter_context(patch.object(metrics, name, nothing))
        stack.enter_context(patch("brainarr.tracing.span", lambda *_, **__: nullcontext()))
        yield


async def _seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def compared(work: Callable[[], Awaitable[object]], times: int) -> dict[str, float]:
    """Taken in turns, so that whatever else the machine does falls on both; medians."""
    measured: list[float] = []
    bare: list[float] = []
    for turn in range(times + times // 10):
        one = await _seconds(work)
        with unmeasured():
            other = await _seconds(work)
        if turn >= times // 10:
            measured.append(one)
            bare.append(other)
    with_, without = statistics.median(measured), statistics.median(bare)
    return {
        "with_ms": round(with_ * 1e3, 4),
        "without_ms": round(without * 1e3, 4),
        "ratio": round(with_ / without, 3),
    }


async def request(app: Any, path: str, key: str) -> bytes:
    """One request, straight into the app: no socket that would hide the difference."""
    body = b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal body
        body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"brainarr"), (b"x-api-key", key.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("brainarr", 80),
    }
    await app(scope, receive, send)
    return body


async def requests(house: House) -> dict[str, Any]:
    app = web_app(house)
    feed_key = (await read_list(house.db, house.installation.secrets, DEFAULT_LIST)).key
    return {
        "ping": await compared(lambda: request(app, "/ping", ""), REQUESTS),
        "feed": await compared(lambda: request(app, "/lists/default/artists", feed_key), REQUESTS // 5),
    }


async def runs(house: StoredHouse) -> dict[str, float]:
    """A run that does nothing but report its stages and store its findings: the dearest for the meters."""

    async def recommend(run: Any, library: Any, memory: Any, on_progress: Any) -> Any:
        for stage in STAGES:
            on_progress(Progress(stage))
        return result(recommended(1))

    async def run() -> None:
        asked = await request_run(house.db, DEFAULT_LIST, clock=house.clock)
        await execute_run(deps(house, recommend), asked.id)

    return await compared(run, RUNS)


def hooks() -> dict[str, float]:
    """Microseconds for each call."""

    def timed(call: Callable[[], object], times: int = 20_000) -> float:
        rounds = []
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(times):
                call()
            rounds.append((time.perf_counter() - began) / times * 1e6)
        return round(statistics.median(rounds), 2)

    def session() -> None:
        with metrics.database_session("read") as session:
            session.begun()

    def asked() -> None:
        with metrics.remote_request("musicbrainz"):
            pass

    return {
        "http_answered": timed(lambda: metrics.http_answered("GET", "/ping", 200, 0.001)),
        "database_session": timed(session),
        "remote_request": timed(asked),
        "feed_polled": timed(lambda: metrics.feed_polled("default", "artists", 3)),
        "cache_looked_up": timed(lambda: metrics.cache_looked_up("memory", "hit")),
    }


async def scrape(house: House, rows: int) -> dict[str, float]:
    """Answering /metrics: when the figures are read anew, and when they are a few seconds old."""
    await _fill(house, rows)
    cold: list[float] = []
    warm: list[float] = []
    body = b""
    for _ in range(3):
        app = web_app(house)
        for times in (cold, warm):
            began = time.perf_counter()
            body = await request(app, "/metrics", house.api_key)
            times.append(time.perf_counter() - began)
    assert b"brainarr_provider_tokens_total" in body
    return {
        "rows_of_each": rows,
        "read_anew_ms": round(min(cold) * 1e3, 1),
        "remembered_ms": round(min(warm) * 1e3, 1),
        "bytes": len(body),
    }


async def _fill(house: House, rows: int) -> None:
    now = house.clock()
    verdicts, states = list(Verdict), [status for status in Status if status is not Status.PENDING]
    run = {"list_id": 1, "status": "done", "dry_run": False, "trigger": "schedule"}
    run |= {"requested_at": now, "started_at": now, "finished_at": now}
    call = {"at": now, "provider": "cloud", "model": "gpt", "prompt_tokens": 9, "completion_tokens": 9}
    call |= {"cached_tokens": 0, "cost_microdollars": 9, "seconds": 1.0, "outcome": "ok", "local": False}
    report = {"name": "deezer", "kind": "deezer", "outcome": "ok", "detail": "", "candidates": 7}
    report |= {"prompt_tokens": 0, "completion_tokens": 0, "cost_microdollars": 0, "seconds": 1.0}
    found = {"list_id": 1, "artist": "x", "score": 0.5, "facts": recommended(1), "created_at": now}
    async with house.db.transaction() as connection:
        await connection.execute(insert(tables.runs), [run] * max(1, rows // 20))
        for table, made in (
            (
                tables.verdicts,
                lambda n: {
                    "artist": f"Artist {n}",
                    "verdict": str(verdicts[n % len(verdicts)]),
                    "detail": "so the book says",
                    "sources": ("deezer",),
                    "mbid": mbid(n),
                },
            ),
            (tables.usage, lambda n: call),
            (tables.provider_reports, lambda n: report),
            (
                tables.recommendations,
                lambda n: {**found, "status": str(states[n % len(states)]), "artist_mbid": mbid(n)},
            ),
        ):
            await connection.execute(insert(table), [{"run_id": 1, **made(n)} for n in range(rows)])


async def main() -> dict[str, Any]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    logging.disable(logging.CRITICAL)
    figures: dict[str, Any] = {"hook_us": hooks()}
    with tempfile.TemporaryDirectory() as folder:
        async with installed(Path(folder)) as stored:
            figures["run"] = await runs(stored)
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder), {}) as house:
            figures["request"] = await requests(house)
            figures["scrape"] = await scrape(house, ROWS)
    return figures


if __name__ == "__main__":
    json.dump(asyncio.run(main()), sys.stdout, indent=2)
    print()
