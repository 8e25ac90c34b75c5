"""Lists: what Lidarr fetches, how that stands there, and what waits."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.domain.import_lists import Channel
from brainarr.domain.recommendation import Status
from brainarr.errors import BrainarrError, Conflict
from brainarr.pipeline.ports import ImportLists
from brainarr.service.lidarr_setup import (
    Placed,
    Standing,
    Wanted,
    feed_addresses,
    read_setups,
    set_up,
    take_down,
)
from brainarr.service.lists import (
    DEFAULT_LIST,
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
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/lists")

PATIENCE_S = 4.0
"""How long the page waits for Lidarr before it comes without what stands there."""

EXTERNAL = "server.external_url"
_HIDDEN = "•" * 8

Slug = Annotated[str, Form(max_length=64)]
Name = Annotated[str, Form(max_length=2 * LONGEST_NAME)]


@dataclass(frozen=True)
class Card:
    """One list."""

    at_work: ListAtWork
    albums_url: str
    artists_url: str
    masked_artists_url: str
    waits: tuple[str, ...]
    standings: tuple[Standing, ...]

    @property
    def can_go(self) -> bool:
        return self.at_work.row.slug != DEFAULT_LIST and not self.at_work.counts


@router.get("")
async def lists(request: Request, deps: Deps, person: Admin) -> Response:
    address = public_address(request, deps)
    at_work = await read_lists_at_work(deps.db, deps.secrets)
    standings, away = await _in_lidarr(deps, at_work, address)
    return page(
        request,
        "pages/lists/index.html",
        person=person,
        cards=[_card(one, address, standings.get(one.row.slug, ())) for one in at_work],
        connected=deps.import_lists is not None,
        away=away,
        hidden=_HIDDEN,
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
    return back(request, "/lists", told=_told(placed, ours), bad=any(one.unreached for one in placed))


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
        if deps.importer is None:
            raise _no_lidarr()
        asked = await sync_now(deps.db, deps.importer, slug)
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


def _card(at_work: ListAtWork, address: str, standings: tuple[Standing, ...]) -> Card:
    feeds = feed_addresses(at_work.row, address)
    artists = feeds[Channel.ARTISTS]
    return Card(
        at_work=at_work,
        albums_url=feeds[Channel.ALBUMS],
        artists_url=artists,
        masked_artists_url=f"{artists.partition('=')[0]}={_HIDDEN}",
        waits=tuple(_waits(at_work)),
        standings=standings,
    )


def _waits(at_work: ListAtWork) -> list[str]:
    """What the feed gives and what it waits for, in words."""
    count = {status: at_work.counts.get(status, 0) for status in Status}
    pending, approved, failed_ = count[Status.PENDING], count[Status.APPROVED], count[Status.FAILED]
    said: list[str] = []
    if approved:
        said.append(f"{approved} approved: Lidarr takes {_them(approved)} at its next sync.")
    if delivered := count[Status.DELIVERED]:
        said.append(f"{delivered} fetched by Lidarr, not seen in your library yet.")
    if not approved and not delivered:
        said.append("The feed is empty: nothing is approved that Lidarr does not have.")
    if pending:
        said.append(f"{pending} {'waits' if pending == 1 else 'wait'} for your review.")
    elif not approved and not delivered:
        said.append("Nothing waits for your review either: start a run.")
    if failed_:
        said.append(f"{failed_} refused by Lidarr: History says why.")
    return said


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def _told(placed: tuple[Placed, ...], address: str) -> str:
    """What was done in Lidarr, and what is still in the way."""
    unreached = next((one.unreached for one in placed if one.unreached), None)
    if unreached is None:
        done = "made" if all(one.made for one in placed) else "up to date"
        return f"Lidarr's test passed: {' and '.join(one.name for one in placed)}: {done}."
    said = unreached.said.rstrip(".")
    return (
        f"It stands in Lidarr, switched off: Lidarr cannot read it at {address} ({said}). {unreached.remedy}"
    )
