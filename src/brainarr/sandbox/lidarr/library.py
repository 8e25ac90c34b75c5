"""The REST resources of the library itself: artists and albums."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.sandbox.lidarr import refusals, resources
from brainarr.sandbox.lidarr.bodies import as_json, flag, missing, read_object
from brainarr.sandbox.lidarr.held import ROOT_FOLDER, AddOptions, HeldAlbum, HeldArtist
from brainarr.sandbox.lidarr.holdings import AlreadyHeld, Holdings
from brainarr.sandbox.lidarr.metadata import MetadataTrouble, UnknownToMetadata
from brainarr.sandbox.media import cover

_BATCH = 200


class LibraryDesk:
    """Artists and albums: read, looked up, added, monitored, deleted."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    def routes(self) -> list[Route]:
        return [
            Route("/artist", self.artists, methods=["GET"]),
            Route("/artist", self.add_artist, methods=["POST"]),
            Route("/artist/lookup", self.lookup_artist),
            Route("/artist/editor", self.edit_artists, methods=["PUT"]),
            Route("/artist/editor", self.delete_artists, methods=["DELETE"]),
            Route("/artist/{id:int}", self.artist, methods=["GET"]),
            Route("/artist/{id:int}", self.change_artist, methods=["PUT"]),
            Route("/artist/{id:int}", self.delete_artist, methods=["DELETE"]),
            Route("/album", self.albums, methods=["GET"]),
            Route("/album", self.add_album, methods=["POST"]),
            Route("/album/lookup", self.lookup_album),
            Route("/album/monitor", self.monitor, methods=["PUT"]),
            Route("/album/{id:int}", self.album, methods=["GET"]),
            Route("/album/{id:int}", self.delete_album, methods=["DELETE"]),
            Route("/MediaCover/artist/{id:int}/{file}", self.artist_picture),
            Route("/MediaCover/album/{id:int}/{file}", self.album_picture),
        ]

    async def artists(self, request: Request) -> Response:
        if (wanted := request.query_params.get("mbId")) is not None:
            if (mbid := parse_mbid(wanted)) is None:
                return refusals.unreadable(f"The value '{wanted}' is not valid.")
            found = self.holdings.find_artist(mbid)
            return as_json([resources.artist_resource(self.holdings, found)] if found else [])
        return StreamingResponse(
            self._stream(list(self.holdings.artists.values())), media_type="application/json"
        )

    async def _stream(self, artists: list[HeldArtist]) -> AsyncIterator[bytes]:
        """The array in batches: a large library is never in memory as text."""
        for start in range(0, len(artists), _BATCH):
            rows = [
                resources.artist_resource(self.holdings, artist) for artist in artists[start : start + _BATCH]
            ]
            yield (b",\n" if start else b"[") + b",\n".join(msgspec.json.encode(row) for row in rows)
            await asyncio.sleep(0)
        yield b"]" if artists else b"[]"

    async def artist(self, request: Request) -> Response:
        artist = self.holdings.artists.get(request.path_params["id"])
        return (
            as_json(resources.artist_resource(self.holdings, artist))
            if artist
            else missing("Artist", request)
        )

    async def lookup_artist(self, request: Request) -> Response:
        mbid = _named_id(request)
        if mbid is None:
            return as_json([])
        try:
            known = self.holdings.metadata.artist(mbid)
        except UnknownToMetadata:
            return as_json([])
        except MetadataTrouble as trouble:
            return _metadata_away(trouble)
        held = self.holdings.find_artist(known.mbid)
        row = resources.artist_resource(self.holdings, held) if held else resources.known_artist(known)
        return as_json([row])

    async def add_artist(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        if failures := refusals.judge_artist(self.holdings, body):
            return refusals.refused(failures)
        try:
            known = self.holdings.metadata.artist(body["foreignArtistId"])
            artist = self.holdings.add_artist(known, _options(body))
        except UnknownToMetadata as unknown:
            return _unknown("An artist with this ID was not found", str(unknown))
        except MetadataTrouble as trouble:
            return _metadata_away(trouble)
        except AlreadyHeld as clash:
            return refusals.told(409, str(clash))
        self.holdings.refresh(artist)
        return as_json(resources.artist_resource(self.holdings, artist), 201)

    async def change_artist(self, request: Request) -> Response:
        """The whole resource is sent; of it only what a person can switch is taken over."""
        artist, body = self.holdings.artists.get(request.path_params["id"]), await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        if artist is None:
            return missing("Artist", request)
        _edit(artist, body)
        return as_json(resources.artist_resource(self.holdings, artist), 202)

    async def edit_artists(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        held = self.holdings.artists
        chosen = [held[number] for number in body.get("artistIds") or [] if number in held]
        for artist in chosen:
            _edit(artist, body | {"tags": _tags(artist, body)})
        return as_json([resources.artist_resource(self.holdings, artist) for artist in chosen], 202)

    async def delete_artists(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        exclude, files = bool(body.get("addImportListExclusion")), bool(body.get("deleteFiles"))
        for number in body.get("artistIds") or []:
            if (artist := self.holdings.artists.get(number)) is not None:
                self.holdings.delete_artist(artist, exclude=exclude, files=files)
        return as_json({})

    async def delete_artist(self, request: Request) -> Response:
        artist = self.holdings.artists.get(request.path_params["id"])
        if artist is None:
            return missing("Artist", request)
        exclude, files = flag(request, "addImportListExclusion"), flag(request, "deleteFiles")
        self.holdings.delete_artist(artist, exclude=exclude, files=files)
        return as_json({})

    async def albums(self, request: Request) -> Response:
        query, holdings = request.query_params, self.holdings
        found: Iterable[HeldAlbum] = holdings.albums.values()
        if "artistId" in query:
            found = holdings.albums_of(int(query["artistId"]))
        elif "foreignAlbumId" in query:
            album = holdings.find_album(query["foreignAlbumId"])
            found = [album] if album else []
            if album and flag(request, "includeAllArtistAlbums"):
                found = holdings.albums_of(album.artist_id)
        elif "albumIds" in query:
            wanted = {int(number) for number in query.getlist("albumIds")}
            found = [album for album in found if album.id in wanted]
        return as_json([resources.album_resource(holdings, album, nested=True) for album in found])

    async def album(self, request: Request) -> Response:
        album = self.holdings.albums.get(request.path_params["id"])
        if album is None:
            return missing("Album", request)
        return as_json(resources.album_resource(self.holdings, album, nested=True))

    async def lookup_album(self, request: Request) -> Response:
        mbid = _named_id(request)
        if mbid is None:
            return as_json([])
        try:
            known = self.holdings.metadata.album(mbid)
        except UnknownToMetadata:
            return as_json([])
        except MetadataTrouble as trouble:
            return _metadata_away(trouble)
        held = self.holdings.find_album(known.mbid)
        if held is not None:
            return as_json([resources.album_resource(self.holdings, held, nested=True)])
        artist = resources.known_artist(self.holdings.world.artists[known.artist])
        return as_json([resources.known_album(known) | {"artist": artist}])

    async def add_album(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        if failures := refusals.judge_album(self.holdings, body):
            return refusals.refused(failures)
        try:
            album = self._add_album(body)
        except UnknownToMetadata as unknown:
            return _unknown("An album with this ID was not found", str(unknown))
        except MetadataTrouble as trouble:
            return _metadata_away(trouble)
        except AlreadyHeld as clash:
            return refusals.told(409, str(clash))
        return as_json(resources.album_resource(self.holdings, album, nested=True), 201)

    def _add_album(self, body: dict[str, Any]) -> HeldAlbum:
        """Makes the artist when it is missing, and forgives both their exclusions."""
        holdings = self.holdings
        known = holdings.metadata.album(body["foreignAlbumId"])
        holdings.lift_exclusions(known.mbid, known.artist)
        artist = holdings.find_artist(known.artist)
        if artist is None:
            artist = holdings.add_artist(holdings.metadata.artist(known.artist), _options(body["artist"]))
        album = holdings.add_album(artist, known, monitored=bool(body.get("monitored")), manual=True)
        holdings.refresh(artist)
        return album

    async def delete_album(self, request: Request) -> Response:
        album = self.holdings.albums.get(request.path_params["id"])
        if album is None:
            return missing("Album", request)
        exclude, files = flag(request, "addImportListExclusion"), flag(request, "deleteFiles")
        self.holdings.delete_album(album, exclude=exclude, files=files)
        return as_json({})

    async def monitor(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        changed = self.holdings.set_monitored(body.get("albumIds") or [], bool(body.get("monitored")))
        return as_json([resources.album_resource(self.holdings, album) for album in changed], 202)

    async def artist_picture(self, request: Request) -> Response:
        return _picture(request, self.holdings.artists.get(request.path_params["id"]), "poster")

    async def album_picture(self, request: Request) -> Response:
        return _picture(request, self.holdings.albums.get(request.path_params["id"]), "cover")


def _picture(request: Request, held: HeldArtist | HeldAlbum | None, kind: str) -> Response:
    """A kind that it has, whole or in one of its two sizes."""
    named = re.fullmatch(rf"{kind}(?:-(250|500))?\.jpg", request.path_params["file"])
    if held is None or named is None:
        return Response(status_code=404)
    # Whatever its name says: browsers and we look at the bytes.
    return Response(cover(held.mbid, int(named[1] or 500)), media_type="image/png")


def _options(body: dict[str, Any]) -> AddOptions:
    chosen = body.get("addOptions") or {}
    return AddOptions(
        quality_profile_id=body["qualityProfileId"],
        metadata_profile_id=body["metadataProfileId"],
        root_folder_path=body.get("rootFolderPath", ROOT_FOLDER).rstrip("/"),
        tags=tuple(body.get("tags") or ()),
        monitored=bool(body.get("monitored")),
        monitor=chosen.get("monitor", "all"),
        monitor_new_items=body.get("monitorNewItems", "all"),
        albums_to_monitor=set(chosen.get("albumsToMonitor") or ()),
    )


def _edit(artist: HeldArtist, body: dict[str, Any]) -> None:
    """What the body names is changed; what it leaves out, or has as null, stays."""
    if body.get("monitored") is not None:
        artist.monitored = bool(body["monitored"])
    artist.options = replace(
        artist.options,
        monitor_new_items=body.get("monitorNewItems") or artist.options.monitor_new_items,
        quality_profile_id=body.get("qualityProfileId") or artist.options.quality_profile_id,
        metadata_profile_id=body.get("metadataProfileId") or artist.options.metadata_profile_id,
        tags=artist.options.tags if body.get("tags") is None else tuple(body["tags"]),
    )


def _tags(artist: HeldArtist, body: dict[str, Any]) -> list[int] | None:
    """The artist's tags after the mass editor: they are added, removed or replaced, as `applyTags` says."""
    if body.get("tags") is None:
        return None
    now, named = list(artist.options.tags), [int(tag) for tag in body["tags"]]
    match body.get("applyTags", "add"):
        case "replace":
            return named
        case "remove":
            return [tag for tag in now if tag not in named]
        case _:
            return list(dict.fromkeys([*now, *named]))


def _named_id(request: Request) -> Mbid | None:
    """The identifier of ?term=lidarr:<mbid> (or mbid:, lidarrid:)."""
    prefix, _, mbid = request.query_params.get("term", "").partition(":")
    return parse_mbid(mbid) if prefix in {"lidarr", "lidarrid", "mbid"} else None


def _unknown(message: str, foreign_id: str) -> Response:
    return refusals.refused([refusals.failure("MusicbrainzId", message, foreign_id)])


def _metadata_away(trouble: MetadataTrouble) -> Response:
    return refusals.told(503, "Lidarr API is unavailable. Please try again later.", str(trouble))
