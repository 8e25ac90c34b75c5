"""Questions in the search server's language, Lucene: https://musicbrainz.org/doc/Indexed_Search_Syntax"""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from brainarr.domain.music import Mbid
from brainarr.domain.names import clean_name, name_words
from brainarr.domain.romanised import romanise

# One letter of a shorter word is too much of it: half the catalogue would be near.
_FUZZY_FROM = 4
_SPECIAL = re.compile(r'([-+&|!(){}\[\]^"~*?:\\/])')


def search_query(name: str) -> str:
    """A Lucene query for artists of this name, alias or sort name, or at least of its words; "" for no name.

    Phrases weigh more than words, so the exact name comes first. Names of another script are sorted by their
    romanisation, of which several are usual: hence words in Latin letters, and words that differ by a letter
    ("Tsoi" finds "Tsoy, Viktor"). What such a search finds is no more than a candidate.
    https://musicbrainz.org/doc/Indexed_Search_Syntax
    """
    name = clean_name(name)
    if not name:
        return ""
    phrase = escape(name)
    clauses = [f'{field}:"{phrase}"' for field in ("artist", "alias", "sortname")]
    words = [word for word in name_words(name)[:10] if any(ch.isalnum() for ch in word)]
    plain = " ".join(words)
    if plain and plain != name.casefold():
        clauses.append(f'artist:"{escape(plain)}"')
    if words:
        clauses.append(f"({' AND '.join(map(escape, words))})")
    near = [f"{word}~1" if len(word) >= _FUZZY_FROM else word for word in map(romanise, words) if word]
    if near and near != words:
        clauses.append(f"({' AND '.join(near)})")
    return " OR ".join(clauses)


def escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def style_query(styles: Sequence[str], also: Iterable[Mbid]) -> str:
    """Artists tagged with the first two of `styles` (or the only one), those of the others among them first;
    and those of `also` that anybody tagged with any."""
    tags = [f'tag:"{escape(style)}"' for style in styles]
    query = " ".join([*(f"+{tag}" for tag in tags[:2]), *tags[2:]])
    wanted = " ".join(f"arid:{mbid}" for mbid in also)
    return f"({query}) OR (+({wanted}) +({' '.join(tags)}))" if wanted else query


def released_query(artists: Sequence[Mbid], day: date) -> str:
    """Official albums and EPs by any of `artists`, first released on `day` or later; the index also has what
    is announced. https://musicbrainz.org/doc/MusicBrainz_API/Search#Release_Group"""
    named = " OR ".join(f"arid:{mbid}" for mbid in artists)
    kinds = "(primarytype:album OR primarytype:ep)"
    return f"({named}) AND firstreleasedate:[{day:%Y-%m-%d} TO *] AND {kinds} AND status:official"
