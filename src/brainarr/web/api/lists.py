"""lists: what Lidarr is given an address and a key for."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.addresses import external_address
from brainarr.domain.feed_words import FeedWords
from brainarr.domain.life import Actor
from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind
from brainarr.errors import Conflict
from brainarr.service.feed_words import read_feed_words
from brainarr.service.lists import (
    LONGEST_NAME,
    ListRow,
    change_list,
    create_list,
    read_list,
    read_lists,
    rotate_key,
    sync_now,
)
from brainarr.service.retiring import Leftovers, delete_list
from brainarr.store.keys import Scope
from brainarr.web.api.list_terms import TermsDocument, TermsRequest
from brainarr.web.auth import CallerOf
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.documents import Document
from brainarr.web.problems import CONFLICT, NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE, problems

router = APIRouter(prefix="/lists", tags=["lists"])

Slug = Annotated[str, Path(max_length=64)]
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


class ListDocument(Document):
    slug: str = Field(examples=["default"])
    name: str = Field(examples=["Brainarr AI Recommendations"])
    key: str | None = Field(
        description="Opens this list's feeds and nothing else; null for a caller who may only read."
    )
    artists_url: str = Field(
        description='Lidarr: Custom List, "List URL".',
        examples=["http://brainarr:8690/lists/default/artists?apikey=…"],
    )
    albums_url: str = Field(
        description='Lidarr: "Lidarr" list, "Full URL"; `key` goes into "API Key".',
        examples=["http://brainarr:8690/lists/default"],
    )
    created_at: datetime
    key_made_at: datetime
    kind: ListKind
    instance: str = Field(description="The Lidarr that it is for.", examples=["default"])
    terms: TermsDocument
    empty: bool = Field(description="Whether its feeds would give Lidarr nothing now.")
    explained: tuple[str, ...] = Field(
        description="What they give, or why nothing, in words.",
        examples=[["The feed is empty: 12 wait for your review."]],
    )


class NewListRequest(BaseModel):
    """A list with feeds and a key of its own. Its kind is for good."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=2 * LONGEST_NAME, examples=["Late night"])
    kind: ListKind = ListKind.DISCOVER
    instance: str = Field(DEFAULT_INSTANCE, max_length=64, description="The Lidarr that it is for.")
    terms: TermsRequest = TermsRequest()  # pyright: ignore[reportCallIssue]


class ListChangeRequest(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, min_length=1, max_length=2 * LONGEST_NAME)
    instance: str | None = Field(None, max_length=64, description="The Lidarr that it is for.")
    terms: TermsRequest = TermsRequest()  # pyright: ignore[reportCallIssue]


class DeletedListDocument(Document):
    """What became of the recommendations that waited in it, or were on their way."""

    moved: int
    moved_to: str = Field(description='The name of the list in which they go on; "": none.')
    rejected: int = Field(description="Those given up included.")


class SyncDocument(Document):
    lists: int = Field(description="How many of Lidarr's import lists point here and were asked to sync.")


@router.get("")
async def lists(request: Request, deps: Deps, caller: CallerOf) -> list[ListDocument]:
    """All lists, with everything to copy into Lidarr."""
    address = public_address(request, deps)
    # Who opens a feed marks what it carries as delivered: that is no reading.
    shows_keys = caller.scope is Scope.WRITE
    rows = await read_lists(deps.db, deps.secrets)
    words = await read_feed_words(deps.db, deps.importers, clock=deps.clock)
    return [
        _document(row, address, words[row.slug], shows_key=shows_keys) for row in rows if row.slug in words
    ]


@router.post("", status_code=201, responses=problems(CONFLICT))
async def create(wanted: NewListRequest, request: Request, deps: Deps) -> ListDocument:
    """One more list. With a schedule, its first run starts at once."""
    require_known(deps, wanted.instance, wanted.terms.providers)
    row = await create_list(
        deps.db,
        deps.secrets,
        wanted.name,
        kind=wanted.kind,
        instance=wanted.instance,
        terms=wanted.terms.over(NO_TERMS),
        clock=deps.clock,
    )
    deps.wake()
    words = await read_feed_words(deps.db, deps.importers, clock=deps.clock)
    return _document(row, public_address(request, deps), words[row.slug], shows_key=True)


