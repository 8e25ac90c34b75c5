"""An answer that says something of what carries short ids: its schema, and reading it from whatever came."""

import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, cast

from brainarr.pipeline.plaintext import LONGEST, clean
from brainarr.pipeline.salvage import json_values, listed_lines, without_thinking

_MOST_READ = 500
_ID = re.compile(r"\W{0,4}(m\d{1,3})\b[\s:.)\]*-]*(.*)", re.DOTALL | re.IGNORECASE)
_IDS, _REASONS = ("id", "candidate", "candidate_id", "name", "artist"), ("reason", "why", "explanation")


def entries_schema(name: str, count: int | None, ids: Sequence[str] = ()) -> dict[str, Any]:
    """JSON schema of `{name: [{id, reason}]}`, as strict as `answer_schema`.

    `count`: the most of them; `ids`: the only ones there are, where that is not too much to say.
    """
    of_ids = {"enum": list(ids)} if ids else {}
    item = {
        "type": "object",
        "properties": {"id": {"type": "string", **of_ids}, "reason": {"type": "string"}},
        "required": ["id", "reason"],
        "additionalProperties": False,
    }
    items = {"type": "array", "items": item} | ({} if count is None else {"maxItems": count})
    return {
        "type": "object",
        "properties": {name: items},
        "required": [name],
        "additionalProperties": False,
    }


def read_entries(text: str, longest: int = LONGEST) -> Iterator[tuple[str, str]]:
    """(id or name, reason) of each entry, clean, from JSON in whatever wrapping, else from a plain list.

    Never raises and never ends late; `longest`: characters of each.
    """
    spoken = without_thinking(text)
    found = [entry for value in json_values(spoken) for entry in _unwrapped(value, longest, depth=5)]
    yield from (found or [(clean(line, longest), "") for line in listed_lines(spoken)])[:_MOST_READ]


def split_id(said: str, ids: Container[str]) -> tuple[str, str]:
    """The id that `said` begins with ("" when it is none of `ids`), and what follows."""
    match = _ID.match(said)
    if match is None:
        return "", ""
    short = match[1].lower()
    return short if short in ids else "", clean(match[2], len(said))


def _unwrapped(value: Any, longest: int, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield clean(value, longest), ""
    elif depth and isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _unwrapped(inner, longest, depth - 1)
    elif depth and isinstance(value, dict):
        fields = {name.lower(): inner for name, inner in cast(dict[str, Any], value).items()}
        said = next((fields[name] for name in _IDS if isinstance(fields.get(name), str)), None)
        if said is not None:
            reason = next((fields[name] for name in _REASONS if isinstance(fields.get(name), str)), "")
            yield clean(said, longest), clean(reason, longest)
        else:
            for inner in fields.values():
                if isinstance(inner, list | dict):
                    yield from _unwrapped(inner, longest, depth - 1)
