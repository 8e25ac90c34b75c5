"""What artists have brought out lately, many of them in one question."""

from collections.abc import Mapping, Sequence
from datetime import date

from brainarr.domain.music import Mbid, ReleaseGroup, parse_mbid
from brainarr.http import Http
from brainarr.http.rows import read_rows
from brainarr.providers.musicbrainz.queries import released_query
from brainarr.providers.musicbrainz.rows import FoundGroups, GroupRow, release_group

PAGE = 100
MOST_PAGES = 5
"""Forty artists bring out some twenty albums a year; one who brings out hundreds must not stop the others."""


class MusicBrainzReleases:
    """The search index asked for the albums of a year (pipeline.ports.ReleaseCalendar).

    A look-up for each artist would take a second of each: a library of 5,000 artists is asked about with 125
    questions. The index lags behind the catalogue by some hours.
    """

    name = "musicbrainz"
    kind = "musicbrainz"
    most = 40
    """Some 1,800 characters of address; servers take 8,000."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def released_since(
        self, artists: Sequence[Mbid], day: date
    ) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        found: dict[Mbid, dict[Mbid, ReleaseGroup]] = {mbid: {} for mbid in artists}
        query, offset = released_query(artists, day), 0
        for _ in range(MOST_PAGES if artists else 0):
            params = {"query": query, "limit": PAGE, "offset": offset, "fmt": "json"}
            page = await self._http.get_json("release-group", params, shape=FoundGroups)
            for row in read_rows(self.name, page.groups, GroupRow, PAGE):
                credited = (parse_mbid(one.artist.id) for one in row.credit or ())
                # The first of them that was asked about: an album of two owned artists is proposed once.
                by = next((mbid for mbid in credited if mbid in found), None)
                if by is not None and (album := release_group(row, by)) is not None:
                    found[by][album.mbid] = album
            offset += len(page.groups)
            if not page.groups or offset >= page.count:
                break
        return {mbid: tuple(albums.values()) for mbid, albums in found.items()}
