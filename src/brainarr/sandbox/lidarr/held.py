"""The rows of one sandbox Lidarr's database, and what changes in them is told as."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from brainarr.domain.music import Mbid
from brainarr.sandbox.world import WorldAlbum, WorldArtist

ROOT_FOLDER = "/music"
STANDARD, NOTHING = 1, 2
TRACKS_PER_ALBUM = 10


@dataclass
class AddOptions:
    """How an artist comes in: the list's or the caller's choices."""

    quality_profile_id: int = 1
    metadata_profile_id: int = STANDARD
    root_folder_path: str = ROOT_FOLDER
    tags: tuple[int, ...] = ()
    monitored: bool = True
    monitor: str = "all"
    """all, future, missing, existing, latest, first or none."""
    monitor_new_items: str = "all"
    albums_to_monitor: set[str] = field(default_factory=set)
    """Not empty: overrides `monitor`."""


@dataclass
class HeldArtist:
    id: int
    known: WorldArtist
    """What the metadata server said last; the world may have gone on since."""
    options: AddOptions
    monitored: bool
    path: str
    added: datetime
    scanned: bool = False
    """After its first refresh and scan; `options` have been applied then."""

    @property
    def mbid(self) -> Mbid:
        return self.known.mbid


@dataclass
class HeldAlbum:
    id: int
    known: WorldAlbum
    artist_id: int
    monitored: bool
    manual: bool = False
    """Added by name: the metadata profile does not remove it."""
    track_files: int = 0

    @property
    def mbid(self) -> Mbid:
        return self.known.mbid


@dataclass(kw_only=True)
class Outward:
    """What Lidarr calls and leaves alone for a while after failures: an import list or a notification."""

    level: int = 0
    """Of the back-off; 0 is healthy."""
    first_failure: datetime | None = None
    blocked_until: datetime | None = None


@dataclass
class ImportList(Outward):
    """One import list with the state of its syncs."""

    id: int
    name: str
    implementation: str
    config_contract: str
    fields: dict[str, Any]
    enable_automatic_add: bool
    should_monitor: str
    should_monitor_existing: bool
    should_search: bool
    options: AddOptions
    list_order: int = 0
    last_sync: datetime | None = None


@dataclass
class Notification(Outward):
    """One connection of the kind Webhook. `flags` are the names of what it is told: onGrab, onArtistAdd, …"""

    id: int
    name: str
    fields: dict[str, Any]
    flags: frozenset[str]
    tags: tuple[int, ...] = ()
    """Not empty: only of artists that carry one of them."""


@dataclass(frozen=True)
class HistoryRow:
    id: int
    event_type: str
    """As the API writes it: grabbed, downloadFailed, trackFileImported, …"""
    date: datetime
    artist_id: int
    album_id: int
    source_title: str
    download_id: str | None = None
    data: tuple[tuple[str, str], ...] = ()
    track: int = 0


@dataclass(frozen=True)
class ArtistAdded:
    artist: HeldArtist


@dataclass(frozen=True)
class ArtistDeleted:
    artist: HeldArtist
    deleted_files: bool


@dataclass(frozen=True)
class AlbumDeleted:
    artist: HeldArtist
    album: HeldAlbum
    deleted_files: bool


@dataclass(frozen=True)
class Grabbed:
    artist: HeldArtist
    album: HeldAlbum
    download_id: str
    title: str


@dataclass(frozen=True)
class Imported:
    artist: HeldArtist
    album: HeldAlbum
    download_id: str
    replaced: int
    """Track files that it takes the place of: more than 0 is an upgrade."""


@dataclass(frozen=True)
class DownloadFailed:
    artist: HeldArtist
    download_id: str
    title: str


@dataclass(frozen=True)
class ImportFailed:
    artist: HeldArtist
    download_id: str


@dataclass(frozen=True)
class HealthChanged:
    source: str
    message: str
    level: str
    """warning or error."""
    restored: bool = False


Happening = (
    ArtistAdded
    | ArtistDeleted
    | AlbumDeleted
    | Grabbed
    | Imported
    | DownloadFailed
    | ImportFailed
    | HealthChanged
)
