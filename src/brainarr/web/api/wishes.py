"""wishes: how a wish in plain words is understood; nothing is started."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.recommendation import WISH_LIMIT, Discovery, Target
from brainarr.domain.wish import Understanding
from brainarr.service.wish import understand
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, OverridesDocument

router = APIRouter(prefix="/wishes", tags=["runs"])


class WishRequest(BaseModel):
    """A wish in a person's own words, in English."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, Field(min_length=1, max_length=WISH_LIMIT)] = Field(
        examples=["rainy sunday, like Low but with strings, nothing after 2005"]
    )


class MeantStyleDocument(Document):
    genre: str = Field(examples=["slowcore"])
    words: str = Field(description="As the wish has it.", examples=["rainy"])
    guessed: bool = Field(description="Taken from a mood or an instrument, not from the name of a genre.")


class NamedArtistDocument(Document):
    name: str = Field(examples=["Low"])
    mbid: str | None = Field(description="null: neither the library nor MusicBrainz has it.")
    owned: bool


class WishDocument(Document):
    """What a wish was taken to mean. `run` is what to post to `runs` to have it."""

    text: str
    styles: tuple[MeantStyleDocument, ...]
    avoid: tuple[MeantStyleDocument, ...]
    decades: tuple[int, ...] = Field(description="By their first year.", examples=[[1990, 2000]])
    artists: tuple[NamedArtistDocument, ...]
    target: Target | None
    discovery: Discovery | None
    count: int | None
    rest: tuple[str, ...] = Field(description="Stretches that nothing was made of; only models read them.")
    notes: tuple[str, ...] = Field(description="Where it can be kept in part only.")
    run: OverridesDocument

    @classmethod
    def of(cls, meant: Understanding) -> "WishDocument":
        fields = {name: getattr(meant, name) for name in Understanding.__struct_fields__}
        return cls.model_validate(fields | {"run": meant.overrides}, from_attributes=True)


@router.post("")
async def read_a_wish(deps: Deps, wish: WishRequest) -> WishDocument:
    """Reads it by rules, English only; looks up artists in the library, then in MusicBrainz."""
    return WishDocument.of(await understand(deps.db, deps.catalog, wish.text, clock=deps.clock))
