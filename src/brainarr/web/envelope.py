"""What wraps every request: the URL base, the size limit, the security headers, the access log."""

import time
from urllib.parse import parse_qsl, quote, urlencode

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brainarr.errors import HIDDEN, looks_secret

MAX_BODY = 64 * 1024
"""Bytes. The largest body the API takes is a bulk decision, a few kilobytes."""

_LONGEST_LOGGED = 500
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Feed addresses carry their key in the query, for want of another place in Lidarr's Custom List.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
log = structlog.get_logger("brainarr.access")


class UrlBase:
    """Serves the app under `base`, and without it: some reverse proxies strip it. Never redirects."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self.app = app
        self.base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] == "http" and self.base and (path == self.base or path.startswith(f"{self.base}/")):
            scope = {**scope, "root_path": self.base, "path": path if path != self.base else f"{path}/"}
        await self.app(scope, receive, send)


class BodyLimit:
    """Stops reading a body at `MAX_BODY`; counted, because an announced length may be missing or a lie."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise HTTPException(413, f"A request body may have {MAX_BODY} bytes at most.")
            return message

        await self.app(scope, bounded, send)


class SecurityHeaders:
    """Adds the headers that keep a browser from doing anything clever with our answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                present = {name.lower() for name, _ in headers}
                added = (header for header in _ENCODED if header[0] not in present)
                message = {**message, "headers": [*headers, *added]}
            await send(message)

        await self.app(scope, receive, with_headers)


class AccessLog:
    """One line for each request, with every key in the address blotted out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            # Containers ask for it twice a minute, for ever.
            say = log.debug if scope["path"].endswith("/ping") else log.info
            say(
                "request",
                method=scope["method"],
                target=loggable(scope["path"], scope.get("query_string", b"")),
                status=status,
                seconds=round(time.perf_counter() - began, 4),
                client=(scope.get("client") or ("",))[0],
            )


def loggable(path: str, query: bytes) -> str:
    """`path?query` on one bounded line, without the value of anything that is named like a secret."""
    shown = quote(path, safe="/:@!$&'()*+,;=~")
    if query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        shown += "?" + urlencode(
            [(name, HIDDEN if looks_secret(name) else value) for name, value in pairs], safe=HIDDEN
        )
    return shown[:_LONGEST_LOGGED]
