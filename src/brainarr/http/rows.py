"""Reading the rows of an answer one by one: a single odd row must not cost the whole list."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec

from brainarr.errors import UnreadableAnswer
from brainarr.http.answers import excerpt

T = TypeVar("T")

Count = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
"""Listeners, fans, votes: beyond the bound it is no count but an attack on whoever stores it."""


def read_rows(provider: str, rows: Sequence[msgspec.Raw], shape: type[T], most: int) -> list[T]:
    """The first `most` rows as `shape`, numbers in text included ("0.87"), without those of another shape.

    Raises UnreadableAnswer when there are rows and none can be read: then the whole format has changed.
    """
    read: list[T] = []
    problem: msgspec.ValidationError | None = None
    for row in rows[:most]:
        try:
            read.append(msgspec.json.decode(row, type=shape, strict=False))
        except msgspec.ValidationError as error:
            problem = error
    if problem is not None and not read:
        message = f"its rows have an unexpected shape: {str(problem)[:200]}."
        raise UnreadableAnswer(provider, message, excerpt=excerpt(bytes(rows[0]))) from problem
    return read
