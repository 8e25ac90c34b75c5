"""Ask: a wish in plain words, how it was understood, and what came of it."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.genres import tree_genres
from brainarr.domain.people import Person
from brainarr.domain.recommendation import WISH_LIMIT
from brainarr.domain.wish import Understanding
from brainarr.errors import NotFound
from brainarr.pipeline.wish import example_wishes
from brainarr.service.profile import portrait_at_hand
from brainarr.service.runs import ASK, read_run, request_run
from brainarr.service.wish import recent_wishes, understand
from brainarr.web.api import Id
from brainarr.web.deps import Deps
from brainarr.web.pages.rail import rail_of
from brainarr.web.pages.runs import LOOKS
from brainarr.web.pages.wanted import DISCOVERIES, TARGETS, read_wanted
from brainarr.web.people import SignedIn
from brainarr.web.render import back, page

router = APIRouter()

_FIRST_SHOWN = 1950
"""Decades before it stand in the form only where the wish means them."""


@router.get("/ask")
async def ask(request: Request, person: SignedIn, deps: Deps, wish: str = "") -> HTMLResponse:
    """With a wish, how that is understood; nothing is started by looking."""
    text = wish.replace("\0", "").strip()[:WISH_LIMIT]
    meant = await understand(deps.db, deps.catalog, text, clock=deps.clock) if text else None
    return await _page(request, person, deps, text, meant)


@router.post("/ask")
async def start(request: Request, person: SignedIn, deps: Deps) -> Response:
    """What the form says counts, whatever the wish was taken to mean."""
    wanted = read_wanted(await request.form())
    if wanted.request is None:
        text = wanted.given.get("wish", "")[:WISH_LIMIT]
        meant = await understand(deps.db, deps.catalog, text, clock=deps.clock) if text else None
        return await _page(request, person, deps, text, meant, faults=wanted.faults)
    asked = await request_run(
        deps.db,
        wanted.request.list,
        dry_run=wanted.request.dry_run,
        trigger=ASK,
        clock=deps.clock,
        overrides=wanted.request.overrides,
    )
    if not asked.created:
        return back(
            request,
            f"/ask?{urlencode({'wish': wanted.request.wish or ''})}",
            told=f"Run {asked.id} is under way: ask once more when it is over, or cancel it under Runs.",
            bad=True,
        )
    deps.wake()
    return back(request, f"/ask/{asked.id}")


@router.get("/ask/{id}")
async def answered(id: Id, request: Request, person: SignedIn, deps: Deps) -> HTMLResponse:
    """What became of a wish. Raises NotFound for a run that is none."""
    detail = await read_run(deps.db, id)
    if detail.run.trigger != ASK:
        raise NotFound(f"Run {id} did not come of a wish.", remedy="Look at it under Runs.")
    return page(
        request,
        "pages/ask/answer.html",
        person=person,
        detail=detail,
        run=detail.run,
        asked=detail.run.overrides,
        rail=rail_of(detail.run.progress, detail.run.status),
        verdicts=sorted(detail.verdicts.items(), key=lambda item: -item[1]),
        has_model=deps.has_model,
        again=urlencode({"wish": detail.run.overrides.wish or ""}),
        **LOOKS,
    )


async def _page(
    request: Request,
    person: Person,
    deps: Deps,
    text: str,
    meant: Understanding | None,
    *,
    faults: dict[str, str] | None = None,
) -> HTMLResponse:
    this_decade = deps.clock().year // 10 * 10
    named = meant.decades if meant else ()
    return page(
        request,
        "pages/ask.html",
        person=person,
        status=422 if faults else 200,
        text=text,
        limit=WISH_LIMIT,
        meant=meant,
        decades=sorted({*range(_FIRST_SHOWN, this_decade + 1, 10), *named}),
        genres=tree_genres() if meant else (),
        targets=TARGETS,
        discoveries=DISCOVERIES,
        has_model=deps.has_model,
        faults=faults or {},
        examples=await _examples(deps) if meant is None else (),
        recent=await recent_wishes(deps.db) if meant is None else (),
        link=lambda wish: urlencode({"wish": wish}),
        **LOOKS,
    )


async def _examples(deps: Deps) -> tuple[str, ...]:
    """Out of the person's own profile; general ones before there is any at hand."""
    try:
        portrait = await portrait_at_hand(deps.db, deps.cache, clock=deps.clock)
    except NotFound:
        portrait = None
    if portrait is None:
        return example_wishes((), {}, {}, ())
    return example_wishes(portrait.clusters, portrait.genres, portrait.decades, portrait.gaps)
