"""brainarr demo: the main job end to end, against a Lidarr and a catalogue that live in this one process."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import run_async

if TYPE_CHECKING:
    from rich.console import Console

    from brainarr.cli.demo_story import Story

APPROVED = 8
"""Of the recommendations: the rest stays pending, as it would for a person who thinks about it."""

_SETTINGS = {
    "BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": "12",
    "BRAINARR__RECOMMEND__SCHEDULE": "off",
}


def demo(
    json: Annotated[bool, typer.Option("--json", help="Print the whole story as one JSON object.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the web app in the sandbox instead, until Ctrl+C.")
    ] = False,
    host: Annotated[
        str, typer.Option(envvar="BRAINARR__SERVER__HOST", help="Where the web app listens.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="BRAINARR__SERVER__PORT", min=1, max=65535, help="Of the web app.")
    ] = 8690,
) -> None:
    """Show the main job end to end in a sandbox: no keys, no network, about ten seconds."""
    if serve:
        run_async(_serve(host, port))
        return
    from rich.console import Console

    from brainarr import log
    from brainarr.cli.demo_story import story_document, tell_end, tell_start

    log.configure("warning")
    started = time.perf_counter()
    out = Console(highlight=False, quiet=json)
    if not out.is_terminal:
        out.width = max(out.width, 100)
    tell_start(out)
    story = run_async(_play(out, quiet=json))
    seconds = time.perf_counter() - started
    if json:
        typer.echo(story_document(story, seconds).model_dump_json(indent=2))
    else:
        tell_end(out, story, seconds)
    if story.synced.failure is not None or story.synced.fetch_failures:
        raise typer.Exit(1)


async def _serve(host: str, port: int) -> None:
    from brainarr import log
    from brainarr.sandbox.starter import demo_library, starter_world
    from brainarr.wiring.configuration import load_settings
    from brainarr.wiring.sandboxed import serve_sandboxed
    from brainarr.wiring.serve import address_of

    log.configure("warning")
    os.umask(0o077)
    world = starter_world()
    settings = {
        "BRAINARR__SERVER__HOST": host,
        "BRAINARR__SERVER__PORT": str(port),
        "BRAINARR__RECOMMEND__SCHEDULE": "off",
    }
    with TemporaryDirectory(prefix="brainarr-demo-") as folder:
        address = address_of(load_settings(Path(folder), settings).values.server, port)
        typer.echo(f"Open {address} in a few seconds and make an account; Ctrl+C ends it.")
        typer.echo("Lidarr and the catalogue are a sandbox, and everything is thrown away at the end.")
        await serve_sandboxed(Path(folder), world, demo_library(world), settings)


async def _play(out: "Console", *, quiet: bool) -> "Story":
    from rich.console import Console

    from brainarr.cli.demo_story import Holding, Story, tell_library, tell_recommendations
    from brainarr.cli.progress import progress_on
    from brainarr.sandbox.listsync import sync
    from brainarr.sandbox.starter import demo_library, starter_world
    from brainarr.service.execution import execute_run
    from brainarr.service.library import sync_library
    from brainarr.service.lists import DEFAULT_LIST
    from brainarr.service.recommendations import Decision, count_recommendations, decide_many
    from brainarr.service.runs import read_run, request_run
    from brainarr.wiring.sandboxed import open_sandboxed

    world = starter_world()
    err = Console(stderr=True, highlight=False, quiet=quiet)
    with TemporaryDirectory(prefix="brainarr-demo-") as folder:
        async with open_sandboxed(Path(folder), world, demo_library(world), settings=_SETTINGS) as place:
            house, lidarr = place.house, place.lidarr
            before = Holding.of(lidarr)
            tell_library(out, before)
            asked = await request_run(house.db, DEFAULT_LIST, trigger="cli", clock=house.clock)
            with progress_on(err, live=err.is_terminal) as on_progress:
                run = await execute_run(house.runs, asked.id, on_progress=on_progress)
            tell_recommendations(out, run)
            chosen = [row.id for row in run.recommendations[:APPROVED]]
            await decide_many(house.db, chosen, Decision.APPROVE, clock=house.clock, note="demo")
            synced = await sync(lidarr, place.albums_list.id)
            if house.outside.lidarr is not None:
                # Brainarr looks again, and learns what became of its recommendations.
                await sync_library(house.db, house.outside.lidarr, house.clock, lambda _: None)
            return Story(
                run=await read_run(house.db, run.run.id),
                approved=len(chosen),
                synced=synced,
                requests=tuple(place.web.requests),
                before=before,
                after=Holding.of(lidarr),
                statuses=await count_recommendations(house.db),
            )
