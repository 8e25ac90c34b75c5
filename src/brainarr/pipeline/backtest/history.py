"""Library → the points in time at which to cut it: what was known then, and what came next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from statistics import median

import msgspec

from brainarr.domain.backtest import FEWEST_HIDDEN, USUALLY_HIDDEN, BulkDay
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, Library, Mbid, OwnedArtist

_FIRST_YEAR = 2000
"""Lidarr writes 0001-01-01 for "never"; itself it is of 2017, Headphones before it of 2011."""
_BY_HAND = 10
_TIMES_USUAL = 5
_NEVER_BY_HAND = 50


class History(msgspec.Struct, frozen=True):
    """What a library tells about how it grew."""

    eligible: tuple[OwnedArtist, ...]
    """Oldest first."""
    bulk_days: tuple[BulkDay, ...]
    undated: int
    recommended: int


class Fold(msgspec.Struct, frozen=True):
    """The library cut at one point in time."""

    cut: datetime
    """The beginning of the day (UTC) on which the first hidden artist came."""
    known: Library
    """What was there before `cut`. Artists without a date count to it: nothing says that they came later."""
    hidden: tuple[OwnedArtist, ...]
    """Oldest first, never empty."""
    later: tuple[OwnedArtist, ...]
    """What came since `cut` and is not asked for here: it is neither right nor wrong to name it."""


def read_history(library: Library, recommended: Mapping[Mbid, datetime]) -> History:
    """Which artists show their person's own choices. `recommended`: when Brainarr first named an artist."""
    dated = [artist for artist in library.artists if _day(artist) is not None]
    bulk = bulk_days([day for artist in dated if (day := _day(artist))])
    full = {one.day for one in bulk}
    chosen = [artist for artist in dated if _day(artist) not in full]
    real = [artist for artist in chosen if artist.mbid not in SPECIAL_PURPOSE_ARTISTS]
    eligible = [artist for artist in real if not _was_recommended(artist, recommended)]
    eligible.sort(key=lambda artist: (_added(artist), artist.id))
    return History(
        eligible=tuple(eligible),
        bulk_days=bulk,
        undated=len(library.artists) - len(dated),
        recommended=len(real) - len(eligible),
    )


def _was_recommended(artist: OwnedArtist, recommended: Mapping[Mbid, datetime]) -> bool:
    first = recommended.get(artist.mbid) if artist.mbid else None
    return first is not None and first <= _added(artist)


def bulk_days(days: Sequence[date]) -> tuple[BulkDay, ...]:
    """The days on which the library was filled rather than chosen, oldest first.

    More than ten artists on one day, and more than five times what this library takes in on its usual active
    day; and more than fifty in any case, for a library that grew by imports alone has no usual day.
    """
    per_day = Counter(days)
    if not per_day:
        return ()
    limit = min(_NEVER_BY_HAND, max(_BY_HAND, _TIMES_USUAL * median(per_day.values())))
    return tuple(BulkDay(day, count) for day, count in sorted(per_day.items()) if count > limit)


def usual_share(eligible: int) -> int:
    """How many are hidden when nobody says: a fifth, but at least 10 and at most 50."""
    return min(USUALLY_HIDDEN, max(FEWEST_HIDDEN, eligible // 5))


def cut_library(library: Library, history: History, hide: int, folds: int) -> tuple[Fold, ...]:
    """The latest `hide` eligible artists in `folds` blocks of one size, each hidden at its own cut (rolling
    origin: Tashman 2000), oldest first. Every artist is hidden once.

    A block before which the library held nothing is left out. `hide` and `folds` are at least 1.
    """
    latest = list(history.eligible[-hide:])
    count = min(folds, len(latest))
    found: list[Fold] = []
    for number in range(count):
        block = latest[number * len(latest) // count : (number + 1) * len(latest) // count]
        cut = datetime.combine(_added(block[0]).date(), time(), UTC)
        hidden = {artist.id for artist in block}
        known = tuple(artist for artist in library.artists if _day(artist) is None or _added(artist) < cut)
        there = hidden | {artist.id for artist in known}
        later = tuple(artist for artist in library.artists if artist.id not in there)
        if known:
            # Without albums: how many files they have is of today, and the eras of a profile rank nothing.
            past = msgspec.structs.replace(library, artists=known, albums={}, read_at=cut)
            found.append(Fold(cut, past, tuple(block), later))
    return tuple(found)


def _added(artist: OwnedArtist) -> datetime:
    if artist.added is None:
        raise ValueError(f"{artist.name} has no date")
    return artist.added


def _day(artist: OwnedArtist) -> date | None:
    """None where Lidarr names no date, or one that cannot be."""
    return artist.added.date() if artist.added and artist.added.year >= _FIRST_YEAR else None
