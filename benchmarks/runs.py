"""A whole run, from Lidarr's library to stored recommendations, for libraries of three sizes.

    python -m benchmarks.runs [SIZE ...]        (default: 50 5000 50000)

Prints one JSON object. Lidarr and the catalogue (`benchmarks.worlds`) are sandboxes in a process of their
own, and without MusicBrainz's pace of one question a second: what is left is what Brainarr itself takes.
`first` is the run of a fresh installation, `again` the next one of the same process, which finds library,
neighbours and catalogue in its database. `peak_rss_mb` is of the whole process; `stall_ms` the longest
time that the event loop did not come round; `to_smallest` the processor time of a run by that of the
smallest library.
"""

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.stall import watching

SIZES = (50, 5_000, 50_000)
STRANGERS = 2_000
"""Artists of the world that the library does not hold."""
KEY = "the-key-of-lidarr"
HERE = (sys.executable, "-m", "benchmarks.runs")


async def stand_outside(size: int) -> None:
    """Lidarr and catalogue, until standard input ends."""
    from benchmarks.worlds import invented_world, owned_of
    from brainarr.sandbox.catalogue import create_catalogue
    from brainarr.sandbox.lidarr.app import create_lidarr
    from brainarr.sandbox.lidarr.holdings import Holdings
    from brainarr.sandbox.serve import serve

    world = invented_world(size + STRANGERS)
    holdings = Holdings(world, lambda: datetime(2026, 11, 25, tzinfo=UTC))
    holdings.populate(owned_of(world, size))
    async with serve(create_lidarr(holdings, KEY)) as lidarr, serve(create_catalogue(world)) as catalogue:
        print(json.dumps([lidarr, catalogue]), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def run_twice(folder: Path) -> dict[str, Any]:
    """In a process of its own; the environment says where Lidarr is."""
    import structlog

    from brainarr.service.execution import execute_run
    from brainarr.service.lists import DEFAULT_LIST
    from brainarr.service.runs import request_run
    from brainarr.wiring.build import open_house

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    async with open_house(folder, os.environ) as house:

        async def once() -> int:
            asked = await request_run(house.db, DEFAULT_LIST, trigger="cli", clock=house.clock)
            detail = await execute_run(house.runs, asked.id)
            assert detail.run.status == "done", detail.run.error
            return len(detail.recommendations)

        return {"first": await watched(once), "again": await watched(once)}


async def watched(work: Callable[[], Awaitable[int]]) -> dict[str, float]:
    with watching() as stall:
        began, cpu = time.perf_counter(), time.process_time()
        found = await work()
        seconds, worked = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(worked, 2),
        "stall_ms": round(stall.worst * 1_000, 1),
        "peak_rss_mb": round(peak),
        "recommendations": found,
    }


@contextlib.contextmanager
def outside_of(size: int) -> Iterator[dict[str, str]]:
    """Lidarr with `size` artists and a catalogue, in their own process; the variables that lead there."""
    with subprocess.Popen(
        [*HERE, "--outside", str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as outside:
        assert outside.stdin is not None and outside.stdout is not None
        lidarr, catalogue = json.loads(outside.stdout.readline())
        said = {
            "LIDARR__URL": lidarr,
            "LIDARR__API_KEY": KEY,
            "MUSICBRAINZ__BASE_URL": f"{catalogue}/ws/2",
            "LISTENBRAINZ__BASE_URL": f"{catalogue}/listenbrainz",
            "LISTENBRAINZ__LABS_URL": f"{catalogue}/labs",
            "DEEZER__BASE_URL": f"{catalogue}/deezer",
            "RECOMMEND__MINIMUM_CONFIDENCE_SCORE": "0",
        } | {
            f"{service}__REQUESTS_PER_SECOND": "1000" for service in ("MUSICBRAINZ", "LISTENBRAINZ", "DEEZER")
        }
        try:
            yield {f"BRAINARR__{key}": value for key, value in said.items()}
        finally:
            outside.stdin.close()


def measure(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, outside_of(size) as environ:
        done = subprocess.run(
            [*HERE, "--run", folder], env=os.environ | environ, stdout=subprocess.PIPE, check=True
        )
    return {"artists": size, **json.loads(done.stdout)}


def main(arguments: list[str]) -> None:
    match arguments:
        case ["--outside", size]:
            asyncio.run(stand_outside(int(size)))
            return
        case ["--run", folder]:
            print(json.dumps(asyncio.run(run_twice(Path(folder)))))
            return
    results = [measure(size) for size in map(int, arguments or SIZES)]
    for result in results:
        for which in ("first", "again"):
            smallest = results[0][which]["cpu_seconds"]
            result[which]["to_smallest"] = round(result[which]["cpu_seconds"] / smallest, 2)
    print(json.dumps({"benchmark": "runs", "results": results}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
