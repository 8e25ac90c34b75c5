"""Reads one huge JSON array as it arrives, in groups of whole elements, in little memory.

msgspec decodes ten times as fast as an event parser such as ijson, but only whole values. So the bytes are
cut at commas of which we believe that they stand between two elements of the outermost array, and each group
is decoded as an array of its own. A wrong belief costs time, never truth: what JSON allows next depends only
on what came before, so if the bytes up to a comma, with `]` in its place, are a valid array, then the comma
stood between two elements of it.
"""

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import structs

from brainarr.errors import UnreadableAnswer
from brainarr.http import excerpt, unreadable

GROUP_BYTES = 128 * 1024
"""So much is waited for before a group is cut: about 0.2 ms of decoding."""

MAX_ELEMENT_BYTES = 4 * 2**20
"""An element larger than this is no artist and no album; it also bounds what is held in memory."""

MAX_DEPTH = 64

T = TypeVar("T")

_NO_ARRAY = msgspec.ValidationError("a list was expected")
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*")
# Strings and scalars are skipped inside the expression, so that Python sees the brackets only.
# All repetitions are possessive: no input makes it backtrack.
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]])', re.DOTALL)
_BORDER = re.compile(rb'\}[ \t\r\n]*+,[ \t\r\n]*+\{[ \t\r\n]*+"[^"\\]{1,64}"')


class ArrayReader(Generic[T]):
    """Takes the bytes of a JSON array of objects piece by piece and gives its elements back as they complete.

    `row` is the msgspec Struct of an element, `bare` one with the members it cannot do without: an element
    that is no `row` is read as that. One that is neither is left out and counted in `skipped`. Raises
    UnreadableAnswer when the bytes are no JSON array, or end before it does.
    """

    def __init__(
        self, provider: str, row: type[T], bare: type[msgspec.Struct], *, group_bytes: int = GROUP_BYTES
    ) -> None:
        self.skipped = 0
        self._provider = provider
        self._group_bytes = group_bytes
        self._enough = group_bytes
        self._rows = msgspec.json.Decoder(list[row])
        self._row = msgspec.json.Decoder(row)
        self._bare = msgspec.json.Decoder(bare)
        self._from_bare = row
        self._buffer = bytearray()  # once opened, it always begins with the array's bracket
        self._opened = False
        self._border: bytes | None = None

    def feed(self, piece: bytes | memoryview) -> list[T]:
        """The elements that are known to be whole now; often none."""
        self._buffer += piece
        if len(self._buffer) < self._enough or not self._open():
            return []
        for comma in self._commas():
            rows = self._cut(comma)
            if rows is not None:
                self._enough = self._group_bytes
                return rows
        if len(self._buffer) > MAX_ELEMENT_BYTES:
            raise UnreadableAnswer(
                self._provider,
                f"one element of its list is larger than {MAX_ELEMENT_BYTES >> 20} MiB, or not JSON.",
                excerpt=excerpt(bytes(self._buffer[:2000])),
            )
        # Doubling keeps the work linear however large one element is.
        self._enough = 2 * len(self._buffer)
        return []

    def finish(self) -> list[T]:
        """The last elements, when no more bytes come."""
        self._open()
        try:
            return self._decode(bytes(self._buffer))
        except (ValueError, RecursionError) as error:
            raise unreadable(self._provider, bytes(self._buffer[:2000]), error) from error

    def _open(self) -> bool:
        if not self._opened and (opening := _OPENING.match(self._buffer)):
            del self._buffer[: opening.end()]
            self._opened = self._buffer[:1] == b"["
            if self._buffer and not self._opened:
                raise unreadable(self._provider, bytes(self._buffer[:2000]), _NO_ARRAY)
        return self._opened

    def _commas(self) -> Iterator[int]:
        """Where a comma probably ends a group: where the first border's bytes recur, or else by counting."""
        if self._border is not None:
            found = self._buffer.rfind(self._border)
            if found > 0:
                yield found + self._border.index(b",")
        depth, closed, comma, at = 0, 0, -1, 0
        # Not finditer: where the buffer ends within a string, that would try again from every single byte.
        while depth < MAX_DEPTH and (bracket := _BRACKET.match(self._buffer, at)):
            at = bracket.end()
            if bracket[1] in b"}]":
                depth -= 1
                closed = at - 1
                if not depth:
                    break
            else:
                if depth == 1 and closed:
                    comma = self._buffer.rfind(b",", closed, at)
                    self._border = self._border or _border_at(self._buffer, closed)
                depth += 1
        if comma > 0:
            yield comma

    def _cut(self, comma: int) -> list[T] | None:
        """Decodes what precedes the comma and lets the rest begin there; None: it was no such comma."""
        self._buffer[comma] = ord("]")
        try:
            rows = self._decode(bytes(memoryview(self._buffer)[: comma + 1]))
        except (ValueError, RecursionError):
            self._buffer[comma] = ord(",")
            return None
        del self._buffer[:comma]
        self._buffer[0] = ord("[")
        return rows

    def _decode(self, group: bytes) -> list[T]:
        try:
            return self._rows.decode(group)
        except ValueError:
            return list(self._one_by_one(group))

    def _one_by_one(self, group: bytes) -> Iterator[T]:
        for element in msgspec.json.decode(group, type=list[msgspec.Raw]):
            try:
                yield self._row.decode(element)
            except ValueError:
                try:
                    yield self._from_bare(**structs.asdict(self._bare.decode(element)))
                except ValueError:
                    self.skipped += 1


def _border_at(buffer: bytearray, closing: int) -> bytes | None:
    """From an element's closing brace to the first key of the next: how later borders will look, too."""
    found = _BORDER.match(buffer, closing)
    return found[0] if found else None
