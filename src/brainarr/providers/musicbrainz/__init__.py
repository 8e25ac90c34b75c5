"""MusicBrainz, the encyclopaedia: the catalogue, and one more source of similar artists.

https://musicbrainz.org/doc/MusicBrainz_API. Both ask through one paced client.
"""

from brainarr.providers.musicbrainz.catalogue import MOST_MATCHES, MusicBrainz
from brainarr.providers.musicbrainz.neighbours import MusicBrainzNeighbours
from brainarr.providers.musicbrainz.queries import search_query
from brainarr.providers.musicbrainz.releases import MusicBrainzReleases
from brainarr.providers.musicbrainz.settings import MusicBrainzSettings, connect

__all__ = [
    "MOST_MATCHES",
    "MusicBrainz",
    "MusicBrainzNeighbours",
    "MusicBrainzReleases",
    "MusicBrainzSettings",
    "connect",
    "search_query",
]
