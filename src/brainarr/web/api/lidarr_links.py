"""lidarrs/{instance}: all that links one Lidarr with this Brainarr, and the webhook by which it tells us."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from brainarr.domain.import_lists import State
from brainarr.errors import NotFound
from brainarr.pipeline.ports import ImportLists
from brainarr.service.instances import of_instance
from brainarr.service.left_off import link_webhook, unlink_webhook
from brainarr.service.lidarr_links import Link, Linked, read_link, repair_link
from brainarr.service.lidarr_webhook import WebhookPlaced, WebhookStanding
from brainarr.web.api.lidarr_setup import (
    FAILS,
    PlacedDocument,
    RemovedDocument,
    StandingDocument,
    TestedDocument,
    outcome_of,
)
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.documents import Document

router = APIRouter(prefix="/lidarrs/{instance}", tags=["lidarrs"])

Instance = Annotated[str, Path(max_length=64, description="A name from `lidarrs`; `default` for `lidarr`.")]


class WebhookDocument(Document):
    """How the webhook stands in Lidarr."""

    state: State = Field(examples=["set up"])
    id: int | None = Field(description="Lidarr's number of it; null while it is missing.", examples=[4])
    enabled: bool = Field(description="Off, Lidarr tells nothing.")
    differences: tuple[str, ...] = Field(description="What keeps it from telling what it should.")

    @classmethod
    def of(cls, standing: WebhookStanding) -> "WebhookDocument":
        found = standing.found
        return cls(
            state=standing.state,
            id=found.number if found else None,
            enabled=bool(found and found.enabled),
            differences=standing.differences,
        )


class WebhookPlacedDocument(TestedDocument):
    """What was done for the webhook."""

    name: str = Field(examples=["Brainarr"])

    @classmethod
    def of(cls, placed: WebhookPlaced) -> "WebhookPlacedDocument":
        return cls(name=placed.name, made=placed.made, **outcome_of(placed.unreached))


class ListStandingsDocument(Document):
    list: str = Field(description="Its slug.", examples=["default"])
    standings: tuple[StandingDocument, ...]


class LeftOffDocument(Document):
    """What waits, switched off, until Lidarr can reach us; it is tried every ten minutes."""

    channel: str = Field(description="albums, artists or webhook.", examples=["webhook"])
    list: str | None = Field(description="Its slug; null for the webhook.", examples=[None])
    address: str = Field(description="How Lidarr was told to reach us.", examples=["http://brainarr:8690"])
    said: str = Field(description="By Lidarr's test, the last time.")
    remedy: str
    tried_at: datetime


class LinkDocument(Document):
    """How everything of this Brainarr stands in one Lidarr."""

    instance: str = Field(examples=["default"])
    version: str = Field(examples=["2.14.5.4836"])
    warning: str = Field(description='What a Lidarr of this version cannot do; "": nothing.', examples=[""])
    webhook: WebhookDocument
    lists: tuple[ListStandingsDocument, ...] = Field(description="Those that are for this Lidarr.")
    left_off: tuple[LeftOffDocument, ...]

    @classmethod
    def of(cls, link: Link) -> "LinkDocument":
        return cls(
            instance=link.instance,
            version=link.version,
            warning=link.warning,
            webhook=WebhookDocument.of(link.webhook),
            lists=tuple(
                ListStandingsDocument(list=row.slug, standings=tuple(map(StandingDocument.of, standings)))
                for row, standings in link.lists
            ),
            left_off=tuple(
                LeftOffDocument(
                    channel=one.channel,
                    list=one.slug or None,
                    address=one.address,
                    said=one.said,
                    remedy=one.remedy,
                    tried_at=one.tried_at,
                )
                for one in link.left_off
            ),
        )


class LinkedDocument(Document):
    """What was put right; what was right already is not in it."""

    lists: tuple[PlacedDocument, ...]
    webhook: WebhookPlacedDocument | None

    @classmethod
    def of(cls, linked: Linked) -> "LinkedDocument":
        return cls(
            lists=tuple(map(PlacedDocument.of, linked.lists)),
            webhook=WebhookPlacedDocument.of(linked.webhook) if linked.webhook else None,
        )


@router.get("", responses=FAILS)
async def link(instance: Instance, request: Request, deps: Deps) -> LinkDocument:
    """How everything of this Brainarr stands in a Lidarr."""
    lidarr = _lidarr(deps, instance)
    found = await read_link(deps.db, deps.secrets, lidarr, instance, public_address(request, deps))
    return LinkDocument.of(found)


@router.post("/repair", responses=FAILS)
async def repair(instance: Instance, request: Request, deps: Deps) -> LinkedDocument:
    """Corrects what is there and differs, lists and webhook; makes nothing."""
    lidarr, address = _lidarr(deps, instance), public_address(request, deps)
    return LinkedDocument.of(
        await repair_link(deps.db, deps.secrets, lidarr, instance, address, clock=deps.clock)
    )


@router.post("/webhook", responses=FAILS)
async def set_up_webhook(instance: Instance, request: Request, deps: Deps) -> WebhookPlacedDocument:
    """Makes or corrects the webhook by which that Lidarr tells what it imports and deletes."""
    lidarr, address = _lidarr(deps, instance), public_address(request, deps)
    return WebhookPlacedDocument.of(
        await link_webhook(deps.db, deps.secrets, lidarr, instance, address, clock=deps.clock)
    )


@router.delete("/webhook", responses=FAILS)
async def remove_webhook(instance: Instance, request: Request, deps: Deps) -> RemovedDocument:
    """Removes it from that Lidarr. Its key opens nothing from then on; set up again, it has another."""
    lidarr, address = _lidarr(deps, instance), public_address(request, deps)
    return RemovedDocument(removed=int(await unlink_webhook(deps.db, lidarr, instance, address)))


def _lidarr(deps: WebDeps, instance: str) -> ImportLists:
    """Raises NotFound, and Conflict where none is configured at all."""
    if deps.import_lists and instance not in deps.import_lists:
        known = ", ".join(deps.import_lists)
        raise NotFound(f"No Lidarr is called {instance!r}.", remedy=f"There are: {known}.")
    return of_instance(deps.import_lists, instance)
