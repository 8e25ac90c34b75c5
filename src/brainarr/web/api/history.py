"""history: what happened to recommendations, how far they came, and what needs somebody."""

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.recommendation import Status
from brainarr.service.exports import as_csv, as_json_lines
from brainarr.service.history import every_event, read_history
from brainarr.service.league import GroupOutcomes, read_outcomes
from brainarr.service.troubles import Trouble, list_troubles
from brainarr.store.history import HistoryRow, Sought
from brainarr.store.league import By
from brainarr.web.api import LARGEST_ID
from brainarr.web.api.league import OutcomesDocument
from brainarr.web.asked import Moment, Words
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, RecommendationDocument
from brainarr.web.paging import AskedPage, announce

router = APIRouter(prefix="/history", tags=["history"])


class HistoryDocument(Document):
    """One event."""

    id: int = Field(examples=[41])
    at: datetime
    event: Event
    actor: Actor = Field(description="Who caused it.")
    recommendation_id: int | None = Field(examples=[7])
    artist: str = Field(examples=["Plaid"])
    artist_mbid: str
    album: str | None
    release_group_mbid: str | None
    list: str | None = Field(examples=["default"])
    run_id: int | None = Field(examples=[3])
    sources: tuple[str, ...] = Field(description="The voices for the recommendation.")
    score: float | None
    place: int | None = Field(description="In its batch, from 1.")
    channel: str | None = Field(
        description="By which way: artists, albums, push; or where it was seen: library, exclusions."
    )
    note: str = Field(description="What the person said, or Lidarr.")
    cause: Failure | None = Field(description="Of a failure: its kind.")
    remedy: str | None = Field(description="Of a failure: what to do about it.")
    status: Status | None = Field(description="Of the recommendation, now.")


class ProblemDocument(Document):
    """Something approved that did not arrive, with the reason as far as it is known."""

    recommendation: RecommendationDocument
    why: str = Field(examples=["Lidarr has not taken it in after 12 deliveries in 3 days."])
    remedy: str

    @classmethod
    def of(cls, trouble: Trouble) -> "ProblemDocument":
        shown = RecommendationDocument.of(trouble.recommendation)
        then = f"Then POST /api/v1/recommendations/{shown.id}/retry, or …/give-up."
        return cls(recommendation=shown, why=trouble.why, remedy=f"{trouble.remedy} {then}".strip())


class GroupDocument(OutcomesDocument):
    of: str = Field(description="The run's number, or the list's slug.", examples=["default"])

    @classmethod
    def of_group(cls, group: GroupOutcomes) -> "GroupDocument":
        return cls(of=group.of, **dict(OutcomesDocument.model_validate(group.outcomes)))


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


class Groups(StrEnum):
    RUN = "run"
    LIST = "list"


Number = Annotated[int, Query(ge=1, le=2**31 - 1)]


def _sought(
    event: Annotated[Event | None, Query(description="Only events of this sort.")] = None,
    actor: Annotated[Actor | None, Query(description="Only what they caused.")] = None,
    recommendation: Annotated[Number | None, Query(description="Only of this one.", le=LARGEST_ID)] = None,
    list: Annotated[Words | None, Query(description="Only of this list.")] = None,
    run: Number | None = None,
    source: Annotated[Words | None, Query(description="Only what this source voted for.")] = None,
    artist: Annotated[Words | None, Query(description="A part of the artist's name.")] = None,
    status: Annotated[Status | None, Query(description="Only of recommendations now in this state.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="From then on.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Before then.")] = None,
) -> Sought:
    return Sought(
        event, actor, recommendation, list, run, source, artist, status=status, since=since, until=until
    )


AskedFor = Annotated[Sought, Depends(_sought)]


@router.get("")
async def history(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    sought: AskedFor,
    sort: Order = Order.NEWEST,
) -> list[HistoryDocument]:
    """The newest first; with `sort=oldest` in the order in which it happened."""
    page = await read_history(deps.db, asked, sought, oldest_first=sort is Order.OLDEST)
    announce(request, response, page)
    return [HistoryDocument.model_validate(row) for row in page.items]


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/jsonl": {}}, "description": "All of it."}},
)
async def export(deps: Deps, sought: AskedFor, format: Format = Format.CSV) -> StreamingResponse:
    """Everything that is asked for, oldest first, as it is read: with the same filters, without pages."""
    csv = format is Format.CSV
    rows: AsyncIterator[HistoryRow] = every_event(deps.db, sought)
    return StreamingResponse(
        as_csv(HistoryRow, rows) if csv else as_json_lines(rows),
        media_type="text/csv; charset=utf-8" if csv else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="brainarr-history.{format}"'},
    )


@router.get("/outcomes")
async def outcomes(deps: Deps, by: Groups = Groups.LIST) -> list[GroupDocument]:
    """How far the recommendations of each list came, or of each of the last 50 runs. Of each provider:
    `/api/v1/providers/league`."""
    groups = await read_outcomes(deps.db, By(by), clock=deps.clock)
    return [GroupDocument.of_group(group) for group in groups]


@router.get("/failures")
async def failures(
    request: Request, response: Response, deps: Deps, asked: AskedPage
) -> list[ProblemDocument]:
    """What Lidarr refused, and what it has not taken in after many polls; without what was given up."""
    page = await list_troubles(deps.db, asked, clock=deps.clock)
    announce(request, response, page)
    return [ProblemDocument.of(trouble) for trouble in page.items]
