"""When two names mean the same artist or album: deterministic tiers, from exact to romanised.

No edit distance and no partial matching: measured on 57,000 names, those accept between 7 and 54 % of names
that are not there, the tiers 1 %. Whoever compares must still settle namesakes by other facts.
"""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

from anyascii import anyascii

from brainarr.domain.romanised import romanise, sound

NAME_LIMIT = 300
"""Characters of a name or title that count; no real name is longer, hostile ones are."""

NAMELESS = "\0"
"""Every key of a blank name. No other name has it, for control characters never reach a key."""


class Tier(IntEnum):
    """How far two names had to be bent until they agreed: 0 is best."""

    EXACT = 0
    """Letter case and white space."""
    TYPOGRAPHY = 1
    """Full-width forms, ligatures, curly quotes, kinds of dashes, invisible characters."""
    PLAIN = 2
    """Accents and punctuation; "A$AP" is "ASAP". A name of nothing but symbols stays what it is."""
    WORDS = 3
    """Leading "The", "&" or "and", guests ("feat. …"), where the spaces are."""
    INVERTED = 4
    """ "Last, First"."""
    ROMANISED = 5
    """Another script: a name in Latin letters against one in others, in any of the usual systems."""


def clean_name(text: str) -> str:
    """One line of at most 300 characters, composed, without control characters or half surrogates."""
    text = text[:NAME_LIMIT]
    if not (text.isascii() and text.isprintable()):
        shown = (" " if ch.isspace() else ch for ch in unicodedata.normalize("NFC", text))
        text = "".join(ch for ch in shown if unicodedata.category(ch) not in ("Cc", "Cs"))[:NAME_LIMIT]
    return " ".join(text.split())


# The lists of similarity sources name the same few thousand artists over and over.
@lru_cache(maxsize=8192)
def name_keys(name: str) -> tuple[str, ...]:
    """One key per `Tier`, never empty; two names that share the key of a tier agree at that tier.

    Agreement at a tier implies agreement at every later one, except INVERTED, which reads the comma. An index
    by ROMANISED keys must still ask `same_name`: two names in one script may share one without agreeing.
    """
    exact = clean_name(name).casefold()
    if not exact:
        return (NAMELESS,) * len(Tier)
    typography = _typography(exact)
    if not typography:
        return (exact,) * len(Tier)
    plain = _plain(typography)
    words = _words(plain.split())
    joined = "".join(words)
    return exact, typography, plain, joined, _inverted(typography) or joined, _romanised(joined) or joined


def same_name(one: str, other: str) -> Tier | None:
    """The first tier at which both names agree; None when they never do or one of them is blank.

    Sound alone is no agreement within one script: many Chinese names share one romanisation, and Julia is
    not Yulia.
    """
    keys, other_keys = name_keys(one), name_keys(other)
    if NAMELESS in (keys[0], other_keys[0]):
        return None
    for tier in Tier:
        if keys[tier] == other_keys[tier]:
            across = keys[Tier.WORDS].isascii() is not other_keys[Tier.WORDS].isascii()
            return tier if tier is not Tier.ROMANISED or across else None
    return None


def name_words(name: str) -> tuple[str, ...]:
    """The words that carry a name, for a search: plain, without guests, "and" and a leading "The"."""
    typography = _typography(clean_name(name).casefold())
    return tuple(_words(_plain(typography).split())) if typography else ()


def search_text(*names: str) -> str:
    """What a search looks for its words in, and names are sorted by: a line for each form of each name.

    The first is the first name's tier WORDS, so that "The Cure" stands among the Cs; then the plain words of
    each name, and those in Latin letters where it has others.
    """
    plain = [name_keys(name)[Tier.PLAIN] for name in names]
    latin = [anyascii(words).lower() for words in plain if not words.isascii()]
    return "\n".join(dict.fromkeys([name_keys(names[0])[Tier.WORDS], *plain, *latin]))


def searched_words(text: str) -> tuple[str, ...]:
    """Words that `search_text` must all contain for a name to be found; () for a blank text."""
    plain = name_keys(text)[Tier.PLAIN]
    return () if plain == NAMELESS else tuple(plain.split())


_JOINERS = re.compile(
    r"\s*\(?\b(?:feat|ft|featuring)\b\.?\s+|\s+(?:vs\.?|versus|and|x|×|&|\+|/)\s+|\s*[;、]\s*", re.IGNORECASE
)


def split_collaboration(name: str) -> tuple[str, ...]:
    """The artists of "A feat. B", "A vs. B", "A & B", "A, B & C", as alternatives; () for a plain name.

    Never a fact: "Simon & Garfunkel" is one artist, so the whole name must have been looked for before.
    """
    parts = _JOINERS.split(clean_name(name))
    if len(parts) < 2:
        return ()
    # A comma alone may be "Tyler, The Creator"; beside another joiner it separates too.
    names = (piece.strip(" ()[]") for part in parts for piece in part.split(", "))
    found = tuple(dict.fromkeys(piece for piece in names if piece))
    return found if len(found) > 1 else ()


