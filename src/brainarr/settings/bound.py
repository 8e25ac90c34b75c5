"""Secrets belong to the hosts they are told: none follows its service to another one by itself.

Else whoever may change an address, and cannot read the secret beside it, has it sent to wherever they like.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from brainarr.errors import Fault
from brainarr.settings.concealed import UNCHANGED
from brainarr.settings.layers import Path, dotted
from brainarr.settings.schema import Schema
from brainarr.settings.values import place_of


def carried_off(
    before: Mapping[str, object], after: Mapping[str, object], typed: frozenset[str], schema: Schema
) -> list[tuple[Path, Path]]:
    """Addresses in `after` that would be told a secret of `before` which they were not told; each with the
    place of that secret. `typed`: secrets that whoever makes the change knows."""
    told: dict[str, set[str]] = {}
    for _, secret, _, address in _pairs(before, (), schema):
        told.setdefault(secret, set()).add(place_of(address))
    known = set(_secrets(before, (), schema)) - typed
    return [
        (at, of)
        for of, secret, at, address in _pairs(after, (), schema)
        if secret in known and place_of(address) not in told.get(secret, ())
    ]


def typed_secrets(values: Mapping[str, object], schema: Schema) -> frozenset[str]:
    """The secrets in a change by dotted key; what is marked as unchanged is none."""
    return frozenset(
        secret
        for key, value in values.items()
        for secret in _secrets(value, tuple(key.split(".")), schema)
        if secret.partition(":")[0] != UNCHANGED
    )


def fault_of(address: Path, place: str) -> Fault:
    """`place`: the file or variable that fixes the secret; "": it can be entered again."""
    allowed = (
        f"the host that the secret in {place} is for; change both there"
        if place
        else "the host that the saved key is for; for another one, enter its key again too"
    )
    return Fault(dotted(address), "another host", allowed)


def _pairs(value: object, path: Path, schema: Schema) -> Iterator[tuple[Path, str, Path, str]]:
    """Every secret with every address of its section: path and value of each."""
    if isinstance(value, Mapping):
        parts = cast(Mapping[str, object], value)
        texts = {(*path, name): part for name, part in parts.items() if isinstance(part, str) and part}
        addresses = [(at, text) for at, text in texts.items() if schema.is_service(at)]
        for of, secret in texts.items():
            if addresses and schema.is_secret(of):
                yield from ((of, secret, at, address) for at, address in addresses)
        for name, part in parts.items():
            yield from _pairs(part, (*path, name), schema)
    elif isinstance(value, list):
        for index, part in enumerate(cast(list[object], value)):
            yield from _pairs(part, (*path, index), schema)


def _secrets(value: object, path: Path, schema: Schema) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in cast(Mapping[str, object], value).items():
            yield from _secrets(part, (*path, name), schema)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(cast(list[object], value)):
            yield from _secrets(part, (*path, index), schema)
    elif isinstance(value, str) and value and schema.is_secret(path):
        yield value.strip()
