"""A model's answer, read tolerantly: whatever its form, what names an artist becomes a candidate.

One reader for every provider. It never raises, its output is bounded, and it reads its own output unchanged.
Figures are taken or left, never invented: a confidence that is missing or nonsense stays unscored.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from brainarr.domain.prompt import Answer
from brainarr.domain.recommendation import Candidate
from brainarr.pipeline.lines import read_line
from brainarr.pipeline.plaintext import clean, says_nothing
from brainarr.pipeline.salvage import json_values, listed_lines, without_thinking

MAX_ITEMS = 200
_MAX_ELEMENTS = 3_000
_MAX_EXCERPTS = 20
_EXCERPT_LENGTH = 120
_MAX_DEPTH = 6
_MAX_GENRES = 8
_GENRE_LENGTH = 60

# Keys in lower case, letters only, the surest first.
_ARTIST = ("artist", "artistname", "band", "bandname", "performer", "musician")
_PERHAPS_ARTIST = ("name", "group", "act", "a")
_ALBUM = ("album", "albumtitle", "albumname", "title", "release", "record", "al", "alb", "albums")
_YEAR = ("year", "releaseyear", "released", "releasedate", "date", "y")
_GENRES = ("genres", "genre", "tags", "styles", "style", "g")
_CONFIDENCE = ("confidence", "confidencescore", "score", "probability", "certainty", "c")
_REASON = ("reason", "why", "explanation", "rationale", "justification", "description", "r")
_LISTS = (
    "recommendations",
    "recommendation",
    "items",
    "results",
    "suggestions",
    "artists",
    "bands",
    "albums",
)

_YEAR_IN_TEXT = re.compile(r"(?<!\d)(?:1[89]\d\d|20\d\d)(?!\d)")
_YEAR_AT_END = re.compile(r"(?P<title>.*\S)\s*[(\[](?P<year>1[89]\d\d|20\d\d)[)\]]")
_FIGURE = re.compile(r"(\d{1,9}(?:\.\d{0,18})?)\s*(%|/\s*10|/\s*100)?")
_SELF_TITLED = frozenset({"self-titled", "self titled", "s/t"})

Element = Mapping[str, Any] | str
"""An object, its keys as `_ARTIST` has them, or an entry of a plain list."""


def read_answer(source: str, text: str, wanted: int) -> Answer:
    """The candidates that `text` names, in its order, ranked from 1.

    `source`: name of the provider that said it. `wanted`: how many it was asked for; at most four times as
    many are taken, so that a model that cannot stop does not flood the run. Repeats stay: the fusion gives
    them their verdict.
    """
    spoken = without_thinking(text)
    limit = min(MAX_ITEMS, max(50, 4 * wanted))
    answer = _read(source, _elements(spoken), limit)
    return (
        answer if answer.candidates else _read(source, iter(listed_lines(spoken)), limit, answer.unreadable)
    )


def _read(source: str, elements: Iterator[Element], limit: int, unreadable: tuple[str, ...] = ()) -> Answer:
    found: list[Candidate] = []
    excerpts = list(unreadable)
    for _, element in zip(range(_MAX_ELEMENTS), elements, strict=False):
        candidate = _from_line(source, element) if isinstance(element, str) else _from_object(source, element)
        if candidate is None:
            excerpts.append(_excerpt(element))
        elif len(found) < limit:
            found.append(msgspec.structs.replace(candidate, rank=len(found) + 1))
    return Answer(tuple(found), tuple(excerpts[:_MAX_EXCERPTS]))


def _elements(text: str) -> Iterator[Element]:
    for value in json_values(text):
        yield from _unwrapped(value, _MAX_DEPTH)


def _unwrapped(value: Any, depth: int) -> Iterator[Element]:
    """The elements within whatever lists and objects a model wrapped them in."""
    if depth == 0:
        return
    if isinstance(value, list):
        for inner in cast(list[Any], value):
            if isinstance(inner, str):
                yield inner
            else:
                yield from _unwrapped(inner, depth - 1)
    elif isinstance(value, dict):
        fields = {_key(name) or name: inner for name, inner in cast(dict[str, Any], value).items()}
        if any(name in fields for name in _ARTIST):
            yield fields
            return
        named = any(isinstance(fields.get(name), str) for name in _PERHAPS_ARTIST)
        lists = [fields[name] for name in _LISTS if isinstance(fields.get(name), list | dict)]
        lists = lists or [inner for inner in fields.values() if _holds_objects(inner)]
        if named and not any(map(_holds_objects, lists)):
            yield fields
        elif lists:
            for inner in lists:
                yield from _unwrapped(inner, depth - 1)
        elif fields:
            yield fields


def _holds_objects(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(inner, dict) for inner in cast(list[Any], value))
    return isinstance(value, dict)


def _key(name: str) -> str:
    return "".join(char for char in name[:40].lower() if char.isalpha())


def _from_line(source: str, text: str) -> Candidate | None:
    line = read_line(text)
    if says_nothing(line.artist):
        return None
    return Candidate(line.artist, source, rank=0, album=line.album, year=line.year)


def _from_object(source: str, fields: Mapping[str, Any]) -> Candidate | None:
    artist = _text(fields, _ARTIST) or _text(fields, _PERHAPS_ARTIST)
    album = _text(fields, _ALBUM)
    year = _year(_first(fields, _YEAR))
    if not artist:
        # A title alone may be "Slint – Spiderland".
        line = read_line(album)
        return _from_line(source, album) if line.album else None
    if not album and any(name in fields for name in _ARTIST):
        # "name" is the album's where the artist has a key of its own.
        album = _text(fields, ("name",))
    if year is None and (match := _YEAR_AT_END.fullmatch(album)):
        album, year = clean(match["title"]), int(match["year"])
    if album.casefold() in _SELF_TITLED:
        album = artist
    return Candidate(
        artist,
        source,
        rank=0,
        album=album or None,
        confidence=_confidence(_first(fields, _CONFIDENCE)),
        genres=_genres(_first(fields, _GENRES)),
        year=year,
        reason=_text(fields, _REASON) or None,
    )


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of the fields that says something, clean; "" when none does."""
    for name in names:
        text = clean(_plain(fields.get(name)))
        if not says_nothing(text):
            return text
    return ""


