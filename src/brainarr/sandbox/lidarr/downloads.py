"""What indexers and the download client bring about. A sandbox has neither: the caller is both."""

from collections.abc import Mapping
from uuid import uuid4

from brainarr.sandbox.lidarr.held import (
    TRACKS_PER_ALBUM,
    DownloadFailed,
    Grabbed,
    HeldAlbum,
    HistoryRow,
    Imported,
    ImportFailed,
)
from brainarr.sandbox.lidarr.holdings import Holdings

CLIENT = "Sandbox"
_GROUP = {"releaseGroup": "SANDBOX"}
_SIZE = str(30 * 2**20)


def grab(holdings: Holdings, album: HeldAlbum) -> str:
    """A release of it is found and handed to the download client; its download id."""
    download_id = uuid4().hex.upper()
    data = {"indexer": "Sandbox", "downloadClient": CLIENT, "protocol": "1", "size": _SIZE} | _GROUP
    _note(holdings, "grabbed", album, release_title(holdings, album), download_id, data)
    artist = holdings.artists[album.artist_id]
    holdings.tell(Grabbed(artist, album, download_id, release_title(holdings, album)))
    return download_id


def import_(holdings: Holdings, album: HeldAlbum, download_id: str) -> None:
    """The download is complete: its files are the album's now, in place of those it had."""
    artist, replaced = holdings.artists[album.artist_id], album.track_files
    title = release_title(holdings, album)
    if replaced:
        lose_files(holdings, album, "Upgrade")
    album.track_files = TRACKS_PER_ALBUM
    for number in range(1, TRACKS_PER_ALBUM + 1):
        path = f"{artist.path}/{album.known.title}/{number:02}.flac"
        data = {"importedPath": path, "downloadClient": CLIENT, "size": _SIZE} | _GROUP
        _note(holdings, "trackFileImported", album, title, download_id, data, number)
    _note(holdings, "downloadImported", album, title, download_id, _GROUP)
    holdings.tell(Imported(artist, album, download_id, replaced))


def fail(holdings: Holdings, album: HeldAlbum, download_id: str, message: str = "Aborted") -> None:
    """The download client gave up."""
    title = release_title(holdings, album)
    data = {"downloadClient": CLIENT, "message": message, "size": _SIZE} | _GROUP
    _note(holdings, "downloadFailed", album, title, download_id, data)
    holdings.tell(DownloadFailed(holdings.artists[album.artist_id], download_id, title))


def import_incomplete(holdings: Holdings, album: HeldAlbum, download_id: str) -> None:
    """Some files could not be matched: nothing is taken over, and a person has to look."""
    title = release_title(holdings, album)
    data = {"statusMessages": "[]"} | _GROUP
    _note(holdings, "albumImportIncomplete", album, title, download_id, data)
    holdings.tell(ImportFailed(holdings.artists[album.artist_id], download_id))


def lose_files(holdings: Holdings, album: HeldAlbum, reason: str = "Manual") -> None:
    """Its files go. `reason` is Lidarr's word: Manual, MissingFromDisk, Upgrade. No webhook tells of it."""
    artist = holdings.artists[album.artist_id]
    for number in range(1, album.track_files + 1):
        path = f"{artist.path}/{album.known.title}/{number:02}.flac"
        data = {"reason": reason, "size": _SIZE} | _GROUP
        _note(holdings, "trackFileDeleted", album, path, None, data, number)
    album.track_files = 0


def release_title(holdings: Holdings, album: HeldAlbum) -> str:
    artist = holdings.artists[album.artist_id].known
    year = f"-{album.known.year}" if album.known.year else ""
    return f"{artist.name}-{album.known.title}-WEB-FLAC{year}-SANDBOX".replace(" ", ".")


def _note(
    holdings: Holdings,
    event_type: str,
    album: HeldAlbum,
    title: str,
    download_id: str | None,
    data: Mapping[str, str],
    track: int = 0,
) -> None:
    holdings.history.append(
        HistoryRow(
            id=holdings.next_id(),
            event_type=event_type,
            date=holdings.clock(),
            artist_id=album.artist_id,
            album_id=album.id,
            source_title=title,
            download_id=download_id,
            data=tuple(data.items()),
            track=track,
        )
    )
