"""lists: what Lidarr is given an address and a key for."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from brainarr.service.lists import ListRow, read_lists, rotate_key, sync_now
from brainarr.store.keys import Scope
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


class SyncDocument(Document):
    lists: int = Field(description="How many of Lidarr's import lists point here and were asked to sync.")


@router.get("")
async def lists(request: Request, deps: Deps, caller: CallerOf) -> list[ListDocument]:
    """All lists, with everything to copy into Lidarr."""
    address = public_address(request, deps)
    # Who opens a feed marks what it carries as delivered: that is no reading.
    shows_keys = caller.scope is Scope.WRITE
    rows = await read_lists(deps.db, deps.secrets)
    return [_document(row, address, shows_key=shows_keys) for row in rows]


@router.post("/{slug}/rotate-key", responses=problems(NOT_FOUND))
async def rotate(slug: Slug, request: Request, deps: Deps) -> ListDocument:
    """A new key; the old one opens nothing from now on. Change it in Lidarr too."""
    row = await rotate_key(deps.db, deps.secrets, slug, clock=deps.clock)
    return _document(row, public_address(request, deps), shows_key=True)


@router.post("/{slug}/sync", responses=problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def sync(slug: Slug, deps: Deps) -> SyncDocument:
    """Asks Lidarr to fetch this list now; by itself it fetches a Custom List every six hours only."""
    return SyncDocument(lists=await sync_now(deps.db, deps.importers, slug))


def public_address(request: Request, deps: WebDeps) -> str:
    """How Lidarr reaches this server, URL base included, without a slash at the end.

    `server.external_url` when it is set, else the address that this request was sent to.
    """
    if deps.external_url:
        address = deps.external_url.rstrip("/")
        return address if address.endswith(deps.url_base) else address + deps.url_base
    # The Host header is the caller's text; what is no host must not be written into an address.
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else name
    return f"{request.url.scheme}://{host}{deps.url_base}"


def _document(row: ListRow, address: str, *, shows_key: bool) -> ListDocument:
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
    )
