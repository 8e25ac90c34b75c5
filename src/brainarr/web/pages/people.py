"""People: whom an administrator lets in, and as what."""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.people import SHORTEST_PASSWORD, Role
from brainarr.errors import BrainarrError, ConfigurationError
from brainarr.service.people import (
    add_person,
    change_role,
    disable_person,
    enable_person,
    list_people,
    reset_password,
)
from brainarr.store.people import PersonRow
from brainarr.web.api import Id
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.entrance import Method
from brainarr.web.people import Admin, Person
from brainarr.web.render import back, failed, page

router = APIRouter()

HERE = "/people"
Text = Annotated[str, Form(max_length=1_000)]


@router.get(HERE)
async def people(request: Request, deps: Deps, person: Admin) -> HTMLResponse:
    return await _page(request, deps, person)


@router.post(HERE)
async def add(
    request: Request,
    deps: Deps,
    person: Admin,
    name: Text = "",
    password: Text = "",
    role: Annotated[Role, Form()] = Role.USER,
) -> Response:
    try:
        made = await add_person(deps.db, deps.passwords, name, password, role, clock=deps.clock)
    except ConfigurationError as error:
        faults = {fault.key: f"Allowed: {fault.allowed}." for fault in error.faults}
        return await _page(request, deps, person, faults=faults, name=name)
    except BrainarrError as error:
        return await _page(request, deps, person, faults={"name": str(error)}, name=name)
    return back(request, HERE, told=f"{made.name} may sign in now. Tell them their password.")


@router.post(f"{HERE}/{{id}}/role")
async def set_role(
    request: Request, deps: Deps, person: Admin, id: Id, role: Annotated[Role, Form()]
) -> Response:
    told = "{} is an administrator now." if role is Role.ADMIN else "{} is no administrator any more."
    return await _changed(request, change_role(deps.db, id, role), told)


@router.post(f"{HERE}/{{id}}/disable")
async def disable(request: Request, deps: Deps, person: Admin, id: Id) -> Response:
    told = "{} may not sign in any more, and is signed out everywhere."
    return await _changed(request, disable_person(deps.db, id, clock=deps.clock), told)


@router.post(f"{HERE}/{{id}}/enable")
async def enable(request: Request, deps: Deps, person: Admin, id: Id) -> Response:
    return await _changed(request, enable_person(deps.db, id), "{} may sign in again.")


@router.post(f"{HERE}/{{id}}/password")
async def new_password(request: Request, deps: Deps, person: Admin, id: Id, password: Text = "") -> Response:
    changing = reset_password(deps.db, deps.passwords, id, password)
    return await _changed(request, changing, "{} has a new password, and is signed out everywhere.")


async def _changed(request: Request, changing: Awaitable[PersonRow], told: str) -> Response:
    try:
        changed = await changing
    except ConfigurationError as error:
        fault = error.faults[0]
        return back(request, HERE, told=f"Nothing was changed. {fault.key}: {fault.allowed}.", bad=True)
    except BrainarrError as error:
        return failed(request, HERE, error)
    return back(request, HERE, told=told.format(changed.name))


async def _page(
    request: Request,
    deps: WebDeps,
    person: Person,
    *,
    faults: dict[str, str] | None = None,
    name: str = "",
) -> HTMLResponse:
    entrance = deps.entrance
    external = entrance.method is Method.EXTERNAL
    return page(
        request,
        "pages/people.html",
        person=person,
        status=422 if faults else 200,
        rows=await list_people(deps.db),
        faults=faults or {},
        name=name,
        shortest=SHORTEST_PASSWORD,
        roles=((Role.USER, "User"), (Role.ADMIN, "Administrator")),
        external=external,
        by_groups=(entrance.grouping if external else entrance.openid_grouping).decides,
        openid=entrance.openid.name if entrance.openid else "",
    )
