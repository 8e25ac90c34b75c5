"""The pictures that Lidarr has of its own library, and those that its metadata names for everything else."""

from collections.abc import Iterator

from brainarr.domain.media import MOST_BYTES, Picture
from brainarr.domain.music import Mbid
from brainarr.errors import MissingResource, ProviderError
from brainarr.http import PICTURES, Http, Media, read_picture
from brainarr.providers.lidarr.failures import explained
from brainarr.providers.lidarr.resources import Image, Pictured
from brainarr.providers.lidarr.settings import LidarrSettings, connect

_OF_ARTIST = ("poster", "headshot", "fanart")
_OF_ALBUM = ("cover", "disc")
"""Lidarr's names for kinds of pictures, the best first."""


def connect_for_pictures(settings: LidarrSettings) -> Http:
    """As `connect`, within the bounds of a picture."""
    return connect(settings, timeout=min(settings.timeout, 20.0), attempts=1, max_body=MOST_BYTES)


class LidarrPictures:
    """pipeline.ports: AlbumPictures and ArtistPictures. `http` reaches Lidarr's API, `media` the rest."""

    name = "lidarr"

    def __init__(self, http: Http, media: Media) -> None:
        self._http = http
        self._media = media

    async def artist_picture(self, mbid: Mbid, artist: str | None, size: int) -> Picture | None:
        return await self._picture("artist", mbid, _OF_ARTIST, size)

    async def album_picture(self, mbid: Mbid, size: int) -> Picture | None:
        return await self._picture("album", mbid, _OF_ALBUM, size)

    async def _picture(self, noun: str, mbid: Mbid, kinds: tuple[str, ...], size: int) -> Picture | None:
        path = f"{noun}/lookup"
        with explained(self._http, path):
            rows = await self._http.get_json(path, {"term": f"lidarr:{mbid}"}, shape=list[Pictured])
        failure: ProviderError | None = None
        for row in rows[:1]:
            for image in _best_first(row, kinds):
                try:
                    if row.id and (found := await self._own(noun, row.id, image.cover_type, size)):
                        return found
                    if image.remote_url:
                        return await self._media.picture(image.remote_url)
                except MissingResource:
                    continue
                except ProviderError as error:
                    failure = error
        if failure is not None:
            raise failure
        return None

    async def _own(self, noun: str, number: int, kind: str, size: int) -> Picture | None:
        """Lidarr keeps it in 250 and 500 pixels, and answers with the whole one where it does not."""
        try:
            content = await self._http.get_bytes(
                f"MediaCover/{noun}/{number}/{kind}-{size}.jpg", accept=PICTURES
            )
            return read_picture(self.name, content)
        except ProviderError:
            # It may not have downloaded it yet; its metadata still says where it lies.
            return None


def _best_first(row: Pictured, kinds: tuple[str, ...]) -> Iterator[Image]:
    for kind in kinds:
        yield from (image for image in (row.images or ())[:50] if image.cover_type.lower() == kind)
