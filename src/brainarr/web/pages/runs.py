"""Runs: all of them, a form that starts one, and each with its way, its findings and its talk with models."""

from collections.abc import AsyncIterable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.sse import EventSourceResponse

from brainarr.domain.people import Person
from brainarr.domain.recommendation import Verdict
from brainarr.errors import Conflict
from brainarr.service.estimate import estimate_run
from brainarr.service.lists import DEFAULT_LIST, read_lists
from brainarr.service.runs import (
    MANUAL,
    cancel_run,
    follow_run,
    list_run_lines,
    read_exchanges,
    read_run,
    read_verdicts,
    request_run,
    rerun,
)
from brainarr.service.tasks import paused_since
from brainarr.store.findings import SoughtVerdicts
from brainarr.store.page import PageOf
from brainarr.store.runs import RunStatus, SoughtRuns
from brainarr.web.api import LARGEST_ID, Id
from brainarr.web.api.runs import RunEventDocument
from brainarr.web.deps import Deps
from brainarr.web.pages.rail import (
    OUTCOMES,
    PURPOSES,
    STATUSES,
    TRIGGERS,
    draw_funnel,
    duration,
    funnel_of,
    rail_of,
)
from brainarr.web.pages.wanted import DISCOVERIES, TARGETS, Wanted, read_wanted
from brainarr.web.people import SignedIn
from brainarr.web.render import back, local_path, page

router = APIRouter()

_PAGE, _VERDICTS_PAGE = 25, 50
_LONGEST_SEARCH = 100
LOOKS = {
    "statuses": STATUSES,
    "outcomes": OUTCOMES,
    "triggers": TRIGGERS,
    "purposes": PURPOSES,
    "duration": duration,
}
"""What every template about runs is told."""

