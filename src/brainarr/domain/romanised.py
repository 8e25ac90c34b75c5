"""How a name in another script sounds in Latin letters, whichever of the usual systems was used.

Cyrillic and Greek letters, and what is left, go through anyascii; kana and Hangul are syllables, whose Latin
letters depend on their neighbours (ック is "kku", 백 is "baek"), so those have rules of their own: Hepburn
and the Revised Romanisation of 2000.
"""

import re

from anyascii import anyascii

_HIRAGANA_TO_KATAKANA = 0x60
_SMALL_TSU = "ッ"
_LONG = "ー"
_GLIDES = {"ャ": "a", "ュ": "u", "ョ": "o"}
_SMALL_VOWELS = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o"}

_SYLLABLES = range(0xAC00, 0xAC00 + 11_172)
_LEADS = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h",
)  # fmt: skip
_VOWELS = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
    "yu", "eu", "ui", "i",
)  # fmt: skip
_TAILS = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
    "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip

# What the systems for one script disagree on, longest first. BGN "Tsoy, Yuliya", ICAO "Tsoi, Iuliia",
# scholarly "Coj, Julija": https://en.wikipedia.org/wiki/Romanization_of_Russian
_ALIKE = re.compile(r"shch|kh|ch|sh|zh|ts|tz|y[oe]|[jy]|w|x|ou")
_SOUND = {
    "shch": "sc",
    "kh": "h",
    "ch": "c",
    "sh": "s",
    "zh": "z",
    "ts": "c",
    "tz": "c",
    "yo": "e",
    "ye": "e",
    "j": "i",
    "y": "i",
    "w": "v",
    "x": "ks",
    "ou": "o",
}
_LONG_VOWEL = re.compile(r"([aeiou])\1+")


def romanise(text: str) -> str:
    """`text` in lower-case Latin letters and digits; what sounds like nothing is left out."""
    spelled: list[str] = []
    doubled = False
    for ch in text:
        kana = chr(ord(ch) + _HIRAGANA_TO_KATAKANA) if "ぁ" <= ch <= "ゖ" else ch
        if kana == _SMALL_TSU:
            doubled = True
            continue
        if kana in _GLIDES and spelled:
            stem = spelled[-1].removesuffix("i")
            spelled[-1] = stem + ("" if stem.endswith(("sh", "ch", "j")) else "y") + _GLIDES[kana]
            continue
        if kana in _SMALL_VOWELS and spelled:
            spelled[-1] = _with_vowel(spelled[-1], _SMALL_VOWELS[kana])
            continue
        latin = "" if kana == _LONG else _syllable(ch) or anyascii(kana).lower()
        latin = "".join(letter for letter in latin if letter.isalnum())
        if doubled:
            latin = ("t" if latin.startswith("ch") else latin[:1]) + latin
        spelled.append(latin)
        doubled = False
    return "".join(spelled)


def sound(latin: str) -> str:
    """What all systems' spellings of one foreign name share. For a comparison with `romanise`d text only:
    between two Latin names it would be a likeness."""
    return _LONG_VOWEL.sub(r"\1", _ALIKE.sub(lambda found: _SOUND[found[0]], latin))


def _with_vowel(syllable: str, vowel: str) -> str:
    """ファ is "fa", ティ "ti", ウィ "wi": the small vowel takes the place of the large one."""
    if syllable == "u":
        return "w" + vowel
    return syllable.rstrip("aeiou") + vowel if len(syllable) > 1 else syllable + vowel


def _syllable(ch: str) -> str:
    """A Hangul syllable in Latin letters; "" for any other character."""
    if ord(ch) not in _SYLLABLES:
        return ""
    at = ord(ch) - _SYLLABLES.start
    return _LEADS[at // 588] + _VOWELS[at // 28 % 21] + _TAILS[at % 28]
