"""brainarr serve"""

import os

import typer

from brainarr.cli.start import begin, run_async


def serve(context: typer.Context) -> None:
    """Serve the API and the lists for Lidarr, and start the scheduled runs."""
    from brainarr.wiring.allocator import limit_arenas

    # Before anything that starts threads, some of which do so when they are imported.
    limit_arenas(os.environ)

    from brainarr.wiring.serve import serve as serve_in

    run_async(serve_in(begin(context), os.environ))


def web_process(context: typer.Context, descriptor: int) -> None:
    """One of the web processes that `brainarr serve` starts; of no use by itself."""
    import socket

    from brainarr import log
    from brainarr.wiring.allocator import limit_arenas

    limit_arenas(os.environ)

    from brainarr.wiring.serve import serve_web
    from brainarr.wiring.web_processes import end_with_parent

    end_with_parent()
    folder = begin(context)

    async def work() -> None:
        with socket.socket(fileno=descriptor) as listener:
            await serve_web(folder, os.environ, listener)

    with log.bound(pid=os.getpid()):
        run_async(work())