Number = Annotated[int, Query(alias="page", ge=1, le=LARGEST_ID // 1000)]


@router.get("/runs")
async def runs(
    request: Request,
    person: SignedIn,
    deps: Deps,
    number: Number = 1,
    status: RunStatus | None = None,
    trigger: str = "",
) -> HTMLResponse:
    sought = SoughtRuns(status=status, trigger=trigger if trigger in TRIGGERS else None)
    found = await list_run_lines(deps.db, PageOf(number, _PAGE), sought)
    chosen = {"status": status or "", "trigger": sought.trigger or ""}
    return page(
        request,
        "pages/runs.html",
        person=person,
        found=found,
        last=max(1, -(-found.total // _PAGE)),
        link=_links("/runs", deps.url_base, chosen),
        chosen=chosen,
        filtered=any(chosen.values()),
        paused=await paused_since(deps.db),
        **LOOKS,
    )


@router.get("/runs/new")
async def new_run(
    request: Request,
    person: SignedIn,
    deps: Deps,
    estimate: bool = False,
    of: Annotated[str, Query(alias="list", max_length=64)] = DEFAULT_LIST,
) -> HTMLResponse:
    return await _form(request, person, deps, Wanted(None, {"list": of}, {}), estimate=estimate)


@router.post("/runs")
async def start_run(request: Request, person: SignedIn, deps: Deps) -> Response:
    """A run that is under way already is shown instead."""
    form = await request.form()
    wanted = read_wanted(form)
    if wanted.request is None:
        return await _form(request, person, deps, wanted, status=422)
    asked = await request_run(
        deps.db,
        wanted.request.list,
        dry_run=wanted.request.dry_run,
        trigger=MANUAL,
        clock=deps.clock,
        overrides=wanted.request.overrides,
    )
    deps.wake()
    told = "" if asked.created else "A run of this list is under way already: this is it."
    return back(request, f"/runs/{asked.id}", told=told)


@router.get("/runs/{id}")
async def run(id: Id, request: Request, person: SignedIn, deps: Deps) -> HTMLResponse:
    detail = await read_run(deps.db, id)
    steps = funnel_of(detail.verdicts)
    costs = [report.cost_microdollars for report in detail.providers]
    return page(
        request,
        "pages/runs/run.html",
        person=person,
        detail=detail,
        run=detail.run,
        rail=rail_of(detail.run.progress, detail.run.status),
        funnel=draw_funnel(steps) if detail.verdicts else None,
        steps=steps,
        candidates=sum(detail.verdicts.values()),
        verdicts=sorted(detail.verdicts.items(), key=lambda item: -item[1]),
        cost=sum(cost or 0 for cost in costs),
        unpriced=[report.name for report in detail.providers if report.cost_microdollars is None],
        **LOOKS,
    )


@router.get("/runs/{id}/verdicts")
async def verdicts(
    id: Id,
    request: Request,
    person: SignedIn,
    deps: Deps,
    number: Number = 1,
    verdict: str = "",
    q: str = "",
) -> HTMLResponse:
    chosen = next((one for one in Verdict if one == verdict), None)
    text = q.replace("\0", "").strip()[:_LONGEST_SEARCH]
    told = await read_verdicts(
        deps.db, id, PageOf(number, _VERDICTS_PAGE), SoughtVerdicts(chosen, text or None)
    )
    sought = {"verdict": chosen or "", "q": text}
    return page(
        request,
        "pages/runs/verdicts.html",
        person=person,
        run=told.run,
        counts=sorted(told.counts.items(), key=lambda item: -item[1]),
        total=sum(told.counts.values()),
        found=told.page,
        last=max(1, -(-told.page.total // _VERDICTS_PAGE)),
        link=_links(f"/runs/{id}/verdicts", deps.url_base, sought),
        chosen=sought,
        **LOOKS,
    )


@router.get("/runs/{id}/prompts")
async def prompts(id: Id, request: Request, person: SignedIn, deps: Deps) -> HTMLResponse:
    told = await read_exchanges(deps.db, id)
    return page(
        request, "pages/runs/prompts.html", person=person, run=told.run, exchanges=told.exchanges, **LOOKS
    )


@router.post("/runs/{id}/cancel")
async def cancel(id: Id, request: Request, person: SignedIn, deps: Deps) -> Response:
    stopped = await cancel_run(deps.db, id, clock=deps.clock)
    deps.wake()
    match stopped.status:
        case RunStatus.RUNNING:
            told = "It stops within seconds. What was verified by then stays."
        case RunStatus.CANCELLED:
            told = "Cancelled."
        case _:
            told = "It was over already."
    form = await request.form()
    return back(request, local_path(str(form.get("next", "")), f"/runs/{id}"), told=told)


@router.post("/runs/{id}/again")
async def again(id: Id, request: Request, person: SignedIn, deps: Deps) -> Response:
    """The same run once more; with the field `real` a dry one for real."""
    form = await request.form()
    asked = await rerun(deps.db, id, real="real" in form, clock=deps.clock)
    deps.wake()
    place = "/ask" if form.get("to") == "ask" and asked.created else "/runs"
    told = "" if asked.created else "A run of this list is under way already: this is it."
    return back(request, f"{place}/{asked.id}", told=told)


async def _existing_run(id: Id, deps: Deps) -> int:
    """Raises NotFound while it can still be answered: a stream that has begun has its status already."""
    await read_exchanges(deps.db, id)
    return id


@router.get("/runs/{id}/events", response_class=EventSourceResponse)
async def run_events(
    run_id: Annotated[int, Depends(_existing_run)], person: SignedIn, deps: Deps
) -> AsyncIterable[RunEventDocument]:
    """What `/api/v1/runs/{id}/events` tells, for whoever is signed in."""
    async for event in follow_run(deps.db, deps.broadcast, run_id):
        yield RunEventDocument.model_validate(event)


async def _form(
    request: Request,
    person: Person,
    deps: Deps,
    wanted: Wanted,
    *,
    estimate: bool = False,
    status: int = 200,
) -> HTMLResponse:
    told = unread = None
    of = wanted.given.get("list") or DEFAULT_LIST
    if estimate:
        try:
            told = await estimate_run(
                deps.db, deps.cache, deps.estimate, of, clock=deps.clock, limits=deps.limits
            )
        except Conflict as conflict:
            unread = conflict
    return page(
        request,
        "pages/runs/new.html",
        person=person,
        status=status,
        lists=[(one.slug, one.name) for one in await read_lists(deps.db, deps.secrets)],
        targets=TARGETS,
        discoveries=DISCOVERIES,
        given=wanted.given,
        of=of,
        faults=wanted.faults,
        has_model=deps.has_model,
        estimate=told,
        # The entry that is no model costs nothing and is not worth a line.
        calls=[call for call in told.calls if call.kind != "builtin"] if told else [],
        unread=unread,
        **LOOKS,
    )


def _links(path: str, base: str, query: dict[str, str]):
    """Addresses of the pages of a list that is filtered so."""
    kept = {name: value for name, value in query.items() if value}
    return lambda number: f"{base}{path}?{urlencode({**kept, 'page': number})}"
