"""A catalogue in memory that is searched as MusicBrainz is, with the query that the adapter sends there.

https://musicbrainz.org/doc/Indexed_Search_Syntax: words are folded (case, accents, width); a phrase matches
where its words follow each other; a bare word is looked for in name, alias and sort name.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random

import msgspec
from rapidfuzz.distance import Levenshtein

from benchmarks.spellings import is_latin, romanise, without_accents
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.providers.musicbrainz import MOST_MATCHES, search_query

_CLAUSE = re.compile(r'(?P<field>\w+):"(?P<phrase>(?:[^"\\]|\\.)*)"|\((?P<words>(?:[^()\\]|\\.)*)\)')


def catalog_artist(mbid: Mbid, name: str, aliases: tuple[str, ...] = ()) -> CatalogArtist:
    """Sorted as MusicBrainz demands: by a name in Latin letters, the article last.

    https://musicbrainz.org/doc/Style/Artist/Sort_Name
    """
    latin = name if is_latin(name) else romanise(name, Random(mbid)) or name
    sort = f"{latin[4:]}, The" if latin.startswith("The ") else latin
    return CatalogArtist(mbid, name, sort_name=sort, aliases=aliases)


def fold_words(text: str) -> list[str]:
    """The words of a name as the search server indexes them."""
    folded = without_accents(unicodedata.normalize("NFKC", text).casefold())
    return re.findall(r"[^\W_]+", re.sub(r"['’.]", "", folded))


class SearchedCatalog:
    """pipeline.ports.Catalog over the given artists. It never waits, and never fails."""

    def __init__(self, artists: Iterable[CatalogArtist]) -> None:
        self._artists = {artist.mbid: artist for artist in artists}
        self._fields: dict[str, dict[Mbid, list[list[str]]]] = {"artist": {}, "alias": {}, "sortname": {}}
        self._holding: dict[str, set[Mbid]] = defaultdict(set)
        for mbid, artist in self._artists.items():
            self._fields["artist"][mbid] = [fold_words(artist.name)]
            self._fields["sortname"][mbid] = [fold_words(artist.sort_name)]
            self._fields["alias"][mbid] = [fold_words(alias) for alias in artist.aliases]
            for field in self._fields.values():
                for words in field[mbid]:
                    for word in words:
                        self._holding[word].add(mbid)
        self._shortened: dict[str, list[str]] = defaultdict(list)
        for word in self._holding:
            for form in _shortened(word):
                self._shortened[form].append(word)
        self._answered: dict[str, tuple[CatalogArtist, ...]] = {}

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        if name not in self._answered:
            self._answered[name] = self._search(name)
        return self._answered[name]

    def _search(self, name: str) -> tuple[CatalogArtist, ...]:
        scores: dict[Mbid, int] = {}
        for clause in _CLAUSE.finditer(search_query(name)):
            if clause["words"] is not None:
                hits = self._with_words(clause["words"].split(" AND "))
            else:
                hits = self._with_phrase(clause["field"], fold_words(_unescaped(clause["phrase"])))
            for mbid, score in hits.items():
                scores[mbid] = max(score, scores.get(mbid, 0))
        best = sorted(scores, key=lambda mbid: (-scores[mbid], mbid))[:MOST_MATCHES]
        return tuple(msgspec.structs.replace(self._artists[mbid], score=scores[mbid]) for mbid in best)

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        return self._artists.get(mbid)

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        return ()

    def _with_all(self, words: Sequence[str]) -> set[Mbid]:
        return set.intersection(*(self._holding.get(word, set()) for word in words)) if words else set()

    def _with_words(self, terms: Sequence[str]) -> dict[Mbid, int]:
        """Terms may end in "~1": one letter may differ. The more of a name they cover, the better."""
        asked = 0
        found: list[set[Mbid]] = []
        for term in terms:
            plain = _unescaped(term.removesuffix("~1"))
            for word in fold_words(plain):
                asked += 1
                near = self._near(word) if term.endswith("~1") else (word,)
                found.append(set().union(*(self._holding.get(other, ()) for other in near)))
        if not found:
            return {}
        most = 40 if terms[0].endswith("~1") else 80
        return {
            mbid: most * asked // max(asked, min(map(len, self._fields["artist"][mbid])))
            for mbid in set.intersection(*found)
        }

    def _near(self, word: str) -> list[str]:
        """Words that differ by one letter at most: both then share a form with one letter less."""
        likely = set().union(*(self._shortened.get(form, ()) for form in _shortened(word)))
        return [other for other in likely if Levenshtein.distance(word, other, score_cutoff=1) <= 1]

    def _with_phrase(self, field: str, phrase: list[str]) -> dict[Mbid, int]:
        """The whole name scores 100; the longer the name that the phrase is but a part of, the less."""
        hits: dict[Mbid, int] = {}
        for mbid in self._with_all(phrase):
            for words in self._fields[field][mbid]:
                if any(words[at : at + len(phrase)] == phrase for at in range(len(words) - len(phrase) + 1)):
                    hits[mbid] = max(hits.get(mbid, 0), 100 * len(phrase) // len(words))
        return hits


def _shortened(word: str) -> set[str]:
    """The word, and all that is left of it without one of its letters."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
