"""Bodies in and out, as Lidarr's web layer reads and writes them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from brainarr.sandbox.lidarr import refusals


async def read_object(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"


def as_json(body: Any, status: int = 200) -> Response:
    text = msgspec.json.format(msgspec.json.encode(body), indent=2)
    return Response(text, status_code=status, media_type="application/json")


def missing(kind: str, request: Request) -> Response:
    return refusals.told(404, f"{kind} with ID {request.path_params['id']} does not exist")
