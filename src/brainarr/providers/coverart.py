"""The Cover Art Archive: covers by MusicBrainz identifier. https://musicbrainz.org/doc/Cover_Art_Archive/API"""

from brainarr.domain.media import MOST_BYTES, Picture
from brainarr.domain.music import Mbid
from brainarr.errors import MissingResource
from brainarr.http import PICTURES, Http, read_picture
from brainarr.settings.values import Section, WebAddress

OFFICIAL = "https://coverartarchive.org"


class CoverArtSettings(Section):
    base_url: WebAddress = OFFICIAL
    enabled: bool = True


def connect(settings: CoverArtSettings) -> Http:
    # The archive sends everybody on to one of archive.org's machines (307, 302). A mirror at home serves
    # itself.
    official = settings.base_url.rstrip("/") == OFFICIAL
    return Http(
        "coverart",
        settings.base_url,
        timeout=20.0,
        attempts=2,
        max_body=MOST_BYTES,
        public_only=official,
        follow_redirects_same_host=not official,
    )


class CoverArt:
    """pipeline.ports.AlbumPictures."""

    name = "coverart"
    kind = "coverart"

    def __init__(self, http: Http) -> None:
        self._http = http

    async def album_picture(self, mbid: Mbid, size: int) -> Picture | None:
        try:
            content = await self._http.get_bytes(f"release-group/{mbid}/front-{size}", accept=PICTURES)
        except MissingResource:
            return None
        return read_picture(self.name, content)

    async def check(self) -> str:
        # MusicBrainz's own example of a release group with a cover.
        found = await self.album_picture(Mbid("c31a5e2b-0bf8-32e0-8aeb-ef4ba9973932"), 250)
        return "answers" if found else "answers, but has no cover of its own example"
