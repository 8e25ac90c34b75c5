"""The system's clock jumps, forward and back, under a server at work; sometimes it is killed right then."""

import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

from tests.chaos.invariants import Scene
from tests.chaos.kills import DEAREST, grant
from tests.chaos.scene import scene_of
from tests.chaos.table import Row
from tests.chaos.topology import Shape
from tests.chaos.wounds import Wound, hurt

SERVE = ("-m", "tests.chaos.clocked")
JUMPS_S = {
    "an hour forward": 3_600,
    "three hours forward": 10_800,
    "two days forward": 172_800,
    "an hour back": -3_600,
    "a day back": -86_400,
}
FARTHEST_S = 7 * 86_400


def _lie(clock: Path, by: float) -> None:
    lie = float(clock.read_text()) if clock.exists() else 0.0
    lie = lie + by if abs(lie + by) < FARTHEST_S else 0.0
    # In one step: the server may read it at any moment.
    fresh = clock.with_suffix(".new")
    fresh.write_text(str(lie))
    fresh.replace(clock)


async def _jump(by: float, clock: Path, scene: Scene, rng: Random) -> None:
    _lie(clock, by)
    await asyncio.sleep(rng.uniform(0.3, 2.0))


async def _jump_and_die(by: float, clock: Path, scene: Scene, rng: Random) -> None:
    """What a killed process had kept aside is all that tells of a question that was billed."""
    scene.brainarr.kill()
    await _jump(by, clock, scene, rng)
    # What stands there by now is all it may cost: two more questions, and everything before is to be known.
    grant(scene, 2 * DEAREST)
    scene.brainarr.start()
    await asyncio.to_thread(scene.brainarr.wait_until_up)
    await asyncio.sleep(2.5)


async def clock_jumps(shape: Shape, seed: int, times: int) -> Row:
    """Nothing is promised by the clock but what months and lifetimes say."""
    with tempfile.TemporaryDirectory(prefix="brainarr-chaos-clock-", dir="/tmp") as folder:
        clock = Path(folder) / "lie"
        _lie(clock, 0)
        wounds: dict[str, Wound] = {name: partial(_jump, by, clock) for name, by in JUMPS_S.items()}
        wounds |= {f"killed, {name}": partial(_jump_and_die, by, clock) for name, by in JUMPS_S.items()}
        lies = {"CHAOS_CLOCK": str(clock), "CHAOS_STARTED": str(time.monotonic())}
        with scene_of(shape, seed, serve=SERVE, further=lies) as scene:
            return await hurt(scene, Random(seed), Row("clock jumps", shape.name, seed), wounds, times)
