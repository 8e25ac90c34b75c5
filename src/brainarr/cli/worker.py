"""brainarr worker"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async
from brainarr.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from brainarr.wiring.build import House

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

    from brainarr.wiring.build import open_house
    from brainarr.wiring.exposing import exposing
    from brainarr.wiring.serve import work as work_house

    folder = begin(context)

    async def work() -> None:
        async with open_house(folder, os.environ) as house:
            _require_redis(house)
            async with exposing(house):
                await work_house(house, concurrency)

    run_async(work())


def _require_redis(house: "House") -> None:
    if house.settings.redis.url is None:
        allowed = "redis://host:6379/0, the one that the server uses; without a Redis, `brainarr serve` works"
        raise ConfigurationError([Fault("redis.url", "nothing", allowed)])
