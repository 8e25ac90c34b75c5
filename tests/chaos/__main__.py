"""All faults in full, on every topology that they concern; the table goes to build/chaos.md and .json.

    python -m tests.chaos [--seed N] [--kills N] [--times N] [--soak MINUTES] [--shape NAME] [--fault NAME]

Exit code 1 when anything was lost. A loss names its moment and the seed that leads there again.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from tests.chaos.clock_jumps import clock_jumps
from tests.chaos.full_disk import files_limited, full_disk
from tests.chaos.kills import kill_at_random
from tests.chaos.outages import lidarr_flapping, model_resets, postgres_restarted, redis_away
from tests.chaos.soak import soak
from tests.chaos.table import Row, markdown, timed, write
from tests.chaos.topology import SHAPES, SQLITE, Shape

BUILD = Path(__file__).parents[2] / "build"
Fault = Callable[[Shape, int, int], Awaitable[Row]]

FAULTS: dict[str, tuple[Fault, Callable[[Shape], bool]]] = {
    "kills": (kill_at_random, lambda shape: True),
    "lidarr": (lidarr_flapping, lambda shape: True),
    "model": (model_resets, lambda shape: True),
    "postgres": (postgres_restarted, lambda shape: shape.postgres),
    "redis": (redis_away, lambda shape: shape.redis),
    "disk": (full_disk, lambda shape: shape is SQLITE),
    "files": (files_limited, lambda shape: shape is SQLITE),
    # Workers of their own have the system's clock.
    "clock": (clock_jumps, lambda shape: not shape.workers),
    "soak": (soak, lambda shape: True),
}
"""Each with the topologies that it concerns."""


async def run(wanted: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    for shape in SHAPES:
        for name, (fault, concerns) in FAULTS.items():
            if shape.name not in wanted.shape or name not in wanted.fault or not concerns(shape):
                continue
            times = {"kills": wanted.kills, "soak": wanted.soak}.get(name, wanted.times)
            print(f"{name} on {shape.name}, seed {wanted.seed}, {times:g}", file=sys.stderr, flush=True)
            rows.append(await timed(Row(name, shape.name, wanted.seed), fault, shape, times))
            print(json.dumps(asdict(rows[-1])), file=sys.stderr, flush=True)
            # After each: an hour's work must not be lost to its last minute.
            write(rows, BUILD)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="on each topology")
    parser.add_argument("--times", type=int, default=30, help="of each other fault")
    parser.add_argument("--soak", type=float, default=10, help="minutes")
    shapes = [shape.name for shape in SHAPES]
    parser.add_argument("--shape", nargs="+", default=shapes, choices=shapes)
    parser.add_argument("--fault", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    rows = asyncio.run(run(parser.parse_args()))
    print(markdown(rows))
    return 1 if any(row.losses for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
