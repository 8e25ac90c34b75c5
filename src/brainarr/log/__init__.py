"""The log: one line for each event on stderr, JSON unless a person watches, and never a secret in it.

What is being done is `bound` to the lines that come of it: the run, the job, the request. The standard
library carries that along into tasks and into the threads of `asyncio.to_thread`.

Standard output belongs to the commands' results (`run --json`). Whatever the standard library, uvicorn or a
client library logs takes the same way out, so that it is redacted too.
"""

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Literal, TextIO

import structlog

from brainarr.errors import ConfigurationError, Fault
from brainarr.log.lines import Line, bound, hide, to_record, without_secrets
from brainarr.log.recent import RECENT
from brainarr.log.rotation import RotatingFile

__all__ = ["Format", "bound", "configure", "hide", "without_secrets"]

Format = Literal["auto", "json", "console"]
"""auto: JSON unless a terminal reads it."""


def configure(
    level: str = "info",
    *,
    format: Format = "auto",
    file: Path | None = None,
    file_size: int = 10 * 2**20,
    file_count: int = 5,
) -> None:
    """Sends every log record to stderr, and to `file` too; may be called again to change any of it.

    A file of `file_size` bytes is set aside, and `file_count` such are kept. Raises ConfigurationError when
    it cannot be written.
    """
    sinks: list[tuple[logging.Handler, bool]] = [(_Stderr(), _for_people(format))]
    if file is not None:
        sinks.append((_open_file(file, file_size, file_count), format == "console"))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, to_record],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    for sink, for_people in sinks:
        sink.setFormatter(Line(for_people=for_people, colors=isinstance(sink, _Stderr)))
    # No line says which source line, thread or process it is from, and finding that out takes a third of the
    # time of a line: https://docs.python.org/3/howto/logging.html#optimization
    logging._srcfile = None  # type: ignore[attr-defined]
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    for former in root.handlers:
        if isinstance(former, RotatingFile):
            former.close()
    root.handlers = [*(sink for sink, _ in sinks), RECENT]
    root.setLevel(level.upper())
    # These tell of every request, also of those that a retry mends; addresses and bodies among it.
    for chatty in (
        "httpx2",
        "httpcore2",
        "openai",
        "aiosqlite",
        "alembic",
        "asyncio",
        "stamina",
        "apprise",
        "urllib3",
    ):
        logging.getLogger(chatty).setLevel(max(logging.ERROR, root.level))
    # One uvicorn server that was told to be quiet mutes these for every other in the process.
    for muted in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(muted)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    logging.captureWarnings(True)
    sys.excepthook = _log_crash


class _Stderr(logging.StreamHandler[TextIO]):
    """Looks stderr up for every record: a live display may have taken its place meanwhile."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def _open_file(path: Path, size: int, count: int) -> RotatingFile:
    try:
        return RotatingFile(path, size=size, count=count)
    except OSError as error:
        allowed = f"a file in a folder that Brainarr may write to ({error.strerror})"
        raise ConfigurationError([Fault("log.file", str(path), allowed)]) from None


def _for_people(format: Format) -> bool:
    return format == "console" or (format == "auto" and sys.stderr.isatty())


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("brainarr").critical(
        "Brainarr crashed: please report this", exc_info=(kind, error, trace)
    )
