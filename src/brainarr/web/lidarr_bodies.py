"""What Lidarr's webhook sends, read once: its JSON → events.

https://wiki.servarr.com/lidarr/settings#connections names the events; Lidarr's own
NzbDrone.Core/Notifications/Webhook their bodies. Only what is read is named here, and all of it may be
missing: versions differ, and whoever has the key may send anything.
"""

from typing import Any

import msgspec

from brainarr.domain.lidarr_events import LidarrEvent, Told, download_key, key_of
from brainarr.domain.music import Mbid, parse_mbid
from brainarr.domain.names import clean_name

MOST_ALBUMS = 200
"""Of one body."""
MOST_TAGS = 64
LONGEST_NOTE = 300

_TOLD = {
    "Test": Told.TEST,
    "Grab": Told.GRABBED,
    "Download": Told.DOWNLOADED,
    "DownloadFailure": Told.DOWNLOAD_FAILED,
    "ImportFailure": Told.IMPORT_FAILED,
    "ArtistAdd": Told.ARTIST_ADDED,
    "ArtistDelete": Told.ARTIST_DELETED,
    "AlbumDelete": Told.ALBUM_DELETED,
}
"""The others are Rename, Retag, Health, HealthRestored and ApplicationUpdate: nothing that a recommendation
depends on. Of a failed download the body names no album; Lidarr's history, read right after it, does."""


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Common to all: camelCase on the wire, unknown members ignored."""


class Artist(Wire):
    name: str | None = None
    mb_id: str | None = None
    tags: tuple[str, ...] | None = None


class Album(Wire):
    mb_id: str | None = None
    title: str | None = None


class Release(Wire):
    release_title: str | None = None


class Body(Wire):
    event_type: str | None = None
    artist: Artist | None = None
    album: Album | None = None
    albums: tuple[Album, ...] | None = None
    release: Release | None = None
    release_title: str | None = None
    download_id: str | None = None
    download_client: str | None = None


_read_body = msgspec.json.Decoder(Body).decode
_read_anything = msgspec.json.Decoder(dict[str, Any]).decode


def events_of(body: bytes) -> tuple[LidarrEvent, ...]:
    """The events that one request tells, at least one: of several albums one each.

    Raises ValueError when it is no JSON object, or one that names no event.
    """
    try:
        read = _known(body)
    except RecursionError:
        raise ValueError("the body is nested too deep") from None
    word = clean_name(read.event_type or "")[:40]
    if not word:
        raise ValueError("the body names no eventType")
    told = _TOLD.get(word, Told.NOTHING_FOR_US)
    artist = parse_mbid(read.artist.mb_id) if read.artist else None
    common = LidarrEvent(
        told=told,
        key=key_of("body", body.hex()),
        word=word,
        artist=artist,
        artist_name=clean_name((read.artist and read.artist.name) or ""),
        note=_note(read),
        tags=tuple(clean_name(tag)[:100] for tag in _tags(read)[:MOST_TAGS]),
        by_hand=told is Told.DOWNLOADED and not read.download_id and not read.download_client,
    )
    albums = (*((read.album,) if read.album else ()), *(read.albums or ()))[:MOST_ALBUMS]
    if told is Told.TEST or not albums:
        return (common,)
    # One album may stand there twice.
    events = [_of_album(common, album, (read.download_id or "")[:200]) for album in albums]
    return tuple({event.key: event for event in events}.values())


def _known(body: bytes) -> Body:
    """A body whose members are not what they should be still names its event."""
    try:
        return _read_body(body)
    except msgspec.ValidationError:
        word = _read_anything(body).get("eventType")
        return Body(event_type=word if isinstance(word, str) else None)


def _of_album(common: LidarrEvent, album: Album, download: str) -> LidarrEvent:
    mbid: Mbid | None = parse_mbid(album.mb_id)
    key = (
        download_key(common.told, mbid, download)
        if mbid and download
        else key_of(common.key, mbid, album.title)
    )
    return msgspec.structs.replace(common, key=key, album=mbid, album_title=clean_name(album.title or ""))


def _note(read: Body) -> str:
    title = (read.release and read.release.release_title) or read.release_title or ""
    return clean_name(title[: 2 * LONGEST_NOTE])[:LONGEST_NOTE]


def _tags(read: Body) -> tuple[str, ...]:
    return (read.artist.tags or ()) if read.artist else ()
