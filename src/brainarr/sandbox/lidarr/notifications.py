"""The REST resource of notifications; of their kinds a sandbox has Webhook only."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brainarr.sandbox.lidarr import refusals
from brainarr.sandbox.lidarr.backoff import record_success
from brainarr.sandbox.lidarr.bodies import as_json, flag, missing, read_object
from brainarr.sandbox.lidarr.held import Notification
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.refusals import Failures, failure
from brainarr.sandbox.lidarr.resources import MASKED
from brainarr.sandbox.lidarr.webhooks import WebhookRefused, send, test_body

EVENTS = (
    "onGrab",
    "onReleaseImport",
    "onUpgrade",
    "onRename",
    "onArtistAdd",
    "onArtistDelete",
    "onAlbumDelete",
    "onHealthIssue",
    "onHealthRestored",
    "onDownloadFailure",
    "onImportFailure",
    "onTrackRetag",
    "onApplicationUpdate",
)
_FLAGS = (*EVENTS, "includeHealthWarnings")
_FIELDS: dict[str, Any] = {"url": "", "method": 1, "username": "", "password": "", "headers": []}


class NotificationDesk:
    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    def routes(self) -> list[Route]:
        return [
            Route("/notification", self.all_notifications, methods=["GET"]),
            Route("/notification", self.add, methods=["POST"]),
            Route("/notification/schema", self.schema, methods=["GET"]),
            Route("/notification/test", self.test, methods=["POST"]),
            Route("/notification/testall", self.test_all, methods=["POST"]),
            Route("/notification/{id:int}", self.one, methods=["GET"]),
            Route("/notification/{id:int}", self.change, methods=["PUT"]),
            Route("/notification/{id:int}", self.remove, methods=["DELETE"]),
        ]

    async def all_notifications(self, request: Request) -> Response:
        return as_json([notification_resource(one) for one in self.holdings.notifications.values()])

    async def one(self, request: Request) -> Response:
        known = self.holdings.notifications.get(request.path_params["id"])
        return as_json(notification_resource(known)) if known else missing("Notification", request)

    async def schema(self, request: Request) -> Response:
        return as_json([notification_resource(Notification(0, "", dict(_FIELDS), frozenset()))])

    async def add(self, request: Request) -> Response:
        notification = await self._read(request, self.holdings.next_id())
        if not isinstance(notification, Notification):
            return notification
        if _enabled(notification) and (failures := await self._tested(notification)):
            return refusals.refused(failures)
        self.holdings.notifications[notification.id] = notification
        return as_json(notification_resource(notification), 201)

    async def change(self, request: Request) -> Response:
        known = self.holdings.notifications.get(request.path_params["id"])
        if known is None:
            return missing("Notification", request)
        notification = await self._read(request, known.id)
        if not isinstance(notification, Notification):
            return notification
        forced = flag(request, "forceSave")
        if _enabled(notification) and not forced and (failures := await self._tested(notification)):
            return refusals.refused(failures)
        notification.level, notification.first_failure = known.level, known.first_failure
        notification.blocked_until = known.blocked_until
        self.holdings.notifications[known.id] = notification
        return as_json(notification_resource(notification), 202)

    async def remove(self, request: Request) -> Response:
        if self.holdings.notifications.pop(request.path_params["id"], None) is None:
            return missing("Notification", request)
        return as_json({})

    async def test(self, request: Request) -> Response:
        body = await read_object(request)
        number = int((body or {}).get("id") or 0)
        notification = await self._read(request, number)
        if not isinstance(notification, Notification):
            return notification
        if failures := await self._tested(notification):
            return refusals.refused(failures)
        if (known := self.holdings.notifications.get(number)) is not None:
            record_success(known)
        return as_json({})

    async def test_all(self, request: Request) -> Response:
        rows: list[dict[str, Any]] = []
        for notification in self.holdings.notifications.values():
            failures = await self._tested(notification)
            rows.append({"id": notification.id, "isValid": not failures, "validationFailures": failures})
        return as_json(rows, 200 if all(row["isValid"] for row in rows) else 400)

    async def _tested(self, notification: Notification) -> Failures:
        try:
            await send(notification.fields, test_body(self.holdings))
        except WebhookRefused as refused:
            return [failure("Url", str(refused)) | {"isWarning": False}]
        return []

    async def _read(self, request: Request, own_id: int) -> Notification | Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        if body.get("implementation") != "Webhook":
            message = f"{body.get('implementation')} is not a notification of this sandbox"
            return refusals.told(400, message)
        fields = _FIELDS | {row["name"]: row.get("value") for row in body.get("fields") or []}
        if fields["password"] == MASKED and own_id in self.holdings.notifications:
            fields["password"] = self.holdings.notifications[own_id].fields["password"]
        if failures := refusals.judge_notification(self.holdings, body, fields, own_id):
            return refusals.refused(failures)
        return _notification(body, fields, own_id)


def _notification(body: Mapping[str, Any], fields: dict[str, Any], own_id: int) -> Notification:
    return Notification(
        id=own_id,
        name=body["name"],
        fields=fields,
        flags=frozenset(name for name in _FLAGS if body.get(name)),
        tags=tuple(body.get("tags") or ()),
    )


def _enabled(notification: Notification) -> bool:
    return any(event in notification.flags for event in EVENTS)


def notification_resource(notification: Notification) -> dict[str, Any]:
    """The password comes back masked, headers do not."""
    fields = notification.fields | {"password": MASKED if notification.fields["password"] else ""}
    body: dict[str, Any] = {
        "id": notification.id,
        "name": notification.name,
        "fields": [
            {"order": order, "name": name, "value": value}
            for order, (name, value) in enumerate(fields.items())
        ],
        "implementationName": "Webhook",
        "implementation": "Webhook",
        "configContract": "WebhookSettings",
        "infoLink": "https://wiki.servarr.com/lidarr/supported#webhook",
        "link": "https://wiki.servarr.com/lidarr/settings#connections",
        "tags": list(notification.tags),
    }
    body |= {name: name in notification.flags for name in _FLAGS}
    return body | {f"supports{name[0].upper()}{name[1:]}": True for name in EVENTS}
