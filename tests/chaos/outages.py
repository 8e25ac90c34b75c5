"""Lidarr that comes and goes, a model behind a bad line, Redis and PostgreSQL that are restarted."""

import asyncio
import json
from functools import partial
from random import Random
from typing import Any

from tests.chaos.invariants import Scene
from tests.chaos.kills import DEAREST, monthly
from tests.chaos.line import Cut
from tests.chaos.scene import scene_of
from tests.chaos.table import Row
from tests.chaos.topology import Shape
from tests.chaos.wounds import Wound, hurt

HTML = "<html><body>502 Bad Gateway</body></html>"

# How Lidarr can answer wrongly; `path` "" means every request.
_LIDARR_SAYS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503, "headers": [["Retry-After", "1"]]},
    "a proxy's page with 200": {"status": 200, "body": HTML, "content_type": "text/html"},
    "JSON cut off": {"status": 200, "body": '[{"id": 1, "artistNa'},
    "JSON of another shape": {"status": 200, "body": json.dumps([{"id": "one", "artistName": None}])},
    "an empty library": {"status": 200, "body": "[]", "path": "/artist"},
    "401": {"status": 401},
    "half of each body": {"cut": True},
    "slowly": {"delay": 1.0},
}
_MODEL_SAYS: dict[str, dict[str, Any]] = {
    "529": {"status": 529, "body": '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'},
    "500": {"status": 500},
    "429": {"status": 429, "headers": [["Retry-After", "1"]]},
    "a proxy's page with 200": {"status": 200, "body": HTML, "content_type": "text/html"},
    "half of an answer": {"cut": True},
}
_CUTS = (Cut.REFUSE, Cut.HANG, Cut.RESET, Cut.HALF)


async def _cut(line: str, state: Cut, longest: float, scene: Scene, rng: Random) -> None:
    await asyncio.to_thread(scene.world.cut, line, state)
    await asyncio.sleep(rng.uniform(0.2, longest))
    await asyncio.to_thread(scene.world.mend)


async def _say(app: str, fault: dict[str, Any], longest: float, scene: Scene, rng: Random) -> None:
    await asyncio.to_thread(partial(scene.world.fault, app, **fault))
    await asyncio.sleep(rng.uniform(0.2, longest))
    await asyncio.to_thread(scene.world.mend)


def _wounds(line: str, says: dict[str, dict[str, Any]], longest: float) -> dict[str, Wound]:
    cuts: dict[str, Wound] = {f"line: {state}": partial(_cut, line, state, longest) for state in _CUTS}
    return cuts | {f"says: {name}": partial(_say, line, fault, longest) for name, fault in says.items()}


async def lidarr_flapping(shape: Shape, seed: int, times: int) -> Row:
    """Also the metadata and the neighbours: what a run asks goes wrong in turns."""
    wounds = _wounds("lidarr", _LIDARR_SAYS, 3.0)
    wounds |= {
        f"catalogue {name}": wound
        for name, wound in _wounds("catalogue", {"503": {"status": 503}}, 2.0).items()
    }
    with scene_of(shape, seed) as scene:
        return await hurt(scene, Random(seed), Row("Lidarr flapping", shape.name, seed), wounds, times)


async def model_resets(shape: Shape, seed: int, times: int) -> Row:
    """Whatever the line to the paid model does, the budget holds and the books know."""
    with scene_of(shape, seed, further=monthly(times * DEAREST)) as scene:
        scene.budget = times * DEAREST
        wounds = _wounds("paid", _MODEL_SAYS, 0.8)
        return await hurt(
            scene, Random(seed), Row("resets before the model", shape.name, seed), wounds, times
        )


async def _restart_postgres(mode: str, scene: Scene, rng: Random) -> None:
    server = scene.ground.postgres
    assert server is not None
    await asyncio.to_thread(server.stop, mode)
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await asyncio.to_thread(server.start)


async def postgres_restarted(shape: Shape, seed: int, times: int) -> Row:
    """In the middle of work: politely, and as by a power cut."""
    wounds: dict[str, Wound] = {mode: partial(_restart_postgres, mode) for mode in ("fast", "immediate")}
    with scene_of(shape, seed) as scene:
        return await hurt(scene, Random(seed), Row("PostgreSQL restarted", shape.name, seed), wounds, times)


async def _restart_redis(scene: Scene, rng: Random) -> None:
    server = scene.ground.redis
    assert server is not None
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await asyncio.to_thread(server.start)


async def _freeze_redis(scene: Scene, rng: Random) -> None:
    server = scene.ground.redis
    assert server is not None
    server.freeze()
    await asyncio.sleep(rng.uniform(0.2, 4.0))
    server.thaw()


async def _empty_redis(scene: Scene, rng: Random) -> None:
    server = scene.ground.redis
    assert server is not None
    await asyncio.to_thread(server.flush)


async def redis_away(shape: Shape, seed: int, times: int) -> Row:
    """Gone, frozen, or suddenly empty: nothing that counts is kept there."""
    wounds: dict[str, Wound] = {"restarted": _restart_redis, "frozen": _freeze_redis, "emptied": _empty_redis}
    with scene_of(shape, seed) as scene:
        return await hurt(scene, Random(seed), Row("Redis away", shape.name, seed), wounds, times)
