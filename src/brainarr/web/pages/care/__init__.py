"""Library care: what went astray, which albums loved artists lack, and what is new by owned ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.care import CareReport, DriftKind, MissingAlbum
from brainarr.domain.lists import DEFAULT_INSTANCE, ListKind
from brainarr.domain.people import Person
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.care.explain import care_reason
from brainarr.service.care import care_at_hand, list_of_kind, propose, read_care
from brainarr.web.care_words import DRIFT, marks
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import SignedIn
from brainarr.web.render import back, failed, page

router = APIRouter()
PAGE_SIZE = 48
_SHOWN = 6
"""Findings of each kind, where all kinds are shown."""
_MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class Place:
    """Whose library a page of care is about."""

    lidarr: str
    others: tuple[str, ...]
    """Every Lidarr that there is, where there are several."""

    def at(self, path: str, **query: object) -> str:
        """An address of care for this library, without the URL base."""
        asked = {key: value for key, value in query.items() if value not in (None, 1)}
        if self.lidarr != DEFAULT_INSTANCE:
            asked["lidarr"] = self.lidarr
        return f"{path}?{urlencode(asked)}" if asked else path

    def of(self, lidarr: str) -> "Place":
        return Place(lidarr, self.others)


def _place(deps: Deps, lidarr: Annotated[str, Query(max_length=64)] = DEFAULT_INSTANCE) -> Place:
    """Raises NotFound."""
    known = tuple(deps.importers)
    if lidarr not in (DEFAULT_INSTANCE, *known):
        raise NotFound(f"There is no Lidarr {lidarr!r}.", remedy="Settings names those that there are.")
    return Place(lidarr, known if len(known) > 1 else ())


Where = Annotated[Place, Depends(_place)]
Number = Annotated[int, Query(alias="page", ge=1, le=_MOST_PAGES)]
T = TypeVar("T")


@router.get("/care")
async def drift(
    request: Request,
    deps: Deps,
    person: SignedIn,
    where: Where,
    kind: DriftKind | None = None,
    number: Number = 1,
    drawn: bool = False,
) -> HTMLResponse:
    """Every kind with its first findings, or one kind with all of them. `drawn`: waits, however large the
    library; else a page says that it is being looked at."""
    report, looking = await _report(deps, where, wait=drawn)
    found = report.drift if report else ()
    of_kinds = [
        (each, DRIFT[each], [one for one in found if one.kind is each], report.counts[each])
        for each in DriftKind
        if report and each in report.counts and kind in (None, each)
    ]
    shown = [
        (each, told, _page_of(ones, number, PAGE_SIZE) if kind else ones[:_SHOWN], count)
        for each, told, ones, count in of_kinds
    ]
    last = max([1, *(_last(len(ones)) for _, _, ones, _ in of_kinds)]) if kind else 1
    return page(
        request,
        "pages/care/drift.html",
        person=person,
        where=where,
        report=report,
        looking=looking,
        kinds=shown,
        kind=kind,
        number=number,
        last=last,
    )


@router.get("/care/gaps")
async def gaps(
    request: Request,
    deps: Deps,
    person: SignedIn,
    where: Where,
    number: Number = 1,
    drawn: bool = False,
) -> HTMLResponse:
    return await _albums(request, deps, person, where, ListKind.GAPS, number, wait=drawn)


@router.get("/care/releases")
async def releases(
    request: Request,
    deps: Deps,
    person: SignedIn,
    where: Where,
    number: Number = 1,
    drawn: bool = False,
) -> HTMLResponse:
    return await _albums(request, deps, person, where, ListKind.RELEASES, number, wait=drawn)


@router.post("/care/{kind}/propose")
async def start(
    request: Request, deps: Deps, person: SignedIn, where: Where, kind: Literal["gaps", "releases"]
) -> Response:
    """Runs the list of that kind; an administrator makes it by that, where there is none yet."""
    try:
        asked = await propose(
            deps.db,
            deps.secrets,
            ListKind(kind),
            may_make=person.is_admin,
            clock=deps.clock,
            instance=where.lidarr,
        )
    except Conflict as error:
        return failed(request, where.at(f"/care/{kind}"), error)
    deps.wake()
    told = "" if asked.created else "A run of this list is under way already: this is it."
    return back(request, f"/runs/{asked.id}", told=told)


async def _albums(
    request: Request,
    deps: WebDeps,
    person: Person,
    where: Place,
    kind: ListKind,
    number: int,
    *,
    wait: bool,
) -> HTMLResponse:
    report, looking = await _report(deps, where, wait=wait)
    found = (report.gaps if kind is ListKind.GAPS else report.releases) if report else ()
    return page(
        request,
        "pages/care/albums.html",
        person=person,
        where=where,
        report=report,
        looking=looking,
        kind=kind,
        albums=[_told(one, report, deps) for one in _page_of(found, number, PAGE_SIZE)] if report else [],
        kept=len(found),
        list=await list_of_kind(deps.db, kind, where.lidarr),
        number=number,
        last=_last(len(found)),
    )


def _told(item: MissingAlbum, report: CareReport, deps: WebDeps) -> dict[str, object]:
    """An album as the page shows it."""
    return {
        "item": item,
        "art": f"/art/release-group/{item.album.mbid}",
        "reason": care_reason(item.loved.artist.name, item.facts, deps.backtests.labels),
        "marks": marks(item.facts, proposed=item.album.mbid in report.proposed),
    }


async def _report(deps: WebDeps, where: Place, *, wait: bool) -> tuple[CareReport | None, bool]:
    """None: the library was not read yet; or (True) it is yet to be looked at."""
    look = read_care if wait else care_at_hand
    try:
        report = await look(deps.db, deps.cache, deps.care, clock=deps.clock, instance=where.lidarr)
    except NotFound:
        return None, False
    return report, report is None


def _page_of(rows: Sequence[T], number: int, size: int) -> Sequence[T]:
    return rows[(number - 1) * size : number * size]


def _last(rows: int) -> int:
    return max(1, -(-rows // PAGE_SIZE))
