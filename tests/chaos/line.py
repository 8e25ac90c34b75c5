"""A line to a server that can be cut in every way a network cuts: between Brainarr and what it speaks to."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from enum import StrEnum


class Cut(StrEnum):
    NONE = "none"
    REFUSE = "refuse"
    """Nobody listens."""
    HANG = "hang"
    """Connections are taken, and never answered."""
    RESET = "reset"
    """Every connection is reset, half-way through an answer too."""
    HALF = "half"
    """Answers end after a few hundred bytes, with a reset."""


HALF_BYTES = 300


class Line:
    """One port before one server. `cut` acts at once, also on talks under way."""

    def __init__(self, server: str) -> None:
        host, _, port = server.removeprefix("http://").partition(":")
        self._server = host, int(port)
        self._state = Cut.NONE
        self._talks: dict[asyncio.StreamWriter, asyncio.StreamWriter | None] = {}
        self._listener: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def cut(self, state: Cut) -> None:
        if state is Cut.REFUSE:
            await self._close()
        elif self._listener is None:
            await self._open()
        self._state = state
        if state in (Cut.RESET, Cut.REFUSE):
            for caller in list(self._talks):
                _reset(caller)

    async def _open(self) -> None:
        self._listener = await asyncio.start_server(self._speak, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks[writer] = None
        with contextlib.suppress(OSError):
            if self._state is Cut.RESET:
                _reset(writer)
            if self._state is Cut.HANG:
                await reader.read()
                return await self._end(writer)
            there, back = await asyncio.open_connection(*self._server)
            self._talks[writer] = back
            asking = asyncio.create_task(self._carry(reader, back, None))
            await self._carry(there, writer, writer)
            asking.cancel()
        await self._end(writer)

    async def _carry(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, answer: asyncio.StreamWriter | None
    ) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while chunk := await source.read(65_536):
                if answer is not None and self._state is Cut.HALF:
                    to.write(chunk[: max(0, HALF_BYTES - carried)])
                    await to.drain()
                    if carried + len(chunk) > HALF_BYTES:
                        return _reset(answer)
                elif answer is not None and self._state is Cut.HANG:
                    return
                else:
                    to.write(chunk)
                    await to.drain()
                carried += len(chunk)

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        back = self._talks.pop(writer, None)
        for end in (writer, back):
            if end is not None:
                end.close()

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, server: str) -> AsyncIterator["Line"]:
        line = cls(server)
        await line._open()
        try:
            yield line
        finally:
            await line._close()
            for caller in list(line._talks):
                _reset(caller)


def _reset(writer: asyncio.StreamWriter) -> None:
    """A hang-up without goodbye: the other side sees ECONNRESET."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
