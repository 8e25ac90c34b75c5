"""Lidarr's webhooks: found, tested, made, changed, removed.

https://lidarr.audio/docs/api/#/Notification
"""

from collections.abc import Iterable
from typing import Any

from brainarr.domain.import_lists import Unreached
from brainarr.domain.webhooks import Switch, WebhookFound, WebhookPlan
from brainarr.errors import ProviderRejected
from brainarr.http import Http
from brainarr.providers.lidarr.failures import explained
from brainarr.providers.lidarr.reach import unreached
from brainarr.providers.lidarr.resources import NotificationRow

IMPLEMENTATION, CONTRACT = "Webhook", "WebhookSettings"
KEY_HEADER = "X-Api-Key"
USER = "brainarr"
"""Beside the key as a password; we do not look at it."""

_POST = 1
_LONGEST_KEY = 200

# What Lidarr's test of a webhook says by these names is about reaching us; by any other, about the webhook.
_ABOUT_US = ("", "url", "username", "password", "headers")

_SWITCHES = {
    event: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in event)
    for event in Switch
}
"""onGrab → on_grab: the member of NotificationRow."""


class LidarrWebhooks:
    """pipeline.ports: Webhooks. Every method raises ProviderError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def read(self) -> tuple[WebhookFound, ...]:
        rows = await self._get("notification", list[NotificationRow])
        return tuple(_found(row) for row in rows if row.implementation == IMPLEMENTATION)

    async def test(self, plan: WebhookPlan, number: int | None) -> Unreached | None:
        # Without its number, a webhook would clash with its own name.
        body = await self._made(plan) if number is None else await self._changed(number, plan)
        try:
            with explained(self._http, "notification/test"):
                await self._http.post_json("notification/test", body)
        except ProviderRejected as error:
            return unreached(error, _ABOUT_US)
        return None

    async def make(self, plan: WebhookPlan) -> None:
        body = await self._made(plan)
        with explained(self._http, "notification"):
            await self._http.post_json("notification", body)

    async def change(self, number: int, plan: WebhookPlan) -> None:
        body = await self._changed(number, plan)
        with explained(self._http, "notification"):
            # Saved without Lidarr's test: whoever calls has tested it, or switches it off.
            await self._http.put_json(f"notification/{number}", body, {"forceSave": "true"})

    async def remove(self, number: int) -> None:
        try:
            with explained(self._http, "notification"):
                await self._http.delete(f"notification/{number}")
        except ProviderRejected as error:
            if error.status != 404:
                raise

    async def _made(self, plan: WebhookPlan) -> dict[str, Any]:
        values = {"method": _POST} | await self._values(plan, ())
        return _body(plan) | {"fields": _fields(values)}

    async def _changed(self, number: int, plan: WebhookPlan) -> dict[str, Any]:
        """All of a resource goes back, with what the plan says nothing of as it was: a masked password, sent
        back as it came, stays."""
        body: dict[str, Any] = await self._get(f"notification/{number}", dict[str, Any])
        stands: list[dict[str, Any]] = [one for one in body.get("fields") or [] if isinstance(one, dict)]
        before = {str(one.get("name")): one.get("value") for one in stands}
        values = await self._values(plan, _others(before.get("headers")))
        return body | _body(plan) | {"fields": _fields(before | values)}

    async def _values(self, plan: WebhookPlan, other_headers: Iterable[dict[str, Any]]) -> dict[str, Any]:
        self._http.hide(plan.key)
        # An old Lidarr has no headers and ignores fields that it does not know: it would come without a key.
        if await self._knows_headers():
            ours = {"key": KEY_HEADER, "value": plan.key}
            return {"url": plan.address, "headers": [*other_headers, ours]}
        return {"url": plan.address, "username": USER, "password": plan.key}

    async def _knows_headers(self) -> bool:
        offered = await self._get("notification/schema", list[NotificationRow])
        kinds = (row for row in offered if row.implementation == IMPLEMENTATION)
        return any(field.name == "headers" for row in kinds for field in row.fields)

    async def _get(self, path: str, shape: Any) -> Any:
        with explained(self._http, path):
            return await self._http.get_json(path, shape=shape)


def _body(plan: WebhookPlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "implementation": IMPLEMENTATION,
        "configContract": CONTRACT,
        # With tags it would be silent about every artist without them.
        "tags": [],
        **{event.value: plan.enabled for event in Switch},
    }


def _fields(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _found(row: NotificationRow) -> WebhookFound:
    address = row.value("url")
    return WebhookFound(
        number=row.id,
        name=row.name[:200],
        address=address[:2_000] if isinstance(address, str) else "",
        key=_shown_key(row),
        told=frozenset(event for event, switch in _SWITCHES.items() if getattr(row, switch)),
        tags=row.tags,
    )


def _shown_key(row: NotificationRow) -> str | None:
    """ "": it shows none at all."""
    ours = (header for header in _headers(row.value("headers")) if _is_key(header))
    shown = next(ours, None)
    if shown is not None:
        return str(shown.get("value") or "")[:_LONGEST_KEY]
    return None if row.value("password") else ""


def _others(value: object) -> list[dict[str, Any]]:
    return [header for header in _headers(value) if not _is_key(header)]


def _headers(value: object) -> list[dict[str, Any]]:
    return [header for header in value if isinstance(header, dict)] if isinstance(value, list) else []


def _is_key(header: dict[str, Any]) -> bool:
    return str(header.get("key")).lower() == KEY_HEADER.lower()
