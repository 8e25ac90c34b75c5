"""History: what happened to every recommendation, what needs somebody, and how far they come."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from brainarr.service.exports import as_csv, as_json_lines
from brainarr.service.history import every_event, tell_history
from brainarr.service.league import read_outcomes
from brainarr.service.troubles import list_troubles
from brainarr.store.history import HistoryRow
from brainarr.store.league import By
from brainarr.store.page import PageOf
from brainarr.web.deps import Deps
from brainarr.web.pages.history.sought import Asked, read_asked
from brainarr.web.pages.history.told import by_day, outcomes
from brainarr.web.people import SignedIn
from brainarr.web.recommendation_words import ACTORS, EVENT_WORDS
from brainarr.web.render import page

router = APIRouter()
PAGE_SIZE = 50
_TROUBLES_SHOWN = PageOf(page_size=20)
_MOST_PAGES = 1_000_000


def _asked(request: Request, deps: Deps) -> Asked:
    return read_asked(request.query_params, deps.zone)


AskedOf = Annotated[Asked, Depends(_asked)]


@router.get("/history")
async def history(
    request: Request,
    deps: Deps,
    person: SignedIn,
    asked: AskedOf,
    number: Annotated[int, Query(alias="page", ge=1, le=_MOST_PAGES)] = 1,
) -> HTMLResponse:
    now = deps.clock()
    told = await tell_history(deps.db, PageOf(number, PAGE_SIZE), asked.sought)
    groups = await read_outcomes(deps.db, By.LIST, clock=deps.clock)
    return page(
        request,
        "pages/history.html",
        person=person,
        status=422 if asked.faults else 200,
        asked=asked,
        total=told.events.total,
        number=number,
        last=-(-told.events.total // PAGE_SIZE),
        days=by_day(told, deps.zone, now),
        troubles=await list_troubles(deps.db, _TROUBLES_SHOWN, clock=deps.clock),
        outcomes=outcomes(groups, asked.sought.list),
        events=[("", "Any")] + [(str(event), word) for event, (word, _) in EVENT_WORDS.items()],
        actors=[("", "Anybody")] + [(str(actor), word) for actor, word in ACTORS.items()],
        lists=[("", "All")] + [(group.of, group.of) for group in groups],
    )


@router.get("/history/export", response_class=StreamingResponse)
async def export(
    deps: Deps, person: SignedIn, asked: AskedOf, format: Literal["csv", "jsonl"] = "csv"
) -> StreamingResponse:
    """Everything that the filters let through, oldest first, without pages."""
    rows = every_event(deps.db, asked.sought)
    return StreamingResponse(
        as_csv(HistoryRow, rows) if format == "csv" else as_json_lines(rows),
        media_type="text/csv; charset=utf-8" if format == "csv" else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="brainarr-history.{format}"'},
    )
