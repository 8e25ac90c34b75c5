"""brainarr run"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async

if TYPE_CHECKING:
    from rich.console import Console

    from brainarr.service.runs import RunDetail


def run(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Recommend, but store no recommendation.")
    ] = False,
    list_slug: Annotated[
        str, typer.Option("--list", metavar="SLUG", help="The list to run for.")
    ] = "default",
) -> None:
    """Recommend music for the configured Lidarr."""
    from rich.console import Console

    from brainarr.cli.result import show_result
    from brainarr.store.runs import RunStatus
    from brainarr.web.documents import RunDocument

    err = Console(stderr=True, highlight=False)
    folder = begin(context, quiet=not json)
    try:
        detail = run_async(_execute(folder, list_slug, dry_run, err, quiet=json and not sys.stderr.isatty()))
    except KeyboardInterrupt:
        err.print("Stopped. What was recommended before is as it was.")
        raise
    if json:
        typer.echo(RunDocument.of_detail(detail).model_dump_json(indent=2))
    elif detail.run.status is RunStatus.DONE:
        show_result(Console(highlight=False), detail)
    if detail.run.status is not RunStatus.DONE:
        err.print(f"The run {detail.run.status}. {detail.run.error or ''} {detail.run.remedy or ''}".rstrip())
        raise typer.Exit(1)


async def _execute(
    folder: Path, list_slug: str, dry_run: bool, err: "Console", *, quiet: bool
) -> "RunDetail":
    """Executes a run, or follows the one of the same list that is under way."""
    from brainarr.cli.progress import progress_on
    from brainarr.errors import ConfigurationError, Fault, NotFound
    from brainarr.service.execution import execute_run
    from brainarr.service.runs import recover_runs, request_run
    from brainarr.wiring.build import open_house

    async with open_house(folder, os.environ) as house:
        house.require_lidarr()
        await recover_runs(house.db, house.runs.process, clock=house.clock)
        try:
            asked = await request_run(house.db, list_slug, dry_run=dry_run, trigger="cli", clock=house.clock)
        except NotFound as error:
            fault = Fault("--list", list_slug, "the slug of a list; the first one is default")
            raise ConfigurationError([fault]) from error
        if not asked.created:
            err.print(f"Run {asked.id} of this list is under way already: this is that one.")
        if quiet:
            return await execute_run(house.runs, asked.id)
        with progress_on(err, live=err.is_terminal) as on_progress:
            return await execute_run(house.runs, asked.id, on_progress=on_progress)
