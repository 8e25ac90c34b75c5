"""widget: a few totals in one flat object, as Homepage's `customapi` and Homarr read them."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from brainarr.domain.recommendation import Status
from brainarr.service.totals import read_totals
from brainarr.store.runs import RunStatus
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

router = APIRouter(tags=["system"])

_ON_THEIR_WAY = (Status.APPROVED, Status.DELIVERED)
_TAKEN_IN = (Status.IMPORTED, Status.KEPT)


class WidgetDocument(Document):
    """Flat, because what reads it can often name nothing deeper."""

    waiting: int = Field(description="For your review.", examples=[12])
    on_their_way: int = Field(description="Approved, not yet in Lidarr.", examples=[3])
    taken_in: int = Field(description="Imported by Lidarr and still there.", examples=[41])
    rejected: int = Field(examples=[9])
    artists: int = Field(description="In your library.", examples=[812])
    running: bool = Field(description="Whether a run is queued or under way.", examples=[False])
    last_run_at: datetime | None
    last_run_status: RunStatus | None = Field(examples=[RunStatus.DONE])
    last_run_found: int | None = Field(examples=[20])
    spent: float = Field(description="US dollars this month.", examples=[0.42])


@router.get("/widget")
async def widget(deps: Deps) -> WidgetDocument:
    """For dashboards that ask every few seconds: four small queries. A `read` key will do."""
    found = await read_totals(deps.db, clock=deps.clock)
    counts, run = found.recommendations, found.last_run
    return WidgetDocument(
        waiting=counts[Status.PENDING],
        on_their_way=sum(counts[status] for status in _ON_THEIR_WAY),
        taken_in=sum(counts[status] for status in _TAKEN_IN),
        rejected=counts[Status.REJECTED] + counts[Status.BLOCKED],
        artists=found.artists,
        running=run is not None and run.status in (RunStatus.QUEUED, RunStatus.RUNNING),
        last_run_at=run.requested_at if run else None,
        last_run_status=run.status if run else None,
        last_run_found=run.recommended if run else None,
        spent=found.spent_microdollars / 1_000_000,
    )
