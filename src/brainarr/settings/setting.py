"""One setting as people see it: what it is called, what holds and who said so, what may stand there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from brainarr.settings.concealed import conceal
from brainarr.settings.layers import Origin, Path
from brainarr.settings.load import Loaded
from brainarr.settings.schema import Schema
from brainarr.settings.words import Chapter, Words


class Kind(StrEnum):
    """What a form needs to know of a value."""

    TEXT = "text"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LIST = "list"
    MAPPING = "mapping"
    SECRET = "secret"  # noqa: S105
    ADDRESS = "address"
    MONEY = "money"
    """US dollars, as decimal text."""
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Setting:
    """What a page may know of one setting. Nothing in it is secret."""

    key: str
    """Dotted, as `recommend.target`."""
    section: str
    """The slug of its chapter."""
    group: str
    title: str
    help: str
    unit: str
    kind: Kind
    value: object
    """JSON-like. None for a secret; a secret within a list is a mark (settings.concealed)."""
    is_set: bool
    """Of a secret: there is one. Of all else: somebody said it."""
    secret: bool
    """Whether its value, or a part of it, is never shown."""
    origin: Origin
    place: str
    """Where it was said: "config.yaml, line 3" or the name of a variable; "" for a default."""
    locked: bool
    """What the app would store would not count."""
    default: object
    optional: bool
    """Whether nothing (None) may stand there."""
    none: str
    """What nothing means."""
    allowed: str
    choices: tuple[tuple[str, str], ...]
    """Each value, and what it means."""
    advanced: bool
    needs_restart: bool
    """What is stored counts from the next start on."""
    pending: bool
    """What is stored is not what this process was started with."""


@dataclass(frozen=True)
class Fixed:
    """What a process cannot change while it runs."""

    at_start: Mapping[str, object]
    """Keys that count from the next start on, with what this process was started with."""
    elsewhere: Mapping[str, str]
    """Keys that the database cannot say, with the places that can."""


def describe(
    loaded: Loaded[Any], schema: Schema, chapters: Iterable[Chapter], fixed: Fixed
) -> tuple[Setting, ...]:
    """Every setting, in the order of the chapters."""
    present, usual = plain(loaded.values), plain(type(loaded.values)())
    return tuple(
        _describe(key, chapter.slug, group.title, words, loaded, schema, present, usual, fixed)
        for chapter in chapters
        for group, key, words in chapter
    )


def _describe(
    key: str,
    section: str,
    group: str,
    words: Words,
    loaded: Loaded[Any],
    schema: Schema,
    present: Mapping[str, object],
    usual: Mapping[str, object],
    fixed: Fixed,
) -> Setting:
    path = tuple(key.split("."))
    value, default = within(present, path), within(usual, path)
    kind = kind_of(path, schema)
    hidden = kind is Kind.SECRET or has_password(value)
    origin = loaded.origin(key)
    elsewhere = "" if origin.locked else fixed.elsewhere.get(key, "")
    return Setting(
        key=key,
        section=section,
        group=group,
        title=words.title,
        help=words.help,
        unit=words.unit,
        kind=kind,
        value=None if hidden else conceal(value, path, schema),
        is_set=bool(value) if hidden else origin is not Origin.DEFAULT,
        secret=hidden or schema.holds_secret(path),
        origin=origin,
        place=loaded.place(key) or elsewhere,
        locked=origin.locked or bool(elsewhere),
        default=default,
        optional=schema.is_optional(path),
        none=words.none,
        allowed=words.allowed or schema.allowed(path, nothing=False),
        choices=tuple((choice, words.choices.get(choice, choice)) for choice in schema.choices(path)),
        advanced=words.advanced,
        needs_restart=key in fixed.at_start,
        pending=key in fixed.at_start and fixed.at_start[key] != value,
    )


def kind_of(path: Path, schema: Schema) -> Kind:
    """Read from the schema: types, and the formats that the settings' own types carry."""
    branches = [branch for branch in schema.branches(path) if branch.get("type") != "null"]
    types = {branch.get("type") for branch in branches}
    formats = {branch.get("format") for branch in branches}
    if schema.choices(path):
        return Kind.CHOICE
    for named, kind in ((formats, _BY_FORMAT), (types, _BY_TYPE)):
        if found := named & kind.keys():
            return kind[found.pop()]
    # Decimals are written as a number or as text.
    if "number" in types and "string" in types:
        return Kind.MONEY
    return Kind.NUMBER if types & {"number", "integer"} else Kind.TEXT


_BY_FORMAT: Mapping[Any, Kind] = {
    "password": Kind.SECRET,
    "uri": Kind.ADDRESS,
    "schedule": Kind.SCHEDULE,
}
_BY_TYPE: Mapping[Any, Kind] = {"boolean": Kind.SWITCH, "array": Kind.LIST, "object": Kind.MAPPING}


def plain(model: BaseModel) -> dict[str, object]:
    """The settings as JSON-like values, secrets included: never to be shown."""
    return cast(dict[str, object], _plain(model.model_dump()))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in cast(Mapping[Any, object], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in cast(Iterable[object], value)]
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def within(values: object, path: Path) -> object:
    """The value at `path`; None where there is none."""
    for name in path:
        values = cast(Mapping[str, object], values).get(str(name)) if isinstance(values, Mapping) else None
    return values


def has_password(value: object) -> bool:
    """Whether it is an address with a password in it."""
    if not isinstance(value, str) or "@" not in value:
        return False
    try:
        return urlsplit(value).password is not None
    except ValueError:
        return True
