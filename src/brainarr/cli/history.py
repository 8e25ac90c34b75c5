"""brainarr history"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async

if TYPE_CHECKING:
    from brainarr.store.history import HistoryRow


def history(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print it all as JSON lines, oldest first.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write it all as CSV, oldest first.")
    ] = None,
) -> None:
    """Show what happened to recommendations: the last fifty events."""
    from rich.console import Console

    from brainarr.errors import StorageError
    from brainarr.service.exports import as_csv, as_json_lines
    from brainarr.service.history import every_event, read_history
    from brainarr.store.history import HistoryRow
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def show() -> None:
        async with open_house(folder, os.environ) as house:
            if csv is not None:
                try:
                    with csv.open("w", encoding="utf-8", newline="") as file:
                        async for line in as_csv(HistoryRow, every_event(house.db)):
                            file.write(line)
                except OSError as error:
                    raise StorageError(f"{csv} cannot be written: {error.strerror}.") from error
            elif json:
                async for line in as_json_lines(every_event(house.db)):
                    typer.echo(line, nl=False)
            else:
                page = await read_history(house.db)
                out = Console(highlight=False)
                for row in reversed(page.items):
                    out.print(_told(row), markup=False, soft_wrap=True)
                if not page.total:
                    out.print("Nothing has been recommended yet. Start a run: `brainarr run`.")
                elif page.total > len(page.items):
                    out.print(f"{page.total:,} events in all: --csv FILE or --json.", style="dim")

    run_async(show())


def _told(row: "HistoryRow") -> str:
    title = f"{row.artist} – {row.album}" if row.album else row.artist
    note = f": {row.note}" if row.note else ""
    return f"{row.at:%Y-%m-%d %H:%M}  {row.event:<9}  {title} ({row.actor}){note}"
