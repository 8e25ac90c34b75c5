"""lidarrs: how far each Lidarr has been heard, and what it told last."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from brainarr.domain.lidarr_events import Told
from brainarr.errors import NotFound
from brainarr.service.lidarr_events import latest_events, read_watch
from brainarr.store.lidarr_events import HeardEvent, Way
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/lidarrs/{instance}", tags=["lidarrs"])

MOST = 500


class WatchDocument(Document):
    """null: never so far."""

    heard_at: datetime | None = Field(description="When its webhook last came.")
    tested_at: datetime | None = Field(description="When that was a test.")
    history_until: datetime | None = Field(
        description="The newest moment of its history that was read, by its own clock."
    )
    looked_at: datetime | None = Field(description="When its library was last looked at.")
    look_seconds: float = Field(description="How long that took.", examples=[0.8])
    look_wanted_at: datetime | None = Field(description="Since when it is known to have changed after that.")


class LidarrEventDocument(Document):
    """One thing that it told."""

    heard_at: datetime
    way: Way
    event: str = Field(description="As Lidarr calls it.", examples=["Grab"])
    told: Told = Field(description="What that is to Brainarr.")
    at: datetime | None = Field(description="When it happened, where Lidarr says so.")
    artist: str
    artist_mbid: str | None
    album: str
    release_group_mbid: str | None
    note: str = Field(description="The release, or what went wrong.")
    done: bool = Field(description="Whether what follows from it was done.")
    concerned: int = Field(description="In how many recommendations' lives it was noted.")

    @classmethod
    def of(cls, heard: HeardEvent) -> "LidarrEventDocument":
        event = heard.event
        return cls(
            heard_at=heard.heard_at,
            way=heard.way,
            event=event.word,
            told=event.told,
            at=event.at,
            artist=event.artist_name,
            artist_mbid=event.artist,
            album=event.album_title,
            release_group_mbid=event.album,
            note=event.note,
            done=heard.done_at is not None,
            concerned=heard.concerned,
        )


Instance = Annotated[str, Path(max_length=64)]


def _known(instance: str, deps: WebDeps) -> str:
    if instance not in deps.importers:
        known = ", ".join(deps.importers) or "none"
        raise NotFound(f"There is no Lidarr {instance!r}.", remedy=f"Configured: {known}.")
    return instance


@router.get("/watch", responses=problems(NOT_FOUND))
async def lidarr_watch(instance: Instance, deps: Deps) -> WatchDocument:
    """When this Lidarr was last heard and looked at."""
    watch = await read_watch(deps.db, _known(instance, deps))
    return WatchDocument.model_validate(watch)


@router.get("/events", responses=problems(NOT_FOUND))
async def lidarr_events(
    instance: Instance,
    deps: Deps,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> list[LidarrEventDocument]:
    """What it told within the last thirty days, by webhook or in its history, the newest first."""
    return [
        LidarrEventDocument.of(one) for one in await latest_events(deps.db, _known(instance, deps), limit)
    ]
