"""Who may come in: keys for `/api/v1`, one feed key for each list. Neither opens the other's door."""

import base64
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer

from brainarr.domain.people import Person
from brainarr.pipeline.ports import Clock
from brainarr.service.keys import instance_key, recognise
from brainarr.store.keys import Scope
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database
from brainarr.web.csrf import HEADER as CSRF_HEADER
from brainarr.web.csrf import is_our_script
from brainarr.web.deps import Deps
from brainarr.web.guesses import Guesses, TooManyGuesses
from brainarr.web.people import visitor_of
from brainarr.web.problems import (
    FORBIDDEN,
    TOO_MANY_GUESSES,
    UNAUTHORIZED,
    Forbidden,
    Unauthorized,
    answer,
)
from brainarr.web.proxies import address_of

_READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Doors:
    """What opens the API."""

    db: Database
    secrets: Secrets
    fixed_key: str
    """The instance's own key where file or environment fix it; "": the generated one counts."""
    clock: Clock


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request."""

    scope: Scope
    is_owner: bool
    """Has the instance's own key, or is an administrator who is signed in: only they make and revoke keys."""
    person: Person | None = None
    """None: nobody in particular, who may do what an administrator may."""

    key: str | None = None
    """That they brought; None: they are signed in."""

    @property
    def is_admin(self) -> bool:
        return self.person is None or self.person.is_admin

    @property
    def identity(self) -> str:
        """Tells them from everybody else."""
        return self.key or f"person {self.person.id if self.person else 0}"


async def given_key(
    request: Request,
    header: Annotated[str | None, Depends(APIKeyHeader(name="X-Api-Key", auto_error=False))],
    query: Annotated[str | None, Depends(APIKeyQuery(name="apikey", auto_error=False))],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> str | None:
    """The key a request brings: `X-Api-Key`, else `?apikey=`, else `Authorization: Bearer`, else None.

    Raises TooManyGuesses. A door that stays shut raises Unauthorized, which counts as a guess.
    """
    key = header or query or (bearer.credentials if bearer else None) or None
    if key is not None:
        _let_guess(request, key)
    return key


GivenKey = Annotated[str | None, Depends(given_key)]


async def given_webhook_key(request: Request, given: GivenKey) -> str | None:
    """The same for a webhook, whose form in Lidarr has fields for a user and a password, which is the key
    then (RFC 7617)."""
    if given is not None:
        return given
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    if key:
        _let_guess(request, key)
    return key or None


GivenWebhookKey = Annotated[str | None, Depends(given_webhook_key)]


def _let_guess(request: Request, key: str) -> None:
    _guesses(request).admit(address_of(request), key)
    request.state.brings_key = True


def same_key(given: str, right: str) -> bool:
    """Compares in a time that tells nothing about where they differ. An empty right key opens for nobody."""
    return bool(right) and hmac.compare_digest(given.encode(), right.encode())


def opened(request: Request, key: str) -> None:
    """Notes that a door was opened with this key, so that nobody else's guesses shut it out."""
    _guesses(request).right(key)


def install_doors(app: FastAPI, clock: Clock) -> None:
    """Counts the wrong keys of `app` and answers those who bring one."""
    app.state.guesses = Guesses(clock)
    app.exception_handler(Unauthorized)(_unauthorized)
    app.exception_handler(Forbidden)(_forbidden)
    app.exception_handler(TooManyGuesses)(_too_many_guesses)


async def _unauthorized(request: Request, error: Unauthorized) -> Response:
    # Who brings no key guesses nothing.
    if getattr(request.state, "brings_key", False):
        _guesses(request).wrong(address_of(request))
    # RFC 9110 wants a challenge with every 401; "Bearer" makes no browser open a password box.
    return answer(
        request, UNAUTHORIZED, error.message, remedy=error.remedy, headers={"WWW-Authenticate": "Bearer"}
    )


async def _forbidden(request: Request, error: Forbidden) -> Response:
    return answer(request, FORBIDDEN, error.message, remedy=error.remedy)


async def _too_many_guesses(request: Request, error: TooManyGuesses) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return answer(request, TOO_MANY_GUESSES, error.message, remedy=error.remedy, headers=headers)


def _guesses(request: Request) -> Guesses:
    return request.app.state.guesses


async def admit(request: Request, given: str | None, doors: Doors) -> Caller:
    """Refuses a request without a key of the API, and one that its key does not allow."""
    if given is None:
        raise Unauthorized(
            "This address needs Brainarr's API key.",
            remedy="Send it in the header X-Api-Key.",
        )
    # Looked up for each request, so that a new key counts at once, whichever process made it.
    if same_key(given, doors.fixed_key or await instance_key(doors.db, doors.secrets)):
        caller = Caller(Scope.WRITE, is_owner=True, key=given)
    # Found by its hash: how long that takes tells of the hash at most, which no guesser can steer.
    elif made := await recognise(doors.db, given, clock=doors.clock):
        caller = Caller(made[0].scope, is_owner=False, person=made[1], key=given)
    else:
        raise Unauthorized(
            "That is not Brainarr's API key.", remedy="A list's feed key does not open the API."
        )
    opened(request, given)
    if caller.scope is Scope.READ and request.method not in _READING:
        raise Forbidden("This key may only read.", remedy="Use one with the scope `write`.")
    return caller


async def require_api_key(request: Request, given: GivenKey, deps: Deps) -> Caller:
    """Whoever has a key; without one, somebody who is signed in, through a page of ours."""
    if given is None and (visitor := await visitor_of(request, deps)) is not None:
        # A browser sends its cookie, and a proxy its header, along with what any page asks for. Reading is
        # no matter, for the page cannot see the answer; but being at home must not become a key.
        if not (visitor.session and request.method in _READING) and not is_our_script(request):
            raise Forbidden(
                "Without an API key, this needs the token of a page of ours.",
                remedy=f"Send it in the header {CSRF_HEADER}.",
            )
        return Caller(Scope.WRITE, is_owner=visitor.person.is_admin, person=visitor.person)
    return await admit(request, given, Doors(deps.db, deps.secrets, deps.api_key(), deps.clock))


CallerOf = Annotated[Caller, Depends(require_api_key)]


async def require_admin_caller(caller: CallerOf) -> None:
    """Refuses whoever is no administrator, and their keys."""
    if not caller.is_admin:
        raise Forbidden("That is for administrators.", remedy="Ask one of them.")


AdminCaller = Depends(require_admin_caller)


async def require_owner(caller: CallerOf) -> None:
    """Refuses everybody but whoever has the instance's own key: a key must not make itself another one."""
    if not caller.is_owner:
        raise Forbidden(
            "Only the instance's own key opens what holds or makes keys.",
            remedy="`brainarr api-key` shows it.",
        )
