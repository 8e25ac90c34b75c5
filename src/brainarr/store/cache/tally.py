"""What the levels count: plain numbers since the process started, for the API and the metrics."""

from collections import defaultdict
from datetime import datetime
from typing import Literal

import msgspec

LevelName = Literal["memory", "redis", "database"]


class Tally(msgspec.Struct):
    """Of one kind at one level."""

    hits: int = 0
    misses: int = 0
    """The level was asked and had nothing."""
    written: int = 0
    bytes_written: int = 0
    evictions: int = 0
    """Forgotten before their time, for want of room."""
    too_large: int = 0
    """Skipped, because one value must not push out all the others."""
    errors: int = 0
    """The level failed, or what it held was no answer of ours."""

    def __iadd__(self, other: "Tally") -> "Tally":
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


class Tallies(defaultdict[str, Tally]):
    """By name of the kind."""

    def __init__(self) -> None:
        super().__init__(Tally)

    @property
    def total(self) -> Tally:
        total = Tally()
        for tally in self.values():
            total += tally
        return total


class Held(msgspec.Struct, frozen=True, gc=False):
    """A remembered answer as a level hands it up."""

    value: bytes
    until: datetime


class Holding(msgspec.Struct, frozen=True):
    """How much a level holds now; None where that could not be found out."""

    entries: int | None
    bytes: int | None
