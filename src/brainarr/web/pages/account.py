"""Account: what people change about themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.people import SHORTEST_PASSWORD
from brainarr.errors import BrainarrError, ConfigurationError
from brainarr.service.keys import NAME_LIMIT, list_keys, make_key, revoke_key
from brainarr.service.people import change_password, disconnect_identity, read_person
from brainarr.service.sign_in import end_one, end_others, list_sessions
from brainarr.store.keys import ApiKey, Scope
from brainarr.store.sessions import SessionRow
from brainarr.web.agents import browser_of
from brainarr.web.api import Id
from brainarr.web.deps import Deps
from brainarr.web.entrance import Method
from brainarr.web.people import SignedIn, Visit, Visitor
from brainarr.web.render import back, failed, page
from brainarr.web.throttle import Throttle, TooManyTries

router = APIRouter()

HERE = "/account"
DAYS = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Never"))
_LONGEST_FIELD = 1_000
Text = Annotated[str, Form(max_length=_LONGEST_FIELD)]


@dataclass(frozen=True)
class Browser:
    """One line of the list of browsers."""

    id: int
    name: str
    address: str
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True)
class Key:
    """One line of the list of keys."""

    id: int
    name: str
    prefix: str
    scope: str
    state: str
    opens: bool
    used_at: datetime | None


@router.get(HERE)
async def account(request: Request, deps: Deps, visitor: Visit) -> HTMLResponse:
    return await _page(request, deps, visitor)


@router.post(f"{HERE}/password")
async def new_password(
    request: Request, deps: Deps, visitor: Visit, old: Text = "", password: Text = "", again: Text = ""
) -> Response:
    """Whoever sits down at an open browser must not guess at the old one for ever either."""
    faults: dict[str, str] = {}
    throttle: Throttle = request.app.state.throttle
    device = f"account {visitor.person.id}"
    try:
        throttle.take("", "", device)
        if password != again:
            faults["again"] = "The two passwords differ."
        else:
            session_id = visitor.session.id if visitor.session else None
            await change_password(
                deps.db, deps.passwords, visitor.person.id, old, password, session_id=session_id
            )
    except TooManyTries as error:
        faults["old"] = str(error)
    except ConfigurationError as error:
        faults = {fault.key: f"Allowed: {fault.allowed}." for fault in error.faults}
    if faults.keys() - {"old"}:
        throttle.right("", "", device)
    if faults:
        return await _page(request, deps, visitor, faults=faults)
    throttle.right("", "", device)
    return back(request, HERE, told="Your password is changed. All other browsers are signed out.")


@router.post(f"{HERE}/sessions/others/end")
async def sign_out_others(request: Request, deps: Deps, visitor: Visit) -> Response:
    count = await end_others(deps.db, visitor.person.id, but=visitor.session.id if visitor.session else None)
    return back(request, f"{HERE}#browsers", told=f"Signed out elsewhere: {count}.")


@router.post(f"{HERE}/sessions/{{id}}/end")
async def sign_out_one(request: Request, deps: Deps, person: SignedIn, id: Id) -> Response:
    try:
        await end_one(deps.db, person.id, id)
    except BrainarrError as error:
        return failed(request, HERE, error)
    return back(request, f"{HERE}#browsers", told="That browser is signed out.")


@router.post(f"{HERE}/keys")
async def new_key(
    request: Request,
    deps: Deps,
    visitor: Visit,
    name: Text = "",
    scope: Annotated[Scope, Form()] = Scope.READ,
    days: Annotated[str, Form(pattern="^(7|30|90|365)?$")] = "",
) -> Response:
    """Shown in this answer and never again: so it is no redirect, which would have to carry it."""
    title = name.strip()
    if not title or len(title) > NAME_LIMIT or not title.isprintable():
        faults = {"key_name": f"Allowed: 1 to {NAME_LIMIT} characters in one line."}
        return await _page(request, deps, visitor, faults=faults)
    until = deps.clock() + timedelta(days=int(days)) if days else None
    try:
        _, text = await make_key(
            deps.db, title, scope, expires_at=until, owner=visitor.person.id, clock=deps.clock
        )
    except BrainarrError as error:
        return failed(request, HERE, error)
    return await _page(request, deps, visitor, made=text)


@router.post(f"{HERE}/keys/{{id}}/revoke")
async def end_key(request: Request, deps: Deps, person: SignedIn, id: Id) -> Response:
    try:
        key = await revoke_key(deps.db, id, owner=person.id, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, HERE, error)
    return back(request, f"{HERE}#keys", told=f"The key {key.name} opens nothing any more.")


@router.post(f"{HERE}/identity/disconnect")
async def forget_identity(request: Request, deps: Deps, person: SignedIn) -> Response:
    try:
        await disconnect_identity(deps.db, person.id)
    except BrainarrError as error:
        return failed(request, HERE, error)
    return back(request, HERE, told="That account does not sign you in any more.")


async def _page(
    request: Request,
    deps: Deps,
    visitor: Visitor,
    *,
    faults: dict[str, str] | None = None,
    made: str = "",
) -> HTMLResponse:
    person, session = visitor.person, visitor.session
    row = await read_person(deps.db, person.id)
    openid = deps.entrance.openid
    return page(
        request,
        "pages/account.html",
        person=person,
        status=422 if faults else 200,
        row=row,
        faults=faults or {},
        shortest=SHORTEST_PASSWORD,
        signs_in_here=deps.entrance.method is Method.FORMS,
        openid=openid.name if openid else "",
        browsers=_browsers(await list_sessions(deps.db, person.id, clock=deps.clock), session and session.id),
        keys=_keys(await list_keys(deps.db, owner=person.id), deps.clock()),
        made=made,
        days=DAYS,
    )


def _browsers(rows: Sequence[SessionRow], present: int | None) -> list[Browser]:
    return [
        Browser(row.id, browser_of(row.agent), row.address, row.last_seen_at, row.id == present)
        for row in rows
    ]


def _keys(keys: Sequence[ApiKey], now: datetime) -> list[Key]:
    """Those that still open something first."""
    shown = [
        Key(key.id, key.name, key.prefix, key.scope, _state(key, now), key.opens(now), key.last_used_at)
        for key in keys
    ]
    return sorted(shown, key=lambda key: not key.opens)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.opens(now):
        return "expired"
    return f"until {key.expires_at:%d %b %Y}" if key.expires_at else "for ever"
