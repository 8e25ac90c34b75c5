"""Lidarr's task ImportListSync: which lists are due, what their rows do, what a failure costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from brainarr.sandbox import importlists
from brainarr.sandbox.importlists import ListItem
from brainarr.sandbox.lidarr.backoff import record_failure, record_success
from brainarr.sandbox.lidarr.held import AddOptions, HeldAlbum, HeldArtist, ImportList
from brainarr.sandbox.lidarr.holdings import AlreadyHeld, Holdings
from brainarr.sandbox.lidarr.metadata import MetadataTrouble, UnknownToMetadata
from brainarr.sandbox.world import WorldArtist

MIN_REFRESH = {"CustomImport": timedelta(hours=6), "LidarrImport": timedelta(minutes=15)}


@dataclass(frozen=True)
class Synced:
    """How one ImportListSync command went. `failure` is the exception that ended it, if one did."""

    items: int = 0
    artists: int = 0
    albums: int = 0
    failure: str | None = None
    fetch_failures: tuple[str, ...] = ()
    """Of single lists; the command completes all the same."""
    fetched: tuple[int, ...] = ()
    """The lists that were due."""
    lacked: tuple[str, ...] = ()
    """Identifiers of what was on them and not in the library: each costs the metadata server questions."""

    @property
    def message(self) -> str:
        return self.failure or (
            f"Import List Sync Completed. Items found: {self.items}, "
            f"Artists added: {self.artists}, Albums added: {self.albums}"
        )


async def sync(holdings: Holdings, list_id: int | None = None) -> Synced:
    """One list at once, whatever its gate says; or, without `list_id`, all that are due."""
    now = holdings.clock()
    if list_id is not None:
        due = [definition for definition in [holdings.lists[list_id]] if definition.enable_automatic_add]
    else:
        due = [definition for definition in holdings.lists.values() if is_due(definition, now)]
    items: list[ListItem] = []
    fetch_failures = []
    for definition in due:
        fetched = await importlists.fetch(definition, holdings.version)
        definition.last_sync = now  # stamped even when the fetch failed
        if fetched.failure is None:
            record_success(definition)
        else:
            record_failure(definition, now, holdings.started)
            fetch_failures.append(f"{definition.name}: {fetched.failure}")
        items += fetched.items
    items = importlists.distinct(items, holdings.version)
    synced = Synced(
        items=len(items),
        fetch_failures=tuple(fetch_failures),
        fetched=tuple(definition.id for definition in due),
        lacked=_lacking(holdings, items),
    )
    try:
        artists, albums = process(holdings, items)
    except (MetadataTrouble, AlreadyHeld) as error:
        return replace(synced, failure=str(error))
    return replace(synced, artists=artists, albums=albums)


def is_due(definition: ImportList, now: datetime) -> bool:
    if not definition.enable_automatic_add:
        return False
    if definition.blocked_until is not None and definition.blocked_until > now:
        return False
    return (
        definition.last_sync is None or definition.last_sync + MIN_REFRESH[definition.implementation] <= now
    )


def _lacking(holdings: Holdings, items: Sequence[ListItem]) -> tuple[str, ...]:
    found = [
        item.album_mbid or item.artist_mbid or ""
        for item in items
        if not holdings.excludes(item.album_mbid or "") and not holdings.excludes(item.artist_mbid or "")
    ]
    held = (holdings.find_album(mbid) or holdings.find_artist(mbid) for mbid in found)
    return tuple(mbid for mbid, there in zip(found, held, strict=True) if mbid and there is None)


def process(holdings: Holdings, items: Sequence[ListItem]) -> tuple[int, int]:
    """Artists and albums added. Raises MetadataTrouble or AlreadyHeld, which end Lidarr's command."""
    new_artists: list[tuple[ListItem, AddOptions]] = []
    new_albums: dict[str, tuple[ListItem, AddOptions]] = {}
    for item in items:
        definition = holdings.lists[item.list_id]
        if item.album_mbid:
            if holdings.excludes(item.album_mbid) or holdings.excludes(item.artist_mbid or ""):
                continue
            album = holdings.find_album(item.album_mbid)
            if album is not None:
                _monitor_existing(holdings, definition, holdings.artists[album.artist_id], album)
            elif item.album_mbid not in new_albums:
                new_albums[item.album_mbid] = (item, _album_options(definition, item, new_albums))
        elif item.artist_mbid:
            artist = holdings.find_artist(item.artist_mbid)
            if holdings.excludes(item.artist_mbid):
                continue
            if artist is not None:
                _monitor_existing(holdings, definition, artist, None)
            elif all(item.artist_mbid != listed.artist_mbid for listed, _ in new_artists):
                new_artists.append((item, _artist_options(definition)))
    added = _add_artists(holdings, new_artists)
    albums = [
        album for item, options in new_albums.values() if (album := _add_album(holdings, item, options))
    ]
    # Lidarr queues BulkRefreshArtist only when everything before went well.
    for number in dict.fromkeys([artist.id for artist in added] + [album.artist_id for album in albums]):
        if number in holdings.artists:
            holdings.refresh(holdings.artists[number])
    return len(added), len(albums)


def _monitor_existing(
    holdings: Holdings, definition: ImportList, artist: HeldArtist, album: HeldAlbum | None
) -> None:
    if not definition.should_monitor_existing or definition.should_monitor == "none":
        return
    artist.monitored = True
    if definition.should_monitor == "entireArtist":
        holdings.set_monitored([held.id for held in holdings.albums_of(artist.id)], True)
    elif album is not None:
        album.monitored = True


def _artist_options(definition: ImportList) -> AddOptions:
    wanted = definition.should_monitor != "none"
    return replace(
        definition.options, monitored=wanted, monitor="all" if wanted else "none", albums_to_monitor=set()
    )


def _album_options(
    definition: ImportList, item: ListItem, listed: dict[str, tuple[ListItem, AddOptions]]
) -> AddOptions:
    """Albums of one new artist share their options, so that all the listed ones come in monitored."""
    options = next(
        (options for other, options in listed.values() if other.artist_mbid == item.artist_mbid), None
    ) or _artist_options(definition)
    if definition.should_monitor == "specificAlbum" and item.album_mbid:
        options.albums_to_monitor.add(item.album_mbid)
    return options


def _add_artists(holdings: Holdings, wanted: Sequence[tuple[ListItem, AddOptions]]) -> list[HeldArtist]:
    """All or none: one failed answer of the metadata server loses the batch; a 404 only its own item."""
    known: dict[str, tuple[WorldArtist, AddOptions]] = {}
    for item, options in wanted:
        try:
            artist = holdings.metadata.artist(item.artist_mbid or "")
        except UnknownToMetadata:
            continue
        known.setdefault(artist.mbid, (artist, options))
    for artist, _ in known.values():
        if holdings.find_artist(artist.mbid) is not None or artist.mbid in holdings.leftovers:
            raise AlreadyHeld(f"UNIQUE constraint failed: Artists.ArtistMetadataId ({artist.mbid})")
    return [holdings.add_artist(artist, options) for artist, options in known.values()]


def _add_album(holdings: Holdings, item: ListItem, options: AddOptions) -> HeldAlbum | None:
    try:
        known = holdings.metadata.album(item.album_mbid or "")
    except UnknownToMetadata:
        return None
    artist = holdings.find_artist(known.artist)
    if artist is None:
        artist = holdings.add_artist(holdings.metadata.artist(known.artist), options)
    return holdings.add_album(artist, known, monitored=options.monitored, manual=True)
