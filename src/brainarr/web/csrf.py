"""Forms of ours, told from those that other pages send: each carries a token that no other page can know.

For somebody with a session the token follows from its cookie, by HMAC: whoever reads it in a page learns
nothing of the cookie. For all others it follows from a cookie made for that ("double submit"). The check of
`Origin` (origin.py) stands before both.
"""

import hmac
import secrets as tokens

from fastapi import Request

from brainarr.web.cookies import promise_cookie

FIELD = "csrf"
HEADER = "X-CSRF-Token"
"""For scripts."""

COOKIE = "brainarr_csrf"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_LONGEST = 200


def csrf_token(request: Request) -> str:
    """What forms in the answer to `request` must carry."""
    return _token(_seed(request))


def bind_csrf(request: Request, session_token: str) -> None:
    """The forms are of this session from here on."""
    request.state.csrf_seed = session_token


async def is_our_form(request: Request) -> bool:
    """Whether the request carries the token, in its form or its header."""
    return _fits(request, request.headers.get(HEADER) or await _field(request))


def is_our_script(request: Request) -> bool:
    """The same for what is no form."""
    return _fits(request, request.headers.get(HEADER))


def _fits(request: Request, given: str | None) -> bool:
    seed = getattr(request.state, "csrf_seed", None) or request.cookies.get(COOKIE, "")[:_LONGEST]
    return bool(given and seed) and hmac.compare_digest(str(given).encode(), _token(seed).encode())


def _seed(request: Request) -> str:
    state = request.state
    if seed := getattr(state, "csrf_seed", None):
        return seed
    if seed := request.cookies.get(COOKIE, "")[:_LONGEST]:
        return seed
    if not hasattr(state, "csrf_fresh"):
        state.csrf_fresh = tokens.token_urlsafe(32)
        promise_cookie(request, COOKIE, state.csrf_fresh)
    return state.csrf_fresh


async def _field(request: Request) -> str | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return None
    # Read once: the route gets the same form.
    value = (await request.form()).get(FIELD)
    return value if isinstance(value, str) else None


def _token(seed: str) -> str:
    return hmac.digest(seed.encode(), b"a form of Brainarr's", "sha256").hex()