def _plain(value: Any, depth: int = 3) -> str:
    """The text that a value stands for: bands are called 311, and some models nest {"name": …}."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return str(value)
    if depth and isinstance(value, list) and value:
        return _plain(cast(list[Any], value)[0], depth - 1)
    if depth and isinstance(value, dict):
        inner = cast(dict[str, Any], value)
        return _plain(inner.get("name") or inner.get("title"), depth - 1)
    return ""


def _year(value: Any) -> int | None:
    """A year within a number or text ("c. 1991", "1991-03-27"); None when there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(int(value)) if 0 < value < 10_000 else ""
    match = _YEAR_IN_TEXT.search(_plain(value)[:200])
    return int(match[0]) if match else None


def _confidence(value: Any) -> float | None:
    """In [0, 1]; None for what is missing, no finite number, or of unknown scale (8 of ten?)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        number, scale = float(value) if abs(value) < 1e9 else math.inf, ""
    elif isinstance(value, str) and (match := _FIGURE.fullmatch(value.strip()[:60])):
        number, scale = float(match[1]), "".join((match[2] or "").split())
    else:
        return None
    if scale or 10 < number <= 100:
        number /= 10 if scale == "/10" else 100
    return number if 0 <= number <= 1 else None


def _genres(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = re.split(r"[,;/|]", value[:1_000])
    if not isinstance(value, list):
        return ()
    named = (clean(clean(_plain(inner)).lower(), _GENRE_LENGTH) for inner in cast(list[Any], value)[:50])
    return tuple(dict.fromkeys(name for name in named if not says_nothing(name)))[:_MAX_GENRES]


def _excerpt(element: Element) -> str:
    text = element if isinstance(element, str) else json.dumps(_shallow(element), ensure_ascii=False)
    return clean(text, _EXCERPT_LENGTH)


def _shallow(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: _plain(value)[:_EXCERPT_LENGTH] for name, value in list(fields.items())[:10]}
