"""brainarr worker"""

import os
from typing import Annotated

import typer

from brainarr.cli.start import begin, run_async

MOST = 64


def worker(
    context: typer.Context,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", min=1, max=MOST, help="How much is done at the same time; usually 4."),
    ] = None,
) -> None:
    """Do the work of a Brainarr beside its server: runs, chores, backtests. Needs a Redis (redis.url).

    SIGTERM stops it: what ends within seconds does, the rest is given back to the other workers.
    """
    from brainarr.wiring.allocator import limit_arenas

    limit_arenas(os.environ)

    from brainarr.wiring.serve import work

    run_async(work(begin(context), os.environ, concurrency))
