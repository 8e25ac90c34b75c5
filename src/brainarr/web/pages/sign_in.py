"""Signing in and out, and the first administrator of all."""

from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.people import SHORTEST_PASSWORD
from brainarr.errors import ConfigurationError, Conflict
from brainarr.service.keys import instance_key
from brainarr.service.people import first_admin, is_anybody_there
from brainarr.service.sign_in import by_password, end_session
from brainarr.web.auth import same_key
from brainarr.web.cookies import drop_cookie
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.entrance import Method
from brainarr.web.guesses import Guesses
from brainarr.web.people import stranger, visitor_of
from brainarr.web.proxies import address_of, is_at_home
from brainarr.web.render import back, local_path, page
from brainarr.web.session import COOKIE, known_device, sign_in, token_of
from brainarr.web.throttle import Throttle, TooManyTries

router = APIRouter()
"""For those who are not signed in yet."""

signed_in = APIRouter()
"""For those who are."""

AFTER_FIRST = "/setup"
"""Where the first administrator goes on."""

_LONGEST_FIELD = 1_000
Text = Annotated[str, Form(max_length=_LONGEST_FIELD)]
log = structlog.get_logger("brainarr.people")


@router.get("/sign-in")
async def show_sign_in(request: Request, deps: Deps, next: str = "") -> Response:
    if await visitor_of(request, deps) is not None:
        return back(request, local_path(next, "/"))
    if deps.entrance.method is not Method.FORMS:
        raise stranger(deps)
    if not await is_anybody_there(deps.db):
        return back(request, "/setup/admin")
    return _sign_in_page(request, deps, next)


@router.post("/sign-in")
async def take_sign_in(
    request: Request,
    deps: Deps,
    name: Text = "",
    password: Text = "",
    keep: Annotated[bool, Form()] = False,
    next: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    if deps.entrance.method is not Method.FORMS:
        raise Conflict("People sign in through a reverse proxy here.", remedy="Open its address.")
    throttle, address, device = _throttle(request), address_of(request), known_device(request, name)
    try:
        throttle.take(address, name, device)
    except TooManyTries as error:
        log.warning("a sign-in was not looked at: too many wrong ones", address=address)
        shown = _sign_in_page(request, deps, next, name, str(error), status=429)
        shown.headers["Retry-After"] = str(error.retry_after)
        return shown
    person = await by_password(deps.db, deps.passwords, name, password)
    if person is None:
        # Not the name: people type their password into that field.
        log.warning("a sign-in failed", address=address)
        wrong = "Name and password do not belong together."
        return _sign_in_page(request, deps, next, name, wrong, status=401)
    throttle.right(address, name, device)
    answer = back(request, local_path(next, "/"))
    await sign_in(request, answer, person, kept=keep)
    return answer


@signed_in.post("/sign-out")
async def sign_out(request: Request, deps: Deps) -> Response:
    if token := token_of(request):
        await end_session(deps.db, token)
    answer = back(request, "/sign-in", told="You are signed out.")
    drop_cookie(request, answer, COOKIE)
    return answer


@router.get("/setup/admin")
async def show_first_admin(request: Request, deps: Deps) -> Response:
    if await is_anybody_there(deps.db):
        return back(request, "/")
    return _first_admin_page(request)


@router.post("/setup/admin")
async def take_first_admin(
    request: Request,
    deps: Deps,
    name: Text = "",
    password: Text = "",
    again: Text = "",
    key: Text = "",
) -> Response:
    """The first visitor becomes the administrator; from outside, whoever knows the instance's key."""
    faults: dict[str, str] = {}
    if not is_at_home(request) and not await _proves_to_own_it(request, deps, key):
        faults["key"] = "That is not this Brainarr's API key. `brainarr api-key` shows it."
    if password != again:
        faults["again"] = "The two passwords differ."
    if not faults:
        try:
            person = await first_admin(deps.db, deps.passwords, name, password, clock=deps.clock)
        except ConfigurationError as error:
            faults = {fault.key: f"Allowed: {fault.allowed}." for fault in error.faults}
        except Conflict as error:
            return back(request, "/sign-in", told=str(error), bad=True)
        else:
            answer = back(request, AFTER_FIRST)
            await sign_in(request, answer, person, kept=True)
            return answer
    return _first_admin_page(request, name, faults)


def _sign_in_page(
    request: Request, deps: WebDeps, next: str, name: str = "", fault: str = "", status: int = 200
) -> HTMLResponse:
    openid = deps.entrance.openid
    onward = local_path(next, "")
    return page(
        request,
        "pages/sign_in.html",
        person=None,
        status=status,
        next=onward,
        name=name,
        fault=fault,
        openid=openid.name if openid else "",
        openid_path=f"/sign-in/oidc?next={quote(onward, safe='/')}" if onward else "/sign-in/oidc",
        days=deps.entrance.life.days,
    )


def _first_admin_page(request: Request, name: str = "", faults: dict[str, str] | None = None) -> HTMLResponse:
    return page(
        request,
        "pages/first_admin.html",
        person=None,
        status=422 if faults else 200,
        name=name,
        faults=faults or {},
        shortest=SHORTEST_PASSWORD,
        needs_key=not is_at_home(request),
    )


async def _proves_to_own_it(request: Request, deps: WebDeps, key: str) -> bool:
    """Wrong ones count as guesses of the key at any other door. Raises TooManyGuesses."""
    guesses: Guesses = request.app.state.guesses
    address = address_of(request)
    guesses.admit(address, key)
    if same_key(key.strip(), deps.api_key() or await instance_key(deps.db, deps.secrets)):
        return True
    guesses.wrong(address)
    log.warning("the first administrator was not made: wrong key", address=address)
    return False


def _throttle(request: Request) -> Throttle:
    return request.app.state.throttle
