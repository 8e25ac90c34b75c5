"""Lidarr's import-list client: fetches a list over HTTP and turns it into rows, by Lidarr's own rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from brainarr.sandbox import newtonsoft
from brainarr.sandbox.lidarr.held import ImportList
from brainarr.sandbox.lidarr.holdings import VERSION
from brainarr.sandbox.lidarr.outgoing import open_client
from brainarr.sandbox.newtonsoft import Undeserialisable

FIRST_TO_KEEP_ALL_ROWS = (2, 10, 0, 4574)

_TEXT = (newtonsoft.text, None)
_NUMBER = (newtonsoft.integer, 0)
_FLAG = (newtonsoft.boolean, False)
_IMAGES = (newtonsoft.images, None)
_CUSTOM_ROW = {"MusicBrainzId": _TEXT}
_ALBUM_ROW = {"artistId": _NUMBER, "title": _TEXT, "foreignAlbumId": _TEXT, "monitored": _FLAG} | {
    "overview": _TEXT,
    "images": _IMAGES,
}
_ARTIST_ROW = {
    "id": _NUMBER,
    "artistName": _TEXT,
    "foreignArtistId": _TEXT,
    "monitored": _FLAG,
    "qualityProfileId": _NUMBER,
    "rootFolderPath": _TEXT,
    "tags": (newtonsoft.integers, None),
    "overview": _TEXT,
    "images": _IMAGES,
}


@dataclass(frozen=True)
class ListItem:
    """One row of a list as Lidarr keeps it."""

    artist_mbid: str | None
    artist: str | None = None
    album_mbid: str | None = None
    album: str | None = None
    list_id: int = 0


@dataclass(frozen=True)
class Fetched:
    """What one fetch gave. Rows read before a failure count all the same."""

    items: tuple[ListItem, ...]
    failure: str | None = None


@dataclass(frozen=True)
class TestFailure:
    """What the Test button shows, next to the field `property_name`."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    property_name: str
    message: str


