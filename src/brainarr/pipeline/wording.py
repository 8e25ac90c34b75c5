"""A model's wording of a reason, held against the evidence: it may say what the evidence says, and no more.

Looking for foreign names alone would let everything else pass that a model makes up: moods, fame, line-ups,
places. So it is turned round. The facts are masked in the text as they are written, and whatever is left must
be one of a closed set of connecting words. A name, genre, number or praise from elsewhere is left over.
"""

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping

import msgspec

from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import FIRST_STUDIO_ALBUM, Recommendation
from brainarr.pipeline.plaintext import quote

LONGEST = 300
_SHORTEST = 20
_MOST_SENTENCES = 2

_CONNECTING = """
a an the this that these those it its it's they them their there here that's you you're you've yours your
and or both too also as well just so then while because since if when where which what who whose
with of in on at to from for by into through between beside next near along alongside toward towards
is are be been was were has have having do does may might can could should will would
own owned library collection shelf shelves taste like love loved enjoy enjoyed
listening listen listens listened listener listeners hear heard hearing play plays played playing
share shares shared sharing common match matches matching fit fits fitting belong belongs
sit sits sitting stand stands standing lead leads connect connects connected link links linked point points
close closely neighbour neighbours neighbor neighbors related relate relates similar kin
find finds found according say says see sees seen name names named naming propose proposes proposed
suggest suggests suggested recommend recommends recommended pick picks picked
artist artists act acts music record records album albums release released
style styles genre genres era decade decades year years percent
try start starts begin give go come comes make makes
good natural easy worth next step choice place way reason reasons another new addition extend extends explore
"""
WORDS = frozenset(_CONNECTING.split())
"""None of them says anything of an artist, denies anything or counts anything."""

_SEED, _ASKED, _PROPOSED, _FACT, _DECADE, _SHARE, _WISH = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006"
_MASKS = f"{_SEED}-{_WISH}"
_ARTISTS = f"{_SEED}{_ASKED}{_PROPOSED}"
_FORM = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_POSSESSIVE = re.compile(rf"([{_MASKS}])'s?(?!\w)")
_NUMBER = re.compile(r"'?\d[\d.,]*(?:s\b|\s?%|\s?percent\b)?")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')]*\s+")
_PUNCTUATION = frozenset(" .,:;!?'\"()-…")
_CURLY = str.maketrans("’‘“”–—\u00a0", "''\"\"-- ")
# As the template says it. By itself "more" would count something.
_WISHES = ("asked for more like", "asked for more of")
# The first artist behind such a verb is the one that is owned; who was asked for need not be.
_OWNING = re.compile(rf"\b(?:have|having|own|owned|ve)\b[^{_ARTISTS}]*[{_ASKED}{_PROPOSED}]")
_WISHING = re.compile(rf"{_WISH}[^{_ARTISTS}]*[{_SEED}{_PROPOSED}]")
_SPELLED = {1950: "fifties", 1960: "sixties", 1970: "seventies", 1980: "eighties", 1990: "nineties"}


def objection(
    text: str, item: Recommendation, labels: Mapping[str, str], artists: Container[str] = frozenset()
) -> str:
    """What is wrong with `text` as the reason for `item`; "" when it may be shown.

    `labels`: how people know each source. `artists`: `Tier.WORDS` keys of names that are artists', for a
    sentence may begin with a word that is also a name.
    """
    if not _SHORTEST <= len(text) <= LONGEST:
        return f"{len(text)} characters instead of {_SHORTEST} to {LONGEST}"
    if any(unicodedata.category(char)[0] == "C" for char in text):
        return "characters that nobody sees"
    masked = _numbers_masked(_masked(text, item, labels), item)
    sentences = [sentence for sentence in _SENTENCE_END.split(masked.strip()) if sentence]
    if len(sentences) > _MOST_SENTENCES:
        return f"{len(sentences)} sentences instead of {_MOST_SENTENCES} at most"
    if (item.evidence.seeds or item.evidence.asked) and not {_SEED, _ASKED}.intersection(masked):
        return "none of the artists it was found from"
    for sentence in sentences:
        if _SHARE in sentence and _DECADE not in sentence:
            return "a share without what it is the share of"
        if _OWNING.search(sentence):
            return "that it is owned"
        if _WISHING.search(sentence):
            return "that it was asked for"
        for foreign in _foreign(sentence, artists):
            return f"“{foreign}”, which is no fact of it"
    return ""


