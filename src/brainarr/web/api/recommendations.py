"""recommendations: read them, decide on them, push them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.recommendation import Status
from brainarr.service.history import LifeEvent, read_life
from brainarr.service.learning import like
from brainarr.service.push import Monitor, push
from brainarr.service.recommendations import (
    TOUCHES_EXCLUSIONS,
    Decision,
    decide,
    decide_many,
    list_recommendations,
)
from brainarr.store.learning import Direction
from brainarr.web.api import LARGEST_ID, Exclude, Id
from brainarr.web.api.import_terms import ImportTerms
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, RecommendationDocument
from brainarr.web.paging import AskedPage, announce
from brainarr.web.problems import CONFLICT, NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE, problems

router = APIRouter(prefix="/recommendations", tags=["recommendations"])


class Remark(BaseModel):
    """Why, in your words; optional."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "heard them live"}]})

    note: str = Field("", max_length=1_000)


class BulkDecision(BaseModel):
    """One decision on many recommendations."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ids": [7, 8, 9], "decision": "approve"}]}
    )

    ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(min_length=1, max_length=500)
    decision: Decision
    note: str = Field("", max_length=1_000)
    exclude: bool | None = Field(
        None, description="Of `block`: whether Lidarr's exclusions name the artist too; null: as set."
    )


class DecidedDocument(Document):
    id: int = Field(examples=[7])
    status: Status | None = Field(description="What it is now; null when it could not be done.")
    problem: str | None = Field(description="Why it could not be done.")


class LifeEventDocument(Document):
    """One event, and where it led."""

    at: datetime
    event: Event
    status: Status | None = Field(description="From then on.")
    actor: Actor = Field(description="Who caused it.")
    channel: str | None
    note: str
    cause: Failure | None
    remedy: str | None
    last_at: datetime | None = Field(description="Of the present delivery: when Lidarr received it last.")
    times: int | None = Field(description="Of the present delivery: how often.")

    @classmethod
    def of(cls, told: LifeEvent) -> "LifeEventDocument":
        entry = told.event
        return cls(
            at=entry.at,
            event=entry.event,
            status=told.status,
            actor=entry.actor,
            channel=entry.channel,
            note=entry.note,
            cause=entry.cause,
            remedy=entry.remedy,
            last_at=told.last_at,
            times=told.times,
        )


class LifeDocument(RecommendationDocument):
    """A recommendation with its life."""

    life: tuple[LifeEventDocument, ...] = Field(
        description="All that happened to it, in order; empty once past `retention.history_days`."
    )


@router.get("")
async def recommendations(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    list: Annotated[str | None, Query(max_length=64, description="Only those of this list.")] = None,
) -> list[RecommendationDocument]:
    """The newest run's first, in the order it chose them."""
    page = await list_recommendations(deps.db, asked, status=status, list_slug=list)
    announce(request, response, page)
    return [RecommendationDocument.of(row) for row in page.items]


@router.post("/bulk")
async def decide_on_many(deps: Deps, wanted: BulkDecision) -> list[DecidedDocument]:
    """Decides on each by itself: one that cannot be done does not stop the others."""
    decided = await decide_many(
        deps.db,
        wanted.ids,
        wanted.decision,
        clock=deps.clock,
        note=wanted.note,
        actor=Actor.API,
        exclude_in=deps.exclude_in(wanted.exclude),
    )
    if wanted.decision in TOUCHES_EXCLUSIONS:
        deps.wake()
    return [DecidedDocument.model_validate(one) for one in decided]


@router.get("/{id}", responses=problems(NOT_FOUND))
async def recommendation(id: Id, deps: Deps) -> LifeDocument:
    """One, with its score parts and evidence, and everything that happened to it."""
    life = await read_life(deps.db, id)
    told = tuple(map(LifeEventDocument.of, life.events))
    return LifeDocument(**dict(RecommendationDocument.of(life.recommendation)), life=told)


class PushTerms(ImportTerms):
    """How it is taken in. What is left out, Lidarr's root folder says."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"monitor": "chosen", "search": True}]}
    )

    monitor: Monitor | None = Field(
        default=None,
        description="chosen: the recommended album alone; future: what comes out from now on, too; all; "
        "none: the artist alone. Null: of an album `chosen`, of an artist `all`.",
    )


@router.post("/{id}/push", responses=problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def push_recommendation(
    id: Id, deps: Deps, terms: Annotated[PushTerms | None, Body()] = None
) -> RecommendationDocument:
    """Adds an approved one to Lidarr at once, without a list. What Lidarr had already, its history says."""
    wanted = terms or PushTerms()
    row = await push(
        deps.db,
        id,
        deps.importers,
        clock=deps.clock,
        options=wanted.options,
        monitor=wanted.monitor,
        actor=Actor.API,
    )
    return RecommendationDocument.of(row)


@router.post("/{id}/more", responses=problems(NOT_FOUND))
async def more_like_it(id: Id, deps: Deps) -> RecommendationDocument:
    """From the next run on its artist leads to others, as if it were owned."""
    return RecommendationDocument.of(await like(deps.db, id, Direction.MORE, clock=deps.clock))


@router.post("/{id}/less", responses=problems(NOT_FOUND))
async def less_like_it(id: Id, deps: Deps) -> RecommendationDocument:
    """From the next run on what is close to its artist comes later."""
    return RecommendationDocument.of(await like(deps.db, id, Direction.LESS, clock=deps.clock))


@router.delete("/{id}/liking", responses=problems(NOT_FOUND))
async def take_liking_back(id: Id, deps: Deps) -> RecommendationDocument:
    """Neither more nor less like its artist."""
    return RecommendationDocument.of(await like(deps.db, id, None, clock=deps.clock))


@router.post("/{id}/{decision}", responses=problems(NOT_FOUND, CONFLICT))
async def decide_on(
    id: Id,
    decision: Decision,
    deps: Deps,
    remark: Annotated[Remark | None, Body()] = None,
    exclude: Exclude = None,
) -> RecommendationDocument:
    """Approves, rejects or blocks it, takes either of the first two back, tries once more what failed or got
    stuck, or gives that up. Doing the same again changes nothing."""
    note = remark.note if remark else ""
    exclude_in = deps.exclude_in(exclude)
    row = await decide(
        deps.db, id, decision, clock=deps.clock, note=note, actor=Actor.API, exclude_in=exclude_in
    )
    if decision in TOUCHES_EXCLUSIONS:
        deps.wake()
    return RecommendationDocument.of(row)
