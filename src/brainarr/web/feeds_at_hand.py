"""The quick way to a feed: what is at hand leaves ahead of the router, in a tenth of the time it would take.

Whatever is not plainly a poll with the right key goes on to the router, which decides: `web/feeds.py`.
"""

import re
from functools import partial

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from brainarr.service.feed_cache import Answer, FeedCache
from brainarr.service.feeds import ALBUMS, ARTISTS
from brainarr.web.auth import same_key

_FEED = re.compile(r"/lists/([^/]+)/(artists|api/v1/album)")
_CHANNELS = {"artists": ARTISTS, "api/v1/album": ALBUMS}


class FeedsAtHand:
    """Middleware next to the router, so that everything which wraps requests wraps these too."""

    def __init__(self, app: ASGIApp, feeds: FeedCache) -> None:
        self.app = app
        self.feeds = feeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        poll = _FEED.fullmatch(_path(scope)) if scope["type"] == "http" and scope["method"] == "GET" else None
        if poll is not None:
            headers = Headers(scope=scope)
            given = _given_key(headers, scope) or ""
            answer = self.feeds.at_hand(poll[1], _CHANNELS[poll[2]], partial(same_key, given))
            if answer is not None:
                known = names(headers.get("if-none-match"), answer.etag)
                body = b"" if known else answer.body
                head = headers_of(answer)
                if not known:
                    head += [
                        (b"content-type", b"application/json"),
                        (b"content-length", str(len(body)).encode()),
                    ]
                await send({"type": "http.response.start", "status": 304 if known else 200, "headers": head})
                await send({"type": "http.response.body", "body": body})
                return
        await self.app(scope, receive, send)


def _path(scope: Scope) -> str:
    """Without the URL base."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


def headers_of(answer: Answer) -> list[tuple[bytes, bytes]]:
    """With them a client may ask whether anything changed; it may keep the answer, a proxy may not."""
    return [(b"etag", answer.etag.encode()), (b"cache-control", b"private, no-cache")]


def names(if_none_match: str | None, etag: str) -> bool:
    """Whether the header If-None-Match names this answer (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in (etag, "*") for tag in tags)


def _given_key(headers: Headers, scope: Scope) -> str | None:
    """As `web.auth.given_key` finds it; that one, which describes itself to OpenAPI, takes its time."""
    if key := headers.get("x-api-key"):
        return key
    if key := QueryParams(scope["query_string"]).get("apikey"):
        return key
    scheme, credentials = get_authorization_scheme_param(headers.get("authorization"))
    return credentials if scheme.lower() == "bearer" else None
