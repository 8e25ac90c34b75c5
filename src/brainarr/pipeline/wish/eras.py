"""The years and decades that a wish names. Runs lean towards whole decades, so years become those."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from brainarr.domain.recommendation import MOST_DECADES
from brainarr.pipeline.wish.tokens import Words
from brainarr.pipeline.wish.vocabulary import AFTER, BEFORE, DECADES, NOT, NOT_AFTER, NOT_BEFORE, RECENT

_EARLIEST = 1920
"""Where "before 1980" begins: hardly an album is older than electrical recording."""
_FIRST_YEAR = 1900
_YEAR = re.compile(r"(19|20)\d\d")
_LONG = re.compile(r"((?:19|20)\d)0'?s")
_SHORT = re.compile(r"(\d)0'?s")
_TO = frozenset({"to", "through", "and", "until", "till", "thru"})


class _When(msgspec.Struct, frozen=True):
    """A year, or a decade where `last` is nine years later."""

    first: int
    last: int
    end: int
    """The place behind it."""

    @property
    def decades(self) -> set[int]:
        return {self.first // 10 * 10, self.last // 10 * 10}


class _Bounds(msgspec.Struct):
    first: int = _EARLIEST
    last: int = 9999
    named: bool = False


def take_eras(words: Words, this_year: int) -> tuple[list[int], list[str]]:
    """Decades, oldest first, and notes."""
    listed: set[int] = set()
    bounds = _Bounds()
    notes: list[str] = []
    place = 0
    while place < len(words):
        end = (
            _bounded(words, place, this_year, bounds)
            or _span(words, place, this_year, listed)
            or _plain(words, place, this_year, listed, notes)
        )
        place = end or place + 1
    allowed = _between(bounds, this_year)
    if not listed and not bounds.named:
        return [], notes
    decades = sorted(listed & set(allowed) if bounds.named and listed else listed or allowed)
    if not decades:
        notes.append("The years named leave nothing in between: they do not count.")
    if bounds.named and decades:
        notes += _cut(bounds, decades)
    if len(decades) > MOST_DECADES:
        decades = decades[-MOST_DECADES:] if bounds.last > this_year else decades[:MOST_DECADES]
    return decades, notes


def _between(bounds: _Bounds, this_year: int) -> list[int]:
    last = min(bounds.last, this_year)
    return list(range(bounds.first // 10 * 10, last // 10 * 10 + 1, 10)) if last >= bounds.first else []


def _cut(bounds: _Bounds, decades: Sequence[int]) -> Iterator[str]:
    """Where a year lies within a decade, and the whole decade counts."""
    if bounds.first // 10 * 10 in decades and bounds.first % 10 and bounds.first > _EARLIEST:
        yield f"Only whole decades can be leant towards: all of the {bounds.first // 10 * 10}s count."
    if bounds.last // 10 * 10 in decades and bounds.last % 10 != 9:
        yield f"Only whole decades can be leant towards: all of the {bounds.last // 10 * 10}s count."


def _bounded(words: Words, place: int, this_year: int, bounds: _Bounds) -> int | None:
    """ "before 1980", "nothing after 2005", "1990 onwards"."""
    for phrases, upper, inclusive in (
        (NOT_AFTER, True, True),
        (NOT_BEFORE, False, True),
        (BEFORE, True, False),
        (AFTER, False, False),
    ):
        lead = next((one for one in phrases if words.follows(place, one)), None)
        if lead is None:
            continue
        start = place + len(lead)
        start += words.at(start) in ("the", "year", "early", "late", "mid")
        when = _when(words, start, this_year)
        if when is None:
            continue
        # "until 1980", "since 1990" and "up to the 80s" mean to include what they name.
        inclusive = (
            inclusive or lead[0] in ("until", "till", "up", "since", "starting") or "than" in lead[1:2]
        )
        if upper:
            bounds.last = min(bounds.last, when.last if inclusive else when.first - 1)
        else:
            bounds.first = max(bounds.first, when.first if inclusive else when.last + 1)
        bounds.named = True
        words.take(place, when.end)
        return when.end
    when = _when(words, place, this_year)
    if when is None:
        return None
    for tail in (("onwards",), ("onward",), ("and", "later"), ("or", "later"), ("and", "newer"), ("on",)):
        if words.follows(when.end, tail):
            bounds.first, bounds.named = max(bounds.first, when.first), True
            words.take(place, when.end + len(tail))
            return when.end + len(tail)
    for tail in (("and", "earlier"), ("or", "earlier"), ("and", "older"), ("or", "older")):
        if words.follows(when.end, tail):
            bounds.last, bounds.named = min(bounds.last, when.last), True
            words.take(place, when.end + len(tail))
            return when.end + len(tail)
    return None


def _span(words: Words, place: int, this_year: int, listed: set[int]) -> int | None:
    """ "1985-1995", "between the 70s and the 90s", "from 1985 to 1995"."""
    start = place
    opened = words.at(place) in ("between", "from")
    start += opened
    start += words.at(start) == "the"
    first = _when(words, start, this_year)
    if first is None:
        return None
    joined = words.at(first.end)
    dashed = first.end < len(words) and words.gap(first.end) in ("-", "–", "—", "–")
    if not dashed and joined not in (_TO if opened else _TO - {"and"}):
        return None
    after = first.end + (not dashed)
    after += words.at(after) == "the"
    last = _when(words, after, this_year)
    if last is None or last.last < first.first:
        return None
    listed.update(range(first.first // 10 * 10, last.last // 10 * 10 + 1, 10))
    words.take(place, last.end)
    return last.end


def _plain(words: Words, place: int, this_year: int, listed: set[int], notes: list[str]) -> int | None:
    if recent := next((one for one in RECENT if words.follows(place, one)), None):
        listed.add(this_year // 10 * 10)
        words.take(place, place + len(recent))
        return place + len(recent)
    when = _when(words, place, this_year)
    if when is None:
        return None
    if _refused(words, place):
        notes.append(f"“{words.said(place, when.end)}”: decades can be leant towards, not kept out.")
        return when.end
    listed.update(when.decades)
    if when.first == when.last:
        notes.append(f"Only whole decades can be leant towards: {when.first} means the {when.first // 10}0s.")
    words.take(place, when.end)
    return when.end


def _refused(words: Words, place: int) -> bool:
    """Whether "no", or "nothing from the", stands before."""
    before = place
    while words.at(before - 1) in ("the", "from", "of", "in", "early", "late", "mid"):
        before -= 1
    return any(words.low[max(0, before - len(one)) : before] == list(one) for one in NOT)


def _when(words: Words, place: int, this_year: int) -> _When | None:
    word = words.at(place)
    if not word or not words.free(place, place + 1):
        return None
    if word in DECADES:
        return _When(DECADES[word], DECADES[word] + 9, place + 1)
    if match := _LONG.fullmatch(word):
        decade = int(match[1]) * 10
        return _When(decade, decade + 9, place + 1) if decade <= this_year else None
    if match := _SHORT.fullmatch(word):
        # The 20s are these, the 30s those of the last century.
        digit = int(match[1])
        decade = (2000 if digit * 10 <= this_year % 100 else 1900) + digit * 10
        return _When(decade, decade + 9, place + 1)
    if _YEAR.fullmatch(word) and _FIRST_YEAR <= int(word) <= this_year + 1:
        return _When(int(word), int(word), place + 1)
    return None
