"""Pictures of artists and albums: from our own shelf, never from elsewhere; drawn where there is none."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from brainarr.domain.caching import digest
from brainarr.domain.music import parse_mbid
from brainarr.errors import NotFound
from brainarr.service.artwork import Answer, Subject, Wanted, read_called
from brainarr.web.deps import Deps
from brainarr.web.people import SignedIn
from brainarr.web.placeholder import POLICY, draw

router = APIRouter()

KEPT_S = 7 * 24 * 3600
DRAWN_S = 6 * 3600
STILL_LOOKING_S = 15

_UNASKED = Answer(None, settled=True)


@router.get("/art/{subject}/{mbid}")
async def art(
    request: Request,
    deps: Deps,
    person: SignedIn,
    subject: Subject,
    mbid: Annotated[str, Path(max_length=40)],
    size: Annotated[Literal["250", "500"], Query()] = "250",
) -> Response:
    """Always a picture, for what is an identifier at all; a drawn one while the real one is late."""
    canonical = parse_mbid(mbid)
    if canonical is None:
        raise NotFound("That is no identifier of MusicBrainz.")
    wanted = Wanted(subject, canonical, int(size))
    answer = await deps.artwork.picture(wanted) if deps.artwork else _UNASKED
    if answer.picture is not None:
        content, media_type = answer.picture.content, answer.picture.media_type
        age = KEPT_S if answer.settled else DRAWN_S
        policy = "default-src 'none'; frame-ancestors 'none'"
    else:
        called = await read_called(deps.db, canonical)
        name = (called.album or called.artist) if called else None
        content, media_type, policy = draw(canonical, name, wanted.size), "image/svg+xml", POLICY
        age = DRAWN_S if answer.settled else STILL_LOOKING_S
    headers = {
        "ETag": f'"{digest(content)}"',
        # Private: it tells what somebody listens to.
        "Cache-Control": f"private, max-age={age}",
        "Vary": "Cookie",
        "Content-Security-Policy": policy,
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
