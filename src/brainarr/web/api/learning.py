"""learning: what your decisions have taught, in numbers and in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brainarr.domain.learning import GenreTaste
from brainarr.domain.life import Actor
from brainarr.service.learning import Taste, forget, read_taste
from brainarr.web.api.blocks import BlockDocument
from brainarr.web.auth import AdminCaller
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

# The last digits differ between processes, by the order in which each sums up.
Figure = Annotated[float, AfterValidator(lambda value: round(value, 9))]

router = APIRouter(prefix="/learning", tags=["learning"])


class WeightsDocument(Document):
    """What each part says in the score; summing to 1."""

    genre: Figure = Field(examples=[0.4])
    era: Figure = Field(examples=[0.2])
    diversity: Figure = Field(examples=[0.2])
    confidence: Figure = Field(examples=[0.2])


class GenreDocument(Document):
    """How suggestions of one genre, and of those below it, were taken."""

    leaning: Figure = Field(description="What being of it adds to the score.", examples=[-0.08])
    accepted: int = Field(examples=[2])
    decided: int = Field(examples=[10])
    acceptance: Figure = Field(description="0 to 1, decayed, and drawn to its parents where little is known.")


class LikedDocument(Document):
    mbid: str
    name: str


class LearningDocument(Document):
    decisions: int = Field(description="Recommendations whose fate was learnt from.", examples=[42])
    weights: WeightsDocument = Field(description="Those that a run now goes by.")
    configured: WeightsDocument = Field(description="`recommend.score_weights`, where learning starts.")
    genres: Mapping[str, GenreDocument]
    sources: Mapping[str, Figure] = Field(
        description="Factor on each source's vote.", examples=[{"deezer": 1.1}]
    )
    more: tuple[LikedDocument, ...] = Field(description="More like these.")
    less: tuple[LikedDocument, ...] = Field(description="Less like these.")
    blocks: tuple[BlockDocument, ...]
    forgotten_until: datetime | None = Field(description="Nothing decided before counts.")
    words: tuple[str, ...] = Field(description="All of it in plain sentences.")

    @classmethod
    def of(cls, taste: Taste) -> "LearningDocument":
        learnt = taste.learnt
        tastes = learnt.posterior.genres if learnt.posterior else {}
        return cls(
            decisions=learnt.decisions,
            weights=WeightsDocument.model_validate(taste.weights),
            configured=WeightsDocument.model_validate(taste.configured),
            genres={genre: _genre(learnt.genres[genre], found) for genre, found in sorted(tastes.items())},
            sources=dict(sorted(learnt.sources.items())),
            more=tuple(LikedDocument.model_validate(one) for one in learnt.more),
            less=tuple(LikedDocument.model_validate(one) for one in learnt.less),
            blocks=tuple(BlockDocument.of(block) for block in taste.blocks),
            forgotten_until=taste.forgotten_until,
            words=taste.words,
        )


class Reset(BaseModel):
    """What to forget; optional."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"blocks": False}]})

    blocks: bool = Field(False, description="Revoke the blocks too.")


@router.get("")
async def learning(deps: Deps) -> LearningDocument:
    """As a run that starts now would see it."""
    return LearningDocument.of(await read_taste(deps.db, deps.configured, clock=deps.clock))


@router.post("/reset", dependencies=[AdminCaller])
async def reset(deps: Deps, wanted: Annotated[Reset | None, Body()] = None) -> LearningDocument:
    """Forgets what was learnt and liked; history stays, and blocks unless they are named."""
    blocks = wanted is not None and wanted.blocks
    await forget(deps.db, clock=deps.clock, blocks=blocks, actor=Actor.API)
    return LearningDocument.of(await read_taste(deps.db, deps.configured, clock=deps.clock))


def _genre(leaning: float, taste: GenreTaste) -> GenreDocument:
    return GenreDocument(
        leaning=leaning,
        accepted=taste.accepted,
        decided=taste.decided,
        acceptance=taste.alpha / (taste.alpha + taste.beta),
    )
