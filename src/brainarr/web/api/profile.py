"""profile: the taste that the library shows."""

from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import Field

from brainarr.domain.taste import Profile
from brainarr.service.profile import read_profile
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

    @classmethod
    def of(cls, profile: Profile) -> "ProfileDocument":
        return cls.model_validate(profile)


@router.get("", responses=problems(NOT_FOUND))
async def profile(deps: Deps) -> ProfileDocument:
    """As a run that starts now would see it."""
    return ProfileDocument.of(await read_profile(deps.db, clock=deps.clock))
