"""The artists that a wish wants more like."""

import re
from collections.abc import Iterator, Mapping

from brainarr.domain.learning import Liking
from brainarr.domain.recommendation import MOST_LEADING
from brainarr.domain.wish import NamedArtist
from brainarr.pipeline.wish.styles import style_at
from brainarr.pipeline.wish.tokens import Words
from brainarr.pipeline.wish.vocabulary import LIKE, NOT, STOPS, UNLIKE

_LONGEST_UNKNOWN = 5
"""Words of a name that nobody has confirmed."""
_ENDS = STOPS | {
    "without",
    "from",
    "before",
    "after",
    "not",
    "no",
    "nothing",
    "in",
    "for",
    "and",
    "or",
    "than",
    "to",
}
_NOT_NAMES = frozenset(
    {"a", "an", "this", "that", "these", "those", "my", "it", "i", "you", "we", "what", "when"}
)
_JOINERS = frozenset({"and", "or", "meets"})


def take_artists(words: Words, known: Mapping[str, Liking]) -> tuple[list[NamedArtist], list[str]]:
    """Those named, and notes; `known` are the library's artists by key (`Words.key`)."""
    notes: list[str] = []
    found: dict[str, NamedArtist] = {}
    place = 0
    while place < len(words):
        if unlike := next((one for one in UNLIKE if words.follows(place, one)), None):
            start = place + len(unlike)
            names = list(_names(words, start, known, take=False))
            if names:
                notes.append(
                    f"“{words.said(place, names[-1][1])}”: who to stay away from cannot be said here; say "
                    "“less like this” of a recommendation, or block the artist."
                )
            place = max(start, names[-1][1] if names else start)
            continue
        lead = next((one for one in LIKE if words.follows(place, one)), None)
        if lead is None or (
            place and words.at(place - 1) in ("would", "i'd", "feel", "feels", "looks", "look")
        ):
            place += 1
            continue
        end = place + len(lead)
        for start, stop, artist in _names(words, end, known, take=True):
            words.take(place, stop)
            found.setdefault(words.key(start, stop), artist)
            end = stop
        place = max(end, place + 1)
    whole = words.key(0, len(words)) if len(words) and words.free(0, len(words)) else ""
    if (owned := known.get(whole)) is not None and not style_at(words, 0):
        words.take(0, len(words))
        found[whole] = NamedArtist(owned.name, owned.mbid, owned=True)
    for start, stop in words.stretches():
        # One word alone may be anything, "Low" or "Sunday"; several are hardly by chance.
        if (
            (
                len(set(words.low[start:stop]) - _JOINERS) > 1
                and words.free(start, stop)
                and (owned := known.get(words.key(start, stop)))
            )
            and not style_at(words, start)
            and not _refused(words, start)
        ):
            words.take(start, stop)
            found.setdefault(words.key(start, stop), NamedArtist(owned.name, owned.mbid, owned=True))
    if len(found) > MOST_LEADING:
        notes.append(f"At most {MOST_LEADING} artists can lead: the first {MOST_LEADING} do.")
    return list(found.values())[:MOST_LEADING], notes


def _names(
    words: Words, place: int, known: Mapping[str, Liking], *, take: bool
) -> Iterator[tuple[int, int, NamedArtist]]:
    """(start, end, artist) of the list of names that begins there: "Low, Codeine and Bedhead"."""
    first = True
    while place < len(words):
        if not first:
            joined = words.at(place) in _JOINERS
            place += joined
            # After a comma alone the list goes on only with what is plainly a name.
            if not joined and words.gap(place) not in (",", "&", "/", "+"):
                return
        name = _owned(words, place, known) or _unknown(words, place, listed=not first)
        if name is None:
            return
        yield name
        place = name[1]
        first = False


def _owned(words: Words, place: int, known: Mapping[str, Liking]) -> tuple[int, int, NamedArtist] | None:
    for length in range(min(6, len(words) - place), 0, -1):
        end = place + length
        # The keys of names leave "and" and "the" out: "Low and" would be Low.
        if words.at(end - 1) in _JOINERS | {"the"} or words.at(place) in _JOINERS:
            continue
        if words.free(place, end) and (owned := known.get(words.key(place, end))) is not None:
            return place, end, NamedArtist(owned.name, owned.mbid, owned=True)
    return None


def _unknown(words: Words, place: int, *, listed: bool) -> tuple[int, int, NamedArtist] | None:
    """What stands where a name must, up to where the sentence goes on."""
    if place >= len(words) or words.at(place) in _NOT_NAMES | _ENDS or style_at(words, place):
        return None
    if listed and not words.capital(place):
        return None
    if place and words.gap(place) and words.gap(place)[-1] not in "\"'“‘&,/+(":
        return None
    end = place + 1
    while (
        end < len(words)
        and end - place < _LONGEST_UNKNOWN
        and words.free(end, end + 1)
        and not words.at(end - 1).endswith("'s")
        and (
            words.gap(end) in ("", "-", ".", "'", "&", "/", "’")
            or (words.gap(end) == "!" and words.capital(end))
        )
        and not (words.at(end) in _ENDS and not words.capital(end))
    ):
        end += 1
    if not words.free(place, end):
        return None
    return place, end, NamedArtist(re.sub("['’]s$", "", words.said(place, end)))


def _refused(words: Words, place: int) -> bool:
    """Whether a word of refusal stands right before."""
    return any(words.low[max(0, place - len(one)) : place] == list(one) for one in NOT)
