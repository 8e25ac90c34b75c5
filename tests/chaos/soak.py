"""Hours in small: everybody calls without a pause, and nothing of the process may grow."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import psutil

from tests.chaos.callers import Callers
from tests.chaos.invariants import Scene
from tests.chaos.kills import DEAREST, monthly
from tests.chaos.scene import callers_of, calling, end, look, scene_of, settle
from tests.chaos.table import Row
from tests.chaos.topology import Shape

SAMPLE_S = 2.0
WARM_UP = 0.3
"""Share of the time that the allocator, the caches and the statements have to find their size."""
MOST_MB_PER_MINUTE = 1.0
GIVE = 4
"""Threads, files and connections that may be more at the second rest than at the first: pools breathe."""


@dataclass(frozen=True)
class Sample:
    """All processes of a Brainarr together, at one moment."""

    minute: float
    rss_mb: float
    threads: int
    files: int
    connections: int
    """To the database: sessions of PostgreSQL, open files of SQLite (which closes some of them late)."""


@dataclass(frozen=True)
class Slope:
    """A line through points by least squares, and how sure its steepness is (95 %)."""

    per_minute: float
    low: float
    high: float


def slope_of(points: Sequence[tuple[float, float]]) -> Slope:
    """Ordinary least squares with a normal interval; samples depend on each other, so it is a narrow one."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    steep = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - steep * (x - mean_x)) ** 2 for x, y in points)
    error = 1.96 * math.sqrt(rest / (count - 2) / spread)
    return Slope(round(steep, 3), round(steep - error, 3), round(steep + error, 3))


def sample(scene: Scene, began: float) -> Sample:
    alive = [process for process in scene.brainarr.processes if process.status() != psutil.STATUS_ZOMBIE]
    return Sample(
        (time.monotonic() - began) / 60,
        sum(process.memory_info().rss for process in alive) / 2**20,
        sum(process.num_threads() for process in alive),
        sum(process.num_fds() for process in alive),
        _connections(scene, alive),
    )


def _connections(scene: Scene, alive: Sequence[psutil.Process]) -> int:
    if scene.ground.postgres is not None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'brainarr'"
        return scene.ground.rows(query)[0][0]
    files = [file.path for process in alive for file in process.open_files()]
    return sum(path.endswith("brainarr.db") for path in files)


async def soak(shape: Shape, seed: int, minutes: float) -> Row:
    """`minutes` of mixed load and runs against one server; the row's figures are what it grew by."""
    row = Row("soak", shape.name, seed, times=1)
    with scene_of(shape, seed, further=monthly(30 * DEAREST)) as scene:
        scene.budget = 30 * DEAREST
        callers = callers_of(scene, Random(seed))
        first = await _at_rest(scene)
        await _load(scene, callers, WARM_UP * minutes)
        quiet = await _at_rest(scene)
        samples = await _load(scene, callers, (1 - WARM_UP) * minutes)
        row.add(await settle(scene), "afterwards")
        after = await _at_rest(scene)
        row.add(await look(scene), "afterwards")
        judge(row, samples, quiet, after)
        row.figures |= {"minutes": minutes, "rss at first, MB": round(first.rss_mb)}
        row.add(await end(scene), "clean end")
        row.figures["p99 of an answer, ms"] = round(
            1_000 * sorted(callers.latencies)[-len(callers.latencies) // 100]
        )
        row.count(scene)
    return row


async def _load(scene: Scene, callers: Callers, minutes: float) -> list[Sample]:
    samples: list[Sample] = []
    began = time.monotonic()
    async with calling(callers):
        while time.monotonic() < began + 60 * minutes:
            await asyncio.sleep(SAMPLE_S)
            samples.append(await asyncio.to_thread(sample, scene, began))
    return samples


async def _at_rest(scene: Scene) -> Sample:
    await asyncio.sleep(6)  # uvicorn closes idle connections after five seconds
    return await asyncio.to_thread(sample, scene, time.monotonic())


def judge(row: Row, samples: Sequence[Sample], quiet: Sample, after: Sample) -> None:
    """Growth, between two rests and under the load between them, is a loss like any other."""
    steep = slope_of([(one.minute, one.rss_mb) for one in samples])
    row.figures |= {
        "rss at rest, MB": [round(quiet.rss_mb), round(after.rss_mb)],
        "rss under load, MB": [round(samples[0].rss_mb), round(samples[-1].rss_mb)],
        "rss slope, MB/min": [steep.per_minute, steep.low, steep.high],
        "threads at rest": [quiet.threads, after.threads],
        "files at rest": [quiet.files, after.files],
        "database connections at rest": [quiet.connections, after.connections],
    }
    if steep.low > MOST_MB_PER_MINUTE:
        row.losses.append(f"memory grows by {steep.per_minute} MB a minute ({steep.low} to {steep.high})")
    for name in ("threads", "files", "connections"):
        before, now = getattr(quiet, name), getattr(after, name)
        if now > before + GIVE:
            row.losses.append(f"{name} at rest: {before} before, {now} afterwards")
