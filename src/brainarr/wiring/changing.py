"""How the settings of a running Brainarr are changed: what the web app is handed as its configuration."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from brainarr.errors import ConfigurationError, Fault
from brainarr.service.settings import Configuration
from brainarr.settings.file import FILE_NAME
from brainarr.settings.load import Loaded
from brainarr.settings.schema import Schema
from brainarr.settings.setting import Fixed, plain, within
from brainarr.store.secrets import KEY_FILE
from brainarr.store.session import database_url
from brainarr.wiring.build import Ground
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.words import CHAPTERS

AT_START = (
    "server.host",
    "server.port",
    "server.workers",
    "redis.url",
    "jobs.embedded",
    "metrics.worker_port",
)
"""What a process keeps as it was when it started: its sockets, its children, its ties to other processes."""

ELSEWHERE = {"database.url": "config.yaml or BRAINARR__DATABASE__URL: the database cannot say where it is"}


def fixed_by(settings: Settings) -> Fixed:
    """What stays as it is until the next start of a process that began with these settings."""
    values = plain(settings)
    return Fixed({key: within(values, tuple(key.split("."))) for key in AT_START}, ELSEWHERE)


def as_at_start(settings: Settings, started: Settings) -> Settings:
    """`settings` but for what cannot change while this process runs."""
    changes: dict[str, dict[str, object]] = {}
    for key in (*AT_START, *ELSEWHERE):
        section, _, name = key.partition(".")
        changes.setdefault(section, {})[name] = getattr(getattr(started, section), name)
    sections = {name: getattr(settings, name).model_copy(update=keys) for name, keys in changes.items()}
    return settings.model_copy(update=sections)


async def _untried(_: Loaded[Settings]) -> None:
    """What can be read is good enough."""


async def _unfollowed() -> None:
    """What is stored counts from the next start on."""


def configuration_of(
    ground: Ground,
    *,
    try_out: Callable[[Loaded[Settings]], Awaitable[None]] = _untried,
    take_over: Callable[[], Awaitable[None]] = _unfollowed,
) -> Configuration:
    """How the settings are read and changed on this ground."""

    async def tried(loaded: Loaded[Any]) -> None:
        refuse_closed_folders(loaded.values, ground.folder)
        await try_out(loaded)

    return Configuration(
        db=ground.db,
        secrets=ground.installation.secrets,
        clock=ground.clock,
        schema=Schema(Settings),
        chapters=CHAPTERS,
        fixed=fixed_by(ground.loaded.values),
        load=lambda stored: load_settings(ground.folder, ground.environ, stored),
        try_out=tried,
        take_over=take_over,
    )


def refuse_closed_folders(settings: Settings, folder: Path) -> None:
    """Raises ConfigurationError where this process may not write to a place that the settings name, or must
    not because something else is there."""
    faults: list[Fault] = []
    shelf = (folder / settings.backup.folder).absolute()
    # The first backup makes its folder.
    standing = next(place for place in (shelf, *shelf.parents) if place.exists())
    if not _writable(standing):
        faults.append(Fault("backup.folder", settings.backup.folder, "a folder that Brainarr may write to"))
    if settings.log.file is not None:
        file = folder / settings.log.file
        if not _writable(file.parent) or file.is_dir():
            faults.append(
                Fault("log.file", settings.log.file, "a file in a folder that Brainarr may write to")
            )
        elif file.resolve() in _own_files(settings, folder):
            faults.append(Fault("log.file", settings.log.file, "a file that is the log's alone"))
    if faults:
        raise ConfigurationError(faults)


def _own_files(settings: Settings, folder: Path) -> set[Path]:
    """What Brainarr cannot start without: one line of the log in it, and it does not start again."""
    files = [folder / FILE_NAME, folder / KEY_FILE]
    address = database_url(settings.database.url, folder)
    if address.get_backend_name() == "sqlite":
        files += [Path(f"{address.database}{journal}") for journal in ("", "-wal", "-shm", "-journal")]
    return {file.resolve() for file in files}


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
