"""The cookies of people who signed in: of the session, and of a browser that they signed in with before."""

import secrets as tokens
from datetime import timedelta

import msgspec
from fastapi import Request
from starlette.responses import Response

from brainarr.domain.people import folded
from brainarr.errors import BrainarrError
from brainarr.service.sign_in import open_session
from brainarr.store.people import PersonRow
from brainarr.web.cookies import promise_cookie, set_cookie
from brainarr.web.deps import WebDeps, deps_of
from brainarr.web.proxies import address_of

COOKIE = "brainarr_session"
DEVICE_COOKIE = "brainarr_device"
_DEVICE_LIFE = timedelta(days=365)
_LONGEST = 500


class _Device(msgspec.Struct, frozen=True):
    number: str
    folded: str
    """The name that somebody signed in with here."""


def token_of(request: Request) -> str:
    """What the session's cookie says; "": nothing that could be one."""
    token = request.cookies.get(COOKIE, "")
    return token if len(token) <= _LONGEST else ""


async def sign_in(request: Request, answer: Response, person: PersonRow, *, kept: bool) -> None:
    """A session for this browser, with a token that it has never seen: one that somebody planted stays
    worthless. What was open here before ends."""
    deps = deps_of(request)
    token = await open_session(
        deps.db,
        person,
        kept=kept,
        life=deps.entrance.life,
        agent=request.headers.get("user-agent", "")[:200],
        address=address_of(request),
        clock=deps.clock,
        instead_of=token_of(request),
    )
    set_cookie(request, answer, COOKIE, token, deps.entrance.life if kept else None)
    device = _Device(tokens.token_hex(8), folded(person.name))
    set_cookie(request, answer, DEVICE_COOKIE, _sealed(deps, device), _DEVICE_LIFE)


def prolong_session(request: Request, token: str) -> None:
    """The cookie lives on from now, as the session does."""
    promise_cookie(request, COOKIE, token, deps_of(request).entrance.life)


def known_device(request: Request, name: str) -> str | None:
    """The number of this browser, where whoever is called `name` signed in with it before."""
    text = request.cookies.get(DEVICE_COOKIE, "")
    if not text or len(text) > 4 * _LONGEST:
        return None
    try:
        device = msgspec.json.decode(deps_of(request).secrets.decrypt(text), type=_Device)
    except (BrainarrError, msgspec.MsgspecError):
        # Of another installation, or somebody's invention.
        return None
    return device.number if device.folded == folded(name) else None


def _sealed(deps: WebDeps, device: _Device) -> str:
    return deps.secrets.encrypt(msgspec.json.encode(device).decode())
