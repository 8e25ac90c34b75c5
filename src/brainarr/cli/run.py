"""brainarr run"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async
from brainarr.domain.novelty import novelty_cost
from brainarr.domain.recommendation import (
    FIRST_DECADE,
    LAST_DECADE,
    MOST_DECADES,
    MOST_RECOMMENDATIONS,
    MOST_STYLES,
    STYLE_LIMIT,
    WISH_LIMIT,
    Discovery,
    RunOverrides,
    Target,
    as_decade,
)
from brainarr.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from rich.console import Console

    from brainarr.service.runs import RunDetail
    from brainarr.wiring.build import House


_COSTS = ", ".join(f"{dial}: {cost:.0%} fewer hits" for dial in Discovery if (cost := novelty_cost(dial)))


def run(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Recommend, but store no recommendation.")
    ] = False,
    list_slug: Annotated[
        str, typer.Option("--list", metavar="SLUG", help="The list to run for.")
    ] = "default",
    wish: Annotated[
        str | None, typer.Option("--wish", metavar="TEXT", help="What you would like, in your own words.")
    ] = None,
    styles: Annotated[
        list[str] | None, typer.Option("--style", metavar="STYLE", help="Lean towards it. May be repeated.")
    ] = None,
    avoided: Annotated[
        list[str] | None,
        typer.Option(
            "--avoid-style", metavar="STYLE", help="Nothing of it, nor of its subgenres. Repeatable."
        ),
    ] = None,
    decades: Annotated[
        list[str] | None,
        typer.Option("--decade", metavar="1990s", help="Lean towards it. May be repeated."),
    ] = None,
    target: Annotated[Target | None, typer.Option("--target", help="What to look for.")] = None,
    discovery: Annotated[
        Discovery | None,
        typer.Option("--discovery", help=f"How far from the known. On public data {_COSTS}."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, max=MOST_RECOMMENDATIONS, help="How many recommendations at most."),
    ] = None,
) -> None:
    """Recommend music for the configured Lidarr.

    What is said here counts for this run; everything else is as the list has it, else as the settings say.
    """
    from rich.console import Console

    from brainarr.cli.result import show_result
    from brainarr.store.runs import RunStatus
    from brainarr.web.documents import RunDocument

    err = Console(stderr=True, highlight=False)
    folder = begin(context, quiet=not json)
    overrides = RunOverrides(
        wish=_within("--wish", wish, WISH_LIMIT),
        styles_include=_styles("--style", styles),
        styles_avoid=_styles("--avoid-style", avoided),
        decades_include=_decades(decades),
        target=target,
        discovery=discovery,
        max_recommendations=count,
    )
    quiet = json and not sys.stderr.isatty()
    try:
        detail = run_async(_execute(folder, list_slug, dry_run, overrides, err, quiet=quiet))
    except KeyboardInterrupt:
        err.print("Stopped. What was verified by then is kept.")
        raise
    if json:
        typer.echo(RunDocument.of_detail(detail).model_dump_json(indent=2))
    elif detail.run.status is RunStatus.DONE:
        show_result(Console(highlight=False), detail)
    if detail.run.status is not RunStatus.DONE:
        err.print(f"The run {detail.run.status}. {detail.run.error or ''} {detail.run.remedy or ''}".rstrip())
        raise typer.Exit(1)


def _styles(option: str, given: list[str] | None) -> tuple[str, ...] | None:
    if not given:
        return None
    if len(given) > MOST_STYLES:
        raise ConfigurationError([Fault(option, str(len(given)), f"at most {MOST_STYLES} styles")])
    return tuple(style for style in (_within(option, one, STYLE_LIMIT) for one in given) if style)


def _decades(given: list[str] | None) -> tuple[int, ...] | None:
    if not given:
        return None
    if len(given) > MOST_DECADES:
        raise ConfigurationError([Fault("--decade", str(len(given)), f"at most {MOST_DECADES} decades")])
    return tuple(map(_decade, given))


def _decade(given: str) -> int:
    try:
        return as_decade(int(given.strip().removesuffix("s")[:9]))
    except ValueError:
        allowed = f"{FIRST_DECADE}s to {LAST_DECADE}s, such as 1990s"
        raise ConfigurationError([Fault("--decade", given[:STYLE_LIMIT], allowed)]) from None


def _within(option: str, given: str | None, limit: int) -> str | None:
    if given is None:
        return None
    text = given.strip()
    if not 1 <= len(text) <= limit:
        raise ConfigurationError([Fault(option, text[:STYLE_LIMIT], f"1 to {limit} characters")])
    return text


async def _execute(
    folder: Path, list_slug: str, dry_run: bool, overrides: RunOverrides, err: "Console", *, quiet: bool
) -> "RunDetail":
    """Executes a run, or follows the one of the same list that is under way."""
    from brainarr.cli.progress import progress_on
    from brainarr.errors import NotFound
    from brainarr.service.execution import execute_run
    from brainarr.service.lists import read_list
    from brainarr.service.runs import recover_runs, request_run
    from brainarr.wiring.build import open_house

    async with open_house(folder, os.environ) as house:
        await recover_runs(house.db, house.runs.process, clock=house.clock)
        try:
            wanted = await read_list(house.db, house.installation.secrets, list_slug)
            house.require_lidarr(wanted.instance)
            asked = await request_run(
                house.db,
                list_slug,
                dry_run=dry_run,
                trigger="cli",
                clock=house.clock,
                overrides=overrides,
            )
        except NotFound as error:
            fault = Fault("--list", list_slug, "the slug of a list; the first one is default")
            raise ConfigurationError([fault]) from error
        if dry_run and not quiet:
            await _show_estimate(house, list_slug, err)
        if not asked.created:
            await _agree(house, asked.id, dry_run, overrides)
            err.print(f"Run {asked.id} of this list is under way already: this is that one.")
        if quiet:
            detail = await execute_run(house.runs, asked.id)
        else:
            with progress_on(err, live=err.is_terminal) as on_progress:
                detail = await execute_run(house.runs, asked.id, on_progress=on_progress)
        # People who run no server hear of the costs too.
        await house.alert_on_costs()
        return detail


async def _agree(house: "House", run_id: int, dry_run: bool, overrides: RunOverrides) -> None:
    """Raises Conflict when the run under way was asked for otherwise: a look must not become a run."""
    from brainarr.errors import Conflict
    from brainarr.service.runs import read_run

    waiting = (await read_run(house.db, run_id)).run
    if (waiting.dry_run, waiting.overrides) != (dry_run, overrides):
        raise Conflict(
            f"Run {run_id} of this list is {waiting.status} and was asked for otherwise.",
            remedy="Wait until it is over; one that no server executes is finished by plain `brainarr run`.",
        )


async def _show_estimate(house: "House", list_slug: str, err: "Console") -> None:
    from brainarr.cli.result import estimate_lines
    from brainarr.errors import Conflict
    from brainarr.service.estimate import estimate_run

    limits = house.settings.costs.limits
    try:
        estimate = await estimate_run(
            house.db, house.cache, house.estimate, list_slug, clock=house.clock, limits=limits
        )
    except Conflict as unknown:
        err.print(f"No estimate of the costs: {unknown.message}")
        return
    for line in estimate_lines(estimate):
        err.print(line, soft_wrap=True)
