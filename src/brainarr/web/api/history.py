"""history: what happened to recommendations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from brainarr.service.history import read_history
from brainarr.store.history import Event
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.paging import AskedPage, announce

router = APIRouter(prefix="/history", tags=["history"])


class HistoryDocument(Document):
    id: int
    at: datetime
    event: Event
    recommendation_id: int | None = Field(examples=[7])
    artist: str = Field(examples=["Plaid"])
    artist_mbid: str
    album: str | None
    release_group_mbid: str | None
    note: str


@router.get("")
async def history(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    event: Annotated[Event | None, Query(description="Only events of this sort.")] = None,
) -> list[HistoryDocument]:
    """Newest first."""
    page = await read_history(deps.db, asked, event=event)
    announce(request, response, page)
    return [HistoryDocument.model_validate(row) for row in page.items]
