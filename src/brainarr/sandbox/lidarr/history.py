"""The REST resource of history: what was grabbed, imported, failed, deleted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brainarr.sandbox.lidarr import refusals, resources
from brainarr.sandbox.lidarr.bodies import as_json, flag
from brainarr.sandbox.lidarr.held import HistoryRow
from brainarr.sandbox.lidarr.holdings import Holdings

EVENT_TYPES = (
    "unknown",
    "grabbed",
    "artistFolderImported",
    "trackFileImported",
    "downloadFailed",
    "trackFileDeleted",
    "trackFileRenamed",
    "albumImportIncomplete",
    "downloadImported",
    "trackFileRetagged",
    "downloadIgnored",
)
QUALITY = {"quality": {"id": 6, "name": "FLAC"}, "revision": {"version": 1, "real": 0, "isRepack": False}}


class HistoryDesk:
    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    def routes(self) -> list[Route]:
        return [
            Route("/history", self.page),
            Route("/history/since", self.since),
            Route("/history/artist", self.of_artist),
        ]

    async def page(self, request: Request) -> Response:
        """Sorted by date only, which is what everybody asks for."""
        query = request.query_params
        rows = list(self._wanted(request))
        if query.get("sortDirection", "descending") != "ascending":
            rows.reverse()
        page, size = int(query.get("page", "1")), int(query.get("pageSize", "10"))
        shown = rows[(page - 1) * size : page * size]
        body: dict[str, Any] = {
            "page": page,
            "pageSize": size,
            "sortKey": "date",
            "sortDirection": query.get("sortDirection", "descending"),
            "totalRecords": len(rows),
            "records": [self._resource(row, request) for row in shown],
        }
        return as_json(body)

    async def since(self, request: Request) -> Response:
        """Oldest first, and the moment itself is part of it."""
        asked = request.query_params.get("date", "0001-01-01T00:00:00Z")
        try:
            start = datetime.fromisoformat(asked)
        except ValueError:
            return refusals.unreadable(f"The value '{asked}' is not valid.")
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        return as_json([self._resource(row, request) for row in self._wanted(request) if row.date >= start])

    async def of_artist(self, request: Request) -> Response:
        wanted = request.query_params.get("artistId")
        rows = [row for row in self._wanted(request) if str(row.artist_id) == wanted]
        return as_json([self._resource(row, request) for row in reversed(rows)])

    def _wanted(self, request: Request) -> Iterable[HistoryRow]:
        query = request.query_params
        events = {_event_type(given) for given in query.getlist("eventType")}
        artists = {int(given) for given in query.getlist("artistIds")}
        for row in self.holdings.history:
            if events and row.event_type not in events:
                continue
            if artists and row.artist_id not in artists:
                continue
            if "albumId" in query and str(row.album_id) != query["albumId"]:
                continue
            if "downloadId" in query and row.download_id != query["downloadId"]:
                continue
            yield row

    def _resource(self, row: HistoryRow, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": row.id,
            "albumId": row.album_id,
            "artistId": row.artist_id,
            "trackId": row.track,
            "sourceTitle": row.source_title,
            "quality": QUALITY,
            "customFormats": [],
            "customFormatScore": 0,
            "qualityCutoffNotMet": False,
            "date": f"{row.date:%Y-%m-%dT%H:%M:%SZ}",
            "eventType": row.event_type,
            "data": dict(row.data),
        }
        if row.download_id is not None:
            body["downloadId"] = row.download_id
        artist, album = self.holdings.artists.get(row.artist_id), self.holdings.albums.get(row.album_id)
        if flag(request, "includeArtist") and artist is not None:
            body["artist"] = resources.artist_resource(self.holdings, artist)
        if flag(request, "includeAlbum") and album is not None:
            body["album"] = resources.album_resource(self.holdings, album)
        return body


def _event_type(given: str) -> str:
    """By number or by name."""
    return EVENT_TYPES[int(given)] if given.isdigit() and int(given) < len(EVENT_TYPES) else given
