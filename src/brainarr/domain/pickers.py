"""What Lidarr's own "Lidarr" list can pick out of a feed, so that one Lidarr takes only parts of it, or each
part with a quality profile and a root folder of its own.

Such a list filters by the quality profile, the tags and the root folder of an album's artist as we answer
them: one profile and one of the tags must be among those picked, the folder must contain a picked one, and
where nothing is picked everything passes. So each of the three says one thing:

    tags             the families of the album's genres
    quality profiles how sure we are, and whether its artist is new to the library
    root folders     its decade

The numbers are stored in people's Lidarrs and never change their meaning.
"""

from collections.abc import Mapping

import msgspec

from brainarr.domain.genres import lineage, parents_of
from brainarr.domain.recommendation import Recommendation

EVERYTHING = 1
"""The tag that each row has."""

OTHER_GENRES = 2

TAGS: Mapping[int, str] = {
    EVERYTHING: "brainarr",
    OTHER_GENRES: "other genres",
    **dict(
        enumerate(
            (
                "rock",
                "metal",
                "electronic",
                "pop",
                "hip hop",
                "soul and r&b",
                "jazz",
                "blues",
                "folk",
                "country",
                "classical",
                "soundtrack",
                "reggae",
                "latin",
                "world",
                "experimental",
                "new age",
                "spoken word",
                "children's music",
            ),
            start=10,
        )
    ),
}
"""Of each family, which is a genre that none stands above in the tree, its number; later ones come last."""

_FAMILIES = {name: number for number, name in TAGS.items()}

SURE = 0.6
"""From this confidence on, which is twice the default minimum."""

PROFILES: Mapping[int, str] = {
    11: "New artist, sure",
    12: "New artist, less sure",
    13: "New artist, explored",
    21: "Artist you have, sure",
    22: "Artist you have, less sure",
    23: "Artist you have, explored",
}

ANY_TIME = "/brainarr"
"""Every folder lies below it, so that it picks everything."""

_UNKNOWN, _EARLY = f"{ANY_TIME}/unknown-year", f"{ANY_TIME}/before-1950s"
_FIRST = 1950


class Marks(msgspec.Struct, frozen=True):
    """What one row of a feed carries for Lidarr's filters."""

    profile: int
    tags: tuple[int, ...]
    folder: str


def marks_of(item: Recommendation, *, held: bool) -> Marks:
    """`held`: its artist is in the library already."""
    surety = 3 if item.explored else 1 if item.confidence >= SURE else 2
    return Marks((20 if held else 10) + surety, (EVERYTHING, *_families(item.genres)), _folder(item.year))


def folders_until(year: int) -> tuple[str, ...]:
    """The root folders to pick from; none contains another but the first, which is in all of them."""
    decades = (_folder(first) for first in range(_FIRST, year + 1, 10))
    return (ANY_TIME, _EARLY, *decades, _UNKNOWN)


def _families(genres: tuple[str, ...]) -> tuple[int, ...]:
    """Numbers of the tree's topmost genres above `genres`, each once; those without any are other genres."""
    above = (genre for name in genres for genre, _ in lineage(name) if not parents_of(genre))
    found = dict.fromkeys(_FAMILIES[genre] for genre in above if genre in _FAMILIES)
    return tuple(found) or (OTHER_GENRES,)


def _folder(year: int | None) -> str:
    if year is None:
        return _UNKNOWN
    return _EARLY if year < _FIRST else f"{ANY_TIME}/{year // 10 * 10}s"
