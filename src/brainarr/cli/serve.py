"""brainarr serve"""

import os

import typer

from brainarr.cli.start import begin, run_async


def serve(context: typer.Context) -> None:
    """Serve the API and the lists for Lidarr, and start the scheduled runs."""
    from brainarr.wiring.allocator import limit_arenas

    # Before anything that starts threads, some of which do so when they are imported.
    limit_arenas(os.environ)

    from brainarr.wiring.build import open_house
    from brainarr.wiring.serve import serve as serve_house

    folder = begin(context)

    async def work() -> None:
        async with open_house(folder, os.environ) as house:
            await serve_house(house)

    run_async(work())


def web_process(context: typer.Context, descriptor: int) -> None:
    """One of the web processes that `brainarr serve` starts; of no use by itself."""
    import socket

    from brainarr import log
    from brainarr.wiring.allocator import limit_arenas

    limit_arenas(os.environ)

    from brainarr.wiring.build import open_house
    from brainarr.wiring.serve import serve_web
    from brainarr.wiring.web_processes import end_with_parent

    end_with_parent()
    folder = begin(context)

    async def work() -> None:
        with socket.socket(fileno=descriptor) as listener:
            async with open_house(folder, os.environ) as house:
                await serve_web(house, listener)

    with log.bound(pid=os.getpid()):
        run_async(work())
