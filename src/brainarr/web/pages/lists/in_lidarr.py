"""What of the lists stands in Lidarr, and the webhook beside it: shown, made, repaired, removed."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.domain.import_lists import Channel
from brainarr.errors import BrainarrError, Conflict
from brainarr.service.instances import of_instance
from brainarr.service.left_off import link_list, link_webhook, unlink_list, unlink_webhook
from brainarr.service.lidarr_links import Link, read_link
from brainarr.service.lidarr_setup import Placed, Wanted, read_setup
from brainarr.service.lidarr_webhook import WebhookPlaced
from brainarr.service.lists import read_list
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.pages.lists.cards import told_of, usual_channels
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter()

PATIENCE_S = 4.0
"""How long the page waits for Lidarr before it comes without what stands there."""

EXTERNAL = "server.external_url"

Slug = Annotated[str, Form(max_length=64)]


class LinkView(msgspec.Struct, frozen=True):
    """One Lidarr as the page shows it."""

    instance: str
    link: Link | None
    failure: BrainarrError | None = None
    """Why it is not known how things stand there."""


async def read_links(deps: WebDeps, address: str) -> list[LinkView]:
    """Of every Lidarr, all asked at once."""
    return list(await asyncio.gather(*(_link(deps, instance, address) for instance in deps.import_lists)))


@router.get("/in-lidarr")
async def choices(request: Request, deps: Deps, person: Admin, slug: str) -> Response:
    """The set-up in Lidarr with everything there is to choose. Raises NotFound and ProviderError."""
    row = await read_list(deps.db, deps.secrets, slug)
    lidarr = of_instance(deps.import_lists, row.instance)
    settings = {one.key: one for one in await deps.configuration.read()}
    address = public_address(request, deps)
    standings = await read_setup(lidarr, row, address)
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
        usual=usual_channels(row.kind),
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
    webhook: Annotated[bool, Form()] = False,
) -> Response:
    """Makes or repairs its import lists, and the webhook too if that is wanted; what is not chosen is what
    suits."""
    try:
        row = await read_list(deps.db, deps.secrets, slug)
        wanted = Wanted(
            channels=tuple(channel or usual_channels(row.kind)),
            root_folder=root_folder or None,
            quality_profile=quality_profile or None,
            metadata_profile=metadata_profile or None,
            search=search,
            whole_artists=whole_artists,
        )
        ours = public_address(request, deps)
        if address and address.rstrip("/") != ours.removesuffix(deps.url_base):
            # Lidarr is told this address from now on, so all pages and the API must say the same.
            await deps.configuration.change({EXTERNAL: address.rstrip("/")}, by=person.name)
            ours = address.rstrip("/") + deps.url_base
        lidarr = of_instance(deps.import_lists, row.instance)
        placed: list[Placed | WebhookPlaced] = []
        placed += await link_list(deps.db, lidarr, row, ours, wanted, clock=deps.clock)
        if webhook:
            placed.append(
                await link_webhook(deps.db, deps.secrets, lidarr, row.instance, ours, clock=deps.clock)
            )
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told=told_of(placed, ours), bad=any(one.unreached for one in placed))


@router.post("/out-of-lidarr")
async def take_out(
    request: Request, deps: Deps, person: Admin, slug: Slug, channel: Annotated[list[Channel], Form()]
) -> Response:
    try:
        row = await read_list(deps.db, deps.secrets, slug)
        lidarr = of_instance(deps.import_lists, row.instance)
        gone = await unlink_list(deps.db, lidarr, row, public_address(request, deps), channel)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    told = "Removed from Lidarr. What it brought stays there." if gone else "It was not in Lidarr any more."
    return back(request, "/lists", told=told)


@router.post("/webhook")
async def place_webhook(
    request: Request, deps: Deps, person: Admin, instance: Annotated[str, Form(max_length=64)]
) -> Response:
    try:
        lidarr, address = of_instance(deps.import_lists, instance), public_address(request, deps)
        placed = await link_webhook(deps.db, deps.secrets, lidarr, instance, address, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told=told_of([placed], address), bad=placed.unreached is not None)


@router.post("/no-webhook")
async def take_webhook_out(
    request: Request, deps: Deps, person: Admin, instance: Annotated[str, Form(max_length=64)]
) -> Response:
    try:
        lidarr, address = of_instance(deps.import_lists, instance), public_address(request, deps)
        gone = await unlink_webhook(deps.db, lidarr, instance, address)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    told = (
        "Removed from Lidarr: it tells Brainarr nothing any more."
        if gone
        else "It was not in Lidarr any more."
    )
    return back(request, "/lists", told=told)


async def _link(deps: WebDeps, instance: str, address: str) -> LinkView:
    try:
        async with asyncio.timeout(PATIENCE_S):
            lidarr = deps.import_lists[instance]
            return LinkView(instance, await read_link(deps.db, deps.secrets, lidarr, instance, address))
    except BrainarrError as error:
        return LinkView(instance, None, error)
    except TimeoutError:
        late = Conflict(f"Lidarr did not answer within {PATIENCE_S:g} s.", remedy="Look again in a moment.")
        return LinkView(instance, None, late)
