"""Hostile or careless text, made one clean bounded line: what models said, and what they are told."""

import html
import re
import unicodedata

LONGEST = 300

# Entities with their semicolon only: html.unescape alone would read "&not" in "Guns&notes" too.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_AMPERSANDS = re.compile(r"&(?:amp;|#38;|#x26;)+", re.IGNORECASE)
# They hide text or turn it around; the zero-width joiners, which spell words, are not among them.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_JOINERS = "\u200c\u200d"
_STRUCTURE = str.maketrans(
    dict.fromkeys("<[{＜﹤‹〈⟨《❮❰≪［｛【", "(")
    | dict.fromkeys(">]}＞﹥›〉⟩》❯❱≫］｝】", ")")
    | dict.fromkeys("|｜¦ǀ│", "/")
    | {";": ",", "；": ",", "`": "'"}
)
_SELECTORS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|__|`{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’"}
_ROUNDS = 8
_LAYERED = str.maketrans("", "", '&*_`"“”„«»‘’')

_NOTHING = frozenset(
    {"null", "none", "n/a", "unknown", "unknown artist", "artist name", "string", "-", "–", "…"}
)


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` without entities, emphasis, control characters and wrapping quotes; NFC; not above `longest`.

    Cleaning what is clean changes nothing.
    """
    text = text[: 4 * longest]
    rounds = 0
    while (cleaner := _once(text, longest)) != text:
        rounds += 1
        # Nobody wraps a name in more layers than this, but to make the reader slow.
        text = cleaner.translate(_LAYERED) if rounds == _ROUNDS else cleaner
    return text


def quote(text: str, limit: int = 80) -> str:
    """`text` as data within a prompt: one bounded line, without what structures prompts or hides in them.

    Brackets and bars, also their full-width and ornamental lookalikes, open tags and the control tokens of
    chat templates ("</library>", "<|im_start|>", "[INST]"). Tag characters and variation selectors spell
    sentences that nobody sees; marks of direction show a text in another order than models read it.
    """
    shown: list[str] = []
    for char in text[: 4 * limit].translate(_STRUCTURE):
        kind = unicodedata.category(char)
        if kind[0] in "CZ" or char in _SELECTORS:
            # The joiners spell words where letters are joined, and only there.
            spells = char in _JOINERS and shown and shown[-1].isalpha() and not shown[-1].isascii()
            char = char if spells else "" if kind == "Cf" or char in _SELECTORS else " "
        shown.append(char)
    return " ".join("".join(shown).split())[:limit].rstrip(_JOINERS + " ")


def says_nothing(text: str) -> bool:
    """Whether clean `text` only fills a field: "", "N/A", "..." and the like."""
    return text.strip(".").casefold() in _NOTHING or not text.strip(".")


def _once(text: str, longest: int) -> str:
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _AMPERSANDS.sub("&", text))
    text = _INVISIBLE.sub("", text)
    text = "".join(
        " " if unicodedata.category(char)[0] in "CZ" and char not in _JOINERS else char for char in text
    )
    text = _EMPHASIS.sub(r"\2", text)
    text = " ".join(unicodedata.normalize("NFC", text).split())[:longest].strip()
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text
