"""Signing in at an OpenID provider: there, and back again."""

from datetime import datetime, timedelta

import msgspec
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from brainarr.domain.people import Departure
from brainarr.errors import BrainarrError, NotFound, ProviderError
from brainarr.pipeline.ports import IdentityProvider
from brainarr.service.people import connect_identity, identified_person
from brainarr.web.auth import same_key
from brainarr.web.cookies import drop_cookie, set_cookie
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.entrance import Method
from brainarr.web.people import SignedIn, visitor_of
from brainarr.web.proxies import address_of
from brainarr.web.render import address, back, failed, local_path, page, person_of
from brainarr.web.session import sign_in

router = APIRouter()
"""For those who are not signed in yet."""

signed_in = APIRouter()
"""For those who are."""

COOKIE = "brainarr_oidc"
PATIENCE = timedelta(minutes=10)
"""For whoever has to look for a second factor."""

BACK = "/sign-in/oidc/callback"
_LONGEST = 4_000
log = structlog.get_logger("brainarr.people")


class _Journey(msgspec.Struct, frozen=True):
    """What the browser carries, sealed: it binds the answer to whoever asked."""

    departure: Departure
    next: str
    until: datetime
    connect: int | None
    """The person who, signed in already, wants to be known by it; None: somebody signs in."""


@router.get("/sign-in/oidc")
async def depart(request: Request, deps: Deps, next: str = "") -> Response:
    return await _depart(request, deps, local_path(next, "/"), None)


@signed_in.post("/sign-in/oidc/connect")
async def depart_to_connect(request: Request, deps: Deps, person: SignedIn) -> Response:
    """Only from a form of ours: else another page could have somebody's account opened by an identity of
    its own."""
    return await _depart(request, deps, "/account", person.id)


@router.get(BACK)
async def arrive(
    request: Request, deps: Deps, code: str = "", state: str = "", error: str = "", iss: str = ""
) -> Response:
    openid = _openid(deps)
    journey = _journey(request, deps)
    if journey is None or not same_key(state, journey.departure.state):
        return _forgotten(request, back(request, "/sign-in", told=_STRANGE, bad=True))
    onward = "/account" if journey.connect else "/sign-in"
    if error or not code:
        log.warning("a sign-in elsewhere was refused there", address=address_of(request), error=error[:50])
        told = f"{openid.name} did not sign you in."
        return _forgotten(request, back(request, onward, told=told, bad=True))
    try:
        identity = await openid.arrive(journey.departure, code[:_LONGEST], _back_to(request, deps), iss)
        if journey.connect is not None:
            visitor = await visitor_of(request, deps)
            if visitor is None or visitor.person.id != journey.connect:
                return _forgotten(request, back(request, "/sign-in", told=_STRANGE, bad=True))
            await connect_identity(deps.db, journey.connect, identity)
            told = f"You can sign in with {openid.name} now."
            return _forgotten(request, back(request, onward, told=told))
        person = await identified_person(deps.db, identity, deps.entrance.openid_grouping, clock=deps.clock)
    except BrainarrError as problem:
        log.warning("a sign-in elsewhere failed", address=address_of(request), reason=problem.message)
        return _forgotten(request, failed(request, onward, problem))
    answer = back(request, journey.next)
    await sign_in(request, answer, person, kept=True)
    return _forgotten(request, answer)


_STRANGE = "That sign-in was not begun in this browser, or it took too long. Please begin again."


async def _depart(request: Request, deps: WebDeps, next: str, connect: int | None) -> Response:
    openid = _openid(deps)
    try:
        departure = await openid.depart(_back_to(request, deps))
    except ProviderError as error:
        return failed(request, "/account" if connect else "/sign-in", error)
    journey = _Journey(departure, next, deps.clock() + PATIENCE, connect)
    answer: Response = RedirectResponse(departure.address, status_code=303)
    if request.method == "POST":
        # A browser follows a form's redirects only to where our policy lets forms go.
        answer = page(
            request,
            "pages/onward.html",
            person=person_of(request),
            address=departure.address,
            name=openid.name,
        )
    sealed = deps.secrets.encrypt(msgspec.json.encode(journey).decode())
    set_cookie(request, answer, COOKIE, sealed, PATIENCE)
    return answer


def _openid(deps: WebDeps) -> IdentityProvider:
    if deps.entrance.openid is None or deps.entrance.method is not Method.FORMS:
        raise NotFound("There is no OpenID provider to sign in at.", remedy="Sign in with your password.")
    return deps.entrance.openid


def _journey(request: Request, deps: WebDeps) -> _Journey | None:
    text = request.cookies.get(COOKIE, "")
    if not text or len(text) > _LONGEST:
        return None
    try:
        journey = msgspec.json.decode(deps.secrets.decrypt(text), type=_Journey)
    except (BrainarrError, msgspec.MsgspecError):
        return None
    return journey if deps.clock() < journey.until else None


def _back_to(request: Request, deps: WebDeps) -> str:
    """As it must be registered with the provider."""
    ours = deps.external_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{ours.rstrip('/')}{address(request, BACK)}"


def _forgotten(request: Request, answer: Response) -> Response:
    """A journey is over once somebody came back from it, however it went: its state counts once."""
    drop_cookie(request, answer, COOKIE)
    return answer
