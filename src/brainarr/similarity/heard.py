"""One line of any file: somebody listened to an artist, so many times."""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.domain.names import NAMELESS, Tier, clean_name, name_keys

PLAYS_LIMIT = 1_000_000_000
"""More plays of one artist by one person than anybody can hear in a lifetime; more is cut."""
NAMED = "="
"""Begins the identity of an artist known by name only; no MBID begins so."""


class Heard(NamedTuple):
    """Somebody listened to an artist, of whom `mbid` or `name` is known."""

    person: str
    name: str
    mbid: Mbid | None
    plays: int = 1


class UnusableLine(Exception):
    """Why a line says nothing. Whoever reads lines counts it; it never leaves the reader."""


def heard_of(person: str, name: str, mbid: str, plays: str | int = 1) -> Heard:
    """The fields of one line, checked. Raises UnusableLine."""
    known = parse_mbid(mbid)
    if mbid and known is None:
        raise UnusableLine("mbid is no MusicBrainz identifier")
    name = clean_name(name)
    if known is None and name_key(name) == NAMELESS:
        raise UnusableLine("neither name nor mbid")
    if not person:
        raise UnusableLine("no user")
    if isinstance(plays, str) and not (plays.isascii() and plays.isdigit() and len(plays) <= 18):
        raise UnusableLine("plays is not a whole number")
    if (count := int(plays)) < 1:
        raise UnusableLine("plays is below 1")
    return Heard(person, name, known, min(count, PLAYS_LIMIT))


@lru_cache(maxsize=1 << 18)
def name_key(name: str) -> str:
    """What two spellings of one artist's name share: tier WORDS of `domain.names`."""
    return name_keys(name)[Tier.WORDS]


def identity(name: str, mbid: Mbid | None) -> str:
    """The column of an artist: its MBID, else the key of its name."""
    return mbid or NAMED + name_key(name)


def hash64(text: str) -> int:
    """64 bits that stand for a text: enough to know it again."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
