"""What a list wants instead of what the settings say, as it is sent and shown."""

from typing import Annotated, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brainarr.domain.genres import canonical_genre
from brainarr.domain.lists import ListTerms
from brainarr.domain.recommendation import MOST_RECOMMENDATIONS, WISH_LIMIT, Discovery, Target
from brainarr.domain.schedule import ALLOWED, parse_schedule
from brainarr.web.api.runs import Decades, Styles
from brainarr.web.documents import Document

MOST_PROVIDERS = 20
LONGEST_SCHEDULE = 100


def _schedule(text: str) -> str:
    parse_schedule(text)
    return text


def _canonical(styles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(canonical_genre, styles)))


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("names of the provider chain, at least one, each once")
    return names


Genres = Annotated[Styles, AfterValidator(_canonical)]
Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=60)], ...],
    Field(max_length=MOST_PROVIDERS),
    AfterValidator(_named_once),
]


class TermsRequest(BaseModel):
    """Each is optional; null takes it back, so that the setting counts again."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"discovery": "exploratory", "styles_include": ["jazz"]}]},
    )

    target: Target | None = None
    discovery: Discovery | None = None
    max_recommendations: Annotated[int, Field(ge=1, le=MOST_RECOMMENDATIONS)] | None = None
    minimum_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    styles_include: Genres | None = Field(None, description="[]: none, whatever the settings say.")
    styles_avoid: Genres | None = Field(None, description="[]: none, whatever the settings say.")
    decades_include: Decades | None = Field(None, description="[]: none.", examples=[[1990]])
    wish: Annotated[str, Field(max_length=WISH_LIMIT)] | None = Field(
        None, description='"": none, whatever the settings say.'
    )
    providers: Names | None = Field(
        None,
        description="Names of entries of the provider chain, in the order in which they are asked.",
        examples=[["home"]],
    )
    schedule: Annotated[str, Field(max_length=LONGEST_SCHEDULE), AfterValidator(_schedule)] | None = Field(
        None, description=ALLOWED, examples=["daily"]
    )
    approval: Literal["review", "auto"] | None = None

    def over(self, terms: ListTerms) -> ListTerms:
        """`terms` with what was sent of these."""
        return msgspec.structs.replace(terms, **{name: getattr(self, name) for name in self.model_fields_set})


class TermsDocument(Document):
    """null: as the settings say."""

    target: Target | None
    discovery: Discovery | None
    max_recommendations: int | None
    minimum_confidence: float | None
    styles_include: tuple[str, ...] | None
    styles_avoid: tuple[str, ...] | None
    decades_include: tuple[int, ...] | None
    wish: str | None
    providers: tuple[str, ...] | None
    schedule: str | None
    approval: str | None