class _Mask(msgspec.Struct, frozen=True):
    phrase: str
    mark: str
    exact: bool
    """Upper and lower case count: of names."""


def _masks(item: Recommendation, labels: Mapping[str, str]) -> Iterator[_Mask]:
    evidence = item.evidence
    yield from (_Mask(name, _SEED, True) for seed in evidence.seeds for name in (seed, quote(seed)))
    yield from (_Mask(name, _ASKED, True) for asked in evidence.asked for name in (asked, quote(asked)))
    if evidence.asked:
        yield from (_Mask(wish, _WISH, False) for wish in _WISHES)
    for name in (item.artist, item.album or ""):
        yield from (_Mask(shown, _PROPOSED, True) for shown in (name, quote(name)))
    yield from (_Mask(labels.get(source, source), _FACT, False) for source in evidence.sources)
    yield from (_Mask(genre, _FACT, False) for genre in evidence.shared_genres)
    if evidence.album_choice == FIRST_STUDIO_ALBUM:
        yield _Mask(FIRST_STUDIO_ALBUM, _FACT, False)
    elif label := labels.get(evidence.album_choice or ""):
        yield from (_Mask(label, _FACT, False), _Mask("favourite", _FACT, False))
    if evidence.decade in _SPELLED:
        yield _Mask(_SPELLED[evidence.decade], _DECADE, False)


def _masked(text: str, item: Recommendation, labels: Mapping[str, str]) -> str:
    """`text` with a mark in place of each fact, the longest facts first: one may be part of another."""
    text = _plain(text)
    for mask in sorted(_masks(item, labels), key=lambda mask: -len(mask.phrase)):
        phrase = _plain(mask.phrase).strip()
        if phrase:
            flags = re.NOFLAG if mask.exact else re.IGNORECASE
            text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", mask.mark, text, flags=flags)
    return _POSSESSIVE.sub(r"\1", text)


def _numbers_masked(text: str, item: Recommendation) -> str:
    """With marks for the numbers of the evidence; others stay, and are foreign."""
    decade, share = item.evidence.decade, item.evidence.decade_share
    marks: dict[str, str] = {}
    if decade is not None:
        marks[f"{decade}s"] = _DECADE
        if 1900 <= decade < 2000:
            marks[f"{decade % 100}s"] = _DECADE
    if share is not None:
        marks[f"{share:.0%}"] = _SHARE
    if item.year:
        marks[str(item.year)] = _FACT

    def mark(found: re.Match[str]) -> str:
        # A full stop or comma behind a number belongs to the sentence.
        said = found[0].rstrip(".,")
        plain = re.sub(r"\s?percent", "%", said.lstrip("'")).replace(" ", "")
        return marks[plain] + found[0][len(said) :] if plain in marks else found[0]

    return _NUMBER.sub(mark, text)


def _foreign(sentence: str, artists: Container[str]) -> Iterator[str]:
    """What is neither a fact nor a connecting word."""
    yield from (found[0] for found in _NUMBER.finditer(sentence))
    opening = re.search(rf"[\w{_MASKS}]", sentence)
    for found in _FORM.finditer(sentence):
        word = found[0]
        begins = opening is not None and found.start() == opening.start()
        # Within a sentence a capital letter makes a name of any word, and at its beginning it may.
        named = word != word.lower() and (not begins or name_keys(word)[Tier.WORDS] in artists)
        if word.lower() not in WORDS or named:
            yield word
    yield from (char for char in _FORM.sub("", sentence) if char not in _PUNCTUATION and not _is_mark(char))


def _is_mark(char: str) -> bool:
    return _SEED <= char <= _WISH


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_CURLY)
