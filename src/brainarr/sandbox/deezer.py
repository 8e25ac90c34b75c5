"""Deezer's public API over a World: artists with pictures, related ones, albums with their fans, previews.

https://developers.deezer.com/api (an error is answered with status 200 and an "error" object)
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.sandbox.media import cover, silence
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist

QUOTA_EXCEEDED = b'{"error":{"type":"Exception","message":"Quota limit exceeded","code":4}}'
_NO_DATA = {"error": {"type": "DataException", "message": "no data", "code": 800}}
_RELATED = 20
_FIELD = re.compile(r'(artist|album):"([^"]*)"')


def deezer_routes(world: World) -> list[Route]:
    async def search(request: Request) -> Response:
        asked = request.query_params.get("q", "").casefold().strip('"').removeprefix('artist:"')
        if not asked:
            return JSONResponse({"error": {"type": "MissingParameterException", "message": "q", "code": 501}})
        found = [
            a
            for a in world.artists.values()
            if asked in a.name.casefold() or asked in map(str.casefold, a.aliases)
        ]
        found.sort(key=lambda artist: (artist.name.casefold() != asked, -artist.listeners))
        return JSONResponse(_listing([_artist(world, artist, request) for artist in found], request))

    async def artist(request: Request) -> Response:
        found = world.by_number.get(request.path_params["number"])
        return JSONResponse(_artist(world, found, request) if found else _NO_DATA)

    async def related(request: Request) -> Response:
        found = world.by_number.get(request.path_params["number"])
        if found is None:
            return JSONResponse(_NO_DATA)
        # Deezer gives ranks without scores, and leans less to the popular than raw co-listen counts do.
        close = []
        for mbid, count in world.neighbours.get(found.mbid, ()):
            other = world.artists[mbid]
            close.append((count / max(other.listeners, 1) ** 0.4, other))
        close.sort(key=lambda pair: (-pair[0], pair[1].number))
        return JSONResponse(
            _listing([_artist(world, other, request) for _, other in close[:_RELATED]], request)
        )

    async def albums(request: Request) -> Response:
        found = world.by_number.get(request.path_params["number"])
        if found is None:
            return JSONResponse(_NO_DATA)
        newest_first = reversed(world.discography(found.mbid))
        return JSONResponse(_listing([_album(album) for album in newest_first], request))

    async def top(request: Request) -> Response:
        found = world.by_number.get(request.path_params["number"])
        if found is None:
            return JSONResponse(_NO_DATA)
        loved = sorted(world.discography(found.mbid), key=lambda album: -album.fans)
        return JSONResponse(_listing([_track(world, album, request) for album in loved], request))

    async def tracks(request: Request) -> Response:
        asked = dict(_FIELD.findall(request.query_params.get("q", "")))
        found = [
            _track(world, album, request)
            for album in world.albums.values()
            if asked.get("artist", "").casefold() in world.artists[album.artist].name.casefold()
            and asked.get("album", "").casefold() in album.title.casefold()
        ]
        return JSONResponse(_listing(found, request))

    async def picture(request: Request) -> Response:
        content = cover(f"artist/{request.path_params['number']}", request.path_params["size"])
        return Response(content, media_type="image/png")

    async def preview(request: Request) -> Response:
        return Response(silence(6.0), media_type="audio/mpeg")

    async def infos(request: Request) -> Response:
        return JSONResponse({"country_iso": "FR", "country": "France", "open": True})

    return [
        Route("/search/artist", search),
        Route("/artist/{number:int}", artist),
        Route("/artist/{number:int}/related", related),
        Route("/artist/{number:int}/albums", albums),
        Route("/artist/{number:int}/top", top),
        Route("/search", tracks),
        Route("/images/artist/{number:int}/{size:int}.png", picture, name="deezer-picture"),
        Route("/stream/{mbid}.mp3", preview, name="deezer-preview"),
        Route("/infos", infos),
    ]


def _artist(world: World, artist: WorldArtist, request: Request) -> dict[str, Any]:
    def picture(size: int) -> str:
        return str(request.url_for("deezer-picture", number=artist.number, size=size))

    return {
        "id": artist.number,
        "name": artist.name,
        "link": f"https://www.deezer.com/artist/{artist.number}",
        "picture_medium": picture(250),
        "picture_big": picture(500),
        "nb_album": len(world.discography(artist.mbid)),
        "nb_fan": artist.listeners,
        "radio": True,
        "type": "artist",
    }


def _track(world: World, album: WorldAlbum, request: Request) -> dict[str, Any]:
    artist = world.artists[album.artist]
    return {
        "id": int(album.mbid[:7], 16),
        "title": f"{album.title}, side A",
        "preview": str(request.url_for("deezer-preview", mbid=album.mbid)),
        "artist": {"id": artist.number, "name": artist.name, "type": "artist"},
        "album": {"id": int(album.mbid[:8], 16), "title": album.title, "type": "album"},
        "type": "track",
    }


def _album(album: WorldAlbum) -> dict[str, Any]:
    record_type = "compile" if "Compilation" in album.secondary_kinds else album.kind.lower()
    return {
        "id": int(album.mbid[:8], 16),
        "title": album.title,
        "genre_id": 0,
        "fans": album.fans,
        "release_date": f"{album.year or 0:04d}-01-01",
        "record_type": record_type,
        "explicit_lyrics": False,
        "type": "album",
    }


def _listing(rows: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    index, limit = int(request.query_params.get("index", "0")), int(request.query_params.get("limit", "25"))
    return {"data": rows[index : index + limit], "total": len(rows)}
