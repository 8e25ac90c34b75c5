"""Which owned artists are loved, and why: by plays, files, ratings and monitoring, as the profile weighs
them."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from brainarr.domain.care import Loved
from brainarr.domain.music import OwnedArtist
from brainarr.pipeline.profile import artist_weight

LEAST_WEIGHT = 0.9
"""A monitored artist reaches it with six files and good votes, or with twenty plays."""
FIRST_SHARE = 0.25
"""Of a library's artists at most so many count as loved, the heaviest: whoever loves everything asks for
nothing."""
FEWEST = 50
"""In a small library so many may."""
MOST_LOVED = 2_000
"""In the largest one."""


def love(artists: Sequence[OwnedArtist]) -> tuple[Loved, ...]:
    """All artists, most loved first, with those marked that count as loved.

    The weight is the profile's, without its part for what was taken in lately: new is not loved.
    """
    weighed = sorted(
        ((artist_weight(artist, None), artist) for artist in artists),
        key=lambda pair: (-pair[0], pair[1].name, pair[1].id),
    )
    most = weighed[0][0] if weighed else 1.0
    places = min(MOST_LOVED, max(FEWEST, int(len(weighed) * FIRST_SHARE)))
    return tuple(
        Loved(
            artist,
            weight,
            weight / most,
            because(artist),
            favourite=place < places and weight >= LEAST_WEIGHT,
        )
        for place, (weight, artist) in enumerate(weighed)
    )


def favourites(loved: Sequence[Loved]) -> tuple[Loved, ...]:
    """Those that count as loved, most loved first."""
    return tuple(one for one in loved if one.favourite)


def as_if_monitored(loved: Sequence[Loved]) -> tuple[Loved, ...]:
    """The unmonitored ones that would count as loved if Lidarr monitored them, most loved first."""
    places = min(MOST_LOVED, max(FEWEST, int(len(loved) * FIRST_SHARE)))
    bar = max(LEAST_WEIGHT, min((one.weight for one in islice(loved, places)), default=0.0))
    waiting = [
        msgspec.structs.replace(one, weight=weight)
        for one in loved
        if not one.artist.monitored and (weight := _monitored_weight(one.artist)) >= bar
    ]
    return tuple(sorted(waiting, key=lambda one: (-one.weight, one.artist.name)))


def _monitored_weight(artist: OwnedArtist) -> float:
    return artist_weight(msgspec.structs.replace(artist, monitored=True), None)


def because(artist: OwnedArtist) -> tuple[str, ...]:
    """What speaks for it, the most telling first; () where nothing does."""
    said: list[str] = []
    if artist.plays:
        said.append(f"{artist.plays:,} {'play' if artist.plays == 1 else 'plays'}")
    if artist.track_files:
        said.append(f"{artist.track_files:,} {'file' if artist.track_files == 1 else 'files'}")
    if not said and artist.rating is not None:
        said.append(f"rated {artist.rating:.1f} of 10")
    return tuple(said)
