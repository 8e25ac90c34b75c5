"""What a record becomes: one line, with what was being done, and never a secret in it.

Most lines tell of a request, and their price is paid by each: what a line has not is not looked for.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, WrappedLogger

from brainarr.errors import HIDDEN, SHORTEST_SECRET, looks_secret, redact

_known_secrets: tuple[str, ...] = ()
"""The longest first: one may be a part of another."""

_NOTHING: Mapping[str, str | int] = MappingProxyType({})
_doing: ContextVar[Mapping[str, str | int]] = ContextVar("brainarr_doing", default=_NOTHING)


def bound(**fields: str | int) -> AbstractContextManager[None]:
    """While this lasts, every line of this task, and of the tasks and threads that it starts, says so."""
    return _Bound(fields)


class _Bound:
    """Not a generator: it is entered for every request."""

    __slots__ = ("_before", "_fields")

    def __init__(self, fields: Mapping[str, str | int]) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._before: Token[Mapping[str, str | int]] = _doing.set({**_doing.get(), **self._fields})

    def __exit__(self, *_: object) -> None:
        _doing.reset(self._before)


def hide(secrets: Iterable[str]) -> None:
    """From now on these values are blotted out wherever they turn up in the log."""
    global _known_secrets
    known = set(_known_secrets)
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            known.update((secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret)))
    _known_secrets = tuple(sorted(known, key=len, reverse=True))


def without_secrets(text: str) -> str:
    """`text` without the known secrets, and without what looks like one."""
    for secret in _known_secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return redact(text)


def to_record(_: WrappedLogger, __: str, event: EventDict) -> tuple[tuple[EventDict], dict[str, Any]]:
    """Structlog's last step: an event of ours goes through the standard library as the message itself.

    With what is being done where it was said; a handler may format it elsewhere.
    """
    return ({**_doing.get(), **event},), {}


class Line(logging.Formatter):
    """One line of a record, ours or a library's: JSON, or for people, with colours where they are wanted."""

    def __init__(self, *, for_people: bool, colors: bool) -> None:
        super().__init__()
        self._render = _for_people(colors) if for_people else json.JSONEncoder(default=str).encode

    def format(self, record: logging.LogRecord) -> str:
        given = record.msg
        ours = isinstance(given, dict)
        event: EventDict = {
            name: value
            if (type(value) in _PLAIN or (type(value) is str and value.isprintable()))
            and not looks_secret(name)
            else _shown(name, value)
            for name, value in (given if ours else {**_doing.get(), "event": record.getMessage()}).items()
        }
        event["level"] = record.levelname.lower()
        event["logger"] = record.name
        event["timestamp"] = f"{datetime.fromtimestamp(record.created, UTC).isoformat()[:-6]}Z"
        if not ours:
            if record.exc_info:
                event["exc_info"] = record.exc_info
            if record.stack_info:
                event["stack"] = record.stack_info
        if "exc_info" in event:
            # A traceback as plain text: the pretty ones show local variables, and keys among them.
            event = structlog.processors.format_exc_info(None, "", event)
        return without_secrets(self._render(event))


def _for_people(colors: bool) -> Any:
    shown = colors and sys.stderr.isatty() and "NO_COLOR" not in os.environ
    console = structlog.dev.ConsoleRenderer(colors=shown, exception_formatter=structlog.dev.plain_traceback)
    return lambda event: console(None, "", event)


# Of these nothing need be changed, unless the name of the field says so.
_PLAIN = frozenset((int, float, bool, type(None)))


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
