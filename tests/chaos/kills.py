"""kill -9 at moments drawn from a seed: at work, while starting, in the middle of a migration."""

import asyncio
import contextlib
import subprocess
import sys
from random import Random

from tests.chaos.brainarr import ROOT
from tests.chaos.invariants import Scene
from tests.chaos.scene import callers_of, calling, end, look, scene_of
from tests.chaos.table import Row
from tests.chaos.topology import Shape

REVISIONS = ("0004", "0005", "0006")
"""From where a start migrates again; older ones would drop columns that promises stand in."""
LONGEST_WORK_S = 4.0
LONGEST_START_S = 3.0
CLEAN_END_EVERY = 20
CLEAN_WORK_S = 3.0
DEAREST = 23_000
"""Micro-dollars that one question may cost here: each start gets a budget for one and a half more."""


async def kill_at_random(shape: Shape, seed: int, times: int) -> Row:
    """`times` kills on one folder, each followed by a look at everything."""
    rng = Random(seed)
    row = Row("kill -9", shape.name, seed)
    with scene_of(shape, seed) as scene:
        callers = callers_of(scene, rng)
        row.add(await end(scene), "first start")
        async with calling(callers):
            for number in range(1, times + 1):
                moment = await _one_kill(scene, rng)
                row.times += 1
                row.figures[moment] = row.figures.get(moment, 0) + 1
                row.add(await look(scene), f"kill {number} ({moment})")
                if number % CLEAN_END_EVERY == 0 or number == times:
                    row.add(await _clean_round(scene), f"clean round after kill {number}")
        row.count(scene)
    return row


async def _one_kill(scene: Scene, rng: Random) -> str:
    """What it was doing."""
    grant(scene, DEAREST * 3 // 2)
    kind = rng.choices(("work", "start", "migration", "downgrade"), (70, 12, 12, 6))[0]
    if kind == "work":
        await _bring_up(scene)
        scene.world.pace_model(rng.choice((0.0, 0.02, 0.1)))
        await asyncio.sleep(rng.uniform(0.0, LONGEST_WORK_S))
        scene.brainarr.kill()
        return kind
    if kind == "downgrade":
        await asyncio.to_thread(_kill_downgrade, scene, rng)
    else:
        if kind == "migration":
            await asyncio.to_thread(scene.brainarr.call, "db", "downgrade", rng.choice(REVISIONS))
        scene.brainarr.start()
        await asyncio.sleep(rng.uniform(0.2, LONGEST_START_S))
        scene.brainarr.kill()
    # Whatever was left behind, the next start has to make good; it is looked at from there.
    await _bring_up(scene)
    scene.brainarr.kill()
    return kind


async def _bring_up(scene: Scene) -> None:
    scene.brainarr.start()
    scene.slowest_start = max(scene.slowest_start, await asyncio.to_thread(scene.brainarr.wait_until_up))


def _kill_downgrade(scene: Scene, rng: Random) -> None:
    command = [sys.executable, "-m", "brainarr", "db", "downgrade", rng.choice(REVISIONS)]
    process = subprocess.Popen(
        command,
        env=scene.brainarr.whole_environ,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(rng.uniform(0.3, 2.0))
    process.kill()
    process.wait()


async def _clean_round(scene: Scene) -> list[str]:
    """It comes up, works, and ends when it is asked to."""
    await _bring_up(scene)
    await asyncio.sleep(CLEAN_WORK_S)
    return await end(scene)


def grant(scene: Scene, more: int) -> None:
    """From the next start on the month may cost `more` than what is spent and kept aside by now."""
    (spent,) = scene.ground.rows("SELECT coalesce(sum(cost_microdollars), 0) FROM usage")[0]
    (aside,) = scene.ground.rows("SELECT coalesce(sum(microdollars), 0) FROM reservations")[0]
    scene.budget = max(scene.budget, int(spent) + int(aside) + more)
    scene.brainarr.environ |= monthly(scene.budget)


def monthly(microdollars: int) -> dict[str, str]:
    """The setting of a budget."""
    return {"BRAINARR__COSTS__MONTHLY_BUDGET": f"{microdollars / 1_000_000:.6f}"}
