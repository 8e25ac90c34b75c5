"""What every command that does something begins with."""

import asyncio
import os
import re
import signal
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import typer

from brainarr.errors import ConfigurationError, Fault

T = TypeVar("T")

CLOSED = 0o077
"""The umask that leaves nothing to anybody but the owner."""


def umask_of(environ: Mapping[str, str]) -> int:
    """$BRAINARR_UMASK, which the container image takes from its UMASK, else `CLOSED`.

    It opens the log file and what a command writes for people; database, `secret.key` and backups hold
    secrets and stay closed. Others never get to write. Raises ConfigurationError.
    """
    text = environ.get("BRAINARR_UMASK", "").strip() or f"{CLOSED:03o}"
    # The owner keeps every right.
    if not re.fullmatch("0?0[0-7][2367]", text):
        allowed = "three octal digits that keep others from writing, such as 077, 027 or 022"
        raise ConfigurationError([Fault("BRAINARR_UMASK", repr(text), allowed)])
    return int(text, 8)


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

    # Whatever is made from here on is closed to others from its first byte.
    os.umask(umask_of(os.environ))
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
