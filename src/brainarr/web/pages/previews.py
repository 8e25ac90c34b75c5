"""Thirty seconds of a recommendation, when somebody wants to hear them."""

import re
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from brainarr.errors import NotFound
from brainarr.web.api import LARGEST_ID
from brainarr.web.deps import Deps
from brainarr.web.people import SignedIn

router = APIRouter()

_RANGE = re.compile(r"bytes=(\d{1,9})-(\d{0,9})")


@router.get("/previews/{id}")
async def preview(
    request: Request, deps: Deps, person: SignedIn, id: Annotated[int, Path(ge=1, le=LARGEST_ID)]
) -> Response:
    """The sound itself, through us: whose preview somebody listens to is nobody else's affair."""
    if deps.previews is None:
        raise NotFound("Previews are switched off.", remedy="Set previews.enabled to true.")
    sound = await deps.previews.listen(id)
    # So that the same page plays it again without asking anybody.
    headers = {"Cache-Control": "private, max-age=600", "Vary": "Cookie", "Accept-Ranges": "bytes"}
    part = _part(request.headers.get("range", ""), len(sound.content))
    if part is None:
        return Response(sound.content, media_type=sound.media_type, headers=headers)
    first, last = part
    headers["Content-Range"] = f"bytes {first}-{last}/{len(sound.content)}"
    return Response(sound.content[first : last + 1], 206, media_type=sound.media_type, headers=headers)


def _part(asked: str, length: int) -> tuple[int, int] | None:
    """The first and last byte of a simple range (RFC 9110, 14.1.2); None: the whole is sent, as it may be."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None:
        return None
    first = int(found[1])
    last = min(int(found[2]) if found[2] else length - 1, length - 1)
    return (first, last) if first <= last else None
