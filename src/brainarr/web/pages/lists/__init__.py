"""Lists: what Lidarr fetches, how that stands there, and what waits."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.domain.import_lists import Channel
from brainarr.errors import BrainarrError, Conflict
from brainarr.pipeline.ports import ImportLists
from brainarr.service.lidarr_setup import (
    Standing,
    Wanted,
    read_setups,
    set_up,
    take_down,
)
from brainarr.service.lists import (
    LONGEST_NAME,
    ListAtWork,
    create_list,
    delete_list,
    read_list,
    read_lists_at_work,
    rename_list,
    rotate_key,
    sync_now,
)
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.figures import plural
from brainarr.web.pages.lists.cards import HIDDEN, card_of, told_of
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/lists")

PATIENCE_S = 4.0
"""How long the page waits for Lidarr before it comes without what stands there."""

EXTERNAL = "server.external_url"

Slug = Annotated[str, Form(max_length=64)]
Name = Annotated[str, Form(max_length=2 * LONGEST_NAME)]


@router.get("")
async def lists(request: Request, deps: Deps, person: Admin) -> Response:
    address = public_address(request, deps)
    at_work = await read_lists_at_work(deps.db, deps.secrets)
    standings, away = await _in_lidarr(deps, at_work, address)
    return page(
        request,
        "pages/lists/index.html",
        person=person,
        cards=[card_of(one, address, standings.get(one.row.slug, ())) for one in at_work],
        connected=deps.import_lists is not None,
        away=away,
        hidden=HIDDEN,
    )


@router.get("/in-lidarr")
async def choices(request: Request, deps: Deps, person: Admin, slug: str) -> Response:
    """The set-up in Lidarr with everything there is to choose. Raises NotFound and ProviderError."""
    row = await read_list(deps.db, deps.secrets, slug)
    lidarr = _lidarr(deps)
    settings = {one.key: one for one in await deps.configuration.read()}
    address = public_address(request, deps)
    standings = (await read_setups(lidarr, [row], address))[slug]
    offered = await lidarr.choices()
    there = next((one.found.terms for one in standings if one.found), offered.suited[Channel.ARTISTS])
    return page(
        request,
        "pages/lists/in_lidarr.html",
        person=person,
        row=row,
        choices=offered,
        folders=[(folder, folder) for folder in offered.root_folders],
        chosen=there,
        standings={str(one.channel): one for one in standings},
        address=address.removesuffix(deps.url_base),
        external=settings[EXTERNAL],
    )


@router.post("/in-lidarr")
async def place(
    request: Request,
    deps: Deps,
    person: Admin,
    slug: Slug,
    address: Annotated[str, Form(max_length=2_000)] = "",
    channel: Annotated[list[Channel] | None, Form()] = None,
    root_folder: Annotated[str, Form(max_length=500)] = "",
    quality_profile: Annotated[int, Form()] = 0,
    metadata_profile: Annotated[int, Form()] = 0,
    search: Annotated[bool | None, Form()] = None,
    whole_artists: Annotated[bool | None, Form()] = None,
) -> Response:
    """Makes or repairs its import lists; what is not chosen is what suits."""
    wanted = Wanted(
        channels=tuple(channel or Channel),
        root_folder=root_folder or None,
        quality_profile=quality_profile or None,
        metadata_profile=metadata_profile or None,
        search=search,
        whole_artists=whole_artists,
    )
    try:
        row = await read_list(deps.db, deps.secrets, slug)
        ours = public_address(request, deps)
        if address and address.rstrip("/") != ours.removesuffix(deps.url_base):
            # Lidarr is told this address from now on, so all pages and the API must say the same.
            await deps.configuration.change({EXTERNAL: address.rstrip("/")}, by=person.name)
            ours = address.rstrip("/") + deps.url_base
        placed = await set_up(_lidarr(deps), row, ours, wanted)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told=told_of(placed, ours), bad=any(one.unreached for one in placed))


@router.post("/out-of-lidarr")
async def take_out(
    request: Request, deps: Deps, person: Admin, slug: Slug, channel: Annotated[list[Channel], Form()]
) -> Response:
    try:
        row = await read_list(deps.db, deps.secrets, slug)
        gone = await take_down(_lidarr(deps), row, public_address(request, deps), channel)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    told = "Removed from Lidarr. What it brought stays there." if gone else "It was not in Lidarr any more."
    return back(request, "/lists", told=told)


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


async def _in_lidarr(
    deps: WebDeps, at_work: tuple[ListAtWork, ...], address: str
) -> tuple[dict[str, tuple[Standing, ...]], BrainarrError | None]:
    """How the lists stand there; why that is not known."""
    if deps.import_lists is None:
        return {}, None
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await read_setups(deps.import_lists, [one.row for one in at_work], address), None
    except BrainarrError as error:
        return {}, error
    except TimeoutError:
        return {}, Conflict(
            f"Lidarr did not answer within {PATIENCE_S:g} s.", remedy="Look again in a moment."
        )


def _lidarr(deps: WebDeps) -> ImportLists:
    if deps.import_lists is None:
        raise _no_lidarr()
    return deps.import_lists


def _no_lidarr() -> Conflict:
    return Conflict("There is no Lidarr to ask.", remedy="Connect it under Setup.")
