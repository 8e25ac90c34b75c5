"""A server that answers with exactly the bytes it is told: faults that no HTTP library would commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(answer: Answer | bytes) -> AsyncIterator[str]:
    """Its address. A request whose head is read is answered by `answer`; then the connection is closed."""
    talks: set[asyncio.Task[None]] = set()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The client may hang up at any time: that is what several tests are about.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await reader.readuntil(b"\r\n\r\n")
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(writer)
                await writer.drain()
            except asyncio.CancelledError:
                writer.transport.abort()
            finally:
                writer.close()
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(speak(reader, writer))
        talks.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


def head(status: int = 200, **headers: str) -> bytes:
    """A response's head; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
