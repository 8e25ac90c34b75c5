"""notifications: whether they arrive."""

from fastapi import APIRouter
from pydantic import Field

from brainarr.service.alerts import send_test
from brainarr.web.deps import Deps
from brainarr.web.documents import Document

router = APIRouter(prefix="/notifications", tags=["notifications"])


class SentDocument(Document):
    """Whether one target took it."""

    target: str = Field(description="Its service, never its address.", examples=["ntfy"])
    ok: bool
    problem: str = Field(examples=[""])
    remedy: str


@router.post("/test")
async def test_notifications(deps: Deps) -> list[SentDocument]:
    """Sends a test to every address of `notifications.urls`; an empty list when there is none."""
    return [SentDocument.model_validate(sent) for sent in await send_test(deps.messengers)]
