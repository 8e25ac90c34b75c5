"""No room left in the middle of work: a small disk where root may mount one, else a limit on files."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psutil

from tests.chaos.invariants import Scene
from tests.chaos.scene import scene_of
from tests.chaos.table import Row
from tests.chaos.topology import Shape
from tests.chaos.wounds import Wound, hurt

SIZE_MB = 48


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    """A mounted one of `SIZE_MB`; None where it may not be mounted, as in a container without privileges."""
    folder = Path(tempfile.mkdtemp(prefix="brainarr-disk-", dir="/tmp"))
    size = ["-o", f"size={SIZE_MB}m"]
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    try:
        yield folder if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


async def _fill(scene: Scene, rng: Random) -> None:
    """All but a few pages; then room again."""
    filler = scene.ground.folder / "filler"
    spare = rng.choice((0, 4_096, 20_000, 200_000))
    with filler.open("wb") as file, contextlib.suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(scene.ground.folder).free - spare))
    await asyncio.sleep(rng.uniform(0.3, 3.0))
    filler.unlink()


async def _limit(scene: Scene, rng: Random) -> None:
    """No file of the server's may grow beyond what the largest has, and a little: EFBIG, not ENOSPC."""
    server = scene.brainarr.server
    # Its standard error is a file too; a log that cannot be written is another matter.
    files = [*scene.ground.folder.iterdir(), scene.brainarr.log]
    largest = max(path.stat().st_size for path in files if path.is_file())
    _, hard = server.rlimit(psutil.RLIMIT_FSIZE)
    server.rlimit(psutil.RLIMIT_FSIZE, (largest + rng.choice((0, 4_096, 40_000)), hard))
    await asyncio.sleep(rng.uniform(0.3, 3.0))
    server.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))


async def full_disk(shape: Shape, seed: int, times: int) -> Row:
    """The disk itself fills up; where none may be mounted, files meet a limit."""
    with small_disk() as disk:
        wounds: dict[str, Wound] = {"full": _fill} if disk else {"limited": _limit}
        folder = disk / "config" if disk else None
        with scene_of(shape, seed, folder=folder) as scene:
            row = await hurt(scene, Random(seed), Row("disk full", shape.name, seed), wounds, times)
            row.figures["by"] = "tmpfs" if disk else "RLIMIT_FSIZE"
            return row


async def files_limited(shape: Shape, seed: int, times: int) -> Row:
    """As `full_disk` where nothing may be mounted."""
    with scene_of(shape, seed) as scene:
        return await hurt(
            scene, Random(seed), Row("file size limited", shape.name, seed), {"limited": _limit}, times
        )
