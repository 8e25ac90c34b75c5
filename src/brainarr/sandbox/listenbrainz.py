"""ListenBrainz over a World: the labs' similar-artists, lb-radio and statistics.

https://listenbrainz.readthedocs.io/en/latest/users/api/
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.sandbox.world import World, sandbox_mbid

_LABS_LIMIT = 100

Listens = Mapping[str, Mapping[Mbid, int]]
"""Plays by user name and artist."""


def labs_routes(world: World) -> list[Route]:
    async def similar_artists(request: Request) -> Response:
        if request.method == "POST":
            rows = await request.json()
            seeds = [mbid for row in rows for mbid in row["artist_mbids"]]
        else:
            seeds = request.query_params.get("artist_mbids", "").split(",")
        if not all(parse_mbid(seed) for seed in seeds):
            return JSONResponse({"error": "artist_mbids must be UUIDs"}, status_code=400)
        return JSONResponse(_similar(world, [Mbid(seed.lower()) for seed in seeds]))

    return [Route("/similar-artists/json", similar_artists, methods=["GET", "POST"])]


def listenbrainz_routes(world: World, listens: Listens) -> list[Route]:
    """To be mounted at /1."""

    async def radio(request: Request) -> Response:
        seed = parse_mbid(request.path_params["mbid"])
        if seed is None:
            return _error(400, f"{request.path_params['mbid']} is not a valid MusicBrainz artist id")
        similar = int(request.query_params.get("max_similar_artists", "8"))
        recordings = int(request.query_params.get("max_recordings_per_artist", "5"))
        wanted = [seed] if seed in world.artists else []
        wanted += [mbid for mbid, _ in world.neighbours.get(seed, ())[:similar]]
        return JSONResponse({mbid: _recordings(world, mbid, recordings) for mbid in wanted})

    async def top_artists(request: Request) -> Response:
        user = request.path_params["user"]
        if user not in listens:
            return _error(404, f"Cannot find user: {user}")
        plays = sorted(listens[user].items(), key=lambda pair: (-pair[1], pair[0]))
        if not plays:
            return Response(status_code=204)
        offset, count = (
            int(request.query_params.get("offset", "0")),
            int(request.query_params.get("count", "25")),
        )
        artists = [
            {
                "artist_mbid": mbid,
                "artist_mbids": [mbid],
                "artist_name": artist.name,
                "listen_count": plays_of_artist,
            }
            for mbid, plays_of_artist in plays[offset : offset + count]
            if (artist := world.artists.get(mbid)) is not None
        ]
        payload = {"artists": artists, "count": len(artists), "offset": offset, "user_id": user}
        return JSONResponse({"payload": payload | {"range": "all_time", "total_artist_count": len(plays)}})

    async def listeners(request: Request) -> Response:
        artist = world.artist(request.path_params["mbid"])
        if artist is None:
            return Response(status_code=204)
        payload = {"artist_mbid": artist.mbid, "artist_name": artist.name, "listeners": []}
        return JSONResponse({"payload": payload | {"total_user_count": artist.listeners}})

    async def popularity(request: Request) -> Response:
        asked = (await request.json())["artist_mbids"]
        rows: list[dict[str, Any]] = []
        for mbid in asked:
            artist = world.artist(mbid)
            count = artist.listeners if artist else None
            rows.append({"artist_mbid": mbid, "total_listen_count": count, "total_user_count": count})
        return JSONResponse(rows)

    async def validate_token(request: Request) -> Response:
        valid = request.headers.get("authorization", "").lower().startswith("token ")
        message = "Token valid." if valid else "Token invalid."
        return JSONResponse({"code": 200, "message": message, "valid": valid})

    return [
        Route("/lb-radio/artist/{mbid}", radio),
        Route("/stats/user/{user}/artists", top_artists),
        Route("/stats/artist/{mbid}/listeners", listeners),
        Route("/popularity/artist", popularity, methods=["POST"]),
        Route("/validate-token", validate_token),
    ]


def _similar(world: World, seeds: list[Mbid]) -> list[dict[str, Any]]:
    """In a batch the labs keep one reference per artist, the strongest: hence one seed is asked per call."""
    best: dict[Mbid, tuple[int, Mbid]] = {}
    for seed in seeds:
        for mbid, score in world.neighbours.get(seed, ())[:_LABS_LIMIT]:
            if mbid not in best or score > best[mbid][0]:
                best[mbid] = (score, seed)
    rows = []
    for mbid, (score, reference) in sorted(best.items(), key=lambda item: (-item[1][0], item[0])):
        artist = world.artists[mbid]
        rows.append(
            {
                "artist_mbid": mbid,
                "name": artist.name,
                "comment": artist.disambiguation,
                "type": "Person" if artist.person else "Group",
                "gender": None,
                "score": score,
                "reference_mbid": reference,
            }
        )
    return rows


def _recordings(world: World, mbid: Mbid, count: int) -> list[dict[str, Any]]:
    artist = world.artists[mbid]
    return [
        {
            "recording_mbid": sandbox_mbid("recording", mbid, str(number)),
            "similar_artist_mbid": mbid,
            "similar_artist_name": artist.name,
            "total_listen_count": artist.listeners // (number + 1),
        }
        for number in range(min(count, 10))
    ]


def _error(status: int, message: str) -> Response:
    return JSONResponse({"code": status, "error": message}, status_code=status)
