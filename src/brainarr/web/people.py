"""Who looks at a page, and what they may do.

Somebody with a session, with a proxy that vouches for them, or at home where that is enough; an API key opens
no page.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from brainarr.domain.people import Identity, Person, Role
from brainarr.errors import BrainarrError, ConfigurationError
from brainarr.pipeline.ports import Clock
from brainarr.service.people import NotLetIn, household, is_anybody_there, vouched_person
from brainarr.service.sign_in import Session, recognise_session
from brainarr.web.csrf import SAFE_METHODS, bind_csrf, is_our_form
from brainarr.web.deps import Deps, WebDeps, deps_of
from brainarr.web.entrance import Method
from brainarr.web.problems import UNAUTHORIZED, Forbidden, Unauthorized, answer
from brainarr.web.proxies import address_of, is_at_home, speaks_for_proxy
from brainarr.web.render import back, local_path, wants_page
from brainarr.web.session import prolong_session, token_of
from brainarr.web.throttle import Throttle

__all__ = ["Admin", "Person", "Role", "SignedIn", "Visit", "Visitor"]

PROXY = "proxy"
"""The issuer of whom a reverse proxy vouches for."""

_LONGEST_HEADER = 4_000


class Visitor:
    """Somebody who may come in. `session` is None where none was needed."""

    def __init__(self, person: Person, session: Session | None = None) -> None:
        self.person = person
        self.session = session


class SignInNeeded(BrainarrError):
    """Nobody knows who asks."""


class ForeignForm(Forbidden):
    """A form that is not ours, or not this session's."""


async def visitor_of(request: Request, deps: WebDeps) -> Visitor | None:
    """Who asks; None: nobody knows. Raises Forbidden for somebody who is known and may not come in."""
    if not hasattr(request.state, "visitor"):
        visitor = await _visitor(request, deps)
        request.state.visitor = visitor
        # So that a page about a mistake stands in the same frame.
        request.state.person = visitor.person if visitor else None
    return request.state.visitor


async def _visitor(request: Request, deps: WebDeps) -> Visitor | None:
    entrance = deps.entrance
    if entrance.method is Method.EXTERNAL:
        # No session beside it: who is signed out there is signed out here.
        if not speaks_for_proxy(request, entrance.proxies):
            return None
        name = request.headers.get(entrance.user_header, "")[:_LONGEST_HEADER].strip()
        if not name:
            return None
        told = request.headers.get(entrance.groups_header, "")[:_LONGEST_HEADER]
        groups = frozenset(group.strip() for group in told.replace(";", ",").split(",") if group.strip())
        try:
            identity = Identity(PROXY, name, name, groups)
            return Visitor(await vouched_person(deps.db, identity, entrance.grouping, clock=deps.clock))
        except NotLetIn as error:
            raise Forbidden(error.message, remedy=error.remedy) from None
        except ConfigurationError as error:
            raise Forbidden(
                f"The reverse proxy names somebody who cannot have an account here ({error.message}).",
                remedy="Choose a usable name there.",
            ) from None
    if token := token_of(request):
        session = await recognise_session(
            deps.db, token, life=entrance.life, address=address_of(request), clock=deps.clock
        )
        if session is not None:
            bind_csrf(request, token)
            if session.renewed and session.kept:
                prolong_session(request, token)
            return Visitor(session.person, session)
    if entrance.free_at_home and is_at_home(request) and (person := await household(deps.db)):
        return Visitor(person)
    return None


async def require_visitor(request: Request, deps: Deps) -> Visitor:
    if (visitor := await visitor_of(request, deps)) is None:
        raise stranger(deps)
    return visitor


Visit = Annotated[Visitor, Depends(require_visitor)]


async def require_person(visitor: Visit) -> Person:
    return visitor.person


SignedIn = Annotated[Person, Depends(require_person)]


async def require_admin(person: SignedIn) -> Person:
    if not person.is_admin:
        raise Forbidden("This page is for administrators.", remedy="Ask one of them.")
    return person


Admin = Annotated[Person, Depends(require_admin)]


async def require_our_form(request: Request, deps: Deps) -> None:
    """Refuses what changes anything and carries no token of this visitor's."""
    if request.method in SAFE_METHODS:
        return
    await require_visitor(request, deps)
    await require_stranger_form(request)


async def require_stranger_form(request: Request) -> None:
    """The same where nobody needs to be signed in."""
    if request.method not in SAFE_METHODS and not await is_our_form(request):
        raise ForeignForm(
            "This form is too old, or is not one of ours; nothing was changed.",
            remedy="Go back, load the page again, and send it once more.",
        )


def stranger(deps: WebDeps) -> BrainarrError:
    """What to raise for somebody whom nobody knows."""
    if deps.entrance.method is Method.EXTERNAL:
        return Unauthorized(
            "People sign in to this Brainarr through a reverse proxy, and this request did not come so.",
            remedy="Open it by the proxy's address; auth.trusted_proxies and auth.user_header tell of that.",
        )
    return SignInNeeded("This page is for people who are signed in.", remedy="Sign in.")


def install_sign_in(app: FastAPI, clock: Clock) -> None:
    """Counts the wrong passwords of `app`; sends people who must sign in to where they can, and back."""
    app.state.throttle = Throttle(clock)
    app.exception_handler(SignInNeeded)(_to_sign_in)


async def _to_sign_in(request: Request, error: SignInNeeded) -> Response:
    deps = deps_of(request)
    if not wants_page(request):
        return answer(request, UNAUTHORIZED, error.message, remedy=error.remedy)
    if not await is_anybody_there(deps.db):
        return back(request, "/setup/admin")
    if request.method not in SAFE_METHODS:
        return back(
            request, "/sign-in", told="You are signed out; nothing was changed. Sign in again.", bad=True
        )
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = local_path(f"{path}{query}", "/")
    return back(request, "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}")
