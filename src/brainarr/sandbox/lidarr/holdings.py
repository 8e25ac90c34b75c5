"""What one sandbox Lidarr holds, and how it changes: artists, albums, tags, exclusions, lists, history."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from datetime import datetime

from brainarr.domain.music import Mbid
from brainarr.sandbox.lidarr.held import (
    NOTHING,
    ROOT_FOLDER,
    STANDARD,
    TRACKS_PER_ALBUM,
    AddOptions,
    AlbumDeleted,
    ArtistAdded,
    ArtistDeleted,
    Happening,
    HeldAlbum,
    HeldArtist,
    HistoryRow,
    ImportList,
    Notification,
)
from brainarr.sandbox.lidarr.metadata import Metadata, MetadataTrouble, UnknownToMetadata
from brainarr.sandbox.world import Owned, World, WorldAlbum, WorldArtist

Clock = Callable[[], datetime]

VERSION = "2.14.5.4836"
ONE_ROW_VERSION = "2.9.6.4552"
"""The last stable one before 2.10.0.4574, which keeps one row of a Custom List."""
QUALITY_PROFILES = {1: "Any", 2: "Lossless", 3: "Standard"}
METADATA_PROFILES = {STANDARD: "Standard", NOTHING: "None"}
"""Standard keeps studio albums; None keeps only what was added by hand."""


class AlreadyHeld(Exception):
    """A unique key of the database is taken."""


class Holdings:
    """`listeners` are told what happens, at once: webhooks are one of them. Metadata is asked of `metadata`
    only, so what the world changes is known here after a refresh and not before."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        name: str = "Lidarr",
        version: str = VERSION,
        root_folders: tuple[str, ...] = (ROOT_FOLDER,),
    ) -> None:
        self.world = world
        self.metadata = Metadata(world)
        self.clock = clock
        self.name = name
        self.version = version
        self.root_folders = root_folders
        self.started = clock()
        self.artists: dict[int, HeldArtist] = {}
        self.albums: dict[int, HeldAlbum] = {}
        self.tags: dict[int, str] = {}
        self.exclusions: dict[int, tuple[str, str]] = {}
        """(foreign id, name) by number."""
        self.lists: dict[int, ImportList] = {}
        self.notifications: dict[int, Notification] = {}
        self.history: list[HistoryRow] = []
        """Oldest first."""
        self.leftovers: set[str] = set()
        """Identifiers of which something is left in the database that nothing shows: adding one clashes with
        it, though every lookup is fine."""
        self.listeners: list[Callable[[Happening], None]] = []
        self._artist_ids: dict[str, int] = {}
        self._album_ids: dict[str, int] = {}
        self._albums_of: dict[int, list[int]] = defaultdict(list)
        self._last_id = 0

    def populate(self, library: Iterable[Owned]) -> None:
        """Takes in what was there before anyone asked: discographies, and files for what is held."""
        for owned in library:
            artist = self.add_artist(self.world.artists[owned.artist], AddOptions(), owned.added)
            self.refresh(artist)
            for mbid in sorted(mbid for mbid in owned.held if mbid not in self._album_ids):
                self.add_album(artist, self.world.albums[mbid], monitored=True, manual=True)
            for album in self.albums_of(artist.id):
                album.track_files = TRACKS_PER_ALBUM if album.mbid in owned.held else 0
                album.monitored &= album.mbid in owned.held or not owned.only_held

    def tell(self, happening: Happening) -> None:
        for listener in self.listeners:
            listener(happening)

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

    def add_artist(
        self, known: WorldArtist, options: AddOptions, added: datetime | None = None
    ) -> HeldArtist:
        if known.mbid in self._artist_ids or known.mbid in self.leftovers:
            raise AlreadyHeld(f"UNIQUE constraint failed: Artists.ArtistMetadataId ({known.mbid})")
        artist = HeldArtist(
            id=self.next_id(),
            known=known,
            options=options,
            monitored=options.monitored and options.monitor != "none",
            path=f"{options.root_folder_path.rstrip('/')}/{known.name}",
            added=added or self.clock(),
        )
        self.artists[artist.id] = artist
        self._artist_ids[known.mbid] = artist.id
        return artist

    def add_album(
        self, artist: HeldArtist, known: WorldAlbum, *, monitored: bool, manual: bool = False
    ) -> HeldAlbum:
        if known.mbid in self._album_ids or known.mbid in self.leftovers:
            raise AlreadyHeld(f"UNIQUE constraint failed: Albums.ForeignAlbumId ({known.mbid})")
        album = HeldAlbum(self.next_id(), known, artist.id, monitored, manual)
        self.albums[album.id] = album
        self._album_ids[known.mbid] = album.id
        self._albums_of[artist.id].append(album.id)
        return album

    def refresh(self, artist: HeldArtist) -> None:
        """What RefreshArtist does with one artist, and the scan after it. Trouble with the metadata ends the
        refresh and goes to Lidarr's log only; the scan comes all the same, and the first one applies what the
        artist was added with."""
        try:
            refreshed = self._refresh(artist)
        except MetadataTrouble:
            refreshed = artist
        if refreshed is None or refreshed.scanned:
            return
        refreshed.scanned = True
        options, held = refreshed.options, self.albums_of(refreshed.id)
        chosen: Set[str] = options.albums_to_monitor or _monitored_first(options.monitor, held)
        for album in held:
            album.monitored = album.mbid in chosen
        self.tell(ArtistAdded(refreshed))

    def _refresh(self, artist: HeldArtist) -> HeldArtist | None:
        """The artist under whom it went on; None: there is none any more."""
        try:
            known = self.metadata.artist(artist.mbid)
        except UnknownToMetadata:
            if any(album.track_files for album in self.albums_of(artist.id)):
                return artist
            self.delete_artist(artist, exclude=False, files=True)
            return None
        if known.mbid != artist.mbid and (other := self.find_artist(known.mbid)) is not None:
            for album in self.albums_of(artist.id):
                self._move(album, other)
            self.delete_artist(artist, exclude=False)
            artist = other
        del self._artist_ids[artist.mbid]
        artist.known = known
        self._artist_ids[known.mbid] = artist.id
        listed = {
            album.mbid: album
            for album in self.metadata.discography(known)
            if keeps(artist.options.metadata_profile_id, album) and not self.excludes(album.mbid)
        }
        for album in self.albums_of(artist.id):
            self._refresh_album(artist, album, listed)
        for album in listed.values():
            if album.mbid not in self._album_ids:
                wanted = artist.scanned and artist.options.monitor_new_items == "all"
                self.add_album(artist, album, monitored=wanted)
        return artist

    def _refresh_album(self, artist: HeldArtist, album: HeldAlbum, listed: dict[Mbid, WorldAlbum]) -> None:
        unwanted = not album.manual and not album.track_files
        try:
            known = self.metadata.album(album.mbid)
        except UnknownToMetadata:
            # Lidarr asks ShouldDelete before it deletes; what was added by name, or has files, stays.
            if unwanted:
                self.delete_album(album, exclude=False, files=True)
            return
        if unwanted and known.mbid not in listed:
            self.delete_album(album, exclude=False, files=True)
            return
        if known.mbid != album.mbid:
            twin = self.find_album(known.mbid)
            if twin is not None:
                twin.track_files = max(twin.track_files, album.track_files)
                self.delete_album(album, exclude=False)
                return
            del self._album_ids[album.mbid]
            self._album_ids[known.mbid] = album.id
        album.known = known
        if known.artist != artist.mbid:
            parent = self.find_artist(known.artist) or self.add_artist(
                self.metadata.artist(known.artist), replace(artist.options, monitored=artist.monitored)
            )
            self._move(album, parent)

    def _move(self, album: HeldAlbum, artist: HeldArtist) -> None:
        self._albums_of[album.artist_id].remove(album.id)
        album.artist_id = artist.id
        self._albums_of[artist.id].append(album.id)

    def set_monitored(self, album_ids: Iterable[int], monitored: bool) -> list[HeldAlbum]:
        changed = [self.albums[number] for number in album_ids if number in self.albums]
        for album in changed:
            album.monitored = monitored
        return changed

    def delete_artist(self, artist: HeldArtist, *, exclude: bool, files: bool = False) -> None:
        """With its albums and its history: Lidarr keeps no row of an artist it no longer has."""
        for number in self._albums_of.pop(artist.id, []):
            album = self.albums.pop(number)
            del self._album_ids[album.mbid]
        del self.artists[artist.id], self._artist_ids[artist.mbid]
        self.history = [row for row in self.history if row.artist_id != artist.id]
        if exclude:
            self.exclude(artist.mbid, artist.known.name)
        self.tell(ArtistDeleted(artist, files))

    def delete_album(self, album: HeldAlbum, *, exclude: bool, files: bool = False) -> None:
        self._albums_of[album.artist_id].remove(album.id)
        del self.albums[album.id], self._album_ids[album.mbid]
        if exclude:
            self.exclude(album.mbid, album.known.title)
        self.tell(AlbumDeleted(self.artists[album.artist_id], album, files))

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


def _monitored_first(monitor: str, held: list[HeldAlbum]) -> set[Mbid]:
    oldest_first = [album.mbid for album in sorted(held, key=lambda album: album.known.year or 0)]
    return {
        "all": set(oldest_first),
        "missing": {album.mbid for album in held if not album.track_files},
        "existing": {album.mbid for album in held if album.track_files},
        "first": set(oldest_first[:1]),
        "latest": set(oldest_first[-1:]),
    }.get(monitor, set())
