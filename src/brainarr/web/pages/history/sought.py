"""What a person asks of the history: read out of a form, and written back into addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from brainarr.domain.life import Actor, Event
from brainarr.store.history import Sought

LONGEST = 200
"""Characters of a field that are read."""
_LATEST = date(9999, 12, 30)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class Asked:
    """The filters as they were typed, what they come to, and what could not be read (field → why)."""

    given: Mapping[str, str]
    sought: Sought
    faults: Mapping[str, str]

    @property
    def any(self) -> bool:
        return bool(self.given)

    @property
    def narrowed(self) -> bool:
        """By more than a title, which stands in sight anyway."""
        return bool(self.given.keys() - {"q"})

    def address(self, path: str, **more: object) -> str:
        """`path` with these filters."""
        query = urlencode([*self.given.items(), *((name, str(value)) for name, value in more.items())])
        return f"{path}?{query}" if query else path


def read_asked(fields: Mapping[str, str], zone: tzinfo) -> Asked:
    """The fields of the form: q, event, actor, list, from, to, troubled. Days are those of `zone`; an empty
    field asks for nothing."""
    names = ("q", "event", "actor", "list", "from", "to", "troubled")
    given = {
        name: said
        # PostgreSQL takes no NUL in a text.
        for name in names
        if (said := fields.get(name, "").replace("\0", "").strip()[:LONGEST])
    }
    faults: dict[str, str] = {}
    first, last = _day(given, "from", faults), _day(given, "to", faults)
    if first and last and last < first:
        faults["to"] = "It lies before the first day."
    sought = Sought(
        event=_one_of(Event, given, "event", faults),
        actor=_one_of(Actor, given, "actor", faults),
        list=given.get("list"),
        title=given.get("q"),
        troubled="troubled" in given,
        since=_start(first, zone) if first else None,
        until=_start(last + timedelta(days=1), zone) if last else None,
    )
    return Asked(given, sought, faults)


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _day(given: Mapping[str, str], name: str, faults: dict[str, str]) -> date | None:
    if name not in given:
        return None
    try:
        day = date.fromisoformat(given[name])
    except ValueError:
        day = None
    # A zone may move the first days and the last ones out of what a moment can be.
    if day is None or not date(1, 1, 3) <= day <= _LATEST:
        faults[name] = "That is no day: write it as 2026-11-30."
        return None
    return day


def _one_of(kind: type[E], given: Mapping[str, str], name: str, faults: dict[str, str]) -> E | None:
    if name not in given:
        return None
    try:
        return kind(given[name])
    except ValueError:
        faults[name] = f"There is none of that name: {', '.join(kind)}."
        return None
