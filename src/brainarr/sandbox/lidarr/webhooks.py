"""Lidarr's webhooks: what it says of each happening, and to whom (contract C.4)."""

import asyncio
import json
from collections import deque
from typing import Any

import httpx2

from brainarr.sandbox.lidarr.backoff import (
    NOTIFICATION_GRACE,
    NOTIFICATION_LEVELS,
    record_failure,
    record_success,
)
from brainarr.sandbox.lidarr.held import (
    TRACKS_PER_ALBUM,
    AlbumDeleted,
    ArtistAdded,
    ArtistDeleted,
    DownloadFailed,
    Grabbed,
    Happening,
    HealthChanged,
    HeldAlbum,
    HeldArtist,
    Imported,
    ImportFailed,
    Notification,
)
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.outgoing import open_client

_METHODS = {1: "POST", 2: "PUT"}
_DATE_ADDED = "%Y-%m-%dT%H:%M:%SZ"
_CLIENT = {"downloadClient": "Sandbox", "downloadClientType": "Sandbox"}
_FILE_BYTES = 30 * 2**20


class WebhookRefused(Exception):
    """It did not arrive; the text is what Lidarr shows beside the field Url."""


class Webhooks:
    """Tells all notifications of what happens, in order. Lidarr waits for each answer; here a task does."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self._due: deque[tuple[int, dict[str, Any]]] = deque()
        self._sending: asyncio.Task[None] | None = None
        holdings.listeners.append(self.hear)

    def hear(self, happening: Happening) -> None:
        flags, artist, body = _told(self.holdings, happening)
        for notification in self.holdings.notifications.values():
            if flags <= notification.flags and _concerns(notification, artist):
                self._due.append((notification.id, body))
        if self._due and (self._sending is None or self._sending.done()):
            self._sending = asyncio.get_running_loop().create_task(self._send_due())

    async def idle(self) -> None:
        """Everything said so far has been answered, or given up: Lidarr tries nothing twice."""
        if self._sending is not None:
            await self._sending

    async def cancel(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    async def _send_due(self) -> None:
        holdings = self.holdings
        while self._due:
            number, body = self._due.popleft()
            notification, now = holdings.notifications.get(number), holdings.clock()
            if notification is None or (notification.blocked_until and notification.blocked_until > now):
                continue
            try:
                await send(notification.fields, body)
            except WebhookRefused:
                limits = {"grace": NOTIFICATION_GRACE, "highest": NOTIFICATION_LEVELS}
                record_failure(notification, now, holdings.started, **limits)
            else:
                record_success(notification)


async def send(fields: dict[str, Any], body: dict[str, Any]) -> None:
    """One exchange with the address in `fields`. Redirects are not followed. Raises WebhookRefused."""
    url, method = str(fields["url"]), _METHODS.get(int(fields.get("method") or 1), "POST")
    login = (fields.get("username") or "", fields.get("password") or "")
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    headers |= {row["key"]: row["value"] for row in fields.get("headers") or []}
    content = json.dumps(body, indent=2, ensure_ascii=False).encode()
    try:
        async with open_client(headers) as client:
            client.headers.pop("User-Agent", None)
            auth = login if any(login) else None
            answer = await client.request(method, url, content=content, auth=auth)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise WebhookRefused(f"Unable to post to webhook: {error}") from error
    if answer.status_code >= 400:
        status = f"{answer.status_code}:{answer.reason_phrase.replace(' ', '')}"
        raise WebhookRefused(
            f"Unable to post to webhook: HTTP request failed: [{status}] [{method}] at [{url}]"
        )


def test_body(holdings: Holdings) -> dict[str, Any]:
    """What the Test button sends, and saving an enabled notification."""
    artist = {"id": 1, "name": "Test Name", "path": "C:\\testpath", "mbId": "aaaaa-aaa-aaaa-aaaaaa"}
    albums = [{"id": 123, "title": "Test title"}]
    return _common(holdings, "Test") | {"artist": artist, "albums": albums}


def _concerns(notification: Notification, artist: HeldArtist | None) -> bool:
    return artist is None or not notification.tags or bool({*notification.tags} & {*artist.options.tags})


def _told(
    holdings: Holdings, happening: Happening
) -> tuple[frozenset[str], HeldArtist | None, dict[str, Any]]:
    """The flags that a notification must have for it, whom it is about, and the body."""
    match happening:
        case ArtistAdded(artist):
            flags, event, body = {"onArtistAdd"}, "ArtistAdd", {"artist": _artist(holdings, artist)}
        case ArtistDeleted(artist, files):
            body = {"artist": _artist(holdings, artist), "deletedFiles": files}
            flags, event = {"onArtistDelete"}, "ArtistDelete"
        case AlbumDeleted(artist, album, files):
            body = {"artist": _artist(holdings, artist), "album": _album(album), "deletedFiles": files}
            flags, event = {"onAlbumDelete"}, "AlbumDelete"
        case Grabbed(artist, album, download_id, title):
            release = {
                "quality": "FLAC",
                "qualityVersion": 1,
                "releaseGroup": "SANDBOX",
                "releaseTitle": title,
                "indexer": "Sandbox",
                "size": TRACKS_PER_ALBUM * _FILE_BYTES,
                "customFormatScore": 0,
                "customFormats": [],
            }
            body = {"artist": _artist(holdings, artist), "albums": [_album(album)], "release": release}
            flags, event, body = {"onGrab"}, "Grab", body | _CLIENT | {"downloadId": download_id}
        case Imported(artist, album, download_id, replaced):
            files = _files(holdings, artist, album, TRACKS_PER_ALBUM)
            body = {
                "artist": _artist(holdings, artist),
                "album": _album(album),
                "tracks": [
                    {"id": file["id"], "title": f"Track {number}", "trackNumber": str(number)}
                    for number, file in enumerate(files, start=1)
                ],
                "trackFiles": files,
                "isUpgrade": replaced > 0,
            }
            if replaced:
                body["deletedFiles"] = _files(holdings, artist, album, replaced)
            flags = {"onReleaseImport", "onUpgrade"} if replaced else {"onReleaseImport"}
            event, body = "Download", body | _CLIENT | {"downloadId": download_id}
        case DownloadFailed(artist, download_id, title):
            # Lidarr does not say here whose download it was.
            body = {"downloadClient": "Sandbox", "downloadId": download_id, "releaseTitle": title}
            flags, event = {"onDownloadFailure"}, "DownloadFailure"
            body |= {"quality": "FLAC", "qualityVersion": 1}
        case ImportFailed(artist, download_id):
            body = {"artist": _artist(holdings, artist), "tracks": [], "trackFiles": [], "isUpgrade": False}
            flags, event = {"onImportFailure"}, "ImportFailure"
            body |= _CLIENT | {"downloadId": download_id}
        case HealthChanged(source, message, level, restored):
            artist = None
            body = {"level": level, "message": message, "type": source}
            flags, event = {"onHealthRestored" if restored else "onHealthIssue"}, "Health"
            event += "Restored" if restored else ""
            if level == "warning":
                flags.add("includeHealthWarnings")
    return frozenset(flags), artist, _common(holdings, event) | body


def _common(holdings: Holdings, event: str) -> dict[str, Any]:
    return {"eventType": event, "instanceName": holdings.name, "applicationUrl": ""}


def _artist(holdings: Holdings, artist: HeldArtist) -> dict[str, Any]:
    known = artist.known
    return {
        "id": artist.id,
        "name": known.name,
        "disambiguation": known.disambiguation,
        "path": artist.path,
        "mbId": known.mbid,
        "type": "Person" if known.person else "Group",
        "overview": "",
        "genres": [genre.title() for genre, _ in known.genres],
        "images": [],
        "tags": [holdings.tags[tag] for tag in artist.options.tags if tag in holdings.tags],
    }


def _album(album: HeldAlbum) -> dict[str, Any]:
    known = album.known
    body: dict[str, Any] = {
        "id": album.id,
        "mbId": known.mbid,
        "title": known.title,
        "disambiguation": "",
        "overview": "",
        "albumType": known.kind,
        "secondaryAlbumTypes": list(known.secondary_kinds),
        "genres": [],
        "images": [],
    }
    if known.year is not None:
        body["releaseDate"] = f"{known.year:04d}-01-01T00:00:00Z"
    return body


def _files(holdings: Holdings, artist: HeldArtist, album: HeldAlbum, count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": album.id * 100 + number,
            "path": f"{artist.path}/{album.known.title}/{number:02}.flac",
            "quality": "FLAC",
            "qualityVersion": 1,
            "releaseGroup": "SANDBOX",
            "size": _FILE_BYTES,
            "dateAdded": f"{holdings.clock():{_DATE_ADDED}}",
        }
        for number in range(1, count + 1)
    ]
