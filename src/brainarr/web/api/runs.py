"""runs: start one, watch it, stop it, read what it found."""

from collections.abc import AsyncIterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.sse import EventSourceResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brainarr.domain.learning import Liking
from brainarr.domain.music import Mbid, parse_mbid
from brainarr.domain.names import NAME_LIMIT
from brainarr.domain.novelty import novelty_note
from brainarr.domain.recommendation import (
    MOST_DECADES,
    MOST_LEADING,
    MOST_RECOMMENDATIONS,
    MOST_STYLES,
    STYLE_LIMIT,
    WISH_LIMIT,
    Discovery,
    RunOverrides,
    Target,
    as_decade,
)
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import cancel_run, follow_run, list_runs, read_exchanges, read_run, request_run
from brainarr.store.runs import RunStatus, SoughtRuns
from brainarr.web.api import Id
from brainarr.web.asked import Moment, Words
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, ExchangeDocument, ProgressDocument, RunDocument, RunSummary
from brainarr.web.paging import AskedPage, announce
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/runs", tags=["runs"])


Styles = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=STYLE_LIMIT)], ...], Field(max_length=MOST_STYLES)
]


Decades = Annotated[tuple[Annotated[int, AfterValidator(as_decade)], ...], Field(max_length=MOST_DECADES)]

_COSTS = " ".join(note for note in map(novelty_note, Discovery) if note)


def _mbid(text: str) -> Mbid:
    if (mbid := parse_mbid(text)) is None:
        raise ValueError("a MusicBrainz identifier, such as 069a1c1f-14eb-4d36-b0a0-77dffbd67713")
    return mbid


class SeedRequest(BaseModel):
    """An artist to start from."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    mbid: Annotated[Mbid, AfterValidator(_mbid)] = Field(max_length=60)
    name: str = Field(min_length=1, max_length=NAME_LIMIT, examples=["Low"])


class RunRequest(BaseModel):
    """What to run. An empty body is a real run of the first list, as the settings have it."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [{"dry_run": True}]}
    )

    list: str = Field(DEFAULT_LIST, max_length=64)
    dry_run: bool = Field(False, description="Look only: nothing is recommended, nothing is delivered.")

    wish: Annotated[str, Field(min_length=1, max_length=WISH_LIMIT)] | None = Field(
        None, description="What you would like, in your own words.", examples=["rainy sunday, no vocals"]
    )
    styles_include: Styles | None = Field(None, description="Styles to lean towards.")
    styles_avoid: Styles | None = Field(
        None, description="Styles that nothing may belong to, those below them in the genre tree included."
    )
    decades_include: Decades | None = Field(
        None, description="Decades to lean towards, by their first year.", examples=[[1990]]
    )
    target: Target | None = None
    discovery: Discovery | None = Field(None, description=f"How far from the known. {_COSTS}")
    max_recommendations: Annotated[int, Field(ge=1, le=MOST_RECOMMENDATIONS)] | None = None
    seeds: Annotated[tuple[SeedRequest, ...], Field(max_length=MOST_LEADING)] | None = Field(
        None, description="Artists, owned or not, whose neighbourhood leads."
    )

    @property
    def overrides(self) -> RunOverrides:
        """What is given of these counts instead of the settings, for this run alone."""
        names = RunOverrides.__struct_fields__
        given = {name: getattr(self, name) for name in names}
        if self.seeds is not None:
            given["seeds"] = tuple(Liking(one.mbid, one.name) for one in self.seeds)
        return RunOverrides(**given)


class RequestedRunDocument(Document):
    id: int = Field(examples=[3])
    created: bool = Field(description="false: a run of that list was under way already, and this is it.")


class RunEventDocument(Document):
    """A step of a run. The last one has a status that is neither queued nor running."""

    run_id: int
    status: RunStatus
    progress: ProgressDocument | None
    error: str | None


@router.post("", status_code=202, responses=problems(NOT_FOUND))
async def start_run(deps: Deps, wanted: RunRequest | None = None) -> RequestedRunDocument:
    """Asks for a run; one of the same list that waits or runs already is answered instead."""
    wanted = wanted or RunRequest()  # pyright: ignore[reportCallIssue]
    run = await request_run(
        deps.db,
        wanted.list,
        dry_run=wanted.dry_run,
        trigger="api",
        clock=deps.clock,
        overrides=wanted.overrides,
    )
    deps.wake()
    return RequestedRunDocument.model_validate(run)


@router.get("")
async def runs(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    status: Annotated[RunStatus | None, Query(description="Only those in this state.")] = None,
    list: Annotated[Words | None, Query(description="Only those of this list.")] = None,
    trigger: Annotated[
        Words | None, Query(description="Only those asked for by: api, schedule, cli, manual, ask.")
    ] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Asked for from then on.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Asked for before then.")] = None,
) -> Sequence[RunSummary]:
    """All runs, newest first."""
    page = await list_runs(deps.db, asked, SoughtRuns(status, list, trigger, since, until))
    announce(request, response, page)
    return [RunSummary.of(row) for row in page.items]


@router.get("/{id}", responses=problems(NOT_FOUND))
async def run(id: Id, deps: Deps) -> RunDocument:
    """One run with everything it found: recommendations, every verdict, every provider."""
    return RunDocument.of_detail(await read_run(deps.db, id))


@router.get("/{id}/prompts", responses=problems(NOT_FOUND))
async def run_prompts(id: Id, deps: Deps) -> Sequence[ExchangeDocument]:
    """What the run's language models were asked and what they answered, in that order."""
    told = await read_exchanges(deps.db, id)
    return [ExchangeDocument.model_validate(one) for one in told.exchanges]


@router.post("/{id}/cancel", responses=problems(NOT_FOUND))
async def cancel(id: Id, deps: Deps) -> RunSummary:
    """Stops a run; one that is over stays as it is."""
    stopped = await cancel_run(deps.db, id, clock=deps.clock)
    deps.wake()
    return RunSummary.of(stopped)


async def _existing_run(id: Id, deps: Deps) -> int:
    """Raises NotFound while it can still be answered: a stream that has begun has its status already."""
    await read_run(deps.db, id)
    return id


@router.get("/{id}/events", response_class=EventSourceResponse, responses=problems(NOT_FOUND))
async def run_events(
    run_id: Annotated[int, Depends(_existing_run)], deps: Deps
) -> AsyncIterable[RunEventDocument]:
    """Server-sent events until the run is over, the present state first. Close it at the last one."""
    async for event in follow_run(deps.db, deps.broadcast, run_id):
        yield RunEventDocument.model_validate(event)
