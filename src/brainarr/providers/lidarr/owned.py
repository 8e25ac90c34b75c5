"""What Lidarr's artists and albums mean in our words. Texts and lists are bounded: they come from outside."""

import re
import sys
from hashlib import blake2b

from brainarr.domain.music import OwnedAlbum, OwnedArtist, parse_mbid
from brainarr.domain.names import NAME_LIMIT, clean_name
from brainarr.providers.lidarr.moments import in_utc
from brainarr.providers.lidarr.resources import Album, Artist, LastAlbum, Ratings, Statistics

MAX_GENRES = 32
MAX_GENRE = 64
MAX_TAGS = 64
MAX_FOLDER = 1_000

PLAIN = "Studio"
"""Lidarr's word for an album without any secondary type."""


NO_STATISTICS = Statistics()
NO_ALBUM = LastAlbum()
NO_RATINGS = Ratings()


class Shared:
    """What artists have in common, kept once: it saves memory, and the garbage collector the tracking."""

    MOST = 20_000

    def __init__(self) -> None:
        self._genres: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
        self._tags: dict[tuple[int, ...], tuple[int, ...]] = {(): ()}

    def genres(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """Lower-case, without blanks and empty ones, bounded."""
        known = self._genres.get(given)
        if known is None:
            spelt = (sys.intern(clean_name(genre).lower()[:MAX_GENRE]) for genre in given[:MAX_GENRES])
            known = tuple(genre for genre in spelt if genre)
            if len(self._genres) < self.MOST:
                self._genres[given] = known
        return known

    def tags(self, given: tuple[int, ...]) -> tuple[int, ...]:
        if len(self._tags) < self.MOST:
            return self._tags.setdefault(given, given[:MAX_TAGS])
        return self._tags.get(given, given[:MAX_TAGS])


def owned_artist(row: Artist, shared: Shared) -> OwnedArtist:
    statistics = row.statistics or NO_STATISTICS
    last_album = row.last_album or NO_ALBUM
    ratings = row.ratings or NO_RATINGS
    return OwnedArtist(
        id=row.id,
        name=_name(row.artist_name or ""),
        mbid=parse_mbid(row.foreign_artist_id),
        genres=shared.genres(row.genres or ()),
        rating=min(ratings.value, 10.0) if ratings.votes and ratings.value and ratings.value > 0 else None,
        added=in_utc(row.added),
        monitored=row.monitored is not False,
        tags=shared.tags(row.tags or ()),
        album_count=statistics.album_count or 0,
        track_files=statistics.track_file_count or 0,
        last_release_year=year_of(last_album.release_date),
        fingerprint=_fingerprint(statistics, last_album),
        folder=(row.path or "")[:MAX_FOLDER],
        gone=row.status == "deleted",
    )


def owned_album(row: Album) -> OwnedAlbum:
    return OwnedAlbum(
        id=row.id,
        title=_name(row.title or ""),
        mbid=parse_mbid(row.foreign_album_id),
        year=year_of(row.release_date),
        kind=(row.album_type or "other").lower()[:MAX_GENRE],
        secondary_kinds=tuple(
            kind.lower()[:MAX_GENRE] for kind in (row.secondary_types or ())[:MAX_GENRES] if kind != PLAIN
        ),
        monitored=row.monitored is True,
        track_files=(row.statistics or NO_STATISTICS).track_file_count or 0,
        released=day_of(row.release_date),
    )


def year_of(date: str | None) -> int | None:
    """The year of an ISO date; None where there is none, also for .NET's year 1 (its "unknown")."""
    if date is None or not (year := date[:4]).isdecimal() or not year.isascii():
        return None
    return int(year) if int(year) > 1 else None


def day_of(date: str | None) -> str | None:
    """The day of an ISO date; None where there is none. Lidarr gives the first of January for a bare year."""
    if date is None or year_of(date) is None or not re.match(r"\d{4}-\d\d-\d\d(?!\d)", date, re.ASCII):
        return None
    return date[:10]


def _name(text: str) -> str:
    # Almost every name is printable; cleaning all 50,000 would cost as much as reading them.
    return text if len(text) <= NAME_LIMIT and text.isprintable() else clean_name(text)


def _fingerprint(statistics: Statistics, last_album: LastAlbum) -> int:
    """63 bits over statistics and last album: the same in every process, and fit for a signed column."""
    text = (
        f"{statistics.album_count} {statistics.track_file_count} {statistics.track_count} "
        f"{statistics.total_track_count} {statistics.size_on_disk} "
        f"{last_album.foreign_album_id} {last_album.release_date}"
    )
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()) >> 1
