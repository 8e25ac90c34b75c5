"""keys: to the API, for people's tools, each with what it may do."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from brainarr.errors import ConfigurationError, Fault
from brainarr.service.keys import NAME_LIMIT, list_keys, make_key, revoke_key
from brainarr.store.keys import Scope
from brainarr.store.tables import FIRST_PERSON
from brainarr.web.api import Id
from brainarr.web.auth import CallerOf, require_owner
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import CONFLICT, FORBIDDEN, NOT_FOUND, problems

router = APIRouter(
    prefix="/keys", tags=["keys"], dependencies=[Depends(require_owner)], responses=problems(FORBIDDEN)
)


def _name(text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable():
        raise ValueError("some text in one line")
    return stripped


class KeyRequest(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, AfterValidator(_name)] = Field(max_length=NAME_LIMIT, examples=["dashboard"])
    scope: Scope = Field(Scope.READ, description="`read`: GET only. `write`: everything but keys.")
    expires_at: AwareDatetime | None = Field(None, examples=["2099-01-01T00:00:00Z"])


class KeyDocument(Document):
    """What is known of a key. Its text is not."""

    id: int = Field(examples=[2])
    name: str = Field(examples=["dashboard"])
    prefix: str = Field(description="How it begins.", examples=["brainarr_x7Kd2f"])
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKeyDocument(KeyDocument):
    """The only answer that ever shows it."""

    key: str = Field(description="Copy it now.", examples=["brainarr_x7Kd2f…"])


@router.get("")
async def keys(deps: Deps) -> list[KeyDocument]:
    """The newest first, revoked and expired ones included. The instance's own key is not among them."""
    return [KeyDocument.model_validate(key) for key in await list_keys(deps.db)]


@router.post("", status_code=201, responses=problems(CONFLICT))
async def new_key(deps: Deps, caller: CallerOf, wanted: KeyRequest) -> NewKeyDocument:
    """Makes one, of whoever is signed in. Shown in this answer and never again: only its hash is stored."""
    if wanted.expires_at is not None and wanted.expires_at <= deps.clock():
        raise ConfigurationError([Fault("body.expires_at", "a moment that is past", "a moment to come")])
    made, text = await make_key(
        deps.db,
        wanted.name,
        wanted.scope,
        expires_at=wanted.expires_at,
        owner=caller.person.id if caller.person else FIRST_PERSON,
        clock=deps.clock,
    )
    return NewKeyDocument(**KeyDocument.model_validate(made).model_dump(), key=text)


@router.delete("/{id}", responses=problems(NOT_FOUND))
async def revoke(id: Id, deps: Deps) -> KeyDocument:
    """It opens nothing from now on."""
    return KeyDocument.model_validate(await revoke_key(deps.db, id, clock=deps.clock))
