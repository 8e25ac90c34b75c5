"""Reads JSON as strictly, and as leniently, as Lidarr's deserialiser: Newtonsoft.Json with default settings.

Names match without regard to case, unknown members are ignored, absent ones take their default, "5" and
"true" are coerced, a null number or flag fails the whole answer.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Convert = Callable[[Any], Any]

_COVER_TYPES = frozenset(
    {"unknown", "poster", "banner", "fanart", "screenshot", "headshot", "cover", "disc", "logo", "clearlogo"}
)
_INT32 = range(-(2**31), 2**31)


class Undeserialisable(Exception):
    """The answer as a whole cannot be used."""


def integer(value: Any) -> int:
    if isinstance(value, str):
        try:
            value = int(value.strip())
        except ValueError:
            raise Undeserialisable(f"Could not convert string to integer: {value[:40]}") from None
    if isinstance(value, bool) or not isinstance(value, int) or value not in _INT32:
        raise Undeserialisable(f"Error converting value {_shown(value)} to type 'System.Int32'")
    return value


def boolean(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    if isinstance(value, int):
        return bool(value)
    raise Undeserialisable(f"Error converting value {_shown(value)} to type 'System.Boolean'")


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    raise Undeserialisable(f"Error reading string. Unexpected token: {_shown(value)}")


def integers(value: Any) -> list[int] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise Undeserialisable("Cannot deserialize into type 'System.Int32[]': not an array")
    return [integer(element) for element in value]


def images(value: Any) -> None:
    """Read for their form only: one cover type Lidarr does not know fails the whole answer."""
    if value is not None and not isinstance(value, list):
        raise Undeserialisable("Cannot deserialize into type 'List<MediaCover>': not an array")
    for image in value or []:
        if image is None:
            continue
        if not isinstance(image, dict):
            raise Undeserialisable(f"Error converting value {_shown(image)} to type 'MediaCover'")
        kind = next((v for k, v in image.items() if k.lower() == "covertype"), 0)
        if not isinstance(kind, int) and str(kind).lower() not in _COVER_TYPES:
            raise Undeserialisable(f"Error converting value {_shown(kind)} to type 'MediaCoverTypes'")


def read_rows(body: str, shape: Mapping[str, tuple[Convert, Any]]) -> list[dict[str, Any] | None]:
    """The array of objects in `body`; `shape` maps a member to its converter and default.

    A null element stays None, as C# gets it. Raises Undeserialisable, also for "" and "null": Lidarr
    then fails on the missing list.
    """
    try:
        rows = json.loads(body) if body.strip() else None
    except ValueError as error:
        raise Undeserialisable(f"Unexpected character encountered while parsing: {error}") from None
    if rows is None:
        raise Undeserialisable("Value cannot be null. (Parameter 'source')")
    if not isinstance(rows, list):
        raise Undeserialisable("Cannot deserialize the current JSON object: the type requires a JSON array")
    return [None if row is None else _read(row, shape) for row in rows]


def _read(row: Any, shape: Mapping[str, tuple[Convert, Any]]) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Undeserialisable(f"Error converting value {_shown(row)}: the type requires a JSON object")
    by_lower_name = {name.lower(): name for name in shape}
    read = {name: default for name, (_, default) in shape.items()}
    for given, value in row.items():
        name = by_lower_name.get(given.lower())
        if name is not None:
            read[name] = shape[name][0](value)
    return read


def _shown(value: Any) -> str:
    return "{null}" if value is None else repr(value)[:40]
