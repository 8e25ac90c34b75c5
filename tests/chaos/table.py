"""The table: what was done to Brainarr, how often, what was looked at, what was lost."""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.book import APPROVE, REJECT
from tests.chaos.invariants import Scene
from tests.chaos.topology import Shape


@dataclass
class Row:
    """One fault on one topology."""

    fault: str
    topology: str
    seed: int
    times: int = 0
    """How often the fault happened."""
    looks: int = 0
    """How often every invariant was checked."""
    losses: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, losses: Sequence[str], moment: str = "") -> None:
        """One look at everything."""
        self.looks += 1
        self.losses += [f"{moment}{': ' if moment else ''}{loss}" for loss in losses]

    def count(self, scene: Scene) -> None:
        """What went on meanwhile: a fault that hit nobody at work proves nothing."""
        self.figures |= dict(sorted(scene.book.counts.items()))
        self.figures["slowest start"] = round(scene.slowest_start, 1)
        outside = scene.world.state()
        self.figures |= {"billed": outside["billed"], "budget": scene.budget, "model asked": outside["asked"]}
        for table in ("runs", "recommendations"):
            rows = scene.ground.rows(f"SELECT status, count(*) FROM {table} GROUP BY status")
            self.figures[table] = dict(sorted(rows))


async def timed(
    unborn: Row, fault: Callable[[Shape, int, Any], Awaitable[Row]], shape: Shape, times: float
) -> Row:
    """Carries a fault through; one that cannot go on is a loss, noted in `unborn`."""
    began = time.monotonic()
    try:
        row = await fault(shape, unborn.seed, times)
    except AssertionError as error:
        row = unborn
        row.losses.append(f"it could not go on: {error}")
    row.seconds = round(time.monotonic() - began, 1)
    return row


def markdown(rows: Sequence[Row]) -> str:
    head = (
        "| fault | topology | times | looks at everything | losses | promises | seconds |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    lines = [
        f"| {row.fault} | {row.topology} | {row.times} | {row.looks} | {len(row.losses)} | "
        f"{_promises(row)} | {row.seconds:.0f} |"
        for row in rows
    ]
    lost = [f"- {row.fault}, {row.topology}, seed {row.seed}: {loss}" for row in rows for loss in row.losses]
    return head + "\n".join([*lines, "", *lost]).rstrip() + "\n"


def _promises(row: Row) -> int:
    return sum(row.figures.get(f"{verb} promised", 0) for verb in (APPROVE, REJECT))


def write(rows: Sequence[Row], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "chaos.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    (folder / "chaos.md").write_text(markdown(rows))
