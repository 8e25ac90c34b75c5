"""blocks: what is never recommended again."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brainarr.domain.genres import known_genre
from brainarr.domain.life import Actor
from brainarr.domain.music import Mbid, parse_mbid
from brainarr.domain.recommendation import STYLE_LIMIT
from brainarr.service.blocks import block_artist, block_style, list_blocks, revoke_block
from brainarr.store.blocks import Block, BlockKind
from brainarr.web.api import Exclude, Id
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/blocks", tags=["blocks"])


def _mbid(text: str) -> Mbid:
    mbid = parse_mbid(text)
    if mbid is None:
        raise ValueError("a MusicBrainz identifier, such as 069a1c1f-14eb-4d36-b0a0-77dffbd67713")
    return mbid


def _said(text: str) -> str:
    stripped = text.strip()
    # Not every database stores every character, and prompts are made of lines.
    if not stripped or not stripped.isprintable():
        raise ValueError("some text in one line")
    return stripped


class BlockedArtist(BaseModel):
    """An artist; the name is what a bare name in a model's answer is held against."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["artist"]
    mbid: Annotated[str, AfterValidator(_mbid)] = Field(examples=["069a1c1f-14eb-4d36-b0a0-77dffbd67713"])
    name: Annotated[str, AfterValidator(_said)] = Field(max_length=300, examples=["Plaid"])


class BlockedStyle(BaseModel):
    """A genre or style, with everything below it in the genre tree."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["style"]
    style: Annotated[str, AfterValidator(_said)] = Field(max_length=STYLE_LIMIT, examples=["metal"])


class BlockDocument(Document):
    id: int = Field(examples=[2])
    kind: BlockKind
    name: str = Field(examples=["metal"])
    mbid: str | None = Field(description="Of an artist.")
    known: bool = Field(description="False for a style that the genre tree lacks: only that very tag counts.")
    at: datetime

    @classmethod
    def of(cls, block: Block) -> "BlockDocument":
        is_artist = block.kind is BlockKind.ARTIST
        return cls(
            id=block.id,
            kind=block.kind,
            name=block.name,
            mbid=block.key if is_artist else None,
            known=is_artist or known_genre(block.key),
            at=block.at,
        )


@router.get("")
async def blocks(deps: Deps) -> list[BlockDocument]:
    """The newest first."""
    return [BlockDocument.of(block) for block in await list_blocks(deps.db)]


@router.post("", status_code=201)
async def block(
    deps: Deps,
    wanted: Annotated[BlockedArtist | BlockedStyle, Field(discriminator="kind")],
    exclude: Exclude = None,
) -> BlockDocument:
    """Never again, and what waits of it is withdrawn. Blocking the same again answers the old block."""
    if isinstance(wanted, BlockedArtist):
        exclude_in = deps.exclude_in(exclude)
        made = await block_artist(
            deps.db,
            _mbid(wanted.mbid),
            wanted.name,
            clock=deps.clock,
            actor=Actor.API,
            exclude_in=exclude_in,
        )
        if exclude_in:
            deps.wake()
    else:
        made = await block_style(deps.db, wanted.style, clock=deps.clock, actor=Actor.API)
    return BlockDocument.of(made)


@router.delete("/{id}", responses=problems(NOT_FOUND))
async def unblock(id: Id, deps: Deps) -> BlockDocument:
    """Revokes it: what it alone had withdrawn waits for your decision again, and the exclusion that it wrote
    into Lidarr is lifted."""
    revoked = await revoke_block(deps.db, id, clock=deps.clock, actor=Actor.API)
    deps.wake()
    return BlockDocument.of(revoked)
