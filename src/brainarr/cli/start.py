"""What every command that does something begins with."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer

T = TypeVar("T")


def folder_of(context: typer.Context) -> Path:
    """The configuration folder, absolute. Raises ConfigurationError."""
    from brainarr.settings.folder import config_folder

    return config_folder(context.obj, os.environ)


def begin(context: typer.Context, *, quiet: bool = False) -> Path:
    """Checks the configuration, starts the log, answers the configuration folder. Raises ConfigurationError.

    `quiet`: a person watches something better than the log, so it only says what goes wrong.
    """
    from brainarr import log
    from brainarr.wiring.configuration import load_settings
    from brainarr.wiring.logging import log_as

    # Whatever is made from here on, database, key and copies, is closed to others from its first byte.
    os.umask(0o077)
    log.configure("warning")
    folder = folder_of(context)
    loaded = load_settings(folder, os.environ)
    log.hide(loaded.secrets)
    wanted = loaded.values.log
    if wanted.file is not None:
        from brainarr.wiring.build import make_folder

        # A first start has no folder yet.
        make_folder(folder)
    log_as(wanted, folder, level="warning" if quiet and wanted.level == "info" else None)
    return folder


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work`; SIGTERM ends it as Ctrl-C does, tidily."""

    async def main() -> T:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None
