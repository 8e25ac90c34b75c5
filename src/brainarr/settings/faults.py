"""Turns what pydantic found wrong into faults: the key, what was given and where, and what is allowed."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from brainarr.errors import HIDDEN, Fault, looks_secret, redact
from brainarr.settings.layers import Given, Path, dotted
from brainarr.settings.schema import Schema

LONGEST_SHOWN = 80
_NOTHING = object()


def fault_for(
    detail: ErrorDetails, nested: Mapping[str, Any], holding: Mapping[Path, Given], schema: Schema
) -> Fault:
    """One fault; `nested` are the settings as validated, `holding` knows where each value was given."""
    path, value = _locate(detail["loc"], nested)
    place = _place(path, holding)
    hidden = is_secret(path, schema)
    allowed = schema.allowed(path) or detail["msg"]
    if detail["type"] == "extra_forbidden":
        near = schema.nearest(path)
        allowed = f"known keys only; the nearest one is {near}"
        hidden = hidden or is_secret(tuple(near.split(".")), schema) or _looks_random(value)
    elif detail["type"] == "value_error":
        allowed = str(detail.get("ctx", {}).get("error", allowed))
    given = "nothing" if value is _NOTHING else _shown(value, hidden)
    return Fault(dotted(path) or "the settings", f"{given} ({place})" if place else given, allowed)


def is_secret(path: Path, schema: Schema) -> bool:
    return schema.is_secret(path) or any(looks_secret(str(name)) for name in path)


def _locate(loc: tuple[int | str, ...], nested: Any) -> tuple[Path, Any]:
    """Path and value among the given settings; pydantic's `loc` may name branches of a union besides."""
    path: list[int | str] = []
    for position, name in enumerate(loc):
        inner = _inside(nested, name)
        if inner is _NOTHING and not (isinstance(nested, dict) and position == len(loc) - 1):
            continue
        path.append(name)
        nested = inner
    return tuple(path), nested


def _inside(nested: Any, name: int | str) -> Any:
    if isinstance(nested, dict):
        return nested.get(name, _NOTHING)
    if isinstance(nested, list) and isinstance(name, int) and name < len(nested):
        return nested[name]
    return _NOTHING


def _place(path: Path, holding: Mapping[Path, Given]) -> str:
    """Where the value was given, or the first thing inside it, or else the first thing beside it."""
    for candidate, given in holding.items():
        if candidate[: len(path)] == path:
            return given.place
    return _place(path[:-1], holding) if path else ""


def _looks_random(value: Any) -> bool:
    """A secret under a misspelt key must not be shown either."""
    return isinstance(value, str) and len(value) >= 20 and not any(char.isspace() for char in value)


def _shown(value: Any, hidden: bool = False) -> str:
    """The value, bounded, with no secret in it."""
    if hidden and value not in (None, "", [], {}):
        text = HIDDEN
    elif isinstance(value, dict):
        text = ", ".join(f"{name}: {_shown(inner, looks_secret(str(name)))}" for name, inner in value.items())
        text = f"{{{text}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_shown, value))}]"
    elif value is None:
        text = "null"
    else:
        text = str(value) or "empty text"
    text = redact(text)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
