"""Setting a scene: servers, the world outside, a first start, Lidarr's two lists; and looking at it."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from types import MappingProxyType

import httpx2

from tests.chaos import invariants
from tests.chaos.book import Book
from tests.chaos.brainarr import SERVE, Brainarr
from tests.chaos.callers import Callers
from tests.chaos.invariants import Scene
from tests.chaos.topology import Shape, ground
from tests.chaos.world import outside


@contextlib.contextmanager
def scene_of(
    shape: Shape,
    seed: int,
    *,
    serve: Sequence[str] = SERVE,
    folder: Path | None = None,
    further: Mapping[str, str] = MappingProxyType({}),
    owned: int = 60,
) -> Iterator[Scene]:
    """A Brainarr that was started once, and is up. `further`: variables of its environment.

    `folder` is made where it is not given; its log lies beside it.
    """
    with tempfile.TemporaryDirectory(prefix="brainarr-chaos-", dir="/tmp") as made:
        place = folder or Path(made) / "config"
        place.mkdir(exist_ok=True)
        with ground(shape, place) as stood, outside(seed, owned=owned) as world:
            brainarr = Brainarr(stood, {**world.environ(), **further}, serve=serve)
            scene = Scene(stood, world, brainarr, Book())
            brainarr.start()
            try:
                brainarr.wait_until_up()
                scene.api_key = brainarr.call("api-key")
                scene.feed_key = _feed_key(scene)
                world.add_lists(brainarr.address, scene.feed_key)
                yield scene
            finally:
                if brainarr.running:
                    brainarr.kill()


def _feed_key(scene: Scene) -> str:
    headers = {"X-Api-Key": scene.api_key}
    lists = httpx2.get(f"{scene.brainarr.address}/api/v1/lists", headers=headers, trust_env=False)
    return lists.json()[0]["key"]


def callers_of(scene: Scene, rng: Random) -> Callers:
    return Callers(scene.brainarr.address, scene.api_key, scene.feed_key, scene.world, scene.book, rng)


@contextlib.asynccontextmanager
async def calling(callers: Callers) -> AsyncIterator[None]:
    """Everybody calls for as long as the context lasts."""
    task = asyncio.create_task(callers.call())
    try:
        yield
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
    # A mistake of the callers' own must not look like peace.
    if isinstance(ended, Exception):
        raise ended


async def look(scene: Scene) -> list[str]:
    """What is lost, while it runs or after a kill."""
    return await asyncio.to_thread(lambda: [loss for check in invariants.ALWAYS for loss in check(scene)])


async def settle(scene: Scene, seconds: float = 30) -> list[str]:
    """Waits until no run is open any more, and answers those that stay."""
    for _ in range(int(seconds / 0.2)):
        if not scene.ground.rows("SELECT id FROM runs WHERE status IN ('queued', 'running')"):
            return []
        await asyncio.sleep(0.2)
    rows = scene.ground.rows("SELECT id, status FROM runs WHERE status IN ('queued', 'running')")
    return [f"run {number} is still {status} after {seconds:g} s of peace" for number, status in rows]


async def end(scene: Scene) -> list[str]:
    """Stops it as a person would, and looks at everything."""
    losses = await asyncio.to_thread(scene.brainarr.stop)
    return losses + [loss for check in invariants.AFTER_A_CLEAN_END for loss in check(scene)]
