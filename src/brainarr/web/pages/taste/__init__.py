"""Taste: what the library shows, what decisions taught, what must never come again, and the backtest."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.genres import known_genre
from brainarr.domain.music import parse_mbid
from brainarr.domain.recommendation import STYLE_LIMIT
from brainarr.errors import NotFound
from brainarr.service.backtest import read_backtest
from brainarr.service.blocks import block_style, revoke_block
from brainarr.service.league import read_league
from brainarr.service.learning import forget, read_taste, take_back_liking
from brainarr.service.profile import portrait_at_hand, read_portrait
from brainarr.web.api import Id
from brainarr.web.backtest_words import headline
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.pages.taste import backtest, learnt
from brainarr.web.pages.taste.portrait import Shown, show
from brainarr.web.people import Admin, SignedIn
from brainarr.web.render import back, failed, page

router = APIRouter()
router.include_router(backtest.router)


@router.get("/taste")
async def taste(request: Request, deps: Deps, person: SignedIn, drawn: bool = False) -> HTMLResponse:
    """`drawn`: waits for the portrait, however large the library; else a page says that it is being drawn."""
    learning = await read_taste(deps.db, deps.configured, clock=deps.clock)
    standings = await read_league(deps.db, clock=deps.clock)
    made = await read_backtest(deps.db)
    known = learning.learnt
    portrait, drawing = await _portrait(deps, wait=drawn)
    return page(
        request,
        "pages/taste.html",
        person=person,
        portrait=portrait,
        drawing=drawing,
        words=learning.words,
        decisions=known.decisions,
        forgotten_until=learning.forgotten_until,
        facets=learnt.facets(learning),
        genres=learnt.genres(known),
        sources=learnt.sources(known),
        more=known.more,
        less=known.less,
        blocks=[(block, block.kind == "artist" or known_genre(block.key)) for block in learning.blocks],
        league=learnt.league(standings),
        standing_heads=learnt.standing_heads(money=person.is_admin),
        standings=learnt.standing_rows(standings, money=person.is_admin),
        style_limit=STYLE_LIMIT,
        backtest_headline=(made.trouble or headline(made)) if made else "",
    )


async def _portrait(deps: WebDeps, *, wait: bool) -> tuple[Shown | None, bool]:
    """None: the library was not read yet, or nothing is in it; or (True) it is yet to be drawn."""
    read = read_portrait if wait else portrait_at_hand
    try:
        portrait = await read(deps.db, deps.cache, clock=deps.clock)
    except NotFound:
        return None, False
    if portrait is None:
        return None, True
    return (show(portrait) if portrait.shape.artists else None), False


@router.post("/taste/forget")
async def forget_all(request: Request, deps: Deps, person: Admin) -> Response:
    """Whatever the household's decisions have taught: for an administrator."""
    await forget(deps.db, clock=deps.clock)
    return back(request, "/taste#learnt", told="What was learnt is forgotten; blocks and history stay.")


@router.post("/taste/likings/{artist}/forget")
async def take_back(
    request: Request, deps: Deps, person: SignedIn, artist: Annotated[str, Path(max_length=36)]
) -> Response:
    mbid = parse_mbid(artist)
    if mbid is None:
        raise NotFound("There is no such artist.")
    await take_back_liking(deps.db, mbid)
    return back(request, "/taste#learnt", told="Taken back: neither more nor less of it.")


@router.post("/taste/blocks")
async def block(
    request: Request, deps: Deps, person: SignedIn, style: Annotated[str, Form(max_length=STYLE_LIMIT)] = ""
) -> Response:
    said = style.strip()
    if not said or not said.isprintable():
        return back(request, "/taste#never", told="Name a genre or a style in one line.", bad=True)
    made = await block_style(deps.db, said, clock=deps.clock)
    return back(request, "/taste#never", told=f"Never again: {made.name}.")


@router.post("/taste/blocks/{id}/revoke")
async def revoke(request: Request, id: Id, deps: Deps, person: SignedIn) -> Response:
    try:
        block = await revoke_block(deps.db, id, clock=deps.clock)
        deps.wake()
    except NotFound as error:
        return failed(request, "/taste#never", NotFound(error.message, remedy="Somebody revoked it already."))
    return back(request, "/taste#never", told=f"{block.name} may be recommended again.")
