"""care: what went astray in the library, which albums loved artists lack, what is new by owned ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from brainarr.domain.care import CareReport, Drift, DriftKind, MissingAlbum
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.pipeline.care.explain import care_reason
from brainarr.service.care import read_care
from brainarr.store.page import Page, PageOf
from brainarr.web.asked import Words
from brainarr.web.care_words import DRIFT
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.documents import Document
from brainarr.web.paging import AskedPage, announce
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/care", tags=["care"])
T = TypeVar("T")

Instance = Annotated[Words, Query(description="Whose library: the name of a Lidarr.")]


class CareDocument(Document):
    """How much there is of everything; `drift`, `gaps` and `releases` below it have the rows."""

    read_at: datetime = Field(description="When the library was read.")
    artists: int = Field(examples=[812])
    played: int = Field(description="Artists whose plays are known.")
    drift: Mapping[DriftKind, int] = Field(
        description="Findings of each kind that has any.", examples=[{"no-files": 12, "namesakes": 1}]
    )
    loved: int = Field(description="Artists that count as loved.", examples=[203])
    known: int = Field(description="Of those, how many have albums known here and in the catalogue.")
    gaps: int = Field(description="Studio albums that they lack.", examples=[41])
    watched: int = Field(description="Artists whose new releases MusicBrainz was asked for.")
    releases: int = Field(description="New releases that the library lacks.", examples=[7])

    @classmethod
    def of(cls, report: CareReport) -> "CareDocument":
        return cls(
            read_at=report.read_at,
            artists=report.artists,
            played=report.played,
            drift=report.counts,
            loved=report.loved,
            known=report.known,
            gaps=report.all_gaps,
            watched=report.watched,
            releases=report.all_releases,
        )


class DriftArtistDocument(Document):
    id: int = Field(description="Lidarr's own number.")
    name: str = Field(examples=["Plaid"])
    mbid: str | None


class DriftDocument(Document):
    """One finding."""

    kind: DriftKind
    artists: tuple[DriftArtistDocument, ...] = Field(description="One, or those in each other's way.")
    detail: str = Field(examples=["Taken in on 03 March 2024, and no file of 4 albums is there."])
    remedy: str

    @classmethod
    def of(cls, found: Drift) -> "DriftDocument":
        artists = tuple(map(DriftArtistDocument.model_validate, found.artists))
        return cls(kind=found.kind, artists=artists, detail=found.detail, remedy=DRIFT[found.kind].remedy)


class MissingAlbumDocument(Document):
    """An album of an owned artist that the library neither has nor waits for."""

    artist: str = Field(examples=["Plaid"])
    artist_mbid: str | None
    album: str = Field(examples=["Double Figure"])
    release_group_mbid: str
    kind: str = Field(description="album or ep.", examples=["album"])
    year: int | None
    released: str | None = Field(
        description="As much of the date as is known.", examples=["2026-05-08", "2026-05"]
    )
    upcoming: bool
    listed: bool = Field(description="Lidarr lists it, and does not monitor it.")
    confidence: float = Field(description="How sure it is wanted, 0 to 1.")
    reason: str
    proposed: bool = Field(description="It waits for a decision, or is on its way.")

    @classmethod
    def of(cls, found: MissingAlbum, report: CareReport, labels: Mapping[str, str]) -> "MissingAlbumDocument":
        artist, album, facts = found.loved.artist, found.album, found.facts
        return cls(
            artist=artist.name,
            artist_mbid=artist.mbid,
            album=album.title,
            release_group_mbid=album.mbid,
            kind=album.kind,
            year=album.year,
            released=facts.released,
            upcoming=facts.upcoming,
            listed=facts.listed,
            confidence=found.confidence,
            reason=care_reason(artist.name, facts, labels),
            proposed=album.mbid in report.proposed,
        )


@router.get("", responses=problems(NOT_FOUND))
async def care(deps: Deps, instance: Instance = DEFAULT_INSTANCE) -> CareDocument:
    """Counts, as of the library's latest reading. Asks no service: what the catalogue says of artists that no
    run has asked about is not known yet."""
    return CareDocument.of(await _report(deps, instance))


@router.get("/drift", responses=problems(NOT_FOUND))
async def drift(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    instance: Instance = DEFAULT_INSTANCE,
    kind: Annotated[DriftKind | None, Query(description="Only findings of this kind.")] = None,
) -> list[DriftDocument]:
    """The gravest kinds first; of each kind the first 1,000."""
    report = await _report(deps, instance)
    found = [one for one in report.drift if kind in (None, one.kind)]
    return [DriftDocument.of(one) for one in _page(request, response, found, asked)]


@router.get("/gaps", responses=problems(NOT_FOUND))
async def gaps(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    instance: Instance = DEFAULT_INSTANCE,
) -> list[MissingAlbumDocument]:
    """What seems most wanted first, the first 1,000. A run of a list of kind `gaps` proposes them."""
    report = await _report(deps, instance)
    rows = _page(request, response, report.gaps, asked)
    return [MissingAlbumDocument.of(one, report, deps.backtests.labels) for one in rows]


@router.get("/releases", responses=problems(NOT_FOUND))
async def releases(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    instance: Instance = DEFAULT_INSTANCE,
) -> list[MissingAlbumDocument]:
    """What is out, the newest first, then what is announced, the soonest first: the first 1,000. A run of a
    list of kind `releases` proposes them."""
    report = await _report(deps, instance)
    rows = _page(request, response, report.releases, asked)
    return [MissingAlbumDocument.of(one, report, deps.backtests.labels) for one in rows]


async def _report(deps: WebDeps, instance: str) -> CareReport:
    return await read_care(deps.db, deps.cache, deps.care, clock=deps.clock, instance=instance)


def _page(request: Request, response: Response, rows: Sequence[T], asked: PageOf) -> Sequence[T]:
    shown = tuple(rows[asked.offset : asked.offset + asked.limit])
    announce(request, response, Page(shown, len(rows), asked.page, asked.page_size))
    return shown
