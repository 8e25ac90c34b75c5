"""settings: everything that is configured, and changing it while Brainarr runs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from brainarr.settings.layers import Origin
from brainarr.settings.setting import Kind
from brainarr.web.auth import require_owner
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

router = APIRouter(prefix="/settings", tags=["settings"], dependencies=[Depends(require_owner)])


class SettingDocument(Document):
    """One setting. Secrets are told to be there, never what they are."""

    key: str = Field(examples=["recommend.target"])
    section: str = Field(examples=["recommendations"])
    group: str = Field(examples=["What and how much"])
    title: str = Field(examples=["Recommend"])
    help: str = Field(examples=["What Lidarr is told to add."])
    unit: str = Field(examples=[""])
    kind: Kind
    value: Any = Field(
        description="null for a secret; one in a list is a mark, `unchanged:…`, which a change takes back.",
        examples=["albums"],
    )
    is_set: bool = Field(description="Somebody said it; of a secret: there is one.")
    secret: bool
    origin: Origin
    place: str = Field(description="Where it was said.", examples=["config.yaml, line 3"])
    locked: bool = Field(description="File or environment fix it: a change is refused.")
    default: Any = Field(examples=["albums"])
    optional: bool = Field(description="Whether null may stand there.")
    none: str = Field(description="What null means.", examples=[""])
    allowed: str = Field(examples=["artists, albums or mixed"])
    choices: list[tuple[str, str]] = Field(description="Each value, and what it means.")
    advanced: bool
    needs_restart: bool = Field(description="What is stored counts from the next start on.")
    pending: bool = Field(description="What is stored is not what runs now.")


class ChangeRequest(BaseModel):
    """What to change: all of it, or nothing where a part cannot be used."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"values": {"recommend.target": "mixed"}, "forget": ["log.level"]}],
        },
    )

    values: dict[Annotated[str, Field(max_length=200)], Any] = Field(
        default_factory=dict, description="New values by key.", max_length=500
    )
    forget: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, description="Keys that go back to their default.", max_length=500
    )


@router.get("")
async def settings(deps: Deps) -> list[SettingDocument]:
    """Every setting, in the order of the settings page."""
    return [SettingDocument.model_validate(setting) for setting in await deps.configuration.read()]


@router.patch("")
async def change_settings(wanted: ChangeRequest, deps: Deps) -> list[SettingDocument]:
    """Changes settings, checked together as a start would; the running Brainarr follows within seconds.

    A fault names its key in `errors`. Answers every setting, as it is then.
    """
    await deps.configuration.change(wanted.values, wanted.forget)
    return await settings(deps)
