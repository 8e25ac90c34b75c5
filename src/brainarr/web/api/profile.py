"""profile: the taste that the library shows."""

from collections.abc import Mapping

import msgspec
from fastapi import APIRouter
from pydantic import Field

from brainarr.domain.taste import Gap, GapKind
from brainarr.service.profile import Portrait, read_portrait
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/profile", tags=["profile"])


class ShapeDocument(Document):
    kind: str = Field(description="empty, sampler, mixed or completist.", examples=["mixed"])
    artists: int
    monitored: int
    albums: int
    track_files: int
    rated: int
    played: int
    without_mbid: int
    without_genres: int


class ClusterDocument(Document):
    """Artists that belong together."""

    name: str = Field(examples=["idm / ambient"])
    weight: float = Field(description="Share of the library, 0 to 1.")
    genres: tuple[str, ...]
    exemplars: tuple[str, ...]
    size: int


class SeedDocument(Document):
    """An owned artist that runs start from."""

    mbid: str
    name: str = Field(examples=["Autechre"])
    weight: float
    cluster: str


class GapDocument(Document):
    """A style or an era that the library nearly has."""

    kind: GapKind
    name: str = Field(examples=["slowcore"])
    reason: str = Field(
        examples=[
            "None of your 240 artists is of slowcore. 6 of 80 artists found close to your library are of it."
        ]
    )
    strength: float = Field(description="Comparable among gaps of a kind only; higher is nearer.")
    own: float = Field(description="Share of artists (style) or of first releases (era), 0 to 1.")
    run: Mapping[str, tuple[str | int, ...]] = Field(
        description="The body that asks `POST /api/v1/runs` to fill it.",
        examples=[{"styles_include": ["slowcore"]}],
    )

    @classmethod
    def of(cls, gap: Gap) -> "GapDocument":
        return cls(
            kind=gap.kind,
            name=gap.name,
            reason=gap.reason,
            strength=gap.strength,
            own=gap.own,
            run=msgspec.to_builtins(gap.run),
        )


class ProfileDocument(Document):
    shape: ShapeDocument
    genres: Mapping[str, float] = Field(
        description="Shares summing to 1, most loved first.", examples=[{"electronic": 0.31, "idm": 0.12}]
    )
    decades: Mapping[int, float] = Field(description="Shares of first releases.", examples=[{1990: 0.4}])
    clusters: tuple[ClusterDocument, ...]
    seeds: tuple[SeedDocument, ...]
    recent: tuple[str, ...] = Field(description="Taken in lately, newest first.")
    album_coverage: float = Field(description="Share of artists whose albums are known, 0 to 1.")
    gaps: tuple[GapDocument, ...] = Field(
        description="What the library nearly has: styles, then eras, the nearest first."
    )

    @classmethod
    def of(cls, portrait: Portrait) -> "ProfileDocument":
        known = {name: getattr(portrait, name) for name in cls.model_fields if name != "gaps"}
        return cls.model_validate({**known, "gaps": tuple(map(GapDocument.of, portrait.gaps))})


@router.get("", responses=problems(NOT_FOUND))
async def profile(deps: Deps) -> ProfileDocument:
    """As a run that starts now would see it."""
    return ProfileDocument.of(await read_portrait(deps.db, deps.cache, clock=deps.clock))
