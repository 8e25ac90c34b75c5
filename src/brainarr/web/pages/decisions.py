"""Decisions on recommendations, from whichever page: Discover, a recommendation, the findings of a run."""

import unicodedata
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from brainarr.domain.life import Actor
from brainarr.domain.recommendation import Status
from brainarr.errors import BrainarrError, Conflict, NotFound
from brainarr.service.discover import read_liking
from brainarr.service.learning import like
from brainarr.service.recommendations import TOUCHES_EXCLUSIONS, Decision, decide, decide_many
from brainarr.store.learning import Direction
from brainarr.store.recommendations import RecommendationRow
from brainarr.web.api import LARGEST_ID, Id
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import SignedIn
from brainarr.web.render import Undo, back, failed, local_path

router = APIRouter(prefix="/recommendations")

MOST_AT_ONCE = 500
_LONGEST_NAME = 60
_NEXT_SYNC = "at its next list sync"
_LIKINGS = {"more": Direction.MORE, "less": Direction.LESS, "neutral": None}
_BULK = {
    Decision.APPROVE: "Approved",
    Decision.REJECT: "Rejected",
    Decision.BLOCK: "Never again:",
    Decision.UNDO: "Taken back:",
}
_TAKEN_BACK = {
    Status.PENDING: "waits for you again",
    Status.APPROVED: "is approved again",
    Status.REJECTED: "is rejected again",
}

Next = Annotated[str, Form()]


@router.post("/bulk")
async def decide_on_many(
    request: Request,
    person: SignedIn,
    deps: Deps,
    decision: Annotated[str, Form()] = "",
    ids: Annotated[list[str] | None, Form()] = None,
    next: Next = "",
) -> Response:
    """`ids`: repeated, or several in one with spaces between."""
    there = local_path(next, "/discover")
    try:
        numbers, wanted = _numbers(ids or []), _bulk(decision)
        decided = await decide_many(
            deps.db,
            numbers,
            wanted,
            clock=deps.clock,
            actor=Actor.PERSON,
            exclude_in=deps.exclude_in(None),
        )
    except BrainarrError as error:
        return failed(request, there, error)
    if wanted in TOUCHES_EXCLUSIONS:
        deps.wake()
    done = [one.id for one in decided if one.changed]
    problems = [one.problem for one in decided if one.problem]
    told = f"{_BULK[wanted]} {len(done)} recommendation{'' if len(done) == 1 else 's'}."
    if done and wanted is Decision.APPROVE:
        told += f" {_who(deps)} takes them in {_NEXT_SYNC}."
    if problems:
        told += f" {len(problems)} could not be changed: {problems[0]}"
    fields = {"ids": " ".join(map(str, done)), "decision": Decision.UNDO}
    undo = Undo("/recommendations/bulk", fields=fields) if done and wanted is not Decision.UNDO else None
    return back(request, there, told=told, bad=not done, undo=undo)


@router.post("/{id}/{decision}")
async def decide_on(
    request: Request,
    id: Id,
    decision: str,
    person: SignedIn,
    deps: Deps,
    next: Next = "",
    exclude: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """`exclude`: of "never again" whether Lidarr excludes the artist too, where the form asks that: "no", and
    after it "yes" where the box is ticked."""
    there = local_path(next, "/discover")
    exclude_in = deps.exclude_in("yes" in exclude if exclude else None)
    try:
        if decision in _LIKINGS:
            told, undo = await _liked(deps, id, decision)
        else:
            wanted = _decision(decision)
            row = await decide(
                deps.db, id, wanted, clock=deps.clock, actor=Actor.PERSON, exclude_in=exclude_in
            )
            if wanted in TOUCHES_EXCLUSIONS:
                deps.wake()
            told = _told(deps, wanted, row, excluded=bool(exclude_in))
            undo = Undo(f"/recommendations/{id}/undo") if wanted in _TAKES_BACK else None
    except (NotFound, Conflict) as error:
        return failed(request, there, error)
    return back(request, there, told=told, undo=undo)


_TAKES_BACK = {Decision.APPROVE, Decision.REJECT, Decision.BLOCK}


async def _liked(deps: WebDeps, id: int, wish: str) -> tuple[str, Undo]:
    before = await read_liking(deps.db, id)
    row = await like(deps.db, id, _LIKINGS[wish], clock=deps.clock)
    artist = _isolated(row.recommendation.artist)
    told = (
        f"Neither more nor less like {artist}."
        if wish == "neutral"
        else f"From the next run on: {wish} like {artist}."
    )
    return told, Undo(f"/recommendations/{id}/{before or 'neutral'}")


def _told(deps: WebDeps, decision: Decision, row: RecommendationRow, *, excluded: bool) -> str:
    artist, album = _isolated(row.recommendation.artist), row.recommendation.album
    name = f"{_isolated(album)} by {artist}" if album else artist
    match decision:
        case Decision.APPROVE | Decision.RETRY if row.status is Status.APPROVED:
            return f"Approved: {name}. {_who(deps)} takes it in {_NEXT_SYNC}."
        case Decision.APPROVE | Decision.RETRY:
            return f"{name} was approved before."
        case Decision.REJECT:
            return f"Rejected: {name}. It is not suggested again."
        case Decision.BLOCK if excluded:
            return f"Never again: {artist}, neither suggested here nor taken in by a list of Lidarr's."
        case Decision.BLOCK:
            return f"Never again: {artist}. Nothing by this artist is suggested any more."
        case Decision.UNDO:
            return f"{name} {_TAKEN_BACK.get(row.status, f'is {row.status} again')}."
        case Decision.GIVE_UP:
            return f"{name} is tried no more."


def _isolated(name: str) -> str:
    """Short enough for a message; one that is written from the right keeps to itself (UAX #9, 2.7)."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    from_the_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in short)
    return f"\u2068{short}\u2069" if from_the_right else short


def _who(deps: WebDeps) -> str:
    return "Lidarr" if deps.importer is not None else "Once it is connected, Lidarr"


def _decision(text: str) -> Decision:
    try:
        return Decision(text)
    except ValueError:
        raise NotFound(f"“{text[:40]}” is nothing that can be decided.") from None


def _bulk(text: str) -> Decision:
    decision = _decision(text)
    if decision not in _BULK:
        raise Conflict(f"“{decision}” cannot be done to several at once.")
    return decision


def _numbers(ids: Sequence[str]) -> list[int]:
    """Raises Conflict where none is given, too many are, or one is no number of a recommendation."""
    words = [word for text in ids for word in text.split()]
    if not words:
        raise Conflict("Nothing is selected.", remedy="Select some cards first.")
    if len(words) > MOST_AT_ONCE:
        raise Conflict(f"These are too many: at most {MOST_AT_ONCE} can be decided on at once.")
    if wrong := [w for w in words if not (w.isascii() and w.isdigit() and 1 <= int(w[:12]) <= LARGEST_ID)]:
        raise Conflict(f"“{wrong[0][:40]}” is no number of a recommendation.")
    return list(map(int, words))
