"""The Cover Art Archive over a World. https://musicbrainz.org/doc/Cover_Art_Archive/API

It answers with a redirect to where the picture lies, as the real one does to archive.org; one album in
sixteen has none.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from brainarr.domain.music import parse_mbid
from brainarr.sandbox.media import cover
from brainarr.sandbox.world import World


def has_cover(mbid: str) -> bool:
    return int(mbid[:8], 16) % 16 != 0


def coverart_routes(world: World) -> list[Route]:
    """To be mounted anywhere: it redirects to its own address."""

    async def front(request: Request) -> Response:
        mbid, size = parse_mbid(request.path_params["mbid"]), request.path_params["size"]
        if mbid is None:
            return JSONResponse({"error": "invalid MBID specified"}, status_code=400)
        album = world.album(mbid)
        if album is None or not has_cover(album.mbid) or size not in (250, 500, 1200):
            return JSONResponse({"error": "Not Found"}, status_code=404)
        return RedirectResponse(request.url_for("picture", mbid=album.mbid, size=size), status_code=307)

    async def picture(request: Request) -> Response:
        content = cover(request.path_params["mbid"], min(request.path_params["size"], 500))
        return Response(content, media_type="image/png")

    return [
        Route("/release-group/{mbid}/front-{size:int}", front),
        Route("/download/{mbid}/{size:int}.png", picture, name="picture"),
    ]
