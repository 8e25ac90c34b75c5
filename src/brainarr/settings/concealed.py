"""Secrets within a list or a mapping: shown as a mark, and put back where the mark comes back unchanged.

A mark is `unchanged:REF`. REF is the name of the list's entry that holds the secret, or the entry's number
where entries have no names; so it survives another order, and an entry that is called otherwise now. The word
alone means the entry's own name or number, or the one secret where there is no list.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from brainarr.errors import ConfigurationError, Fault
from brainarr.settings.layers import Path, dotted
from brainarr.settings.schema import Schema

UNCHANGED = "unchanged"


def conceal(value: object, path: Path, schema: Schema, ref: str = "") -> object:
    """`value` of the setting at `path` with a mark for every secret in it."""
    if isinstance(value, Mapping):
        parts = cast(Mapping[str, object], value)
        return {name: conceal(part, (*path, name), schema, ref) for name, part in parts.items()}
    if isinstance(value, list):
        entries = cast(list[object], value)
        return [
            conceal(part, (*path, index), schema, _name_of(part) or str(index))
            for index, part in enumerate(entries)
        ]
    return f"{UNCHANGED}:{ref}" if isinstance(value, str) and value and schema.is_secret(path) else value


def reveal(value: object, path: Path, schema: Schema, stored: object) -> object:
    """`value` with the secrets of `stored`, the present value, where it has marks.

    Raises ConfigurationError where there is no such secret any more.
    """
    faults: list[Fault] = []

    def walk(part: object, at: Path, own: str) -> object:
        if isinstance(part, Mapping):
            inner = cast(Mapping[str, object], part)
            return {name: walk(each, (*at, name), own) for name, each in inner.items()}
        if isinstance(part, Sequence) and not isinstance(part, str):
            entries = cast(Sequence[object], part)
            return [
                walk(each, (*at, index), _name_of(each) or str(index)) for index, each in enumerate(entries)
            ]
        if not isinstance(part, str) or not schema.is_secret(at):
            return part
        word, _, ref = part.partition(":")
        if word != UNCHANGED:
            return part
        secret = _secret_of(stored, ref or own, at[len(path) + 1 :])
        if secret is None:
            faults.append(Fault(dotted(at), f"no stored secret of {ref or own!r}", "the secret itself"))
        return secret

    revealed = walk(value, path, "")
    if faults:
        raise ConfigurationError(faults)
    return revealed


def _name_of(entry: object) -> str:
    """As the provider chain names its entries: after their kind unless they say otherwise."""
    if not isinstance(entry, Mapping):
        return ""
    entry = cast(Mapping[str, Any], entry)
    return str(entry.get("name") or entry.get("kind") or "").strip()


def _secret_of(stored: object, ref: str, rest: Path) -> str | None:
    """What the entry `ref` of the stored list holds at `rest`; a secret by itself is no entry of anything."""
    if isinstance(stored, str):
        return stored or None
    entries = cast(list[object], stored) if isinstance(stored, list) else []
    for index, entry in enumerate(entries):
        if ref != (_name_of(entry) or str(index)):
            continue
        for name in rest:
            entry = cast(Mapping[str, object], entry).get(str(name)) if isinstance(entry, Mapping) else None
        return entry if isinstance(entry, str) and entry else None
    return None
