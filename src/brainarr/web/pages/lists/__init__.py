"""Lists: what Lidarr fetches, how that stands there, and what waits."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.errors import BrainarrError
from brainarr.service.lists import (
    read_lists_at_work,
    rotate_key,
    sync_now,
)
from brainarr.service.tasks import list_tasks
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps
from brainarr.web.figures import plural
from brainarr.web.pages.lists import editing, in_lidarr
from brainarr.web.pages.lists.cards import HIDDEN, card_of
from brainarr.web.pages.lists.in_lidarr import read_links
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/lists")
router.include_router(in_lidarr.router)
router.include_router(editing.router)

Slug = Annotated[str, Form(max_length=64)]


@router.get("")
async def lists(request: Request, deps: Deps, person: Admin) -> Response:
    address = public_address(request, deps)
    at_work = await read_lists_at_work(deps.db, deps.secrets, deps.importers, clock=deps.clock)
    links = await read_links(deps, address)
    standings = {row.slug: found for one in links if one.link for row, found in one.link.lists}
    tasks = await list_tasks(deps.db, deps.tasks, clock=deps.clock, zone=deps.zone)
    runs = {task.list: task for task in tasks if task.list}
    return page(
        request,
        "pages/lists/index.html",
        person=person,
        cards=[
            card_of(one, address, standings.get(one.row.slug, ()), runs.get(one.row.slug)) for one in at_work
        ],
        links=links,
        instances=set(deps.all_import_lists),
        several_lidarrs=len({*deps.instances, *(one.row.instance for one in at_work)}) > 1,
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
