"""Rows as a Lidarr sends them (2.14), with members that weigh much and that nobody reads."""

from typing import Any

from tests.providers.payloads import mbid


def album_row(number: int, title: str = "Souvlaki", **other: Any) -> dict[str, Any]:
    return {
        "title": title,
        "disambiguation": "",
        "overview": 'A record with "quotes", a \\ and {[brackets]}, {',
        "artistId": 1,
        "foreignAlbumId": mbid(10_000 + number),
        "monitored": True,
        "anyReleaseOk": True,
        "profileId": 1,
        "duration": 2400000,
        "albumType": "Album",
        "secondaryTypes": [],
        "mediumCount": 1,
        "ratings": {"votes": 12, "value": 8.5},
        "releaseDate": "1993-05-17T00:00:00Z",
        "releases": [{"id": 1, "title": title, "country": ["United Kingdom"], "label": ["Creation"]}],
        "genres": ["Shoegaze"],
        "media": [{"mediumNumber": 1, "mediumFormat": "CD"}],
        "images": [],
        "links": [{"url": "https://example.org/[a]", "name": "discogs"}],
        "statistics": {
            "trackFileCount": 10,
            "trackCount": 10,
            "totalTrackCount": 20,
            "sizeOnDisk": 412316860,
            "percentOfTracks": 100,
        },
        "grabbed": False,
        "id": number,
    } | other


def artist_row(number: int, name: str = "Slowdive", **other: Any) -> dict[str, Any]:
    return {
        "artistMetadataId": number,
        "status": "continuing",
        "ended": False,
        "artistName": name,
        "foreignArtistId": mbid(number),
        "tadbId": 0,
        "discogsId": 0,
        "overview": "English band ]},{",
        "artistType": "Group",
        "disambiguation": "",
        "links": [{"url": "https://example.org/a", "name": "last"}, {"url": "https://x", "name": "y"}],
        "lastAlbum": album_row(number, title="everything is alive", releaseDate="2023-09-01T00:00:00Z"),
        "images": [{"url": "/MediaCover/Artist/1/poster.jpg", "coverType": "poster", "extension": ".jpg"}],
        "path": "/music/Slowdive",
        "qualityProfileId": 1,
        "metadataProfileId": 1,
        "monitored": True,
        "monitorNewItems": "all",
        "rootFolderPath": "/music/",
        "genres": ["Shoegaze", " Dream Pop "],
        "cleanName": "slowdive",
        "sortName": "slowdive",
        "tags": [3],
        "added": "2024-02-29T23:59:59.1234567Z",
        "ratings": {"votes": 70, "value": 8.4},
        "statistics": {
            "albumCount": 6,
            "trackFileCount": 51,
            "trackCount": 51,
            "totalTrackCount": 80,
            "sizeOnDisk": 2123168600,
            "percentOfTracks": 100,
        },
        "id": number,
    } | other
