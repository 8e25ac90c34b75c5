"""What wraps every request: the URL base, the size limit, the security headers, its number, log and meter."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brainarr import log as logs
from brainarr import metrics, tracing
from brainarr.errors import HIDDEN, looks_secret

MAX_BODY = 64 * 1024
"""Bytes. The largest body the API takes is a bulk decision, a few kilobytes."""

MAX_WEBHOOK = 2**20
"""Of a webhook, which names every file of a box set, and the whole of an artist's overview."""
_WEBHOOKS = "/webhooks/"

BODY_S = 15.0
"""How long a body may take to arrive."""

API = "/api/v1"
Header = tuple[bytes, bytes]
_LONGEST_LOGGED = 500
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Feed addresses carry their key in the query, for want of another place in Lidarr's Custom List: no other
    # site may see them.
    # Not "no-referrer": a browser then sends `Origin: null` with a form of ours, which web/origin.py refuses.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
access = logging.getLogger("brainarr.access")


def header_of(scope: Scope, name: bytes) -> str | None:
    """The value of the first header of that name, which is in lower case; None: there is none."""
    for given, value in scope["headers"]:
        if given == name:
            return value.decode("latin-1")
    return None


class UrlBase:
    """Serves the app under `base`, and without it: some reverse proxies strip it. Never redirects."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self.app = app
        self.base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] == "http" and self.base and (path == self.base or path.startswith(f"{self.base}/")):
            # In place: what the router notes in it is asked for outside.
            scope.update(root_path=self.base, path=path if path != self.base else f"{path}/")
        await self.app(scope, receive, send)


class BodyLimit:
    """Stops reading a body at `MAX_BODY`, or `MAX_WEBHOOK`, and after `BODY_S`; counted, because an announced
    length may be missing or a lie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        complete = False
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        most = MAX_WEBHOOK if path.startswith(_WEBHOOKS) else MAX_BODY
        until = asyncio.get_running_loop().time() + BODY_S

        async def bounded() -> Message:
            nonlocal read, complete
            if complete:
                # From here on there is nothing to come but the end of the connection.
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"The body did not arrive within {BODY_S:g} s.") from None
            complete = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, f"A request body may have {most} bytes at most.")
            return message

        await self.app(scope, bounded, send)


class SecurityHeaders:
    """Adds the headers that keep a browser from doing anything clever with our answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": secured(message.get("headers", []))}
            await send(message)

        await self.app(scope, receive, with_headers)


def secured(headers: Iterable[Header]) -> list[Header]:
    """`headers`, whose names are in lower case as ASGI wants, and those of ours that they do not name."""
    given = list(headers)
    present = {name for name, _ in given}
    return [*given, *(header for header in _ENCODED if header[0] not in present)]


class Observed:
    """Every request has a number (`X-Request-Id`), which its answer and all its lines in the log carry; one
    such line tells of the request itself, with every key in its address blotted out. It is measured, and
    traced where traces are wanted. Its answer gets the headers of `SecurityHeaders` on the same way out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        number = _request_id(scope)
        status, streamed_after = 0, None

        async def watched(message: Message) -> None:
            nonlocal status, streamed_after
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = secured(message.get("headers", []))
                if any(value.startswith(_STREAM) for name, value in headers if name == b"content-type"):
                    # It lasts as long as somebody watches.
                    streamed_after = time.perf_counter() - began
                message = {**message, "headers": [*headers, (b"x-request-id", number.encode())]}
            await send(message)

        with logs.bound(request=number), tracing.span("request", request=number) as span:
            try:
                await self.app(scope, receive, watched)
            finally:
                seconds = time.perf_counter() - began
                route = template_of(scope)
                metrics.http_answered(scope["method"], route, status, streamed_after or seconds)
                if span is not None:
                    span.update_name(f"{scope['method']} {route or 'unmatched'}")
                    span.set_attribute("http.response.status_code", status)
                # Asked for several times a minute, for ever, or many at once by each page.
                level = logging.DEBUG if route in _ROUTINE else logging.INFO
                logs.write(
                    access,
                    level,
                    "request",
                    method=scope["method"],
                    target=loggable(scope["path"], scope.get("query_string", b"")),
                    status=status,
                    seconds=round(seconds, 4),
                    client=(scope.get("client") or ("",))[0],
                )


_ROUTINE = ("/ping", "/metrics", "/static/{version}/{path:path}", "/art/{subject}/{mbid}", "/sw.js")
_STREAM = b"text/event-stream"
# It need not be a secret, only another one each time and in each process.
_numbers = random.Random()
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _request_id(scope: Scope) -> str:
    """What a reverse proxy calls the request, where that is a number or name; else a number of our own."""
    given = header_of(scope, b"x-request-id") or ""
    return given if _SANE_ID.fullmatch(given) else f"{_numbers.getrandbits(64):016x}"


def template_of(scope: Scope) -> str | None:
    """The template of the address that the router found, as `/api/v1/runs/{id}`; None: it found none.

    A route of the API knows itself without the prefix it was included under.
    """
    own = getattr(scope.get("route"), "path", None)
    if own is None or not scope["path"].removeprefix(scope.get("root_path", "")).startswith(f"{API}/"):
        return own
    return f"{API}{own.removeprefix(API)}"


_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.-]*")


def loggable(path: str, query: bytes) -> str:
    """`path?query` on one bounded line, without the value of anything that is named like a secret."""
    shown = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:@!$&'()*+,;=~")
    if query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        shown += "?" + urlencode(
            [(name, HIDDEN if looks_secret(name) else value) for name, value in pairs], safe=HIDDEN
        )
    return shown[:_LONGEST_LOGGED]
