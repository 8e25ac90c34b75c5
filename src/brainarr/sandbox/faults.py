"""Things that go wrong on demand: wrap an app in `Faults` and tell it how its next answers are to fail."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass
class Fault:
    """How requests whose path contains `path` fail. `times` None: until cleared."""

    path: str = ""
    status: int | None = None
    """Answered with an empty body (or `body`) instead of asking the app."""
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    """Seconds to wait first."""
    cut: bool = False
    """The connection ends after half of the body."""
    times: int | None = None


class Faults:
    """An ASGI app around `app`; `requests` remembers every request line, in order."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests: list[str] = []
        self._waiting: list[Fault] = []

    def inject(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def inject_html(self, path: str = "", times: int | None = None) -> None:
        """What a reverse proxy says when the service behind it is gone, with status 200 as some do."""
        self.inject(Fault(path, status=200, body=HTML, content_type="text/html; charset=utf-8", times=times))

    def clear(self) -> None:
        self._waiting.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        self.requests.append(f"{scope['method']} {scope['path']}{'?' + query if query else ''}")
        fault = self._next(scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.status is not None:
            await _refuse(fault, fault.status, send)
        elif fault.cut:
            await self._cut(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _next(self, path: str) -> Fault | None:
        for fault in self._waiting:
            if fault.path in path:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Half of the first chunk of the body, then nothing: the server closes the unfinished connection."""
        over = False

        async def halve(message: Message) -> None:
            nonlocal over
            if over:
                return
            if message["type"] == "http.response.body":
                over = True
                body = message.get("body", b"")
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            else:
                await send(message)

        await self.app(scope, receive, halve)


async def _refuse(fault: Fault, status: int, send: Send) -> None:
    headers = [
        (b"content-type", fault.content_type.encode()),
        (b"content-length", str(len(fault.body)).encode()),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in fault.headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": fault.body})
