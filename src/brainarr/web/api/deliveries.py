"""deliveries: what each list may hand Lidarr at the moment, and what holds the rest back."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from brainarr.domain.deliveries import Mode
from brainarr.service.delivery.standing import FeedStanding, held, read_standings
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

router = APIRouter(prefix="/deliveries", tags=["lists"])


class OutageDocument(Document):
    """Lidarr's metadata server is away."""

    since: datetime
    reason: str
    probes: int = Field(description="How often it has been found still away.", examples=[3])
    next_probe_at: datetime


class FailureDocument(Document):
    """The latest list sync that failed."""

    at: datetime
    message: str = Field(description="In Lidarr's words.")
    ours: bool | None = Field(
        description="Whether it failed because of what Brainarr carried; null: not known yet."
    )


class SearchDocument(Document):
    """The search for what made a sync fail."""

    suspects: int = Field(examples=[25])
    groups: int = Field(description="In which they are tried, one after the other.", examples=[2])
    trial: int = Field(description="Counts what was carried or is to be.", examples=[4])
    control: bool = Field(
        description="Whether nothing is carried now, to see whether it fails without us too."
    )


class StandingDocument(Document):
    list: str = Field(examples=["default"])
    instance: str = Field(description="Which Lidarr it is for.", examples=["default"])
    mode: Mode
    due: int = Field(description="Approved or delivered, and not in the library yet.", examples=[430])
    cleared: int = Field(description="Those that Lidarr's own lookup vouches for.", examples=[428])
    held: int = Field(description="Those that are suspected of having made a sync fail.", examples=[0])
    said: tuple[str, ...] = Field(description="The same for people; empty where nothing is held back.")
    outage: OutageDocument | None
    search: SearchDocument | None
    failure: FailureDocument | None
    unreachable: str | None = Field(description="Why Lidarr's API could not be asked.")


@router.get("/state")
async def delivery_states(deps: Deps) -> list[StandingDocument]:
    """Of each list. A `read` key will do."""
    standings = await read_standings(deps.db, deps.importers, clock=deps.clock)
    now = deps.clock()
    return [_document(standing, held(standing, now).said) for standing in standings.values()]


def _document(standing: FeedStanding, said: tuple[str, ...]) -> StandingDocument:
    state = standing.state
    outage, failure, quarantine = state.outage, state.failure, state.quarantine
    return StandingDocument(
        list=standing.slug,
        instance=standing.instance,
        mode=standing.mode,
        due=standing.due,
        cleared=standing.cleared,
        held=standing.held,
        said=said,
        outage=OutageDocument(
            since=outage.since,
            reason=outage.reason,
            probes=outage.probes,
            next_probe_at=outage.next_probe_at,
        )
        if outage
        else None,
        search=SearchDocument(
            suspects=len(quarantine.items),
            groups=len(quarantine.groups),
            trial=quarantine.trial,
            control=quarantine.control,
        )
        if quarantine.groups
        else None,
        failure=FailureDocument(at=failure.at, message=failure.message, ours=failure.ours)
        if failure
        else None,
        unreachable=state.unreachable,
    )
