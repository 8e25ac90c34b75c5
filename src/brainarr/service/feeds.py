"""Feeds: what Lidarr receives when it polls a list. A poll marks what it carried as delivered.

Lidarr loses a whole sync over one malformed row, so the rules are strict: canonical MBIDs only, album titles unique
by artist, at most 50 items, nothing that Lidarr has already.
"""

import msgspec

from brainarr.domain.music import Mbid
from brainarr.pipeline.ports import Clock
from brainarr.store.session import Database

CYCLE = 50
"""Items one poll receives at most: each new one costs Lidarr several metadata calls."""


class FeedAlbum(msgspec.Struct, frozen=True):
    artist_id: int
    """`FeedAlbumArtist.id`."""
    title: str
    """Unique within the artist: Lidarr drops the second of two albums with the same title."""
    mbid: Mbid


class FeedAlbumArtist(msgspec.Struct, frozen=True):
    id: int
    """Names the artist for good; not a Lidarr id."""
    name: str
    mbid: Mbid


async def artists_feed(db: Database, slug: str, *, clock: Clock) -> tuple[Mbid, ...]:
    """The Custom List's artists. Raises NotFound."""
    ...


async def albums_feed(db: Database, slug: str, *, clock: Clock) -> tuple[FeedAlbum, ...]:
    """The "Lidarr" list's first call. Raises NotFound."""
    ...


async def album_artists(db: Database, slug: str) -> tuple[FeedAlbumArtist, ...]:
    """Its second call: the artists of the albums just delivered, and those that the next call would deliver.

    A superset on purpose: an album whose artist is missing stops Lidarr's sync, an artist without album does not.
    Delivers nothing, because Lidarr's "Test" asks for this alone. Raises NotFound.
    """
    ...
