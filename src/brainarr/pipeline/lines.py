"""One entry of a plain list, such as "Slint – Spiderland (1991)": which artist, perhaps which album."""

import re

import msgspec

from brainarr.pipeline.plaintext import clean


class Line(msgspec.Struct, frozen=True):
    """What an entry names; `artist` is empty when it names nobody."""

    artist: str
    album: str | None = None
    year: int | None = None


_BY = re.compile(r"""["“'‘*_](?P<album>[^"“”*_]+)["”'’*_],?\s+by\s+(?P<artist>\S.*)""")
_DASH = re.compile(r"\s+[-–—|]+\s+")
_IN_BRACKETS = re.compile(r"(?P<before>.*\S)\s+[(\[](?P<inside>[^()\[\]]*)[)\]]")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")
# What models add in brackets that is no title: "(similar artist)", "(if not already listened to)".
_REMARK = re.compile(
    r"[A-Z]{2,3}|.*\b(?:similar|related|other|more|newer|recent|recommended|extended|discography|collaboration|"
    r"genre|if|already|listened|with|feat|ft|live|solo|band|artists?|albums?|songs?|releases?|works?|early|later|"
    r"again|era|project|acoustic|unplugged|edition|remix\w*|remaster\w*)\b.*",
    re.IGNORECASE,
)
# What stands behind an album's title, never behind an artist's name.
_OF_AN_ALBUM = re.compile(
    r"deluxe\b.*|.*\b(?:edition|soundtrack|anniversary|remaster(?:ed)?)|\w+ album", re.IGNORECASE
)
_LONGEST_TITLE_WORDS = 12


def read_line(text: str) -> Line:
    """The artist, album and year of one entry, its number or bullet already taken off."""
    text = text.strip()[:1_000]
    entry, year = _without_year(clean(text))
    if match := _BY.fullmatch(_without_year(text)[0]):
        return Line(clean(match["artist"]), clean(match["album"]) or None, year)
    match = _IN_BRACKETS.fullmatch(entry)
    if match and _OF_AN_ALBUM.fullmatch(match["inside"].strip()) and not _DASH.search(entry):
        return Line(entry, None, year)
    if match and _REMARK.fullmatch(match["inside"]):
        entry, match = match["before"], None
    artist, *title = _DASH.split(entry, maxsplit=1)
    if title:
        return Line(clean(artist), _title(clean(title[0])), year)
    if match and year is None:
        # "The White Stripes (White Blood Cells)"
        return Line(clean(match["before"]), _title(clean(match["inside"])), year)
    return Line(entry, None, year)


def _without_year(text: str) -> tuple[str, int | None]:
    match = _IN_BRACKETS.fullmatch(text)
    if match and _YEAR.fullmatch(match["inside"].strip()):
        return match["before"], int(match["inside"])
    return text, None


def _title(text: str) -> str | None:
    """`text`, unless it is a remark about the artist instead of a title."""
    words = text.split()
    sentence = len(words) > _LONGEST_TITLE_WORDS or text.endswith(".") or text[:1].islower()
    return None if sentence or not text else text
