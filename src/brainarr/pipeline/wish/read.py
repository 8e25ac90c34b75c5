"""A wish → what it means for a run."""

from collections.abc import Mapping

from brainarr.domain.learning import Liking
from brainarr.domain.recommendation import MOST_RECOMMENDATIONS, Discovery, Target
from brainarr.domain.wish import Understanding
from brainarr.pipeline.wish.artists import take_artists
from brainarr.pipeline.wish.eras import take_eras
from brainarr.pipeline.wish.styles import take_styles
from brainarr.pipeline.wish.tokens import Words
from brainarr.pipeline.wish.vocabulary import ASKED, COUNTED, DISCOVERIES, FILLERS, NUMBERS, SONGS, TARGETS


def spoken(text: str) -> frozenset[str]:
    """Keys (`name_keys`, tier WORDS) of everything in the wish that could be the name of an artist."""
    words = Words(text)
    return frozenset(words.key(start, end) for start, end in words.stretches())


def read_wish(text: str, known: Mapping[str, Liking], this_year: int) -> Understanding:
    """Styles, decades, artists, target, reach and number, by rules: the same text is always read alike.

    `known`: the library's artists that are `spoken`, by key. Each word means one thing at most; what means
    nothing here is in `rest`. Takes any text; reads English.
    """
    words = Words(text)
    count = _take_count(words)
    decades, era_notes = take_eras(words, this_year)
    discovery = _take_discovery(words)
    artists, artist_notes = take_artists(words, known)
    styles, avoid, style_notes = take_styles(words)
    target = _take_target(words)
    notes = [*artist_notes, *style_notes, *era_notes]
    songs = [place for place, word in enumerate(words.low) if word in SONGS and words.free(place, place + 1)]
    for place in songs:
        words.take(place, place + 1)
    if songs:
        notes.append("Albums and artists are what it finds, not single songs.")
    read = Understanding(
        text=words.text,
        styles=tuple(styles),
        avoid=tuple(avoid),
        decades=tuple(decades),
        artists=tuple(artists),
        target=target,
        discovery=discovery,
        count=count,
        rest=words.left(FILLERS),
        notes=tuple(dict.fromkeys(notes)),
    )
    return read


def _take_count(words: Words) -> int | None:
    """ "five albums", "give me 10", "a dozen bands"."""
    for place, word in enumerate(words.low):
        number = NUMBERS.get(word) or (
            int(word) if word.isascii() and word.isdecimal() and len(word) < 4 else 0
        )
        if not 1 <= number <= MOST_RECOMMENDATIONS:
            continue
        # "five great albums": one word may stand between.
        counted = any(words.at(place + step) in COUNTED for step in (1, 2, 3) if _near(words, place, step))
        asked = any(words.low[max(0, place - len(one)) : place] == list(one) for one in ASKED)
        if (counted or asked) and not words.at(place + 1).endswith("s'") and word != "one":
            words.take(place, place + 1)
            return number
    return None


def _near(words: Words, place: int, step: int) -> bool:
    return all(place + one < len(words) and words.gap(place + one) == "" for one in range(1, step + 1))


def _take_discovery(words: Words) -> Discovery | None:
    """The first that is said; refusals ("nothing too obscure") are phrases of their own."""
    phrases = sorted(
        ((phrase, reach) for reach, some in DISCOVERIES.items() for phrase in some),
        key=lambda one: -len(one[0]),
    )
    for phrase, reach in phrases:
        for place in range(len(words)):
            if words.follows(place, phrase):
                words.take(place, place + len(phrase))
                return reach
    return None


def _take_target(words: Words) -> Target | None:
    found: set[Target] = set()
    for place, word in enumerate(words.low):
        if word in TARGETS and words.free(place, place + 1):
            words.take(place, place + 1)
            found.add(TARGETS[word])
    if len(found) > 1:
        return Target.MIXED
    return next(iter(found), None)
