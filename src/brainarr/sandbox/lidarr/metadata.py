"""The metadata server behind a Lidarr: it knows, it does not know, it is not ready, it is in trouble."""

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist


class UnknownToMetadata(Exception):
    """404: no such artist or album."""


class MetadataTrouble(Exception):
    """400 for a malformed identifier, or 5xx: Lidarr lets it break the whole command."""

    def __init__(self, status: int, path: str) -> None:
        super().__init__(f"HTTP request failed: [{status}] [GET] at [metadata/{path}]")
        self.status = status


class Metadata:
    """`failing` is the status of all answers while the server is in trouble; `broken` names bad ids; `cold`
    names those that it must fetch first: the first question about each is answered 503."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failing: int | None = None
        self.broken: set[Mbid] = set()
        self.cold: set[Mbid] = set()

    def artist(self, foreign_id: str) -> WorldArtist:
        """Canonical, also when a retired identifier is asked for."""
        artist = self.world.artist(self._accept("artist", foreign_id))
        if artist is None:
            raise UnknownToMetadata(foreign_id)
        return artist

    def album(self, foreign_id: str) -> WorldAlbum:
        album = self.world.album(self._accept("album", foreign_id))
        if album is None:
            raise UnknownToMetadata(foreign_id)
        return album

    def discography(self, artist: WorldArtist) -> list[WorldAlbum]:
        """Comes with the answer about the artist: no further question."""
        return self.world.discography(artist.mbid)

    def _accept(self, kind: str, foreign_id: str) -> Mbid:
        mbid = parse_mbid(foreign_id)
        if self.failing is not None or mbid in self.broken:
            raise MetadataTrouble(self.failing or 500, f"{kind}/{foreign_id}")
        if mbid is None:
            raise MetadataTrouble(400, f"{kind}/{foreign_id}")
        if mbid in self.cold:
            self.cold.discard(mbid)
            raise MetadataTrouble(503, f"{kind}/{foreign_id}")
        return mbid
