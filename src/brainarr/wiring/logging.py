"""The log as the settings want it."""

from pathlib import Path

from brainarr import log
from brainarr.wiring.configuration import LogSettings


def log_as(wanted: LogSettings, folder: Path, *, level: str | None = None) -> None:
    """From now on; `level` goes before the settings'. Raises ConfigurationError where the file cannot be."""
    log.configure(
        level or wanted.level,
        format=wanted.format,
        file=None if wanted.file is None else folder / wanted.file,
        file_size=wanted.file_megabytes * 2**20,
        file_count=wanted.file_count,
    )
