"""What a Lidarr 2.14 sends by webhook, a body for each event, in the shapes of its source."""

from typing import Any

from tests.store.given import mbid

DOWNLOAD = "SABnzbd_nzo_k3p2"
RECORD: dict[str, Any] = {
    "id": 5,
    "mbId": mbid(22),
    "title": "Souvlaki",
    "disambiguation": "",
    "overview": "",
    "albumType": "Album",
    "secondaryAlbumTypes": [],
    "releaseDate": "1993-05-17T00:00:00Z",
    "genres": ["Shoegaze"],
    "images": [{"url": "/MediaCover/Albums/5/cover.jpg", "coverType": "cover"}],
}
_FILE = {
    "id": 9,
    "path": "/music/Slowdive/Souvlaki (1993)/01 - Alison.flac",
    "quality": "FLAC",
    "qualityVersion": 1,
    "releaseGroup": "GRP",
    "sceneName": "",
    "size": 31_415_926,
    "dateAdded": "2026-11-22T12:00:00Z",
}
_RELEASE = {
    "quality": "FLAC",
    "qualityVersion": 1,
    "releaseGroup": "GRP",
    "releaseTitle": "Slowdive-Souvlaki-FLAC-GRP",
    "indexer": "Some indexer",
    "size": 314_159_265,
    "customFormats": [],
    "customFormatScore": 0,
}
_CLIENT = {"downloadClient": "SABnzbd", "downloadClientType": "Sabnzbd", "downloadId": DOWNLOAD}


def artist(**other: Any) -> dict[str, Any]:
    return {
        "id": 2,
        "name": "Slowdive",
        "disambiguation": "",
        "path": "/music/Slowdive",
        "mbId": mbid(2),
        "type": "Group",
        "overview": "English band",
        "genres": ["Shoegaze"],
        "images": [],
        "tags": ["brainarr"],
    } | other


def body(event: str, **members: Any) -> dict[str, Any]:
    return {"eventType": event, "instanceName": "Lidarr", "applicationUrl": "", **members}


_FILES = {
    "artist": artist(),
    "tracks": [{"id": 1, "title": "Alison", "trackNumber": "1", "quality": "FLAC", "qualityVersion": 1}],
    "trackFiles": [_FILE],
    "isUpgrade": False,
    **_CLIENT,
}
_HEALTH = {"level": "warning", "message": "Indexers are unavailable", "type": "IndexerStatusCheck"}
BODIES: dict[str, dict[str, Any]] = {
    "Test": body(
        "Test",
        artist={"id": 1, "name": "Test Name", "path": "C:\\testpath", "mbId": "aaaaa-aaa-aaaa-aaaaaa"},
        albums=[{"id": 123, "title": "Test title"}],
    ),
    "Grab": body("Grab", artist=artist(), albums=[RECORD], release=_RELEASE, **_CLIENT),
    "Download": body("Download", album=RECORD, **_FILES),
    # Of a failed download, and of a failed import, Lidarr names no album.
    "DownloadFailure": body(
        "DownloadFailure",
        quality="FLAC",
        qualityVersion=1,
        releaseTitle="Slowdive-Souvlaki-FLAC-GRP",
        downloadClient="SABnzbd",
        downloadId=DOWNLOAD,
    ),
    "ImportFailure": body("ImportFailure", **_FILES),
    "Rename": body("Rename", artist=artist(), renamedTrackFiles=[_FILE | {"previousPath": "/music/x.flac"}]),
    "Retag": body("Retag", artist=artist(), trackFile=_FILE),
    "ArtistAdd": body("ArtistAdd", artist=artist()),
    "ArtistDelete": body("ArtistDelete", artist=artist(), deletedFiles=True),
    "AlbumDelete": body("AlbumDelete", artist=artist(), album=RECORD, deletedFiles=False),
    "Health": body("Health", **_HEALTH, wikiUrl="https://wiki.servarr.com/lidarr/system#indexers"),
    "HealthRestored": body("HealthRestored", **_HEALTH),
    "ApplicationUpdate": body(
        "ApplicationUpdate",
        message="Lidarr updated from 2.14.4 to 2.14.5",
        previousVersion="2.14.4.4831",
        newVersion="2.14.5.4836",
    ),
}
"""By eventType."""
