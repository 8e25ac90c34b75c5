"""Lists: what Lidarr fetches, how that stands there, and what waits."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.errors import BrainarrError
from brainarr.service.lists import (
    LONGEST_NAME,
    create_list,
    delete_list,
    read_lists_at_work,
    rename_list,
    rotate_key,
    sync_now,
)
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps
from brainarr.web.figures import plural
from brainarr.web.pages.lists import in_lidarr
from brainarr.web.pages.lists.cards import HIDDEN, card_of
from brainarr.web.pages.lists.in_lidarr import read_links
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/lists")
router.include_router(in_lidarr.router)

Slug = Annotated[str, Form(max_length=64)]
Name = Annotated[str, Form(max_length=2 * LONGEST_NAME)]


@router.get("")
async def lists(request: Request, deps: Deps, person: Admin) -> Response:
    address = public_address(request, deps)
    at_work = await read_lists_at_work(deps.db, deps.secrets)
    links = await read_links(deps, address)
    standings = {row.slug: found for one in links if one.link for row, found in one.link.lists}
    return page(
        request,
        "pages/lists/index.html",
        person=person,
        cards=[card_of(one, address, standings.get(one.row.slug, ())) for one in at_work],
        links=links,
        instances=set(deps.all_import_lists),
        hidden=HIDDEN,
    )


@router.post("/sync")
async def sync(request: Request, deps: Deps, person: Admin, slug: Slug) -> Response:
    try:
        asked = await sync_now(deps.db, deps.importers, slug)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    if not asked:
        return back(
            request, "/lists", told="No import list in Lidarr reads this list yet. Set it up.", bad=True
        )
    return back(request, "/lists", told=f"Lidarr fetches {plural(asked, 'import list')} now.")


@router.post("/new-key")
async def new_key(request: Request, deps: Deps, person: Admin, slug: Slug) -> Response:
    try:
        row = await rotate_key(deps.db, deps.secrets, slug, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    told = f"{row.name} has a new key. Lidarr has the old one until the list is repaired there."
    return back(request, "/lists", told=told)


@router.post("/create")
async def create(request: Request, deps: Deps, person: Admin, name: Name) -> Response:
    try:
        row = await create_list(deps.db, deps.secrets, name, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told=f"{row.name} is there: runs can be made for it.")


@router.post("/rename")
async def rename(request: Request, deps: Deps, person: Admin, slug: Slug, name: Name) -> Response:
    try:
        await rename_list(deps.db, slug, name)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told="The list has another name. Its addresses and key are the same.")


@router.post("/delete")
async def delete(request: Request, deps: Deps, person: Admin, slug: Slug) -> Response:
    try:
        await delete_list(deps.db, slug)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told="The list is deleted.")
