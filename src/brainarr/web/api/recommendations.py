"""recommendations: read them, decide on them, push them."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict
from brainarr.service.learning import like
from brainarr.service.recommendations import (
    Decision,
    decide,
    decide_many,
    list_recommendations,
    push,
    read_recommendation,
)
from brainarr.store.learning import Direction
from brainarr.web.api import LARGEST_ID, Id
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


class DecidedDocument(Document):
    id: int = Field(examples=[7])
    status: Status | None = Field(description="What it is now; null when it could not be done.")
    problem: str | None = Field(description="Why it could not be done.")


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
    decided = await decide_many(deps.db, wanted.ids, wanted.decision, clock=deps.clock, note=wanted.note)
    return [DecidedDocument.model_validate(one) for one in decided]


@router.get("/{id}", responses=problems(NOT_FOUND))
async def recommendation(id: Id, deps: Deps) -> RecommendationDocument:
    """One, with its score parts and evidence."""
    return RecommendationDocument.of(await read_recommendation(deps.db, id))


@router.post("/{id}/push", responses=problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def push_recommendation(id: Id, deps: Deps) -> RecommendationDocument:
    """Adds an approved one to Lidarr at once, without a list."""
    if deps.importer is None:
        raise Conflict("There is no Lidarr to push to.", remedy="Set lidarr.url and lidarr.api_key.")
    return RecommendationDocument.of(await push(deps.db, id, deps.importer, clock=deps.clock))


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
    id: Id, decision: Decision, deps: Deps, remark: Annotated[Remark | None, Body()] = None
) -> RecommendationDocument:
    """Approves, rejects or blocks it. Doing the same again changes nothing."""
    note = remark.note if remark else ""
    return RecommendationDocument.of(await decide(deps.db, id, decision, clock=deps.clock, note=note))
