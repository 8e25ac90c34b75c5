"""How people and models write artists' names: each class of spelling bends a name in one way.

Nothing here may use brainarr.domain.names: it is what the resolver is judged by. Romanisation follows the
published systems that people really meet, not the library that the resolver uses.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

Bend = Callable[[str, Random], str]
"""A name to another spelling of it; "" where this class of spelling does not apply to it."""


def without_accents(name: str) -> str:
    letters = str.maketrans(
        {"ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "AE"}
        | {"ı": "i", "ð": "d", "Ð": "D", "Đ": "D", "þ": "th", "Þ": "Th"}
    )
    decomposed = unicodedata.normalize("NFD", name.translate(letters))
    return "".join(ch for ch in decomposed if not unicodedata.combining(ch))


def is_latin(name: str) -> bool:
    letters = [ch for ch in name if ch.isalpha()]
    return bool(letters) and all(unicodedata.name(ch, "").startswith("LATIN") for ch in letters)


def _the_added(name: str, dice: Random) -> str:
    has_one = name.split()[0].casefold() in ("the", "a", "an") or name.casefold().endswith(", the")
    return f"The {name}" if is_latin(name) and not has_one else ""


def _the_removed(name: str, dice: Random) -> str:
    rest = name[4:].strip()
    return rest if name[:4].casefold() == "the " and rest.casefold() not in ("", "the") else ""


def _ampersand(name: str, dice: Random) -> str:
    if " & " in name:
        return name.replace(" & ", " and ")
    return re.sub(r" and ", " & ", name, flags=re.IGNORECASE) if " and " in name.casefold() else ""


_GUESTS = ("Ella Lindqvist", "MC Tornado", "The Paper Choir", "Juan Ortega")


def _guest(name: str, dice: Random) -> str:
    form = dice.choice(("{} feat. {}", "{} ft. {}", "{} featuring {}", "{} (feat. {})", "{} Feat {}"))
    return form.format(name, dice.choice(_GUESTS))


def _sorted(name: str, dice: Random) -> str:
    if "," in name or "&" in name or not is_latin(name):
        return ""
    words = name.split()
    if words[0].casefold() == "the" and len(words) > 1:
        return f"{' '.join(words[1:])}, The"
    if len(words) not in (2, 3) or "and" in map(str.casefold, words):
        return ""
    return f"{words[-1]}, {' '.join(words[:-1])}"


def _accents(name: str, dice: Random) -> str:
    bare = without_accents(name)
    return bare if is_latin(name) and bare != name else ""


def _unicode(name: str, dice: Random) -> str:
    """In another Unicode form: decomposed, full width, typographer's marks, an invisible mark."""
    wide = str.maketrans({ch: chr(ord(ch) + 0xFEE0) for ch in string.ascii_letters + string.digits})
    marks = str.maketrans({"'": "’", "-": "‐", '"': "”"})
    forms = [unicodedata.normalize("NFD", name), name.translate(wide), name.translate(marks), name + "\u200b"]
    other = [form for form in forms if form != name]
    return dice.choice(other)


def _typo(name: str, dice: Random) -> str:
    """One letter dropped, doubled, replaced or swapped with the next; never the first."""
    places = [at for at in range(1, len(name) - 1) if name[at].isalpha() and name[at + 1].isalpha()]
    if len(name) < 6 or not places or not name.isascii():
        return ""
    at = dice.choice(places)
    head, here, following, rest = name[:at], name[at], name[at + 1], name[at + 2 :]
    forms = [head + following + rest, head + here + here + following + rest, head + following + here + rest]
    forms.append(head + dice.choice(string.ascii_lowercase) + following + rest)
    other = [form for form in forms if form.casefold() != name.casefold()]
    return dice.choice(other) if other else ""


def _table(*rows: str) -> tuple[dict[str, str], ...]:
    """Rows "ж zh ž zh": a letter and what each system makes of it ("." for nothing)."""
    cells = [row.split() for line in rows for row in line.split(";") if row.split()]
    return tuple({row[0]: row[n].replace(".", "") for row in cells} for n in range(1, len(cells[0])))


