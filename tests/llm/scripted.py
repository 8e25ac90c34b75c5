"""Scripted servers: what they answer, and what they were asked."""

import json
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


def answering(server: HTTPServer, path: str, *answers: Any) -> list[dict[str, Any]]:
    """POSTs to `path` get these answers in turn, the last for ever; the list fills with the bodies sent."""
    asked: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        asked.append(request.get_json())
        given = answers[min(len(asked), len(answers)) - 1]
        if isinstance(given, Response):
            return given
        return Response(json.dumps(given), mimetype="application/json")

    server.expect_request(path, method="POST").respond_with_handler(answer)
    return asked
