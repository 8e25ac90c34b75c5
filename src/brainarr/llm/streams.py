"""Answers that are read while they are written: their lines, and their server-sent events."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec


async def read_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a text however it was cut, without their ends; the last may lack its end."""
    begun: list[bytes] = []
    async for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield b"".join((*begun, end)).removesuffix(b"\r")
            begun.clear()
        if rest:
            begun.append(rest)
    if begun:
        yield b"".join(begun).removesuffix(b"\r")


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each server-sent event; the last may lack the empty line that should end it.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    data: list[bytes] = []
    async for line in read_lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield b"\n".join(data)
            data.clear()
    if data:
        yield b"\n".join(data)


async def kept(pieces: AsyncIterator[bytes], whole: bytearray) -> AsyncIterator[bytes]:
    """The same pieces, all of them also put into `whole`: not every server streams when asked to."""
    async for piece in pieces:
        whole += piece
        yield piece


def as_object(data: bytes) -> Mapping[str, Any] | None:
    """The JSON object in `data`, if it is one."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (ValueError, RecursionError):
        return None
