"""A run's progress on stderr: a live display where a person watches, one line for each stage elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display
from rich.text import Text

from brainarr.domain.recommendation import Progress

STAGES = {
    "library": "Reading the library",
    "profile": "Learning the taste",
    "albums": "Reading albums",
    "candidates": "Asking sources and models",
    "fuse": "Counting the voices",
    "verify": "Verifying in MusicBrainz",
    "rank": "Having models rank",
    "score": "Scoring and choosing",
    "word": "Having reasons worded",
    "done": "Done",
}


@contextmanager
def progress_on(err: Console, *, live: bool) -> Iterator[Callable[[Progress], None]]:
    """What to tell every step to. `live`: whether a person watches `err`."""
    if not live:
        yield _lines(err)
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}", markup=False, style="dim"),
    )
    with Display(*columns, console=err, transient=False, redirect_stdout=False) as display:
        yield _bars(display)


def _lines(err: Console) -> Callable[[Progress], None]:
    stage = ""

    def show(step: Progress) -> None:
        nonlocal stage
        if step.stage != stage:
            stage = step.stage
            detail = f": {step.detail}" if step.detail else ""
            err.print(Text(f"{_name(step)}{detail}"), soft_wrap=True)

    return show


def _bars(display: Display) -> Callable[[Progress], None]:
    """One bar for each stage; that a new one begins means that those before it are done."""
    bars = {}

    def show(step: Progress) -> None:
        for stage, bar in bars.items():
            if stage != step.stage and not display.tasks[bar].finished:
                total = display.tasks[bar].total or 1
                display.update(bar, total=total, completed=total, detail="")
        if step.stage == "done":
            return
        if step.stage not in bars:
            bars[step.stage] = display.add_task(_name(step), total=None, detail="", count="")
        display.update(
            bars[step.stage],
            total=step.total or None,
            completed=step.done,
            detail=step.detail[:40],
            count=f"{step.done}/{step.total}" if step.total else "",
        )

    return show


def _name(step: Progress) -> str:
    return STAGES.get(step.stage, step.stage)