@router.patch("/{slug}", responses=problems(NOT_FOUND, CONFLICT))
async def change(slug: Slug, wanted: ListChangeRequest, request: Request, deps: Deps) -> ListDocument:
    """Another name or Lidarr, or other terms for its next runs."""
    before = await read_list(deps.db, deps.secrets, slug)
    require_known(deps, wanted.instance, wanted.terms.providers)
    row = await change_list(
        deps.db,
        deps.secrets,
        slug,
        name=wanted.name,
        instance=wanted.instance,
        terms=wanted.terms.over(before.terms),
        clock=deps.clock,
    )
    deps.wake()
    words = await read_feed_words(deps.db, deps.importers, clock=deps.clock)
    return _document(row, public_address(request, deps), words[row.slug], shows_key=True)


@router.delete("/{slug}", responses=problems(NOT_FOUND, CONFLICT))
async def delete(
    slug: Slug,
    deps: Deps,
    leftovers: Annotated[
        Leftovers, Query(description="What becomes of recommendations that wait in it or are on their way.")
    ] = Leftovers.MOVE,
) -> DeletedListDocument:
    """Its key opens nothing from now on, and no run is made for it. Its runs and its history stay."""
    deleted = await delete_list(
        deps.db, deps.secrets, slug, leftovers=leftovers, clock=deps.clock, actor=Actor.API
    )
    return DeletedListDocument.model_validate(deleted)


@router.post("/{slug}/rotate-key", responses=problems(NOT_FOUND))
async def rotate(slug: Slug, request: Request, deps: Deps) -> ListDocument:
    """A new key; the old one opens nothing from now on. Change it in Lidarr too."""
    row = await rotate_key(deps.db, deps.secrets, slug, clock=deps.clock)
    words = await read_feed_words(deps.db, deps.importers, clock=deps.clock)
    return _document(row, public_address(request, deps), words[slug], shows_key=True)


@router.post("/{slug}/sync", responses=problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def sync(slug: Slug, deps: Deps) -> SyncDocument:
    """Asks Lidarr to fetch this list now; by itself it fetches a Custom List every six hours only."""
    return SyncDocument(lists=await sync_now(deps.db, deps.importers, slug))


def require_known(deps: WebDeps, instance: str | None, providers: Collection[str] | None) -> None:
    """Raises Conflict where a list would be for a Lidarr, or ask a provider, that there is not; None: what it
    has."""
    if instance is not None and instance not in deps.instances:
        raise Conflict(f"There is no Lidarr {instance!r}.", remedy=f"There is {', '.join(deps.instances)}.")
    chain = deps.chain
    if unknown := [name for name in providers or () if name not in chain]:
        raise Conflict(
            f"The provider chain has no {', '.join(map(repr, unknown))}.",
            remedy=f"It has {', '.join(chain)}.",
        )


def public_address(request: Request, deps: WebDeps) -> str:
    """How Lidarr reaches this server, URL base included, without a slash at the end.

    `server.external_url` when it is set, else the address that this request was sent to.
    """
    if address := external_address(deps.external_url, deps.url_base):
        return address
    # The Host header is the caller's text; what is no host must not be written into an address.
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else name
    return f"{request.url.scheme}://{host}{deps.url_base}"


def _document(row: ListRow, address: str, words: FeedWords, *, shows_key: bool) -> ListDocument:
    feed = f"{address}/lists/{row.slug}"
    query = f"?apikey={row.key}" if shows_key else ""
    return ListDocument(
        slug=row.slug,
        name=row.name,
        key=row.key if shows_key else None,
        artists_url=f"{feed}/artists{query}",
        albums_url=feed,
        created_at=row.created_at,
        key_made_at=row.key_made_at,
        empty=words.empty,
        explained=words.said,
        kind=row.kind,
        instance=row.instance,
        terms=TermsDocument.model_validate(row.terms),
    )
