"""Lidarr's history since a moment, as events: what was grabbed, came in, failed, was deleted.

https://lidarr.audio/docs/api/#/History. No row is written when an artist or album is added or deleted, and
the rows of a deleted artist are deleted with it.
"""

from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from brainarr.domain.lidarr_events import LidarrEvent, Told, download_key, key_of
from brainarr.domain.music import parse_mbid
from brainarr.domain.names import clean_name
from brainarr.providers.lidarr.moments import in_utc
from brainarr.providers.lidarr.reading import read_rows
from brainarr.providers.lidarr.resources import BareHistoryRow, HistoryRow

LONGEST_NOTE = 300
MOST_EVENTS = 20_000
"""Of one reading: what is later comes with the next."""

# What is renamed, tagged anew or ignored changes nothing of what the library holds.
_TOLD = {
    "grabbed": Told.GRABBED,
    "trackFileImported": Told.DOWNLOADED,
    "downloadImported": Told.DOWNLOADED,
    "downloadFailed": Told.DOWNLOAD_FAILED,
    "albumImportIncomplete": Told.IMPORT_FAILED,
    "trackFileDeleted": Told.FILES_DELETED,
}


async def read_history(chunks: AsyncIterable[bytes], provider: str = "lidarr") -> tuple[LidarrEvent, ...]:
    """The answer to `GET /history/since`, oldest first; one event where several rows tell the same, such as
    each track of a download. Raises UnreadableAnswer."""
    events: dict[str, LidarrEvent] = {}
    async with aclosing(read_rows(chunks, HistoryRow, BareHistoryRow, provider)) as groups:
        async for rows in groups:
            for event in _events(rows):
                if len(events) < MOST_EVENTS:
                    events.setdefault(event.key, event)
    return tuple(sorted(events.values(), key=_when))


def _when(event: LidarrEvent) -> datetime:
    return event.at or datetime.min.replace(tzinfo=UTC)


def _events(rows: list[HistoryRow]) -> Iterator[LidarrEvent]:
    for row in rows:
        told = _TOLD.get(row.event_type if isinstance(row.event_type, str) else "")
        at = in_utc(row.date)
        if told is not None and at is not None and (event := _event(row, told, at)):
            yield event


def _event(row: HistoryRow, told: Told, at: datetime) -> LidarrEvent | None:
    artist = parse_mbid(row.artist.foreign_artist_id) if row.artist else None
    album = parse_mbid(row.album.foreign_album_id) if row.album else None
    said = {name.lower(): value for name, value in (row.data or {}).items() if isinstance(value, str)}
    if told is Told.FILES_DELETED and said.get("reason", "").lower() == "upgrade":
        # A better file came in its place.
        return None
    download = (row.download_id or "")[:200]
    if album and download:
        key = download_key(told, album, download)
    elif album:
        # Each track has its row: those of one hour are one event.
        key = key_of("history", told, album, f"{at:%Y-%m-%dT%H}")
    else:
        key = key_of("history", row.id, told, at.isoformat())
    return LidarrEvent(
        told=told,
        key=key,
        word=str(row.event_type)[:40],
        at=at,
        artist=artist,
        artist_name=clean_name((row.artist and row.artist.artist_name) or ""),
        album=album,
        album_title=clean_name((row.album and row.album.title) or ""),
        note=_note(row, told, said),
        by_hand=told is Told.DOWNLOADED and not download and not said.get("downloadclient"),
    )


def _note(row: HistoryRow, told: Told, said: Mapping[str, Any]) -> str:
    if told is Told.FILES_DELETED or row.event_type == "trackFileImported":
        # Of these the title is a path on somebody's disk.
        return ""
    title = clean_name((row.source_title or "")[: 2 * LONGEST_NOTE])
    why = clean_name(said.get("message", "")[: 2 * LONGEST_NOTE])
    return (f"{title}: {why}" if why and title else title or why)[:LONGEST_NOTE]
