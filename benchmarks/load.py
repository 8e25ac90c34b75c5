"""A hundred callers at once over everything that is called: Lidarr's polls, pages, decisions, runs.

    python -m benchmarks.load [SECONDS [CALLERS]]        (default: 20 100)

Prints one JSON object, with SQLite and, where Debian's PostgreSQL is installed, with that. A real
`brainarr serve` in a process of its own, with a library of 200 artists and recommendations to decide on;
each caller asks, waits for the answer and asks again at once. `errors` counts broken lines and every
answer that its route may not give here. `baseline` is `/ping` of the same server under as many callers:
what HTTP alone costs.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from benchmarks.ports import free_port
from benchmarks.runs import outside_of

ARTISTS = 200
MIX = (
    ("poll artists", 20),
    ("poll albums", 20),
    ("recommendations", 25),
    ("decide", 15),
    ("run", 10),
    ("runs", 5),
    ("ask for a run", 2),
    ("health", 3),
)
"""What is asked, and how often of a hundred."""
MAY = {"decide": {200, 409}, "ask for a run": {202}}
"""A decision that another caller has made the other way is a conflict, and no error."""


class Caller:
    """One of many; `taken` gets the milliseconds of each kind of question."""

    def __init__(self, client: httpx2.AsyncClient, feed_key: str, ids: list[int], rng: Random) -> None:
        self._client = client
        self._feed = {"X-Api-Key": feed_key}
        self._ids = ids
        self._rng = rng

    async def ask(self, kind: str) -> int:
        number = self._rng.choice(self._ids)
        match kind:
            case "ping":
                answer = await self._client.get("/ping")
            case "poll artists":
                answer = await self._client.get("/lists/default/artists", headers=self._feed)
            case "poll albums":
                answer = await self._client.get("/lists/default/api/v1/album", headers=self._feed)
            case "recommendations":
                page = self._rng.randint(1, 3)
                answer = await self._client.get(f"/api/v1/recommendations?page={page}&page_size=20")
            case "decide":
                verb = "approve" if number % 2 else "reject"
                answer = await self._client.post(f"/api/v1/recommendations/{number}/{verb}")
            case "run":
                answer = await self._client.get("/api/v1/runs/1")
            case "runs":
                answer = await self._client.get("/api/v1/runs?page_size=20")
            case "ask for a run":
                answer = await self._client.post("/api/v1/runs", json={})
            case _:
                answer = await self._client.get("/api/v1/health")
        return answer.status_code


async def load(
    callers: list[Caller], seconds: float, choose: Callable[[Random], str]
) -> tuple[dict[str, list[float]], Counter[str], float]:
    """Milliseconds by kind, errors by what they were, and the seconds it took."""
    taken: dict[str, list[float]] = {}
    errors: Counter[str] = Counter()
    until = time.perf_counter() + seconds

    async def call(caller: Caller, rng: Random) -> None:
        while (began := time.perf_counter()) < until:
            kind = choose(rng)
            try:
                status = await caller.ask(kind)
            except httpx2.HTTPError as error:
                errors[f"{kind}: {type(error).__name__}"] += 1
                continue
            taken.setdefault(kind, []).append(1_000 * (time.perf_counter() - began))
            if status not in MAY.get(kind, {200}):
                errors[f"{kind}: {status}"] += 1

    began = time.perf_counter()
    await asyncio.gather(*(call(caller, Random(place)) for place, caller in enumerate(callers)))
    return taken, errors, time.perf_counter() - began


def figures(taken: Mapping[str, list[float]], errors: Counter[str], seconds: float) -> dict[str, Any]:
    every = sorted(itertools.chain.from_iterable(taken.values()))
    return {
        "requests": len(every),
        "per_second": round(len(every) / seconds, 1),
        "ms": _quantiles(every),
        "errors": sum(errors.values()),
        **({"what": dict(errors)} if errors else {}),
    }


def _quantiles(taken: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else taken * 99
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}


async def under_load(address: str, api_key: str, seconds: float, count: int) -> dict[str, Any]:
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx2.AsyncClient(
        base_url=address, headers={"X-Api-Key": api_key}, limits=limits, timeout=60, trust_env=False
    ) as client:
        feed_key = (await client.get("/api/v1/lists")).json()[0]["key"]
        await client.post("/api/v1/runs", json={"max_recommendations": 50, "target": "mixed"})
        for _ in range(600):
            if (await client.get("/api/v1/runs/1")).json()["status"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.2)
        rows = (await client.get("/api/v1/recommendations?page_size=500")).json()
        ids = [row["id"] for row in rows]
        callers = [Caller(client, feed_key, ids, Random(place)) for place in range(count)]
        names, weights = zip(*MIX, strict=True)
        bare = figures(*await load(callers, seconds / 4, lambda rng: "ping"))
        taken, errors, lasted = await load(callers, seconds, lambda rng: rng.choices(names, weights)[0])
    mixed = figures(taken, errors, lasted)
    return {
        "recommendations": len(ids),
        "mixed": mixed,
        "by_kind_ms": {kind: _quantiles(sorted(taken[kind])) for kind in names if kind in taken},
        "baseline": bare,
        "throughput_to_baseline": round(mixed["per_second"] / bare["per_second"], 3),
    }


def measure(seconds: float, count: int, database: Mapping[str, str]) -> dict[str, Any]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, outside_of(ARTISTS) as environ:
        whole = {**os.environ, **environ, **database}
        whole |= {"BRAINARR_CONFIG": folder, "BRAINARR__SERVER__PORT": str(port)}
        # Its callers have one key.
        whole["BRAINARR__SERVER__REQUESTS_PER_MINUTE"] = "0"
        here = [sys.executable, "-m", "brainarr"]
        with subprocess.Popen([*here, "serve"], env=whole, stderr=subprocess.DEVNULL) as server:
            try:
                _wait_until_up(port)
                key = subprocess.run(
                    [*here, "api-key"], env=whole, capture_output=True, text=True, check=True
                )
                address = f"http://127.0.0.1:{port}"
                return asyncio.run(under_load(address, key.stdout.strip(), seconds, count))
            finally:
                server.terminate()


def _wait_until_up(port: int) -> None:
    with httpx2.Client(trust_env=False) as client:
        for _ in range(1_200):
            try:
                if client.get(f"http://127.0.0.1:{port}/ping").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.05)
    raise SystemExit("the server did not answer within a minute")


def main(arguments: list[str]) -> None:
    seconds = float(arguments[0]) if arguments else 20.0
    count = int(arguments[1]) if len(arguments) > 1 else 100
    results = {"sqlite": measure(seconds, count, {})}
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        # The tests' own server, thrown away afterwards.
        from tests.servers import postgres_server

        with postgres_server() as server:
            url = server.url(server.new_database())
            results["postgres"] = measure(seconds, count, {"BRAINARR__DATABASE__URL": url})
    print(
        json.dumps({"benchmark": "load", "seconds": seconds, "callers": count, "results": results}, indent=2)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
