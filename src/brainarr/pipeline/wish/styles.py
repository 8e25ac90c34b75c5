"""The genres that a wish names or makes likely, wanted and not."""

from collections.abc import Mapping

from brainarr.domain.genres import spellings
from brainarr.domain.wish import MeantStyle
from brainarr.pipeline.wish.tokens import Words, words_of
from brainarr.pipeline.wish.vocabulary import (
    ALSO_WORDS,
    DETERMINERS,
    GUESSES,
    NOT,
    NOT_AFTER_ALL,
    STOPS,
    VOICES,
)


def _index() -> Mapping[tuple[str, ...], str]:
    """Words → genre, for every spelling of the tree."""
    return {words: genre for spelling, genre in spellings().items() if (words := words_of(spelling))}


_GENRES = _index()
_LONGEST = max(map(len, _GENRES))


def style_at(words: Words, place: int) -> tuple[int, str] | None:
    """(end, genre) of the longest name of a genre that begins there."""
    for length in range(_LONGEST, 0, -1):
        stretch = tuple(words.low[place : place + length])
        if len(stretch) < length or not words.free(place, place + length):
            continue
        genre = _GENRES.get(stretch) or _GENRES.get((*stretch[:-1], stretch[-1].removesuffix("s")))
        if genre is None:
            continue
        everyday = length == 1 and stretch[0] in ALSO_WORDS and words.at(place - 1) in DETERMINERS
        if not everyday:
            return place + length, genre
    return None


def take_styles(words: Words) -> tuple[list[MeantStyle], list[MeantStyle], list[str]]:
    """Wanted, not wanted, notes."""
    wanted: dict[str, MeantStyle] = {}
    unwanted: dict[str, MeantStyle] = {}
    notes: list[str] = []
    place = 0
    refused_until = 0
    while place < len(words):
        if skipped := next((len(one) for one in NOT_AFTER_ALL if words.follows(place, one)), 0):
            words.take(place, place + skipped)
            place += skipped
            continue
        # "no wave" refuses nothing.
        named = style_at(words, place)
        refusal = 0 if named else next((len(one) for one in NOT if words.follows(place, one)), 0)
        if refusal:
            refused_until = _scope(words, place + refusal)
            if voice := next((len(one) for one in VOICES if words.follows(place + refusal, one)), 0):
                notes.append(
                    f"“{words.said(place, place + refusal + voice)}”: no source tells whether "
                    "anybody sings; only a model can mind it."
                )
            place += refusal + voice
            continue
        refused = place < refused_until
        end = _style(words, place, unwanted if refused else wanted)
        if end is None and not refused:
            end = _guess(words, place, wanted)
        place = end or place + 1
    for genre in unwanted:
        wanted.pop(genre, None)
    return list(wanted.values()), list(unwanted.values()), notes


def _style(words: Words, place: int, into: dict[str, MeantStyle]) -> int | None:
    if (found := style_at(words, place)) is None:
        return None
    end, genre = found
    into[genre] = MeantStyle(genre, words.take(place, end))
    return end


def _guess(words: Words, place: int, into: dict[str, MeantStyle]) -> int | None:
    for length in (2, 1):
        end = place + length
        genres = GUESSES.get(" ".join(words.low[place:end])) if words.free(place, end) else None
        if genres:
            said = words.take(place, end)
            for genre in genres:
                into.setdefault(genre, MeantStyle(genre, said, guessed=True))
            return end
    return None


def _scope(words: Words, start: int) -> int:
    """How far a "no" reaches: to the end of the clause; past commas only where an "or" ends the list."""
    end = start
    last_or = start
    while end < len(words) and (end == start or not _clause_ends(words, end)):
        if words.at(end) in ("or", "nor"):
            last_or = end
        end += 1
    for place in range(start + 1, end):
        if "," in words.gap(place) and place > last_or:
            return place
    return end


def _clause_ends(words: Words, place: int) -> bool:
    return words.at(place) in STOPS or any(mark in words.gap(place) for mark in ".;:!?()–—")
