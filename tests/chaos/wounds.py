"""Faults that a running Brainarr has to live through: each hurts a while and is mended; all is looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random

from tests.chaos.invariants import Scene
from tests.chaos.scene import callers_of, calling, end, look, settle
from tests.chaos.table import Row

Wound = Callable[[Scene, Random], Awaitable[None]]
"""Hurts, lasts, and mends what it broke."""

WARM_UP_S = 40.0
"""At most, until a first run has found something to decide on."""
PEACE_S = (0.3, 1.5)
"""Between the mending and the next look; runs under way end in it, or go on."""


async def hurt(scene: Scene, rng: Random, row: Row, wounds: Mapping[str, Wound], times: int) -> Row:
    """`times` wounds, each drawn from `wounds`, while everybody calls; a clean end after the last."""
    async with calling(callers_of(scene, rng)):
        await _warm_up(scene)
        for number in range(1, times + 1):
            name = rng.choice(sorted(wounds))
            await wounds[name](scene, rng)
            row.times += 1
            row.figures[name] = row.figures.get(name, 0) + 1
            await asyncio.sleep(rng.uniform(*PEACE_S))
            row.add(await look(scene), f"{number} ({name})")
    row.add(await settle(scene), "afterwards")
    row.add(await end(scene), "clean end")
    row.count(scene)
    return row


async def _warm_up(scene: Scene) -> None:
    for _ in range(int(WARM_UP_S / 0.1)):
        if scene.book.counts["approve promised"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nothing was approved before the first fault")
