"""iTunes Search over a World: songs with their previews.

https://developer.apple.com/library/archive/documentation/AudioVideo/Conceptual/iTuneSearchAPI/
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.sandbox.media import silence
from brainarr.sandbox.world import World, WorldAlbum


def itunes_routes(world: World) -> list[Route]:
    async def search(request: Request) -> Response:
        term = request.query_params.get("term", "").casefold()
        limit = min(int(request.query_params.get("limit", "50")), 200)
        found = [
            _song(request, world, album)
            for artist in world.artists.values()
            if artist.name.casefold() in term
            for album in world.discography(artist.mbid)
        ]
        return JSONResponse({"resultCount": len(found[:limit]), "results": found[:limit]})

    async def preview(request: Request) -> Response:
        return Response(silence(6.0), media_type="audio/mpeg")

    return [Route("/search", search), Route("/previews/{mbid}.mp3", preview, name="itunes-preview")]


def _song(request: Request, world: World, album: WorldAlbum) -> dict[str, Any]:
    artist = world.artists[album.artist]
    return {
        "wrapperType": "track",
        "kind": "song",
        "artistId": artist.number,
        "artistName": artist.name,
        "collectionName": album.title,
        "trackName": f"{album.title}, side A",
        "previewUrl": str(request.url_for("itunes-preview", mbid=album.mbid)),
        "releaseDate": f"{album.year or 1970:04d}-01-01T00:00:00Z",
        "primaryGenreName": artist.genres[0][0].title() if artist.genres else "Music",
    }
