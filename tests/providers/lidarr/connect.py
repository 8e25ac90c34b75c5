"""Lidarr's Settings > Connect as far as webhooks need it, written by hand from the contract (C.4)."""

import json
import re
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KNOWN = ("url", "method", "username", "password", "headers")
MASK = "********"


class Connect:
    """Notifications over HTTP; `hears`: whether its test calls reach whom they are for."""

    def __init__(self, server: HTTPServer, known: tuple[str, ...] = KNOWN) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.hears = True
        self.says = "Unable to post to webhook: Connection refused (127.0.0.1:9)"
        self._known = known
        server.expect_request(re.compile("/api/v1/notification.*")).respond_with_handler(self._answer)

    def value(self, number: int, name: str) -> Any:
        """As it is stored, not as it is shown."""
        return self.rows[number]["values"].get(name)

    def by_hand(self, **values: Any) -> int:
        """A webhook that a person made; its number."""
        row = {"name": "Mine", "implementation": "Webhook", "tags": [], "onGrab": True, "onRename": True}
        return self._store(len(self.rows) + 1, row, values)

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/api/v1/notification").strip("/")
        match request.method, path:
            case "GET", "schema":
                fields = [{"name": name} for name in self._known]
                return _json([{"implementation": "Email"}, {"implementation": "Webhook", "fields": fields}])
            case "GET", "":
                return _json([self._shown(number) for number in self.rows])
            case "POST", "test":
                body = request.get_json()
                return self._refusal(body, body.get("id", 0)) or _json({})
            case "POST", "":
                return self._saved(request.get_json(), max(self.rows, default=0) + 1, 201, tests=True)
            case method, number if number.isdigit() and int(number) in self.rows:
                return self._one(method, int(number), request)
            case _:
                return _json({"message": "NotFound"}, 404)

    def _one(self, method: str, number: int, request: Request) -> Response:
        if method == "DELETE":
            del self.rows[number]
            return _json({})
        if method == "GET":
            return _json(self._shown(number))
        forced = request.args.get("forceSave") == "true"
        return self._saved(request.get_json(), number, 202, tests=not forced)

    def _saved(self, body: dict[str, Any], number: int, status: int, *, tests: bool) -> Response:
        enabled = any(value is True for name, value in body.items() if name.startswith("on"))
        if (refusal := self._refusal(body, number, calls=tests and enabled)) is not None:
            return refusal
        old = self.rows[number]["values"] if number in self.rows else {}
        values = {field["name"]: field.get("value") for field in body["fields"]}
        if values.get("password") == MASK:
            values["password"] = old.get("password")
        self._store(number, {name: body[name] for name in body if name != "fields"}, values)
        return _json(self._shown(number), status)

    def _refusal(self, body: dict[str, Any], number: int, *, calls: bool = True) -> Response | None:
        names = [row["name"] for other, row in self.rows.items() if other != number]
        if body["name"] in names:
            return _fault("Name", "Should be unique")
        return _fault("Url", self.says) if calls and not self.hears else None

    def _store(self, number: int, row: dict[str, Any], values: dict[str, Any]) -> int:
        known = {name: value for name, value in values.items() if name in self._known}
        self.rows[number] = {**row, "id": number, "values": known}
        return number

    def _shown(self, number: int) -> dict[str, Any]:
        row = self.rows[number]
        shown = {**row["values"], **({"password": MASK} if row["values"].get("password") else {})}
        fields = [{"name": name, "value": shown[name]} for name in self._known if name in shown]
        return {name: row[name] for name in row if name != "values"} | {"fields": fields}


def _fault(name: str, message: str) -> Response:
    return _json([{"propertyName": name, "errorMessage": message, "severity": "error"}], 400)


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