_EDITION = re.compile(
    r"\b(?:edition|deluxe|remaster(?:ed|s)?|expanded|re-?issue|anniversary|bonus|explicit|mono|stereo)\b"
)
_OTHER_RECORDING = re.compile(r"\b(?:live|remix(?:es|ed)?|acoustic|demos?|instrumentals?|re-?recorded)\b")
_BRACKETED_END = re.compile(r"^(.*\S)\s*[(\[]([^()\[\]]*)[)\]]$")
_DASHED_END = re.compile(r"^(.*\S) [-–—] ([^-–—]*)$")
_BARE_END = re.compile(r"^(.*\S) (?:super )?(deluxe)(?: edition| version)?$")


def title_key(title: str) -> str:
    """The key of an album title, never empty: tier WORDS of names, without "(Deluxe Edition)" and the like.

    A title that names another recording ("(Live)", "(Taylor's Version)") keeps that part.
    """
    text = clean_name(title).casefold()
    if not text:
        return NAMELESS
    for _ in range(4):  # "(Deluxe Edition) [Remastered]": rarely more than two, never worth an unbounded loop
        shortened = _without_edition(text)
        if shortened == text:
            break
        text = shortened
    typography = _typography(text)
    return "".join(_without_articles(_plain(typography).split())) if typography else text


def _without_edition(text: str) -> str:
    for ending in (_BRACKETED_END, _DASHED_END, _BARE_END):
        match = ending.match(text)
        if match and _EDITION.search(match[2]) and not _OTHER_RECORDING.search(match[2]):
            return match[1]
    return text


_VARIANTS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "×": "x"}
    | dict.fromkeys("’‘ʼʻʹ`´′＇", "'")
    | dict.fromkeys("‐‑‒–—―−－〜～", "-")
    | dict.fromkeys("™®©℠", "")
)


def _typography(exact: str) -> str:
    if exact.isascii():
        return exact.replace("`", "'")
    folded = unicodedata.normalize("NFKC", exact.translate(_VARIANTS)).casefold().translate(_VARIANTS)
    return " ".join("".join(ch for ch in unicodedata.normalize("NFC", folded) if not _invisible(ch)).split())


def _invisible(ch: str) -> bool:
    return not ch.isascii() and (unicodedata.category(ch) == "Cf" or "\ufe00" <= ch <= "\ufe0f")


# "$" and "!" standing for a letter: A$AP, Ke$ha, Bada$$, P!nk; but not the shout in "Wham!".
_DOLLAR = re.compile(r"\$(?=[^\W\d])|(?<=[^\W\d_])\$+")
_SHOUT = re.compile(r"(?<=[^\W\d_])!(?=[^\W\d_])")


def _plain(typography: str) -> str:
    text = typography
    if "$" in text:
        text = _DOLLAR.sub(lambda run: "s" * len(run[0]), text)
    if "!" in text:
        text = _SHOUT.sub("i", text)
    letters: list[str] = []
    on_latin = False
    for ch in text:
        if unicodedata.combining(ch):
            if not on_latin:
                letters.append(ch)
            continue
        plain, on_latin = _plain_letter(ch)
        letters.append(plain)
    plain = " ".join("".join(letters).split())
    return plain if any(ch.isalnum() for ch in plain) else typography.replace(" ", "")


@lru_cache(maxsize=8192)
def _plain_letter(ch: str) -> tuple[str, bool]:
    """The letter without its accent, and whether accents that follow it are to go too.

    Only where an accent is an ornament: in Japanese, Hindi or Russian the same mark makes another letter.
    """
    if ch.isascii():
        return (ch if ch.isalnum() else "" if ch in ".'" else " "), True
    script = unicodedata.name(ch, "").partition(" ")[0]
    if script == "LATIN":
        return "".join(part for part in anyascii(ch).lower() if part.isalnum()), True
    if script == "GREEK":
        return unicodedata.normalize("NFD", ch)[0], True
    if ch == "ё":
        return "е", False
    return (ch if unicodedata.category(ch)[0] in "LMN" else " "), False


_GUESTS = frozenset({"feat", "ft", "featuring"})


def _words(words: list[str]) -> list[str]:
    return _without_articles(_without_guests(words))


def _without_guests(words: list[str]) -> list[str]:
    for at, word in enumerate(words):
        if at and word in _GUESTS:
            return words[:at]
    return words


def _without_articles(words: list[str]) -> list[str]:
    """Without "and" ("&" went with the punctuation) and one leading or sorted-away "the", if more is left."""
    words = [word for word in words if word != "and"] or words
    for rest, article in ((words[1:], words[0]), (words[:-1], words[-1])):
        if article == "the" and rest not in ([], ["the"]):
            return rest
    return words


def _inverted(typography: str) -> str:
    last, comma, first = typography.partition(",")
    if not comma or "," in first:
        return ""
    last_words, first_words = _plain(last.strip()).split(), _plain(first.strip()).split()
    if not last_words or not first_words or _GUESTS.intersection(last_words):
        return ""
    return "".join(_without_articles([*_without_guests(first_words), *last_words]))


def _romanised(joined: str) -> str:
    return sound(joined if joined.isascii() else romanise(joined))
