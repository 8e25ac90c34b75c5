"""One recommendation: why it is here, what became of it, and which albums of its artist to add."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.errors import BrainarrError, Conflict, ProviderError
from brainarr.pipeline.ports import ImportChoices, Importer, ImportOptions
from brainarr.service.adding import Choice, add_albums
from brainarr.service.albums import Discography, Held
from brainarr.service.dossier import read_dossier
from brainarr.service.push import AS_LIDARR_HAS_IT, Monitor
from brainarr.service.recommendations import read_recommendation
from brainarr.web import recommendation_words as words
from brainarr.web.api import LARGEST_ID
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import SignedIn
from brainarr.web.render import back, failed, page

router = APIRouter()

AT_ONCE_S = 0.8
"""How long the page waits for what others must tell; a script asks for the rest."""
LONGEST_S = 25.0

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class AlbumsView(msgspec.Struct, frozen=True):
    """The part of the page that the catalogue and Lidarr tell."""

    discography: Discography
    choices: ImportChoices | None = None
    failure: ProviderError | None = None
    """Lidarr could not say what it offers, and why."""
    pending: bool = False
    """Somebody has not answered yet."""
    lidarr: bool = False
    """Whether one is configured."""


@router.get("/recommendations/{id}")
async def recommendation(request: Request, deps: Deps, person: SignedIn, id: Id) -> HTMLResponse:
    dossier = await read_dossier(deps.db, id)
    patience = LONGEST_S if request.headers.get("x-block") == "albums" else AT_ONCE_S
    row = dossier.row
    return page(
        request,
        "pages/recommendation.html",
        person=person,
        dossier=dossier,
        row=row,
        item=row.recommendation,
        score=words.take_apart(row.recommendation, deps.configured),
        possible=words.possible(row, deps.clock()),
        ways=words.ways_out(row.recommendation),
        albums=await _albums(deps, id, patience),
        labels=deps.backtests.labels,
        words=words,
        monitors=tuple(Monitor),
        owned=Held.OWNED,
        previews=deps.previews is not None,
        lidarr=bool(deps.importers),
        excludes=bool(deps.excluding),
    )


@router.post("/recommendations/{id}/add")
async def add(
    request: Request,
    deps: Deps,
    person: SignedIn,
    id: Id,
    release_group: Annotated[list[str] | None, Form(max_length=200)] = None,
    monitor: Annotated[Monitor, Form()] = Monitor.CHOSEN,
    search: Annotated[bool, Form()] = False,
    root_folder: Annotated[str, Form(max_length=1_000)] = "",
    quality_profile: Annotated[str, Form(max_length=10)] = "",
    metadata_profile: Annotated[str, Form(max_length=10)] = "",
    tags: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """The chosen albums go to Lidarr at once."""
    options = ImportOptions(
        tags=(*AS_LIDARR_HAS_IT.tags, *_labels(tags)),
        search=search,
        root_folder=root_folder or None,
        quality_profile=_number(quality_profile),
        metadata_profile=_number(metadata_profile),
    )
    here = f"/recommendations/{id}"
    try:
        choice = Choice(tuple(map(_mbid, release_group or ())), monitor, options)
        added = await add_albums(deps.db, id, choice, deps.importers, deps.discographies, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, here, error)
    refused = [one for one in added if one.problem]
    if refused:
        told = f"{len(added) - len(refused)} of {len(added)} added. {refused[0].title}: {refused[0].problem}"
        return back(request, here, told=told, bad=True)
    told = f"Lidarr has {', '.join(one.title for one in added[:5])}."
    had = [f" {one.title}: {one.had}." for one in added if one.had]
    return back(request, here, told=told + "".join(had[:2]))


async def _albums(deps: WebDeps, id: int, patience: float) -> AlbumsView:
    """What is known within `patience` seconds; a service that is away is told beside what is known."""
    importer = deps.importers.get((await read_recommendation(deps.db, id)).instance)
    discography, (choices, failure, late) = await asyncio.gather(
        deps.discographies.read(id, patience=patience), _choices(importer, patience)
    )
    return AlbumsView(
        discography, choices, failure, pending=discography.pending or late, lidarr=importer is not None
    )


async def _choices(
    importer: Importer | None, patience: float
) -> tuple[ImportChoices | None, ProviderError | None, bool]:
    """What Lidarr offers, or why not, and whether it is merely late."""
    if importer is None:
        return None, None, False
    try:
        async with asyncio.timeout(patience):
            return await importer.choices(), None, False
    except ProviderError as error:
        return None, error, False
    except TimeoutError:
        return None, None, True


def _mbid(text: str) -> Mbid:
    mbid = parse_mbid(text)
    if mbid is None:
        raise Conflict("That is no album.", remedy="Choose from the list of albums.")
    return mbid


def _labels(text: str) -> tuple[str, ...]:
    """Of tags, with commas between; Lidarr writes them small."""
    labels = (" ".join(part.split()).lower()[:50] for part in text.split(","))
    return tuple(dict.fromkeys(label for label in labels if label))[:20]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
