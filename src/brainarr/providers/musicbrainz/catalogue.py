"""The catalogue that says what exists: searches, look-ups, discographies."""

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.errors import MissingResource, UnreadableAnswer
from brainarr.http import Http
from brainarr.http.rows import read_rows
from brainarr.providers.musicbrainz.queries import search_query
from brainarr.providers.musicbrainz.rows import (
    ArtistRow,
    GroupRow,
    GroupRows,
    Matches,
    catalog_artist,
    release_group,
)
from brainarr.providers.musicbrainz.settings import MusicBrainzSettings

MOST_MATCHES = 25
PAGE = 100
MOST_PAGES = 5
"""Of 100 release groups each: a second per page, and only composers and bootlegged giants have more."""


class MusicBrainz:
    """The catalogue (pipeline.ports.Catalog)."""

    name = "musicbrainz"
    kind = "musicbrainz"

    def __init__(self, settings: MusicBrainzSettings, http: Http) -> None:
        self._settings = settings
        self._http = http

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        query = search_query(name)
        if not query:
            return ()
        answer = await self._http.get_json(
            "artist", {"query": query, "limit": MOST_MATCHES, "fmt": "json"}, shape=Matches
        )
        rows = read_rows(self.name, answer.artists, ArtistRow, MOST_MATCHES)
        return tuple(artist for row in rows if (artist := catalog_artist(row)) is not None)

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        try:
            row = await self._http.get_json(
                f"artist/{mbid}", {"inc": "aliases genres tags", "fmt": "json"}, shape=ArtistRow
            )
        except MissingResource:
            return None
        found = catalog_artist(row)
        if found is None:
            raise UnreadableAnswer(self.name, f"the artist it gave for {mbid} has no name or no MBID.")
        return found

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        found: dict[Mbid, ReleaseGroup] = {}
        offset = 0
        for _ in range(MOST_PAGES):
            page = await self._page(artist, offset)
            for row in read_rows(self.name, page.groups, GroupRow, PAGE):
                if (album := release_group(row, artist)) is not None:
                    found[album.mbid] = album
            offset += len(page.groups)
            if not page.groups or offset >= page.count:
                break
        return tuple(sorted(found.values(), key=lambda album: (album.year or 9999, album.title)))

    async def check(self) -> str:
        await self.find_artists("Radiohead")
        pace = f"{self._settings.requests_per_second:g} requests a second"
        contact = "" if self._settings.contact else "; set musicbrainz.contact so that it can reach you"
        return f"answers, asked at most {pace}{contact}"

    async def _page(self, artist: Mbid, offset: int) -> GroupRows:
        params = {
            "artist": artist,
            "type": "album|ep",
            "release-group-status": "website-default",  # without what exists as a bootleg only
            "inc": "ratings genres tags",
            "limit": PAGE,
            "offset": offset,
            "fmt": "json",
        }
        try:
            return await self._http.get_json("release-group", params, shape=GroupRows)
        except MissingResource:
            return GroupRows(count=0, groups=[])
