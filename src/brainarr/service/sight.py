"""A library as recommendations are looked up in it: listed, monitored, with files, excluded."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.domain.presence import Seen
from brainarr.store import exclusions
from brainarr.store import library as snapshot
from brainarr.store.presence import StandingRow


class Sight(msgspec.Struct, frozen=True):
    """A library as recommendations are looked up in it."""

    library: Library
    owned: Mapping[Mbid | None, OwnedArtist]
    current: frozenset[int]
    """Artists whose albums are known as they are now."""
    excluded: frozenset[Mbid]
    sure: bool

    def __call__(self, artist: Mbid, group: Mbid | None) -> Seen:
        held = self.owned.get(artist)
        excluded = artist in self.excluded or group in self.excluded
        if held is None:
            return Seen(listed=False, excluded=excluded)
        if group is None:
            return Seen(True, held.monitored, held.track_files, excluded)
        if held.id not in self.current:
            return Seen(None, excluded=excluded)
        albums = self.library.albums.get(held.id, ())
        album = next((album for album in albums if album.mbid == group), None)
        if album is None:
            return Seen(False, excluded=excluded)
        return Seen(True, album.monitored, album.track_files, excluded)

    def is_ours(self, artist: Mbid) -> bool:
        """Whether Lidarr's artist has the tag that we give what we add."""
        held = self.owned.get(artist)
        return held is not None and self.library.own_tag is not None and self.library.own_tag in held.tags


async def read_sight(
    connection: AsyncConnection,
    library: Library,
    standings: Sequence[StandingRow],
    instance: str,
    *,
    unread: Collection[int],
    sure: bool,
) -> Sight:
    """Of all that these recommendations are about. `unread`: artists whose albums could not be read now."""
    wanted = {row.artist for row in standings}
    owned = {artist.mbid: artist for artist in library.artists if artist.mbid in wanted}
    with_albums = {row.artist for row in standings if row.group}
    asked = [artist for mbid, artist in owned.items() if mbid in with_albums]
    current = await snapshot.with_current_albums(connection, instance, asked)
    # What we wrote and are about to lift is nobody's wish any more.
    excluded = library.exclusions - await exclusions.being_lifted(connection, instance)
    return Sight(library, owned, current - frozenset(unread), excluded, sure)
