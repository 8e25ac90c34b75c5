"""What a Lidarr tells of itself, by webhook or in its history: one type for both, each thing told once."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

import msgspec

from brainarr.domain.music import Mbid

OUR_TAG = "brainarr"
"""The label that Lidarr has on what came by us."""


class Told(StrEnum):
    """What a Lidarr told of."""

    ARTIST_ADDED = "artist added"
    ARTIST_DELETED = "artist deleted"
    ALBUM_DELETED = "album deleted"
    GRABBED = "grabbed"
    """A release was sent to a download client."""
    DOWNLOADED = "downloaded"
    """Files came into the library: by a download, or imported by hand."""
    DOWNLOAD_FAILED = "download failed"
    IMPORT_FAILED = "import failed"
    """The download is complete, and not all of it could be taken in."""
    FILES_DELETED = "files deleted"
    TEST = "test"
    NOTHING_FOR_US = "nothing for us"
    """An event that no recommendation depends on, or one that this Brainarr does not know."""


CHANGES_THE_LIBRARY = frozenset(
    {
        Told.ARTIST_ADDED,
        Told.ARTIST_DELETED,
        Told.ALBUM_DELETED,
        Told.DOWNLOADED,
        Told.FILES_DELETED,
    }
)
"""After these the library is another one than it was when it was last looked at."""


class LidarrEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a Lidarr told, about one artist or one album."""

    told: Told
    key: str
    """Names it for good: what is told twice, by whatever way, has one key."""
    word: str = ""
    """What Lidarr calls it, such as `Grab`."""
    at: datetime | None = None
    """When it happened, where Lidarr says so."""
    artist: Mbid | None = None
    artist_name: str = ""
    album: Mbid | None = None
    """The release group."""
    album_title: str = ""
    note: str = ""
    """Which release it was, or what went wrong, in Lidarr's words."""
    tags: tuple[str, ...] = ()
    """Labels on the artist."""
    by_hand: bool = False
    """Files that no download client brought."""


def key_of(*parts: object) -> str:
    """The key of what these parts tell apart from everything else: 32 characters."""
    return blake2b(
        "\x1f".join(str(part) for part in parts).encode("utf-8", "replace"), digest_size=16
    ).hexdigest()


def download_key(told: Told, album: Mbid, download: str) -> str:
    """The key of something that happened to one download of an album: a webhook tells of it, and the
    history once for each of its tracks."""
    return key_of(told, album, download.casefold())
