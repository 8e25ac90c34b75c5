"""Holdings as Lidarr's REST API shows them: camelCase, nulls left out, enumerations as camelCase words."""

from typing import Any

from brainarr.domain.music import Mbid
from brainarr.sandbox.lidarr.held import TRACKS_PER_ALBUM, HeldAlbum, HeldArtist, ImportList
from brainarr.sandbox.lidarr.holdings import METADATA_PROFILES, QUALITY_PROFILES, Holdings
from brainarr.sandbox.world import WorldAlbum, WorldArtist, sandbox_mbid

MASKED = "********"
_MEGABYTES_PER_ALBUM = 300
_LABELS = {"CustomImport": "Custom List", "LidarrImport": "Lidarr"}
_LIST_TYPES = {"CustomImport": "advanced", "LidarrImport": "program"}
_REFRESH = {"CustomImport": "06:00:00", "LidarrImport": "00:15:00"}
_PRIMARY = ("Album", "EP", "Single", "Broadcast", "Other")
_SECONDARY = ("Studio", "Compilation", "Soundtrack", "Live", "Remix", "DJ-mix")


def artist_resource(holdings: Holdings, artist: HeldArtist) -> dict[str, Any]:
    known = artist.known
    albums = holdings.albums_of(artist.id)
    files = sum(album.track_files for album in albums)
    tracks = sum(max(TRACKS_PER_ALBUM * album.monitored, album.track_files) for album in albums)
    body = known_artist(known) | {
        "id": artist.id,
        "path": artist.path,
        "qualityProfileId": artist.options.quality_profile_id,
        "metadataProfileId": artist.options.metadata_profile_id,
        "monitored": artist.monitored,
        "monitorNewItems": artist.options.monitor_new_items,
        "rootFolderPath": artist.options.root_folder_path,
        "tags": list(artist.options.tags),
        "added": f"{artist.added:%Y-%m-%dT%H:%M:%SZ}",
        "statistics": {
            "albumCount": len(albums),
            "trackFileCount": files,
            "trackCount": tracks,
            "totalTrackCount": TRACKS_PER_ALBUM * len(albums),
            "sizeOnDisk": files * _MEGABYTES_PER_ALBUM * 2**20 // TRACKS_PER_ALBUM,
            "percentOfTracks": round(100 * files / tracks, 2) if tracks else 0.0,
        },
    }
    latest = max(albums, key=lambda album: album.known.year or 0, default=None)
    if latest is not None:
        body["lastAlbum"] = album_resource(holdings, latest)
    body["images"] = _held_images("poster", str(artist.id))
    return body


def _held_images(kind: str, place: str) -> list[dict[str, Any]]:
    """What Lidarr has downloaded. A sandbox has no metadata server that pictures come from."""
    return [{"url": f"/MediaCover/{place}/{kind}.jpg", "coverType": kind, "extension": ".jpg"}]


