"""The log: one line for each event on stderr, JSON unless a person watches, and never a secret in it.

What is being done is `bound` to the lines that come of it: the run, the job, the request. The standard
library carries that along into tasks and into the threads of `asyncio.to_thread`.

Standard output belongs to the commands' results (`run --json`). Whatever the standard library, uvicorn or a
client library logs takes the same way out, so that it is redacted too.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from brainarr.errors import HIDDEN, SHORTEST_SECRET, ConfigurationError, Fault, looks_secret, redact
from brainarr.log.rotation import RotatingFile

Format = Literal["auto", "json", "console"]
"""auto: JSON unless a terminal reads it."""

_known_secrets: set[str] = set()


def bound(**fields: str | int) -> AbstractContextManager[None]:
    """While this lasts, every line of this task, and of the tasks and threads that it starts, says so."""
    return structlog.contextvars.bound_contextvars(**fields)


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
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    for sink, for_people in sinks:
        sink.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=shared,
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _hide_secret_fields,
                    # A traceback as plain text: the pretty ones show local variables, and keys among them.
                    structlog.processors.format_exc_info,
                    _renderer(for_people, colors=isinstance(sink, _Stderr)),
                    _hide_known_secrets,
                ],
            )
        )
    # No line says which source line, thread or process it is from, and finding that out takes a third of the
    # time of a line: https://docs.python.org/3/howto/logging.html#optimization
    logging._srcfile = None  # type: ignore[attr-defined]
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    for former in root.handlers:
        if isinstance(former, RotatingFile):
            former.close()
    root.handlers = [sink for sink, _ in sinks]
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


def hide(secrets: Iterable[str]) -> None:
    """From now on these values are blotted out wherever they turn up in the log."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            _known_secrets.update((secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret)))


def without_secrets(text: str) -> str:
    """`text` without the known secrets, and without what looks like one."""
    for secret in sorted(_known_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return redact(text)


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


def _renderer(for_people: bool, *, colors: bool) -> Processor:
    if for_people:
        shown = colors and sys.stderr.isatty() and "NO_COLOR" not in os.environ
        return structlog.dev.ConsoleRenderer(colors=shown, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(default=str)


def _hide_secret_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _shown(name, value) for name, value in event.items()}


def _shown(name: str, value: Any, depth: int = 0) -> Any:
    if looks_secret(name) and value is not None:
        return HIDDEN
    if isinstance(value, Mapping) and depth < 4:
        return {str(inner): _shown(str(inner), part, depth + 1) for inner, part in value.items()}
    if isinstance(value, str) and not value.isprintable():
        # Remote text must not forge lines or move the cursor.
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in value
        )
    return value


def _hide_known_secrets(_: WrappedLogger, __: str, line: Any) -> str:
    return without_secrets(line)


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("brainarr").critical(
        "Brainarr crashed: please report this", exc_info=(kind, error, trace)
    )
