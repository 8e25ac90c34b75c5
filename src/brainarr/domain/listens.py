"""What a person listened to, put to the artists they own."""

from collections.abc import Iterable

import msgspec

from brainarr.domain.music import Library, Mbid, Plays
from brainarr.domain.names import Tier, name_keys


def with_plays(library: Library, plays: Iterable[Plays]) -> Library:
    """`library` with the plays of its artists, found by identifier, else by exact name.

    Scrobbles usually go to several services at once, so of two counts for one artist the larger one counts.
    """
    by_mbid: dict[Mbid, int] = {}
    by_name: dict[str, int] = {}
    for heard in plays:
        if heard.mbid is not None:
            by_mbid[heard.mbid] = max(heard.listens, by_mbid.get(heard.mbid, 0))
        name = name_keys(heard.name)[Tier.EXACT]
        by_name[name] = max(heard.listens, by_name.get(name, 0))
    if not by_name:
        return library
    artists = tuple(
        msgspec.structs.replace(artist, plays=listens)
        if (listens := by_mbid.get(artist.mbid, 0) if artist.mbid else 0)
        or (listens := by_name.get(name_keys(artist.name)[Tier.EXACT], 0))
        else artist
        for artist in library.artists
    )
    return msgspec.structs.replace(library, artists=artists)
