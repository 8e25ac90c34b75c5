"""Puts the layers together into validated settings, or says everything that is wrong with them at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ValidationError

from brainarr.errors import HIDDEN, SHORTEST_SECRET, ConfigurationError, Fault
from brainarr.settings.environment import read_environment
from brainarr.settings.faults import fault_for, is_secret
from brainarr.settings.file import read_file
from brainarr.settings.layers import Given, Layer, Origin, Path, dotted, nest, stack
from brainarr.settings.schema import Schema

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """Settings that hold, with who fixed which key."""

    values: M
    origins: Mapping[str, Origin]
    """By dotted key, for every value that is not the default."""
    places: Mapping[str, str]
    """By dotted key: "config.yaml, line 3" or the name of an environment variable."""
    secrets: frozenset[str]
    """The secret values among them, so that the log can hide them wherever they turn up."""

    def origin(self, key: str) -> Origin:
        """The strongest layer that said something about `key` or anything inside it."""
        said = {self.origins[known] for known in self._inside(key)}
        return next((origin for origin in Origin if origin in said), Origin.DEFAULT)

    def place(self, key: str) -> str:
        """Where the strongest layer said it first; "" for a default."""
        strongest = self.origin(key)
        return next((self.places[each] for each in self._inside(key) if self.origins[each] is strongest), "")

    def locked(self, key: str) -> bool:
        """Whether file or environment fixed it, so that the web app cannot change it."""
        return self.origin(key).locked

    def _inside(self, key: str) -> Iterator[str]:
        return (known for known in self.origins if f"{known}.".startswith(f"{key}."))


def load(
    model: type[M], folder: FilePath, environ: Mapping[str, str], database: Mapping[str, Any] | None = None
) -> Loaded[M]:
    """The settings of `model` from environment, `config.yaml` in `folder`, and the database's dotted keys.

    Raises ConfigurationError with every fault that could be found.
    """
    schema = Schema(model)
    environment = read_environment(environ, schema, folder)
    try:
        file = read_file(folder)
    except ConfigurationError as error:
        file = Layer(faults=error.faults)
    stored = Layer()
    for key, value in (database or {}).items():
        stored.add(tuple(key.split(".")), value, Origin.DATABASE, "the database")
    holding = {
        path: given
        for path, given in stack([environment, file, stored]).items()
        # `lidarr:` with nothing below it is how a section looks whose keys are all commented out.
        if not (given.value is None and schema.is_section(path))
    }
    nested, gaps = nest(holding)
    faults = environment.faults + file.faults + gaps
    try:
        values = model.model_validate(nested)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A list whose entries are all faulty counts as too short besides, which would only confuse.
        inside = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
        faults += [fault_for(each, nested, holding, schema) for each in details if each["loc"] not in inside]
        raise ConfigurationError(_without_secrets(faults, holding, schema)) from None
    if faults:
        raise ConfigurationError(_without_secrets(faults, holding, schema))
    origins = {dotted(path): given.origin for path, given in holding.items()}
    places = {dotted(path): given.place for path, given in holding.items()}
    return Loaded(values, origins, places, frozenset(_secrets(holding, schema)))


def _without_secrets(faults: list[Fault], holding: Mapping[Path, Given], schema: Schema) -> list[Fault]:
    """A key that was also pasted where a port belongs must not be shown there."""
    for secret in _secrets(holding, schema):
        if len(secret) >= SHORTEST_SECRET:
            for fault in faults:
                fault.given = fault.given.replace(secret, HIDDEN)
    return faults


def _secrets(holding: Mapping[Path, Given], schema: Schema) -> set[str]:
    """Values of secret keys, and passwords within addresses."""
    found: set[str] = set()
    for path, given in holding.items():
        if not isinstance(given.value, str):
            continue
        if is_secret(path, schema):
            found.add(given.value)
        if "@" in given.value:
            found |= _passwords(given.value)
    return found - {""}


def _passwords(address: str) -> set[str]:
    """As it stands in the address, and as its service knows it."""
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}
