"""Lines of the log as people read them: the event, and beside it what it was about."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from brainarr.log.recent import Told

LEVELS = ("debug", "info", "warning", "error")
_RANKS = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 3}
_SHOWN_ELSEWHERE = {"event", "level", "timestamp", "logger", "exception"}


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for."""

    level: str
    """At least."""
    text: str
    """Anywhere in the line, whatever its case; "": anything."""


class ShownLine(msgspec.Struct, frozen=True):
    at: datetime
    level: str
    event: str
    facts: Mapping[str, str]
    trace: str


def chosen(told: Iterable[Told], wanted: Wanted) -> list[ShownLine]:
    """The newest first."""
    sought = wanted.text.casefold()
    lowest = _RANKS[wanted.level]
    found = [
        _shown(line)
        for line in told
        if _RANKS.get(line.level, 3) >= lowest and sought in line.text.casefold()
    ]
    return found[::-1]


def _shown(line: Told) -> ShownLine:
    try:
        told: Any = json.loads(line.text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return ShownLine(line.at, line.level, line.text, {}, "")
    facts = {name: _text(value) for name, value in told.items() if name not in _SHOWN_ELSEWHERE}
    return ShownLine(line.at, line.level, _text(told.get("event")), facts, _text(told.get("exception") or ""))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
