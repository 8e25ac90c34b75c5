"""Deezer, without an account: related artists, which albums listeners love, pictures of artists, previews.

https://developers.deezer.com/api
"""

from typing import Annotated

import msgspec
from pydantic import Field

from brainarr.domain.media import Picture, Sound
from brainarr.domain.music import CatalogArtist, Mbid
from brainarr.domain.names import clean_name, same_name, title_key
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnreadableAnswer,
)
from brainarr.http import Http, Media, Params
from brainarr.http.rows import Count, read_rows
from brainarr.settings.values import Section, WebAddress

MOST_MATCHES = 25
MOST_RELATED = 100
MOST_ALBUMS = 100
MOST_TRACKS = 25
DWARFS = 20
"""One of several namesakes is the one meant when it has this many times the fans of all others together."""


class DeezerSettings(Section):
    base_url: WebAddress = "https://api.deezer.com"
    enabled: bool = True
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 8.0
    """The public server allows 50 in 5 seconds; more is for a stand-in."""


def connect(settings: DeezerSettings) -> Http:
    return Http("deezer", settings.base_url, requests_per_second=settings.requests_per_second)


class Deezer:
    """A similarity source (pipeline.ports.CandidateSource), and album charts (AlbumCharts) by fans.

    Also ArtistPictures and PreviewSource.
    """

    name = "deezer"
    kind = "deezer"
    weight = 0.7
    allowance = None

    def __init__(self, settings: DeezerSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._media = Media(self.name, settings.base_url)

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        artist = await self._find(seed.name)
        if artist is None:
            return ()
        rows = await self._rows(f"artist/{artist.id}/related", {"limit": MOST_RELATED})
        found: dict[str, _Artist] = {}
        for row in read_rows(self.name, rows, _Artist, MOST_RELATED):
            name = clean_name(row.name)
            if name and same_name(name, seed.name) is None:
                found.setdefault(name, row)
        return tuple(
            Candidate(artist=name, source=self.name, rank=rank, seed=seed.mbid, popularity=row.nb_fan or None)
            for rank, (name, row) in enumerate(found.items(), start=1)
        )

    async def favourites(self, artist: CatalogArtist) -> tuple[str, ...]:
        meant = await self._find(artist.name)
        if meant is None:
            return ()
        rows = await self._rows(f"artist/{meant.id}/albums", {"limit": MOST_ALBUMS})
        albums = [
            row for row in read_rows(self.name, rows, _Album, MOST_ALBUMS) if row.record_type != "single"
        ]
        loved = sorted((row for row in albums if row.fans), key=lambda row: -(row.fans or 0))
        return tuple(dict.fromkeys(title for row in loved if (title := clean_name(row.title))))

    async def artist_picture(self, mbid: Mbid, artist: str | None, size: int) -> Picture | None:
        meant = await self._find(artist) if artist else None
        address = (meant.picture_medium if size <= 250 else meant.picture_big) if meant else ""
        # Without a fingerprint in its address it is the silhouette that stands for nobody.
        return await self._media.picture(address) if address and "/artist//" not in address else None

    async def preview(self, artist: str, album: str | None) -> Sound | None:
        # The addresses are signed and expire within hours, so they are asked for anew each time.
        track = await self._track_of(artist, album) if album else None
        if track is None and (meant := await self._find(artist)):
            track = next(iter(await self._tracks(f"artist/{meant.id}/top", {"limit": MOST_TRACKS})), None)
        return await self._media.sound(track.preview) if track else None

    async def _track_of(self, artist: str, album: str) -> "_Track | None":
        def quoted(text: str) -> str:
            return clean_name(text).replace('"', " ")

        query = f'artist:"{quoted(artist)}" album:"{quoted(album)}"'
        for track in await self._tracks("search", {"q": query, "limit": MOST_TRACKS}):
            if same_name(track.artist.name, artist) is None:
                continue
            if title_key(track.album.title) == title_key(album):
                return track
        return None

    async def _tracks(self, path: str, params: Params) -> "list[_Track]":
        rows = read_rows(self.name, await self._rows(path, params), _Track, MOST_TRACKS)
        return [row for row in rows if row.preview]

    async def check(self) -> str:
        rows = await self._rows("search/artist", {"q": "Radiohead", "limit": 1})
        return "answers" if rows else "answers, but finds nobody"

    async def _find(self, name: str) -> "_Artist | None":
        """The artist of exactly this name; None when there is none, or several and no one dwarfs the others.

        Deezer has no MBIDs and many namesakes and impostors, so likeness or the first hit is never enough.
        """
        rows = await self._rows("search/artist", {"q": clean_name(name), "limit": MOST_MATCHES})
        tiers: dict[int, dict[int, _Artist]] = {}
        for row in read_rows(self.name, rows, _Artist, MOST_MATCHES):
            tier = same_name(name, row.name)
            if tier is not None:
                tiers.setdefault(tier, {})[row.id] = row
        if not tiers:
            return None
        first, *others = sorted(tiers[min(tiers)].values(), key=lambda row: -(row.nb_fan or 0))
        clear = (first.nb_fan or 0) >= DWARFS * sum(row.nb_fan or 0 for row in others)
        return first if not others or (clear and first.nb_fan) else None

    async def _rows(self, path: str, params: Params) -> list[msgspec.Raw]:
        try:
            answer = await self._http.get_json(path, params, shape=_Page)
        except MissingResource:
            return []
        if answer.error is not None:
            if answer.error.code == _NO_DATA:
                return []
            raise _fault(answer.error)
        if answer.data is None:
            raise UnreadableAnswer(self.name, "the answer holds neither data nor an error.")
        return answer.data


class _Error(msgspec.Struct):
    code: int
    message: str = ""


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    error: _Error | None = None


class _Artist(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    name: str
    nb_fan: Count | None = None
    picture_medium: str = ""
    """250 pixels."""
    picture_big: str = ""
    """500 pixels."""


class _Named(msgspec.Struct):
    name: str = ""
    title: str = ""


class _Track(msgspec.Struct):
    preview: str = ""
    """Address of thirty seconds of MP3; empty where Deezer may not play it."""
    artist: _Named = msgspec.field(default_factory=_Named)
    album: _Named = msgspec.field(default_factory=_Named)


class _Album(msgspec.Struct):
    title: str
    record_type: str = "album"
    fans: Count | None = None


# Deezer reports failures with status 200: https://developers.deezer.com/api/errors
_NO_DATA = 800
_QUOTA = 4
_BUSY = 700


def _fault(error: _Error) -> ProviderError:
    said = f"{clean_name(error.message)[:100] or 'error'} (code {error.code})."
    if error.code == _QUOTA:
        return ProviderUnavailable("deezer", said, retry_after=5.0)  # its window is 5 seconds long
    if error.code == _BUSY:
        return ProviderUnavailable("deezer", said)
    return ProviderRejected("deezer", said, remedy="Check deezer.base_url, or set deezer.enabled to false.")
