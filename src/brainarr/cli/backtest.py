"""brainarr backtest"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async
from brainarr.domain.backtest import FEWEST_HIDDEN, MOST_FOLDS, MOST_HIDDEN, USUAL_FOLDS, BacktestOptions
from brainarr.errors import ConfigurationError, Conflict, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from brainarr.domain.backtest import Backtest


def backtest(
    context: typer.Context,
    hide: Annotated[
        int | None,
        typer.Option(
            min=FEWEST_HIDDEN,
            max=MOST_HIDDEN,
            help="How many of the latest artists to hide.",
            show_default="a fifth, 10 to 50",
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=1, max=MOST_FOLDS, help="At how many points in time to cut the library.")
    ] = USUAL_FOLDS,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: remembered library and neighbour lists only.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as a page.", dir_okay=False)
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Take over the weights, if better ones are found.")
    ] = False,
) -> None:
    """Would Brainarr have named the artists that you added last?

    Hides them, goes back to the day before, and compares: everything together, each source alone, popularity.
    """
    from rich.console import Console

    from brainarr.web.api.backtest import BacktestDocument
    from brainarr.web.backtest_page import render

    err = Console(stderr=True, highlight=False)
    folder = begin(context, quiet=not json)
    if html is not None and not html.absolute().parent.is_dir():
        raise ConfigurationError([Fault("--html", str(html), "a file in a folder that exists")])
    asked = BacktestOptions(hide=hide, folds=folds, offline=offline)
    quiet = json and not sys.stderr.isatty()
    made, labels, applied = run_async(_execute(folder, asked, err, quiet=quiet, apply=apply))
    if html is not None:
        _write(html, render(made, labels))
    if json:
        typer.echo(BacktestDocument.of(made).model_dump_json(indent=2))
    else:
        _show(Console(highlight=False), made, labels)
    if isinstance(applied, Conflict):
        raise applied
    if applied is not None:
        votes = ", ".join(f"{labels.get(name, name)} {vote:g}" for name, vote in applied.items())
        err.print(f"Applied: {votes}. They count from the next run on, also in a server that is running.")
    elif apply:
        err.print(f"Nothing applied: {made.trouble or made.suggestion.reason}")
    if made.trouble and any(one.detail for one in made.asked):
        # Not the library's doing: the sources failed.
        raise typer.Exit(1)


async def _execute(
    folder: Path, asked: BacktestOptions, err: "Console", *, quiet: bool, apply: bool
) -> "tuple[Backtest, Mapping[str, str], Mapping[str, float] | Conflict | None]":
    """The result, how people know each source, and with `apply` the setting as it holds now, or why not."""
    from brainarr.cli.progress import progress_on
    from brainarr.service.backtest import apply_weights, run_backtest
    from brainarr.service.library import unwatched
    from brainarr.wiring.build import open_house

    async with open_house(folder, os.environ) as house:
        if not asked.offline:
            house.require_lidarr()
        deps = house.backtests
        if quiet:
            made = await run_backtest(deps, asked, unwatched)
        else:
            with progress_on(err, live=err.is_terminal) as on_progress:
                made = await run_backtest(deps, asked, on_progress)
        if not (apply and made.suggestion.weights):
            return made, deps.labels, None
        try:
            return made, deps.labels, await apply_weights(deps)
        except Conflict as locked:
            # What was measured is to be seen all the same.
            return made, deps.labels, locked


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        fault = Fault("--html", str(file), f"a file that can be written ({error.strerror})")
        raise ConfigurationError([fault]) from error


def _show(out: "Console", made: "Backtest", labels: "Mapping[str, str]") -> None:
    from rich.text import Text

    from brainarr.web.backtest_words import CAVEATS, basis, certainty, headline

    def say(line: str, style: str = "") -> None:
        out.print(Text(line, style=style))

    if made.trouble:
        say("Nothing could be measured.", "bold")
        say(f"{made.trouble} {made.remedy}")
    else:
        say(headline(made), "bold")
        say(certainty(made))
        out.print()
        _show_systems(out, made, labels)
        out.print()
        _show_hits(out, made)
        _show_weights(out, made, labels)
    out.print()
    for line in (*made.notes, *basis(made), *_lists(made, labels)):
        say(line, "dim")
    if not made.trouble:
        for line in CAVEATS:
            say(line, "dim")


def _show_systems(out: "Console", made: "Backtest", labels: "Mapping[str, str]") -> None:
    from rich.table import Table
    from rich.text import Text

    from brainarr.web.backtest_words import spread, system_name
    from brainarr.web.figures import percent

    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("Who ranks")
    for title in ("Recall@20", "95%", "NDCG@20"):
        table.add_column(title, justify="right")
    for one in made.systems:
        recall = one.recall20
        table.add_row(
            Text(system_name(made, one.name, labels)),
            percent(recall.value),
            spread(recall),
            f"{one.ndcg20.value:.3f}",
        )
    out.print(table)


def _show_hits(out: "Console", made: "Backtest") -> None:
    from rich.text import Text

    from brainarr.web.backtest_words import span

    hits = [one for one in made.tested if one.place is not None and one.place <= 20]
    for one in sorted(hits, key=lambda one: one.place or 0):
        line = f"Would have recommended {one.artist} (place {one.place}) "
        out.print(Text(f"{line}{span(one.days_before)} before you added it."))
    if hits:
        out.print()


def _show_weights(out: "Console", made: "Backtest", labels: "Mapping[str, str]") -> None:
    from rich.text import Text

    suggested = made.suggestion.weights
    if not suggested:
        out.print(Text(f"Keep the weights you have. {made.suggestion.reason}"))
        return
    votes = ", ".join(f"{labels.get(name, name)} {vote:g}" for name, vote in suggested.items())
    out.print(Text(f"Better weights for your library: {votes}. `brainarr backtest --apply` takes them over."))


def _lists(made: "Backtest", labels: "Mapping[str, str]") -> list[str]:
    return [
        f"{labels.get(one.source, one.source)}: {one.known} neighbour lists known, {one.fetched} fetched, "
        f"{one.missing} missing{f' ({one.detail})' if one.detail else ''}."
        for one in made.asked
    ]
