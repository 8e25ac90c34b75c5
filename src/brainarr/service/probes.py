"""Asking a service by values that are not saved yet: what set-up and the providers page test with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from brainarr.domain.import_lists import is_outdated
from brainarr.domain.prompt import ModelCard


class LidarrFacts(msgspec.Struct, frozen=True):
    """What was found at the address of a Lidarr."""

    version: str
    instance_name: str
    artists: int
    counted_all: bool
    """False: there are more; counting them all would have taken too long."""
    root_folder: str

    @property
    def outdated(self) -> bool:
        return is_outdated(self.version)


class ModelFacts(msgspec.Struct, frozen=True):
    """What a model's server said."""

    line: str
    """One line of proof that it answers; "" where there is a problem."""
    models: tuple[ModelCard, ...]
    """Which it has; only the one that would be asked where it does not list them."""
    chosen: str | None
    """Which would be asked."""
    seconds: float
    problem: str = ""
    """It answers, but the model that was named is not there, or none for talk is."""
    remedy: str = ""


class Kind(msgspec.Struct, frozen=True):
    """A kind of model provider, as people choose one."""

    name: str
    title: str
    address: str
    """"": it must be named."""
    at_home: bool
    needs_key: bool
    needs_model: bool
    default_model: str
    """"": picked from what the server has."""
    has_versions: bool
    """Whether there is more than one API of it."""
    timeout: float
    """Seconds for one answer, where none is set."""


@dataclass(frozen=True)
class Probes:
    """Each asks once, within bounds of time and size, follows no redirect, and raises BrainarrError.

    A key that is left out is the saved one, as long as the address is the saved one: it goes nowhere else.
    """

    lidarr: Callable[[str, str | None, bool], Awaitable[LidarrFacts]]
    """Address, API key, whether its certificate must be valid."""
    model: Callable[[Mapping[str, object]], Awaitable[ModelFacts]]
    """The values of an entry of the provider chain."""
