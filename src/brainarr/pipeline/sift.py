"""Answer → Answer: what the names in it really are. Models give albums as artists, join names, go in circles.

Only what the answer itself and the library prove is judged here; the rest is for the catalogue to know.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from brainarr.domain.names import Tier, name_keys, split_collaboration, title_key
from brainarr.domain.prompt import Answer
from brainarr.domain.recommendation import Candidate, Judged, Verdict

# Three names in the same order as before are no coincidence any more.
_LOOP = 3
_MOST_PARTS = 4

# A guest or an opponent is never part of a band's name; "&", "and", "x", "+", "/" often are.
_SURELY_JOINED = re.compile(r"\b(?:feat|ft|featuring|vs|versus)\b|[;、]", re.IGNORECASE)
_BACKING_BAND = re.compile(r"(?:the|his|her|their)\b", re.IGNORECASE)
_NUMERAL = (
    r"(?:I{2,3}|IV|VI{0,3}|IX|X|Vol(?:ume|\.)?\s*(?:\d{1,2}|[IVX]{1,4})|Part\s+(?:\d|One|Two|[IVX]{1,3}))"
)
_EDITION = (
    r"(?:greatest hits|best of|anthology|discography|unplugged|live(?: (?:at|in|from)\b.*)?|b-?sides|"
    r"box ?set|remix(?:es|ed)?|(?:the )?(?:complete|essential)(?: .*)?|self[- ]titled|"
    r"(?:black|white|red|blue|green) album|EP)"
)
_OWN_ALBUM = re.compile(rf"(?P<artist>.*\S?)[\s:,–-]+[(\[]?(?P<rest>{_NUMERAL}|(?i:{_EDITION}))[)\]]?")
_ALBUM_LIKE = re.compile(
    r"(?:the )?(?:very )?best of\b.*|greatest hits\b.*|(?:the )?(?:essential|complete)\s+\S.*|"
    r"mtv unplugged\b.*|now that's what i call\b.*|"
    r".*\b(?:original (?:motion picture )?soundtrack|o\.?s\.?t\.?)\)?|"
    r".*[(\[](?:.*\b)?(?:deluxe|remaster(?:ed)?|anniversary|expanded|album|EP|soundtrack|live)\b.*[)\]]",
    re.IGNORECASE,
)


def sift(answer: Answer, known: Collection[str]) -> Answer:
    """The answer's candidates that may be artists; the others stand in `judged`, each with its verdict.

    `known`: `Tier.WORDS` keys of names that certainly are artists, such as the library's. The artists of a
    joined name take its place, unless the answer names them anyway.
    """
    looped = _looped([_sort_key(candidate) for candidate in answer.candidates])
    alone = (item.artist for item in answer.candidates if not split_collaboration(item.artist))
    named = {_key(name) for name in alone}
    artists = frozenset(known) | named
    found: list[Candidate] = []
    judged = list(answer.judged)
    for place, candidate in enumerate(answer.candidates):
        if place in looped:
            judged.append(_judged(candidate, Verdict.LOOP, "the answer went in circles"))
        elif detail := _as_album(candidate, frozenset(known), artists):
            judged.append(_judged(candidate, Verdict.ALBUM_AS_ARTIST, detail))
        elif parts := _joined(candidate.artist, frozenset(known), artists):
            judged.append(_judged(candidate, Verdict.COLLABORATION, "read as " + " and ".join(parts)))
            found += _split(candidate, parts, named)
            named |= {_key(part) for part in parts}
        else:
            found.append(candidate)
    ranked = (msgspec.structs.replace(item, rank=rank) for rank, item in enumerate(found, start=1))
    return msgspec.structs.replace(answer, candidates=tuple(ranked), judged=tuple(judged))


def _looped(keys: Sequence[tuple[str, str]]) -> set[int]:
    """Places within a stretch that repeats an earlier one in the same order."""
    last: dict[tuple[str, str], int] = {}
    looped: set[int] = set()
    stretch: list[int] = []
    period = 0
    for place, key in enumerate(keys):
        back = place - last[key] if key in last else 0
        if not back or back != period:
            stretch = []
        period = back
        if back:
            stretch.append(place)
            if len(stretch) >= _LOOP:
                looped.update(stretch)
        last[key] = place
    return looped


def _as_album(candidate: Candidate, known: AbstractSet[str], artists: AbstractSet[str]) -> str:
    """Why the artist's name is an album's; "" when nothing says so."""
    name = candidate.artist
    other_title = candidate.album and title_key(candidate.album) != title_key(name)
    if other_title or _key(name) in known:
        return ""
    if (match := _OWN_ALBUM.fullmatch(name)) and _key(match["artist"]) in artists:
        return f"an album by {match['artist']}, not an artist"
    return "an album's title, not an artist's name" if _ALBUM_LIKE.fullmatch(name) else ""


def _joined(name: str, known: AbstractSet[str], artists: AbstractSet[str]) -> tuple[str, ...]:
    """The artists of a joined name; () for a name that may be one artist's own."""
    parts = split_collaboration(name)
    if len(parts) > _MOST_PARTS or _SURELY_JOINED.search(name):
        return parts[:_MOST_PARTS]
    if not parts or _key(name) in known:
        return ()
    backing = any(_BACKING_BAND.match(part) for part in parts[1:])
    return () if backing or any(_key(part) not in artists for part in parts) else parts


def _split(candidate: Candidate, parts: Sequence[str], named: AbstractSet[str]) -> Iterator[Candidate]:
    for part in parts:
        if _key(part) not in named:
            # The album is the first one's: guests appear on it.
            album = candidate.album if part == parts[0] else None
            yield msgspec.structs.replace(candidate, artist=part, album=album, reason=None)


def _sort_key(candidate: Candidate) -> tuple[str, str]:
    return _key(candidate.artist), title_key(candidate.album) if candidate.album else ""


def _key(name: str) -> str:
    return name_keys(name)[Tier.WORDS]


def _judged(candidate: Candidate, verdict: Verdict, detail: str) -> Judged:
    return Judged(candidate.artist[:80], candidate.album, verdict, detail, (candidate.source,))
