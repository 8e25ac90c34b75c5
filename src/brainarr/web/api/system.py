"""system/status and health."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from brainarr import __version__
from brainarr.domain.health import Severity
from brainarr.service.health import read_health
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

router = APIRouter(tags=["system"])


class SystemStatus(Document):
    app_name: str = Field(examples=["Brainarr"])
    version: str = Field(examples=["1.0.0"])
    started_at: datetime
    url_base: str = Field(examples=["/brainarr"])
    lidarr: bool = Field(description="Whether a Lidarr is configured.")


class IssueDocument(Document):
    """Lidarr's own HealthResource, so that what reads Lidarr's health reads ours; and what to do about it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: int = Field(examples=[1203746812], description="The same while the same thing is amiss.")
    source: str = Field(examples=["Library"])
    type: Severity
    message: str = Field(examples=["The library was last read 12 days ago."])
    wiki_url: str | None = Field(
        default=None, examples=[None], description="Lidarr's; always null: `remedy` says it."
    )
    remedy: str = Field(examples=["Check that Lidarr can be reached: `brainarr doctor`."])


def _started_at(request: Request) -> datetime:
    return request.app.state.started_at


@router.get("/system/status")
def system_status(deps: Deps, started_at: Annotated[datetime, Depends(_started_at)]) -> SystemStatus:
    """What runs here."""
    return SystemStatus(
        app_name="Brainarr",
        version=__version__,
        started_at=started_at,
        url_base=deps.url_base,
        lidarr=deps.importer is not None,
    )


@router.get("/health")
async def health(deps: Deps) -> list[IssueDocument]:
    """What needs you; an empty list when all is well. Asks no remote service."""
    issues = await read_health(deps.db, clock=deps.clock, setups=deps.setups, around=deps.around)
    return [IssueDocument.model_validate(issue) for issue in issues]
