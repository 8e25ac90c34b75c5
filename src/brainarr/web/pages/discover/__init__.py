"""Discover: what was found, to look through and decide on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from brainarr.domain.recommendation import Status
from brainarr.service.discover import CARDS, Discovered, Sort, discover
from brainarr.store.tags import TagKind
from brainarr.web.cookies import set_cookie
from brainarr.web.deps import Deps
from brainarr.web.pages.discover.cards import card_view
from brainarr.web.pages.discover.filters import Filters, View, read_filters
from brainarr.web.people import SignedIn
from brainarr.web.recommendation_words import STATUSES
from brainarr.web.render import page

router = APIRouter()

DECK = 2
"""Cards of the view that shows one: the next one lies ready below it."""

_ALWAYS = {Status.PENDING, Status.APPROVED, Status.REJECTED}
"""Tabs that are there also while they are empty."""

_SORTS = {
    Sort.SCORE: "Best score",
    Sort.NEWEST: "Newest run",
    Sort.YEAR: "Latest release",
    Sort.ARTIST: "Artist, A to Z",
    Sort.CONFIDENCE: "Most certain",
}
_VIEW_COOKIE = "brainarr_view"
_A_YEAR = timedelta(days=365)
_CONFIDENCES = (0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Tab:
    label: str
    count: int
    link: str
    current: bool


@router.get("/")
@router.get("/discover")
async def discover_page(request: Request, person: SignedIn, deps: Deps) -> HTMLResponse:
    filters = read_filters(request.query_params, _remembered(request))
    # What a script shows after each decision are the counts alone.
    cards = 0 if request.headers.get("x-block") == "tabs" else CARDS
    limit = min(cards, DECK) if filters.view is View.SWIPE else cards
    found = await discover(deps.db, filters.sought, filters.sort, after=filters.after, limit=limit)
    now, labels = deps.clock(), deps.backtests.labels
    nothing = _nothing(found, filters, connected=deps.importer is not None)
    answer = page(
        request,
        "pages/discover.html",
        person=person,
        filters=filters,
        tabs=_tabs(found, filters),
        cards=[card_view(card, now, labels) for card in found.cards],
        left=found.left(filters.status),
        more=filters.link(after=found.more_after) if found.more_after else None,
        first=filters.link() if filters.after else None,
        choices=_choices(found, filters, labels),
        nothing=nothing,
        # Before anything was found there is nothing to filter.
        found_ever=nothing not in ("lidarr", "ever"),
        in_state=found.in_state(filters.status),
        connected=deps.importer is not None,
        previews=deps.previews is not None,
    )
    if filters.view is not _remembered(request):
        set_cookie(request, answer, _VIEW_COOKIE, filters.view, _A_YEAR)
    return answer


def _remembered(request: Request) -> View:
    """The view that this browser had last: a phone swipes, a desk has covers."""
    view = request.cookies.get(_VIEW_COOKIE, "")
    return View(view) if view in set(View) else View.GRID


def _tabs(found: Discovered, filters: Filters) -> list[Tab]:
    shown = [
        status
        for status in STATUSES
        if status in _ALWAYS or found.in_state(status) or status is filters.status
    ]
    return [
        Tab(
            "All" if status is None else STATUSES[status],
            found.left(status),
            filters.link(status=status),
            status is filters.status,
        )
        for status in (*shown, None)
    ]


def _choices(
    found: Discovered, filters: Filters, labels: Mapping[str, str]
) -> dict[str, list[tuple[Any, str]]]:
    """What each filter offers: (value, label). What is asked for is among them, whether or not it exists."""

    def offered(kind: TagKind, asked: object, label: str = "{}") -> list[tuple[Any, str]]:
        counts = dict(found.tags.get(kind, {}))
        if asked is not None:
            counts.setdefault(f"{asked}", 0)
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if kind is TagKind.DECADE:
            ordered = sorted(counts.items(), reverse=True)
        return [(name, f"{label.format(labels.get(name, name))} ({count:,})") for name, count in ordered]

    percents = sorted({*_CONFIDENCES, *([filters.confidence] if filters.confidence is not None else [])})
    lists = {**({filters.list: filters.list} if filters.list else {}), **found.lists}
    return {
        "genre": [("", "Any genre"), *offered(TagKind.GENRE, filters.genre)],
        "era": [("", "Any era"), *offered(TagKind.DECADE, filters.era, "{}s")],
        "source": [("", "Any source"), *offered(TagKind.SOURCE, filters.source)],
        "confidence": [("", "Any"), *((share, f"{share:.0%} or more") for share in percents)],
        "list": [("", "Any list"), *lists.items()] if len(lists) > 1 or filters.list else [],
        "sort": list(_SORTS.items()),
    }


def _nothing(found: Discovered, filters: Filters, *, connected: bool) -> str | None:
    """Why there is nothing to show; None: there is something."""
    if found.cards:
        return None
    if not found.ever:
        return "ever" if connected else "lidarr"
    if found.left(filters.status):
        return "end"
    if found.in_state(filters.status):
        return "match"
    return "decided" if filters.status is Status.PENDING else "state"
