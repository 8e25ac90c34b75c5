"""Where the Lidarrs tell what happens to them: stored, and answered at once.

Lidarr waits for the answer before it goes on, and stops sending for a while after anything from 400 on.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field

from brainarr.service.lidarr_events import take_in
from brainarr.service.webhook_keys import known_webhook_key
from brainarr.store.lidarr_events import Way
from brainarr.web.auth import GivenWebhookKey, opened, same_key
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.lidarr_bodies import events_of
from brainarr.web.problems import (
    BAD_REQUEST,
    TOO_LARGE,
    TOO_MANY_GUESSES,
    UNAUTHORIZED,
    Unauthorized,
    problems,
)

PREFIX = "/webhooks"
router = APIRouter(
    prefix=f"{PREFIX}/lidarr",
    tags=["webhooks"],
    responses=problems(UNAUTHORIZED, TOO_MANY_GUESSES, BAD_REQUEST, TOO_LARGE),
)


class TakenIn(Document):
    """What of it was news."""

    event: str = Field(description="As Lidarr calls it.", examples=["Grab"])
    new: int = Field(description="0: all of it was told before.", examples=[1])


async def _open_instance(instance: str, request: Request, given: GivenWebhookKey, deps: Deps) -> str:
    """An instance whose key was brought. One that does not exist, or not any more, is refused in the same
    words."""
    key = await known_webhook_key(deps.db, deps.secrets, instance[:64]) or ""
    if not same_key(given or "", key) or instance not in deps.instances:
        raise Unauthorized(
            "That key does not open this webhook.",
            remedy="`brainarr lidarr repair` writes the right one into Lidarr's connection.",
        )
    opened(request, given or "")
    return instance


OpenInstance = Annotated[str, Depends(_open_instance)]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["eventType"],
                    "properties": {"eventType": {"type": "string", "minLength": 1}},
                },
                "example": {"eventType": "Test", "instanceName": "Lidarr"},
            }
        },
    }
}


@router.post("/{instance}", openapi_extra=_BODY)
async def lidarr_webhook(instance: OpenInstance, request: Request, deps: Deps) -> TakenIn:
    """Any event of Lidarr's Webhook connection, with that instance's key as `X-Api-Key`, as password, or as
    `?apikey=`. What follows from it comes a moment later."""
    return await _take(instance, request, deps)


@router.put("/{instance}", openapi_extra=_BODY)
async def lidarr_webhook_by_put(instance: OpenInstance, request: Request, deps: Deps) -> TakenIn:
    """The same, for a connection whose method is PUT."""
    return await _take(instance, request, deps)


async def _take(instance: str, request: Request, deps: Deps) -> TakenIn:
    try:
        events = events_of(await request.body())
    except ValueError as error:
        raise HTTPException(400, f"That is no event of Lidarr's: {error}.") from None
    new = await take_in(deps.db, instance, events, Way.WEBHOOK, clock=deps.clock)
    if new:
        deps.wake()
    return TakenIn(event=events[0].word, new=new)
