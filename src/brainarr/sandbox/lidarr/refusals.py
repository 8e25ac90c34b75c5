"""What Lidarr says no to, in its own words and forms."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from brainarr.domain.music import parse_mbid
from brainarr.sandbox.lidarr.held import ImportList, Notification
from brainarr.sandbox.lidarr.holdings import METADATA_PROFILES, QUALITY_PROFILES, Holdings

Failures = list[dict[str, Any]]


def failure(property_name: str, message: str, attempted: Any = None, code: str = "") -> dict[str, Any]:
    """One row of a validation answer; nulls and empties are left out, as Lidarr leaves them out."""
    row = {"propertyName": property_name, "errorMessage": message, "severity": "error"}
    if attempted is not None:
        row["attemptedValue"] = attempted
    if code:
        row["errorCode"] = code
    return row


def refused(failures: Failures) -> Response:
    return JSONResponse(failures, status_code=400)


def unreadable(detail: str) -> Response:
    """RFC 7807: the body was not JSON, or not of the resource's form."""
    body = {
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": "00-sandbox-00",
        "errors": {"$": [detail]},
    }
    return JSONResponse(body, status_code=400, media_type="application/problem+json")


def told(status: int, message: str, description: str = "") -> Response:
    return JSONResponse({"message": message, "description": description}, status_code=status)


def judge_artist(holdings: Holdings, body: Mapping[str, Any]) -> Failures:
    failures = judge_artist_options(holdings, body)
    if not body.get("artistName"):
        failures.append(failure("ArtistName", "'Artist Name' must not be empty.", "", "NotEmptyValidator"))
    foreign_id = body.get("foreignArtistId") or ""
    if not foreign_id:
        failures.append(
            failure("ForeignArtistId", "'Foreign Artist Id' must not be empty.", "", "NotEmptyValidator")
        )
    elif holdings.find_artist(foreign_id) is not None:
        failures.append(
            failure(
                "ForeignArtistId", "This artist has already been added.", foreign_id, "ArtistExistsValidator"
            )
        )
    return failures


def judge_album(holdings: Holdings, body: Mapping[str, Any]) -> Failures:
    artist = body.get("artist") or {}
    failures = judge_artist_options(holdings, artist, "Artist.")
    foreign_id = body.get("foreignAlbumId") or ""
    if not foreign_id:
        failures.append(
            failure("ForeignAlbumId", "'Foreign Album Id' must not be empty.", "", "NotEmptyValidator")
        )
    elif holdings.find_album(foreign_id) is not None:
        failures.append(
            failure(
                "ForeignAlbumId", "This album has already been added.", foreign_id, "AlbumExistsValidator"
            )
        )
    if not artist.get("foreignArtistId"):
        failures.append(
            failure(
                "Artist.ForeignArtistId", "'Foreign Artist Id' must not be empty.", "", "NotEmptyValidator"
            )
        )
    return failures


def judge_artist_options(holdings: Holdings, body: Mapping[str, Any], prefix: str = "") -> Failures:
    """The choices that come with every new artist: profiles and where its files go."""
    failures = []
    for key, name, known in (
        ("qualityProfileId", "Quality Profile", QUALITY_PROFILES),
        ("metadataProfileId", "Metadata Profile", METADATA_PROFILES),
    ):
        given = body.get(key, 0)
        property_name = f"{prefix}{key[0].upper()}{key[1:]}"
        if not isinstance(given, int) or given <= 0:
            message = f"'{name} Id' must be greater than '0'."
            failures.append(failure(property_name, message, given, "GreaterThanValidator"))
        elif given not in known:
            message = f"{name} does not exist"
            failures.append(failure(property_name, message, given, f"{name.replace(' ', '')}ExistsValidator"))
    if not body.get("path"):
        folder = body.get("rootFolderPath")
        if not folder:
            failures.append(failure(f"{prefix}RootFolderPath", "Invalid Path: ''", "", "PathValidator"))
        elif folder.rstrip("/") not in holdings.root_folders:
            message = f"Root folder '{folder}' does not exist"
            failures.append(failure(f"{prefix}RootFolderPath", message, folder, "RootFolderExistsValidator"))
    return failures


def judge_exclusion(holdings: Holdings, body: Mapping[str, Any]) -> Failures:
    foreign_id = body.get("foreignId") or ""
    failures = []
    if parse_mbid(foreign_id) is None:
        failures.append(
            failure("ForeignId", "'Foreign Id' is not a valid GUID.", foreign_id, "GuidValidator")
        )
    elif holdings.excludes(foreign_id):
        message = "This exclusion has already been added."
        failures.append(failure("ForeignId", message, foreign_id, "ImportListExclusionExistsValidator"))
    if not body.get("artistName"):
        failures.append(failure("ArtistName", "'Artist Name' must not be empty.", "", "NotEmptyValidator"))
    return failures


def judge_list(
    holdings: Holdings, body: Mapping[str, Any], fields: Mapping[str, Any], own_id: int
) -> Failures:
    failures = judge_artist_options(holdings, body)
    failures += _judge_name(body, own_id, holdings.lists)
    base_url = fields.get("baseUrl") or ""
    if not _is_root_url(base_url):
        failures.append(failure("BaseUrl", "invalid for root url", base_url, "ValidRootUrl"))
    return failures


def judge_notification(
    holdings: Holdings, body: Mapping[str, Any], fields: Mapping[str, Any], own_id: int
) -> Failures:
    failures = _judge_name(body, own_id, holdings.notifications)
    url = fields.get("url") or ""
    if not _is_root_url(url):
        failures.append(failure("Url", f"Invalid Url: '{url}'", url, "ValidUrl"))
    return failures


def _judge_name(
    body: Mapping[str, Any], own_id: int, others: Mapping[int, ImportList] | Mapping[int, Notification]
) -> Failures:
    name = body.get("name") or ""
    if not name:
        return [failure("Name", "'Name' must not be empty.", "", "NotEmptyValidator")]
    if any(name == known.name and known.id != own_id for known in others.values()):
        return [failure("Name", "Should be unique", name, "PredicateValidator")]
    return []


def _is_root_url(text: str) -> bool:
    if (
        text != text.strip()
        or not text.lower().startswith("http")
        or any(mark in text for mark in ' |{}"<>^`\\')
    ):
        return False
    parts = urlsplit(text)
    return bool(parts.hostname) and "@" not in parts.netloc and parts.netloc.isascii()
