"""What one sandbox Lidarr holds, and how it changes: artists, albums, tags, exclusions, import lists."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from brainarr.domain.music import Mbid
from brainarr.sandbox.lidarr.metadata import Metadata
from brainarr.sandbox.world import Owned, World, WorldAlbum

Clock = Callable[[], datetime]

ROOT_FOLDER = "/music"
QUALITY_PROFILES = {1: "Any", 2: "Lossless", 3: "Standard"}
STANDARD, NOTHING = 1, 2
METADATA_PROFILES = {STANDARD: "Standard", NOTHING: "None"}
"""Standard keeps studio albums; None keeps only what was added by hand."""
TRACKS_PER_ALBUM = 10


class AlreadyHeld(Exception):
    """A unique key of the database is taken."""


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
    mbid: Mbid
    options: AddOptions
    monitored: bool
    path: str
    added: datetime


@dataclass
class HeldAlbum:
    id: int
    mbid: Mbid
    artist_id: int
    monitored: bool
    manual: bool = False
    """Added by name: the metadata profile does not remove it."""
    track_files: int = 0


@dataclass
class ImportList:
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
    level: int = 0
    """Of the back-off; 0 is healthy."""
    blocked_until: datetime | None = None
    last_sync: datetime | None = None


class Holdings:
    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.metadata = Metadata(world)
        self.clock = clock
        self.started = clock()
        self.artists: dict[int, HeldArtist] = {}
        self.albums: dict[int, HeldAlbum] = {}
        self.tags: dict[int, str] = {}
        self.exclusions: dict[int, tuple[str, str]] = {}
        """(foreign id, name) by number."""
        self.lists: dict[int, ImportList] = {}
        self._artist_ids: dict[str, int] = {}
        self._album_ids: dict[str, int] = {}
        self._albums_of: dict[int, list[int]] = defaultdict(list)
        self._last_id = 0

    def populate(self, library: Iterable[Owned]) -> None:
        """Takes in what was there before anyone asked: discographies, and files for what is held."""
        for owned in library:
            artist = self.add_artist(owned.artist, AddOptions(), owned.added)
            self.refresh(artist, new=True)
            for mbid in sorted(mbid for mbid in owned.held if mbid not in self._album_ids):
                self.add_album(artist, mbid, monitored=True, manual=True)
            for album in self.albums_of(artist.id):
                album.track_files = TRACKS_PER_ALBUM if album.mbid in owned.held else 0
                album.monitored &= album.mbid in owned.held or not owned.only_held

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def find_artist(self, foreign_id: str) -> HeldArtist | None:
        """By exact text, as Lidarr compares."""
        return self.artists.get(self._artist_ids.get(foreign_id, 0))

    def find_album(self, foreign_id: str) -> HeldAlbum | None:
        return self.albums.get(self._album_ids.get(foreign_id, 0))

    def albums_of(self, artist_id: int) -> list[HeldAlbum]:
        return [self.albums[number] for number in self._albums_of.get(artist_id, ())]

    def excludes(self, foreign_id: str) -> bool:
        return any(foreign_id == excluded for excluded, _ in self.exclusions.values())

    def add_artist(self, mbid: Mbid, options: AddOptions, added: datetime | None = None) -> HeldArtist:
        if mbid in self._artist_ids:
            raise AlreadyHeld(f"UNIQUE constraint failed: Artists.ArtistMetadataId ({mbid})")
        artist = HeldArtist(
            id=self.next_id(),
            mbid=mbid,
            options=options,
            monitored=options.monitored and options.monitor != "none",
            path=f"{options.root_folder_path.rstrip('/')}/{self.world.artists[mbid].name}",
            added=added or self.clock(),
        )
        self.artists[artist.id] = artist
        self._artist_ids[mbid] = artist.id
        return artist

    def add_album(
        self, artist: HeldArtist, mbid: Mbid, *, monitored: bool, manual: bool = False
    ) -> HeldAlbum:
        if mbid in self._album_ids:
            raise AlreadyHeld(f"UNIQUE constraint failed: Albums.ForeignAlbumId ({mbid})")
        album = HeldAlbum(self.next_id(), mbid, artist.id, monitored, manual)
        self.albums[album.id] = album
        self._album_ids[mbid] = album.id
        self._albums_of[artist.id].append(album.id)
        return album

    def refresh(self, artist: HeldArtist, *, new: bool) -> None:
        """Takes in what the metadata profile keeps; for a `new` artist, applies what to monitor."""
        options = artist.options
        for album in self.world.discography(artist.mbid):
            if album.mbid not in self._album_ids and keeps(options.metadata_profile_id, album):
                self.add_album(artist, album.mbid, monitored=not new and options.monitor_new_items == "all")
        if new:
            held = self.albums_of(artist.id)
            chosen: Set[str] = options.albums_to_monitor or _monitored_first(
                options.monitor, held, self.world
            )
            for album in held:
                album.monitored = album.mbid in chosen

    def set_monitored(self, album_ids: Iterable[int], monitored: bool) -> list[HeldAlbum]:
        changed = [self.albums[number] for number in album_ids if number in self.albums]
        for album in changed:
            album.monitored = monitored
        return changed

    def delete_artist(self, artist: HeldArtist, *, exclude: bool) -> None:
        for album in self.albums_of(artist.id):
            self.delete_album(album, exclude=False)
        self._albums_of.pop(artist.id, None)
        del self.artists[artist.id], self._artist_ids[artist.mbid]
        if exclude:
            self.exclude(artist.mbid, self.world.artists[artist.mbid].name)

    def delete_album(self, album: HeldAlbum, *, exclude: bool) -> None:
        self._albums_of[album.artist_id].remove(album.id)
        del self.albums[album.id], self._album_ids[album.mbid]
        if exclude:
            self.exclude(album.mbid, self.world.albums[album.mbid].title)

    def exclude(self, foreign_id: str, name: str) -> int:
        number = self.next_id()
        self.exclusions[number] = (foreign_id, name)
        return number

    def lift_exclusions(self, *foreign_ids: str) -> None:
        self.exclusions = {n: row for n, row in self.exclusions.items() if row[0] not in foreign_ids}

    def tag(self, label: str) -> int:
        """The tag of that label, made when it is new. Labels are lower-case."""
        label = label.lower()
        for number, known in self.tags.items():
            if known == label:
                return number
        number = self.next_id()
        self.tags[number] = label
        return number


def keeps(metadata_profile_id: int, album: WorldAlbum) -> bool:
    return metadata_profile_id == STANDARD and album.kind == "Album" and not album.secondary_kinds


def _monitored_first(monitor: str, held: list[HeldAlbum], world: World) -> set[Mbid]:
    oldest_first = [
        album.mbid for album in sorted(held, key=lambda album: world.albums[album.mbid].year or 0)
    ]
    return {
        "all": set(oldest_first),
        "missing": {album.mbid for album in held if not album.track_files},
        "existing": {album.mbid for album in held if album.track_files},
        "first": set(oldest_first[:1]),
        "latest": set(oldest_first[-1:]),
    }.get(monitor, set())