def known_artist(known: WorldArtist) -> dict[str, Any]:
    """An artist as lookups show it: only what the metadata server says."""
    return {
        "status": "continuing",
        "ended": False,
        "artistName": known.name,
        "foreignArtistId": known.mbid,
        "tadbId": 0,
        "discogsId": 0,
        "overview": "",
        "artistType": "Person" if known.person else "Group",
        "disambiguation": known.disambiguation,
        "links": [],
        "images": [],
        "folder": known.name,
        "genres": [genre.title() for genre, _ in known.genres],
        "cleanName": "".join(letter for letter in known.name.lower() if letter.isalnum()),
        "sortName": known.sort_name.lower(),
        "tags": [],
        "monitored": False,
        "qualityProfileId": 0,
        "metadataProfileId": 0,
        "monitorNewItems": "all",
        "added": "0001-01-01T00:00:00Z",
        "ratings": {"votes": known.listeners // 1000, "value": 0.0 if not known.listeners else 7.5},
        "statistics": _no_statistics() | {"albumCount": 0},
    }


def album_resource(holdings: Holdings, album: HeldAlbum, *, nested: bool = False) -> dict[str, Any]:
    body = known_album(album.known, album.id) | {
        "id": album.id,
        "artistId": album.artist_id,
        "images": _held_images("cover", f"Albums/{album.id}"),
        "monitored": album.monitored,
        "statistics": {
            "trackFileCount": album.track_files,
            "trackCount": TRACKS_PER_ALBUM,
            "totalTrackCount": TRACKS_PER_ALBUM,
            "sizeOnDisk": album.track_files * _MEGABYTES_PER_ALBUM * 2**20 // TRACKS_PER_ALBUM,
            "percentOfTracks": 100.0 * album.track_files / TRACKS_PER_ALBUM,
        },
    }
    if nested:
        body["artist"] = artist_resource(holdings, holdings.artists[album.artist_id])
    return body


def known_album(known: WorldAlbum, number: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = {
        "title": known.title,
        "disambiguation": "",
        "overview": "",
        "artistId": 0,
        "foreignAlbumId": known.mbid,
        "monitored": False,
        "anyReleaseOk": True,
        "profileId": 0,
        "duration": 240_000 * TRACKS_PER_ALBUM,
        "albumType": known.kind,
        "secondaryTypes": list(known.secondary_kinds),
        "mediumCount": 1,
        "ratings": {"votes": known.votes, "value": round(2 * (known.rating or 0.0), 1)},
        "releases": [
            {
                "id": number,
                "albumId": number,
                "foreignReleaseId": sandbox_mbid("release", known.mbid),
                "title": known.title,
                "status": "Official",
                "duration": 240_000 * TRACKS_PER_ALBUM,
                "trackCount": TRACKS_PER_ALBUM,
                "media": [{"mediumNumber": 1, "mediumName": "", "mediumFormat": "CD"}],
                "mediumCount": 1,
                "disambiguation": "",
                "country": [],
                "label": [],
                "format": "CD",
                "monitored": True,
            }
        ],
        "genres": [],
        "media": [{"mediumNumber": 1, "mediumName": "", "mediumFormat": "CD"}],
        "images": [],
        "links": [],
        "statistics": _no_statistics(),
    }
    if known.first_release:
        body["releaseDate"] = f"{known.released or known.first_release + '-01-01'}T00:00:00Z"
    return body


def list_resource(definition: ImportList) -> dict[str, Any]:
    """Keys come back masked; sent back so, the stored one stays."""
    options = definition.options
    return {
        "id": definition.id,
        "name": definition.name,
        "fields": [
            {"order": order, "name": name, "value": MASKED if name == "apiKey" and value else value}
            for order, (name, value) in enumerate(definition.fields.items())
        ],
        "implementationName": _LABELS[definition.implementation],
        "implementation": definition.implementation,
        "configContract": definition.config_contract,
        "infoLink": "https://wiki.servarr.com/lidarr/supported",
        "tags": list(options.tags),
        "enableAutomaticAdd": definition.enable_automatic_add,
        "shouldMonitor": definition.should_monitor,
        "shouldMonitorExisting": definition.should_monitor_existing,
        "shouldSearch": definition.should_search,
        "rootFolderPath": options.root_folder_path,
        "monitorNewItems": options.monitor_new_items,
        "qualityProfileId": options.quality_profile_id,
        "metadataProfileId": options.metadata_profile_id,
        "listType": _LIST_TYPES[definition.implementation],
        "listOrder": definition.list_order,
        "minRefreshInterval": _REFRESH[definition.implementation],
    }


def root_folder_resource(number: int, path: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": "Music" if number == 1 else path.strip("/").title(),
        "path": path,
        "defaultMetadataProfileId": 1,
        "defaultQualityProfileId": 1,
        "defaultMonitorOption": "all",
        "defaultNewItemMonitorOption": "all",
        "defaultTags": [],
        "accessible": True,
        "freeSpace": 2**40,
        "totalSpace": 2**42,
    }


def quality_profile_resources() -> list[dict[str, Any]]:
    settings = {
        "upgradeAllowed": False,
        "cutoff": 1,
        "items": [],
        "minFormatScore": 0,
        "cutoffFormatScore": 0,
    }
    return [
        {"id": number, "name": name, **settings, "formatItems": []}
        for number, name in QUALITY_PROFILES.items()
    ]


def metadata_profile_resources() -> list[dict[str, Any]]:
    def allowed(kinds: tuple[str, ...], chosen: str | None) -> list[dict[str, Any]]:
        return [
            {"albumType": {"id": i, "name": kind}, "allowed": kind == chosen} for i, kind in enumerate(kinds)
        ]

    return [
        {
            "id": number,
            "name": name,
            "primaryAlbumTypes": allowed(_PRIMARY, "Album" if name == "Standard" else None),
            "secondaryAlbumTypes": allowed(_SECONDARY, "Studio" if name == "Standard" else None),
            "releaseStatuses": [
                {"releaseStatus": {"id": 0, "name": "Official"}, "allowed": name == "Standard"}
            ],
        }
        for number, name in METADATA_PROFILES.items()
    ]


def exclusion_resource(number: int, foreign_id: str | Mbid, name: str) -> dict[str, Any]:
    return {"id": number, "foreignId": foreign_id, "artistName": name}


def _no_statistics() -> dict[str, Any]:
    return {
        "trackFileCount": 0,
        "trackCount": 0,
        "totalTrackCount": 0,
        "sizeOnDisk": 0,
        "percentOfTracks": 0.0,
    }