# BGN/PCGN as in the press; ICAO 9303, as in Russian passports since 2013; the scholarly system.
CYRILLIC = _table(
    "а a a a;б b b b;в v v v;г g g g;д d d d;е e e e;ё yo e ë;ж zh zh ž;з z z z;и i i i;й y i j;к k k k",
    "л l l l;м m m m;н n n n;о o o o;п p p p;р r r r;с s s s;т t t t;у u u u;ф f f f;х kh kh ch;ц ts ts c",
    "ч ch ch č;ш sh sh š;щ shch shch šč;ъ . ie .;ы y y y;ь . . .;э e e è;ю yu iu ju;я ya ia ja",
    "і i i i;ї yi i ï;є ye ie je;ґ g g g",
)
# ELOT 743 / ISO 843, and how Greeks type ("Greeklish").
GREEK = _table(
    "α a a;β v v;γ g g;δ d d;ε e e;ζ z z;η i i;θ th th;ι i i;κ k k;λ l l;μ m m;ν n n;ξ x ks;ο o o;π p p",
    "ρ r r;σ s s;ς s s;τ t t;υ y y;φ f f;χ ch h;ψ ps ps;ω o o",
)
_GREEK_PAIRS = {"ου": "ou", "αυ": "av", "ευ": "ev", "μπ": "b", "γγ": "ng"}
# Hepburn, and Kunrei-shiki where it differs.
_KANA_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "g": "ガギグゲゴ",
    "s": "サシスセソ",
    "z": "ザジズゼゾ",
    "t": "タチツテト",
    "d": "ダヂヅデド",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
}
_KUNREI = {
    kana: initial + vowel
    for initial, row in _KANA_ROWS.items()
    for kana, vowel in zip(row, "aiueo", strict=True)
} | {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ヂ": "zi", "ヅ": "zu", "ヴ": "vu"}
_HEPBURN = _KUNREI | {"シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu"}
_SMALL = {"ャ": "ya", "ュ": "yu", "ョ": "yo", "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o"}
# Revised Romanisation, letter by letter, and McCune–Reischauer's plain letters.
_LEADS = (
    ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"),
    ("k", "kk", "n", "t", "tt", "r", "m", "p", "pp", "s", "ss", "", "ch", "tch", "ch", "k", "t", "p", "h"),
)  # fmt: skip
_VOWELS = (
    ("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
     "yu", "eu", "ui", "i"),
    ("a", "ae", "ya", "yae", "o", "e", "yo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
     "yu", "u", "ui", "i"),
)  # fmt: skip
_TAILS = (
    "", "k", "k", "ks", "n", "nj", "nh", "t", "l", "k", "m", "p", "t", "t", "p", "l", "m", "p", "ps", "t",
    "t", "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip


def _romanise_cyrillic(name: str, dice: Random) -> str:
    return _spelled(name, dice.choice(CYRILLIC))


def _romanise_greek(name: str, dice: Random) -> str:
    text = without_accents(name).casefold()
    for pair, latin in _GREEK_PAIRS.items():
        text = text.replace(pair, latin)
    return _titled(_spelled(text, dice.choice(GREEK)))


def _spelled(name: str, table: dict[str, str]) -> str:
    spelled: list[str] = []
    for ch in name:
        latin = table.get(ch.lower(), ch)
        spelled.append(latin.capitalize() if ch.isupper() else latin)
    return "".join(spelled)


def _romanise_kana(name: str, dice: Random) -> str:
    """Hepburn, long vowels with a bar or without."""
    return _titled(_spelled_kana(name, _HEPBURN, long=dice.choice(("\u0304", ""))))


def _spelled_kana(name: str, table: dict[str, str], long: str = "") -> str:
    spelled = ""
    double = False
    for ch in (chr(ord(ch) + 0x60) if "ぁ" <= ch <= "ゖ" else ch for ch in name):
        if ch == "ッ":
            double = True
        elif ch in "ャュョ" and spelled:
            stem = spelled[:-1]
            spelled = stem + _SMALL[ch][stem.endswith(("sh", "ch", "j")) :]
        elif ch in _SMALL and spelled:
            spelled = ("w" if spelled[-1] == "u" and spelled[-2:-1] in ("", " ") else spelled[:-1]) + _SMALL[
                ch
            ]
            spelled = re.sub(r"w(?=w)", "", spelled)
        else:
            latin = long if ch == "ー" and spelled else " " if ch == "・" else table.get(ch, ch)
            spelled += (("t" if latin.startswith("ch") else latin[:1]) if double else "") + latin
            double = False
    return unicodedata.normalize("NFC", spelled)


def _romanise_hangul(name: str, dice: Random) -> str:
    return _titled(_spelled_hangul(name, 0))


def _spelled_hangul(name: str, system: int) -> str:
    spelled = ""
    for ch in name:
        at = ord(ch) - 0xAC00
        if 0 <= at < 11_172:
            syllable = _LEADS[system][at // 588], _VOWELS[system][at // 28 % 21], _TAILS[at % 28]
            spelled += "".join(syllable)
        else:
            spelled += ch
    return spelled


def _titled(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split())


_SCRIPTS: dict[str, Bend] = {
    "CYRILLIC": _romanise_cyrillic,
    "GREEK": _romanise_greek,
    "KATAKANA": _romanise_kana,
    "HIRAGANA": _romanise_kana,
    "HANGUL": _romanise_hangul,
}


def _scripts(name: str) -> set[str]:
    words = {unicodedata.name(ch, "").split(" ")[0].split("-")[0] for ch in name if ch.isalpha()}
    return {"KATAKANA" if word in ("KATAKANA", "HIRAGANA") else word for word in words}


def _script(name: str) -> str:
    """The one foreign script that all letters of the name are of; "" for several."""
    scripts = _scripts(name)
    return scripts.pop() if len(scripts) == 1 else ""


def romanise(name: str, dice: Random) -> str:
    """A name wholly in one foreign script that has letters, in one of the systems people use.

    Chinese characters are left out: how they sound, no table of letters can say.
    """
    script = _script(name)
    return _SCRIPTS[script](name, dice) if script in _SCRIPTS else ""


def _rarely_romanised(name: str, dice: Random) -> str:
    """Kunrei-shiki and McCune–Reischauer: taught and printed, hardly used for artists."""
    script = _script(name)
    if script == "KATAKANA":
        return _titled(_spelled_kana(name, _KUNREI))
    return _titled(_spelled_hangul(name, 1)) if script == "HANGUL" else ""


# As Russian newspapers respell: "Slowdive" letter by letter, the way back from BGN/PCGN.
_TO_CYRILLIC = sorted(
    ((latin, ch) for ch, latin in CYRILLIC[0].items() if latin), key=lambda pair: -len(pair[0])
)


def _in_cyrillic(name: str, dice: Random) -> str:
    if (
        not name.isascii()
        or set(name.casefold()) & set("cqwxhj0123456789")
        or not name.replace(" ", "").isalpha()
    ):
        return ""
    text = name.casefold()
    for latin, ch in _TO_CYRILLIC:
        if ch not in "ыэёїієґъь":
            text = text.replace(latin, ch)
    return _titled(text)


@dataclass(frozen=True)
class Spelling:
    """`accepts`: whether a resolver ought to recognise it. A typo it ought to leave alone."""

    name: str
    bend: Bend
    accepts: bool = True


SPELLINGS: Sequence[Spelling] = (
    Spelling("as it is", lambda name, dice: name),
    Spelling("capitals", lambda name, dice: name.upper() if name.upper().lower() == name.lower() else ""),
    Spelling("The added", _the_added),
    Spelling("The removed", _the_removed),
    Spelling("& / and", _ampersand),
    Spelling("feat.", _guest),
    Spelling("Last, First", _sorted),
    Spelling("accents lost", _accents),
    Spelling("Unicode form", _unicode),
    Spelling("romanised", romanise),
    Spelling("romanised, rare systems", _rarely_romanised, accepts=False),
    Spelling("in Cyrillic", _in_cyrillic),
    Spelling("one typo", _typo, accepts=False),
)
