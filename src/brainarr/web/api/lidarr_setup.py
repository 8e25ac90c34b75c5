"""lists/{slug}/lidarr: a list's two import lists in Lidarr."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.import_lists import Channel, State, Unreached
from brainarr.service.instances import of_instance
from brainarr.service.left_off import link_list, unlink_list
from brainarr.service.lidarr_setup import BOTH, Placed, Standing, Wanted, read_setup
from brainarr.service.lists import read_list
from brainarr.web.api.lists import public_address
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import CONFLICT, NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE, problems

router = APIRouter(prefix="/lists/{slug}/lidarr", tags=["lists"])

Slug = Annotated[str, Path(max_length=64)]
FAILS = problems(NOT_FOUND, CONFLICT, PROVIDER_FAILED, PROVIDER_UNAVAILABLE)


class StandingDocument(Document):
    """How one of the two import lists stands in Lidarr."""

    channel: Channel = Field(examples=["albums"])
    state: State = Field(examples=["set up"])
    id: int | None = Field(description="Lidarr's number of it; null while it is missing.", examples=[3])
    name: str | None = Field(examples=["Brainarr AI Recommendations (albums)"])
    enabled: bool = Field(description="Off, Lidarr adds nothing of it.")
    differences: tuple[str, ...] = Field(description="What keeps it from working as promised.")

    @classmethod
    def of(cls, standing: Standing) -> "StandingDocument":
        found = standing.found
        return cls(
            channel=standing.channel,
            state=standing.state,
            id=found.number if found else None,
            name=found.name if found else None,
            enabled=bool(found and found.enabled),
            differences=standing.differences,
        )


class TestedDocument(Document):
    """What was made or corrected, after Lidarr's own test of it."""

    made: bool = Field(description="false: it was there, and was corrected.")
    enabled: bool = Field(description="false: Lidarr could not reach us by it, so it stands switched off.")
    said: str = Field(description='What Lidarr\'s test said; "" where it passed.')
    remedy: str


def outcome_of(unreached: Unreached | None) -> dict[str, Any]:
    """Of that test, as the fields of a `TestedDocument`."""
    if unreached is None:
        return {"enabled": True, "said": "", "remedy": ""}
    return {"enabled": False, "said": unreached.said, "remedy": unreached.remedy}


class PlacedDocument(TestedDocument):
    """What was done for one of them."""

    channel: Channel = Field(examples=["albums"])
    name: str = Field(examples=["Brainarr AI Recommendations (albums)"])

    @classmethod
    def of(cls, placed: Placed) -> "PlacedDocument":
        outcome = outcome_of(placed.unreached)
        return cls(channel=placed.channel, name=placed.name, made=placed.made, **outcome)


class WantedDocument(BaseModel):
    """What is not given stays as it is in Lidarr, else what suits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=2)] = BOTH
    root_folder: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, examples=["/music"]
    )
    quality_profile: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="Lidarr's number of it.", examples=[1]
    )
    metadata_profile: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="Of the artists; single albums come without the rest of the discography."
    )
    search: bool | None = Field(default=None, description="Whether Lidarr looks for a download at once.")
    whole_artists: bool | None = Field(default=None, description="Whether an artist's albums are monitored.")


class RemovedDocument(Document):
    removed: int = Field(description="How many there were.", examples=[2])


@router.get("", responses=FAILS)
async def lidarr_lists(slug: Slug, request: Request, deps: Deps) -> list[StandingDocument]:
    """How its import lists stand in Lidarr: missing, set up, or what differs."""
    row = await read_list(deps.db, deps.secrets, slug)
    found = await read_setup(of_instance(deps.import_lists, row.instance), row, public_address(request, deps))
    return [StandingDocument.of(standing) for standing in found]


@router.post("", responses=FAILS)
async def set_up_in_lidarr(
    slug: Slug, request: Request, deps: Deps, wanted: WantedDocument | None = None
) -> list[PlacedDocument]:
    """Makes or corrects them; asked twice, they are there once. Lidarr's own test of each comes first."""
    row = await read_list(deps.db, deps.secrets, slug)
    chosen = Wanted(**(wanted or WantedDocument()).model_dump())
    lidarr, address = of_instance(deps.import_lists, row.instance), public_address(request, deps)
    placed = await link_list(deps.db, lidarr, row, address, chosen, clock=deps.clock)
    return [PlacedDocument.of(one) for one in placed]


@router.delete("", responses=FAILS)
async def remove_from_lidarr(slug: Slug, request: Request, deps: Deps) -> RemovedDocument:
    """Removes them from Lidarr; what they brought stays there."""
    row = await read_list(deps.db, deps.secrets, slug)
    lidarr, address = of_instance(deps.import_lists, row.instance), public_address(request, deps)
    return RemovedDocument(removed=await unlink_list(deps.db, lidarr, row, address, BOTH))
