"""albums: what the artist of a recommendation has made, and adding some of it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from brainarr.domain.life import Actor
from brainarr.domain.music import parse_mbid
from brainarr.errors import NotFound
from brainarr.service.adding import PATIENCE_S, Choice, add_albums
from brainarr.service.albums import ArtistAlbum, Held, Shelf
from brainarr.service.push import Monitor
from brainarr.web.api import Id
from brainarr.web.api.import_terms import ImportTerms
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import CONFLICT, NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE, problems

router = APIRouter(prefix="/recommendations", tags=["recommendations"])


class ArtistAlbumDocument(Document):
    """One album, and how much of it the library has."""

    mbid: str = Field(description="Of the release group.")
    title: str = Field(examples=["Souvlaki"])
    year: int | None = Field(examples=[1993])
    shelf: Shelf
    held: Held
    recommended: bool = Field(description="Whether it is the one that was recommended.")

    @classmethod
    def of(cls, album: ArtistAlbum) -> "ArtistAlbumDocument":
        group = album.group
        return cls(
            mbid=group.mbid,
            title=group.title,
            year=group.year,
            shelf=album.shelf,
            held=album.held,
            recommended=album.recommended,
        )


class DiscographyDocument(Document):
    """An artist's albums as far as they are known."""

    artist: str = Field(examples=["Slowdive"])
    artist_mbid: str
    in_library: bool = Field(description="Whether Lidarr has the artist.")
    albums: tuple[ArtistAlbumDocument, ...] = Field(description="Studio albums first, oldest first.")
    complete: bool = Field(description="false: the catalogue did not answer, and albums may be missing.")
    problem: str | None = Field(description="Why it did not answer, as far as that is known.")


class AlbumChoice(ImportTerms):
    """Which albums to add, and how. What is left out, Lidarr's root folder says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"albums": ["7b8d5d4a-5a38-4a0e-9c4c-6a1d3b6d7a11"], "monitor": "chosen"}]
        },
    )

    albums: list[Annotated[str, Field(max_length=36)]] = Field(default_factory=list, max_length=200)
    monitor: Monitor = Field(
        Monitor.CHOSEN, description="The chosen albums alone, those and future ones, all albums, or nothing."
    )


class AddedDocument(Document):
    """What became of one album of a choice; the artist as such has the artist's name and MBID."""

    title: str
    mbid: str
    problem: str | None = Field(description="Why Lidarr did not take it, and what to do; null: it did.")
    had: str = Field(description='Where Lidarr had it already, what became of that; "": it was added.')


@router.get("/{id}/albums", responses=problems(NOT_FOUND))
async def artist_albums(id: Id, deps: Deps) -> DiscographyDocument:
    """What its artist has made, and what of it is in the library."""
    known = await deps.discographies.read(id, patience=PATIENCE_S)
    item = known.recommendation.recommendation
    return DiscographyDocument(
        artist=item.artist,
        artist_mbid=item.artist_mbid,
        in_library=known.in_library,
        albums=tuple(map(ArtistAlbumDocument.of, known.albums)),
        complete=not known.pending and known.failure is None,
        problem=str(known.failure) if known.failure else None,
    )


@router.post("/{id}/albums", responses=problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def add_artist_albums(id: Id, deps: Deps, wanted: AlbumChoice) -> list[AddedDocument]:
    """Adds them to Lidarr at once, each by itself. What was recommended, if it is among them, is approved."""
    mbids = [parse_mbid(text) for text in wanted.albums]
    if None in mbids:
        raise NotFound("One of the albums is no identifier of MusicBrainz.", remedy="GET the same address.")
    choice = Choice(tuple(mbid for mbid in mbids if mbid), wanted.monitor, wanted.options)
    added = await add_albums(
        deps.db, id, choice, deps.importers, deps.discographies, clock=deps.clock, actor=Actor.API
    )
    return [AddedDocument.model_validate(one) for one in added]
