"""brainarr league"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async

if TYPE_CHECKING:
    from rich.console import RenderableType

    from brainarr.domain.shares import Share
    from brainarr.service.league import Standing


def league(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Show whose recommendations stay, and what a kept one has cost."""
    import msgspec
    from rich.console import Console

    from brainarr.service.league import read_league
    from brainarr.web.api.league import StandingDocument
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def work() -> "tuple[Standing, ...]":
        async with open_house(folder, os.environ) as house:
            return await read_league(house.db, clock=house.clock)

    table = run_async(work())
    if json:
        shown = [StandingDocument.of(standing).model_dump(mode="json") for standing in table]
        typer.echo(msgspec.json.format(msgspec.json.encode({"league": shown}), indent=2).decode())
        return
    out = Console(highlight=False)
    if table:
        out.print(_table(table))
        out.print("Counts are shared: of what three voices agreed on, each gets a third.", style="dim")
    else:
        out.print("Nothing has been proposed yet. Start a run: `brainarr run`.")


def _table(standings: "tuple[Standing, ...]") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    stages = ("approved", "imported", "kept")
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("Provider")
    titles = ("Proposed", "Verified", *map(str.capitalize, stages), "Success", "Waste", "Cost", "Per kept")
    for title in titles:
        table.add_column(title, justify="right")
    for standing in standings:
        table.add_row(
            Text(standing.provider),
            f"{standing.proposed:.1f}",
            f"{standing.verified:.1f}",
            *(f"{getattr(standing.outcomes, stage):.1f}" for stage in stages),
            _share(standing.outcomes.success),
            _share(standing.waste),
            _cost(standing),
            _per_kept(standing),
        )
    return table


def _share(share: "Share | None") -> str:
    return "unknown" if share is None else f"{share.rate:.0%} ({share.low:.0%}–{share.high:.0%})"


def _cost(standing: "Standing") -> str:
    if standing.unpriced_calls and not standing.cost_microdollars:
        return "unpriced"
    more = " +" if standing.unpriced_calls else ""
    return f"${standing.cost_microdollars / 1_000_000:.4f}{more}"


def _per_kept(standing: "Standing") -> str:
    return "" if standing.cost_per_kept is None else f"${standing.cost_per_kept / 1_000_000:.4f}"