class RefusedRequest(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP request failed: [{status}]")
        self.status = status


async def fetch(definition: ImportList, version: str = VERSION) -> Fetched:
    items: list[ListItem] = []
    failure = None
    try:
        async with _client(version) as client:
            if definition.implementation == "CustomImport":
                await _fetch_custom(client, definition, items)
            else:
                await _fetch_albums(client, definition, items)
    except (Undeserialisable, RefusedRequest, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        failure = str(error) or type(error).__name__
    return Fetched(tuple(distinct(items, version)), failure)


async def test(definition: ImportList, version: str = VERSION) -> TestFailure | None:
    """What the Test button, and saving an enabled list, find wrong."""
    custom = definition.implementation == "CustomImport"
    try:
        async with _client(version) as client:
            if custom:
                body = await _get(client, _base_url(definition), {})
                if body.strip() not in ("", "null"):
                    newtonsoft.read_rows(body, _CUSTOM_ROW)
            else:
                newtonsoft.read_rows(await _get_resource(client, definition, "artist"), _ARTIST_ROW)
    except RefusedRequest as error:
        return _refused(error.status, custom)
    except (Undeserialisable, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        if custom:
            return TestFailure("", "Unable to send test message")
        return TestFailure("", _unreachable(str(error)))
    return None


def distinct(items: Iterable[ListItem], version: str = VERSION) -> list[ListItem]:
    """Of rows with the same artist name, album title and artist id only the first survives.

    Before 2.10.0.4574 the id did not count, and the nameless rows of a Custom List were all the same.
    """
    by_id = tuple(int(part) for part in version.split(".")) >= FIRST_TO_KEEP_ALL_ROWS
    seen: dict[tuple[str | None, str | None, str | None], ListItem] = {}
    for item in items:
        seen.setdefault((item.artist, item.album, item.artist_mbid if by_id else None), item)
    return list(seen.values())


async def _fetch_custom(client: httpx2.AsyncClient, definition: ImportList, items: list[ListItem]) -> None:
    rows = newtonsoft.read_rows(await _get(client, _base_url(definition), {}), _CUSTOM_ROW)
    for row in rows:
        items.append(ListItem(_object(row)["MusicBrainzId"], list_id=definition.id))


async def _fetch_albums(client: httpx2.AsyncClient, definition: ImportList, items: list[ListItem]) -> None:
    albums = newtonsoft.read_rows(await _get_resource(client, definition, "album"), _ALBUM_ROW)
    artists = newtonsoft.read_rows(await _get_resource(client, definition, "artist"), _ARTIST_ROW)
    by_id: dict[int, Mapping[str, Any]] = {}
    for row in artists:
        artist = _object(row)
        if artist["id"] in by_id:
            raise Undeserialisable(f"An item with the same key has already been added. Key: {artist['id']}")
        by_id[artist["id"]] = artist
    for row in albums:
        album = _object(row)
        if album["artistId"] not in by_id:
            raise Undeserialisable(f"The given key '{album['artistId']}' was not present in the dictionary.")
        artist = by_id[album["artistId"]]
        if _passes(definition.fields, artist) and album["monitored"] and artist["monitored"]:
            items.append(
                ListItem(
                    artist_mbid=artist["foreignArtistId"],
                    artist=artist["artistName"],
                    album_mbid=album["foreignAlbumId"],
                    album=album["title"],
                    list_id=definition.id,
                )
            )


def _passes(fields: Mapping[str, Any], artist: Mapping[str, Any]) -> bool:
    """The list's own filters: quality profiles, tags, root folders of the remote Lidarr."""
    profiles, tags = fields.get("profileIds") or [], fields.get("tagIds") or []
    folders = fields.get("rootFolderPaths") or []
    if profiles and artist["qualityProfileId"] not in profiles:
        return False
    if tags:
        if artist["tags"] is None:
            raise Undeserialisable("Value cannot be null. (Parameter 'source')")
        if not set(tags) & set(artist["tags"]):
            return False
    if folders:
        if artist["rootFolderPath"] is None:
            raise Undeserialisable("Object reference not set to an instance of an object.")
        return any(folder.lower() in artist["rootFolderPath"].lower() for folder in folders)
    return True


def _object(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise Undeserialisable("Object reference not set to an instance of an object.")
    return row


def _client(version: str) -> httpx2.AsyncClient:
    return open_client(
        {
            "User-Agent": f"Lidarr/{version} (alpine 3.22.1)",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, br",
            "Connection": "close",
        }
    )


def _base_url(definition: ImportList) -> str:
    return str(definition.fields["baseUrl"]).rstrip("/")


async def _get_resource(client: httpx2.AsyncClient, definition: ImportList, resource: str) -> str:
    url = httpx2.URL(_base_url(definition))
    url = url.copy_with(path=f"{url.path.rstrip('/')}/api/v1/{resource}")
    return await _get(
        client, str(url), {"X-Api-Key": str(definition.fields.get("apiKey", ""))}, redirects_fail=True
    )


async def _get(
    client: httpx2.AsyncClient, url: str, headers: Mapping[str, str], *, redirects_fail: bool = False
) -> str:
    response = await client.get(url, headers=dict(headers))
    if response.status_code >= (300 if redirects_fail else 400):
        raise RefusedRequest(response.status_code)
    return response.text


def _refused(status: int, custom: bool) -> TestFailure:
    if custom:
        if status == httpx2.codes.UNAUTHORIZED:
            return TestFailure("BaseUrl", "It seems we are unauthorized to make this request.")
        return TestFailure("BaseUrl", f"We are unable to make the request to that URL. StatusCode: {status}")
    if status == httpx2.codes.UNAUTHORIZED:
        return TestFailure("ApiKey", "API Key is invalid")
    if status < 400:
        return TestFailure("BaseUrl", "Lidarr URL is invalid, are you missing a URL base?")
    return TestFailure("", _unreachable(f"HTTP request failed: [{status}]"))


def _unreachable(message: str) -> str:
    return f"Unable to connect to import list: {message}. Check the log surrounding this error for details."
