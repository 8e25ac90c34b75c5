"""iTunes Search, without an account: previews of recordings.

https://developer.apple.com/library/archive/documentation/AudioVideo/Conceptual/iTuneSearchAPI/
"""

from typing import Annotated

import msgspec
from pydantic import Field

from brainarr.domain.media import Sound
from brainarr.domain.names import clean_name, same_name, title_key
from brainarr.http import Http, Media
from brainarr.http.rows import read_rows
from brainarr.settings.values import Section, WebAddress

MOST_SONGS = 25


class ItunesSettings(Section):
    base_url: WebAddress = "https://itunes.apple.com"
    enabled: bool = True
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    """Whose shop is searched, in two capital letters (ISO 3166)."""


def connect(settings: ItunesSettings) -> Http:
    # About twenty calls a minute are allowed; a person who listens through a list makes a few at once.
    return Http("itunes", settings.base_url, requests_per_second=1.0, attempts=1, timeout=10.0)


class Itunes:
    """pipeline.ports.PreviewSource."""

    name = "itunes"
    kind = "itunes"

    def __init__(self, settings: ItunesSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._media = Media(self.name, settings.base_url)

    async def preview(self, artist: str, album: str | None) -> Sound | None:
        songs = await self._songs(f"{artist} {album or ''}")
        if album is not None and not any(_is_by(song, artist) for song in songs):
            songs = await self._songs(artist)
        mine = [song for song in songs if _is_by(song, artist)]
        wanted = title_key(album) if album else None
        of_album = [song for song in mine if wanted and title_key(song.collection_name) == wanted]
        best = next(iter(of_album or mine), None)
        return await self._media.sound(best.preview_url) if best else None

    async def check(self) -> str:
        return "answers" if await self._songs("Radiohead") else "answers, but finds nothing"

    async def _songs(self, term: str) -> "list[_Song]":
        params = {"term": clean_name(term), "media": "music", "entity": "song", "limit": MOST_SONGS}
        page = await self._http.get_json("search", params | {"country": self._settings.country}, shape=_Page)
        return read_rows(self.name, page.results, _Song, MOST_SONGS)


def _is_by(song: "_Song", artist: str) -> bool:
    return bool(song.preview_url) and same_name(song.artist_name, artist) is not None


class _Page(msgspec.Struct):
    results: list[msgspec.Raw]


class _Song(msgspec.Struct, rename="camel"):
    artist_name: str = ""
    collection_name: str = ""
    preview_url: str = ""
