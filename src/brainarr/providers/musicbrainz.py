"""MusicBrainz, the catalogue that says what exists: https://musicbrainz.org/doc/MusicBrainz_API"""

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from pydantic import Field, ValidationInfo, field_validator

from brainarr import __version__
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup, parse_mbid
from brainarr.domain.names import clean_name, name_words
from brainarr.domain.romanised import romanise
from brainarr.errors import MissingResource, UnreadableAnswer
from brainarr.http import Http
from brainarr.http.rows import Count, read_rows
from brainarr.settings.values import Section, WebAddress

MOST_MATCHES = 25
MOST_ALIASES = 100
MOST_GENRES = 20
PAGE = 100
MOST_PAGES = 5
"""Of 100 release groups each: a second per page, and only composers and bootlegged giants have more."""


class MusicBrainzSettings(Section):
    base_url: WebAddress = "https://musicbrainz.org/ws/2"
    contact: (
        Annotated[str, Field(max_length=200, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")] | None
    ) = None
    """An e-mail or web address: MusicBrainz wants to reach whoever runs a client that misbehaves."""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The public server allows 1, a mirror more: https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting"""

    @field_validator("requests_per_second")
    @classmethod
    def _public_server_allows_one(cls, rate: float, info: ValidationInfo) -> float:
        host = urlsplit(info.data.get("base_url", "")).hostname or ""
        if rate > 1 and (host == "musicbrainz.org" or host.endswith(".musicbrainz.org")):
            raise ValueError(
                "a number above 0 and at most 1 for musicbrainz.org, which blocks whoever asks faster"
            )
        return rate


def connect(settings: MusicBrainzSettings) -> Http:
    contact = settings.contact or "self-hosted, no contact given"
    return Http(
        "musicbrainz",
        settings.base_url,
        headers={"User-Agent": f"Brainarr/{__version__} ( {contact} )"},
        requests_per_second=settings.requests_per_second,
        follow_redirects_same_host=True,  # a merged MBID answers 301 to the one that is left
        attempts=4,  # 503 is its way of saying "slower", and ends within seconds
    )


class MusicBrainz:
    """The catalogue (pipeline.ports.Catalog)."""

    name = "musicbrainz"
    kind = "musicbrainz"

    def __init__(self, settings: MusicBrainzSettings, http: Http) -> None:
        self._settings = settings
        self._http = http

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        query = search_query(name)
        if not query:
            return ()
        answer = await self._http.get_json(
            "artist", {"query": query, "limit": MOST_MATCHES, "fmt": "json"}, shape=_Matches
        )
        rows = read_rows(self.name, answer.artists, _Artist, MOST_MATCHES)
        return tuple(artist for row in rows if (artist := _catalog_artist(row)) is not None)

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        try:
            row = await self._http.get_json(
                f"artist/{mbid}", {"inc": "aliases genres tags", "fmt": "json"}, shape=_Artist
            )
        except MissingResource:
            return None
        found = _catalog_artist(row)
        if found is None:
            raise UnreadableAnswer(self.name, f"the artist it gave for {mbid} has no name or no MBID.")
        return found

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        found: dict[Mbid, ReleaseGroup] = {}
        offset = 0
        for _ in range(MOST_PAGES):
            page = await self._page(artist, offset)
            for row in read_rows(self.name, page.groups, _Group, PAGE):
                if (album := _release_group(row, artist)) is not None:
                    found[album.mbid] = album
            offset += len(page.groups)
            if not page.groups or offset >= page.count:
                break
        return tuple(sorted(found.values(), key=lambda album: (album.year or 9999, album.title)))

    async def check(self) -> str:
        await self.find_artists("Radiohead")
        pace = f"{self._settings.requests_per_second:g} requests a second"
        contact = "" if self._settings.contact else "; set musicbrainz.contact so that it can reach you"
        return f"answers, asked at most {pace}{contact}"

    async def _page(self, artist: Mbid, offset: int) -> "_Groups":
        params = {
            "artist": artist,
            "type": "album|ep",
            "release-group-status": "website-default",  # without what exists as a bootleg only
            "inc": "ratings genres tags",
            "limit": PAGE,
            "offset": offset,
            "fmt": "json",
        }
        try:
            return await self._http.get_json("release-group", params, shape=_Groups)
        except MissingResource:
            return _Groups(count=0, groups=[])


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
    phrase = _escape(name)
    clauses = [f'{field}:"{phrase}"' for field in ("artist", "alias", "sortname")]
    words = [word for word in name_words(name)[:10] if any(ch.isalnum() for ch in word)]
    plain = " ".join(words)
    if plain and plain != name.casefold():
        clauses.append(f'artist:"{_escape(plain)}"')
    if words:
        clauses.append(f"({' AND '.join(map(_escape, words))})")
    near = [f"{word}~1" if len(word) >= _FUZZY_FROM else word for word in map(romanise, words) if word]
    if near and near != words:
        clauses.append(f"({' AND '.join(near)})")
    return " OR ".join(clauses)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


class _Named(msgspec.Struct):
    name: str


class _Voted(msgspec.Struct):
    name: str
    count: Annotated[int, msgspec.Meta(le=10**9)] = 0


class _LifeSpan(msgspec.Struct):
    begin: str | None = None


class _Artist(msgspec.Struct, rename={"sort_name": "sort-name", "life_span": "life-span"}):
    id: str
    name: str
    sort_name: str | None = None
    disambiguation: str | None = None
    country: str | None = None
    life_span: _LifeSpan | None = None
    aliases: list[msgspec.Raw] | None = None
    genres: list[msgspec.Raw] | None = None
    tags: list[msgspec.Raw] | None = None
    score: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100


class _Matches(msgspec.Struct):
    artists: list[msgspec.Raw]


class _Rating(msgspec.Struct, rename={"votes": "votes-count"}):
    value: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    votes: Count | None = None


class _Group(
    msgspec.Struct,
    rename={"kind": "primary-type", "secondary": "secondary-types", "released": "first-release-date"},
):
    id: str
    title: str
    kind: str | None = None
    secondary: list[str] | None = None
    released: str | None = None
    rating: _Rating | None = None
    genres: list[msgspec.Raw] | None = None
    tags: list[msgspec.Raw] | None = None


class _Groups(msgspec.Struct, rename={"count": "release-group-count", "groups": "release-groups"}):
    count: int
    groups: list[msgspec.Raw]


def _catalog_artist(row: _Artist) -> CatalogArtist | None:
    mbid, name = parse_mbid(row.id), clean_name(row.name)
    if mbid is None or not name:
        return None
    aliases = (
        clean_name(alias.name) for alias in read_rows("musicbrainz", row.aliases or [], _Named, MOST_ALIASES)
    )
    return CatalogArtist(
        mbid=mbid,
        name=name,
        sort_name=clean_name(row.sort_name or ""),
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias)),
        disambiguation=clean_name(row.disambiguation or ""),
        country=clean_name(row.country or "")[:2] or None,
        begin=_year(row.life_span.begin if row.life_span else None),
        genres=_genres(row.genres, row.tags),
        score=row.score,
    )


def _release_group(row: _Group, artist: Mbid) -> ReleaseGroup | None:
    mbid, title = parse_mbid(row.id), clean_name(row.title)
    if mbid is None or not title:
        return None
    rating = row.rating or _Rating()
    return ReleaseGroup(
        mbid=mbid,
        title=title,
        artist=artist,
        year=_year(row.released),
        kind=clean_name(row.kind or "other").casefold(),
        secondary_kinds=tuple(clean_name(kind).casefold() for kind in (row.secondary or [])[:10]),
        rating=None if rating.value is None else rating.value * 2,  # five stars there, ten points here
        votes=int(rating.votes or 0),
        genres=_genres(row.genres, row.tags),
    )


def _genres(
    genres: Sequence[msgspec.Raw] | None, tags: Sequence[msgspec.Raw] | None
) -> tuple[tuple[str, float], ...]:
    """(genre, votes), most voted first; free tags only where no genre is given, as in search results."""
    voted = read_rows("musicbrainz", genres or tags or [], _Voted, 200)
    named = ((clean_name(vote.name).casefold(), float(vote.count)) for vote in voted if vote.count > 0)
    return tuple(sorted((pair for pair in named if pair[0]), key=lambda pair: (-pair[1], pair[0])))[
        :MOST_GENRES
    ]


def _year(date: str | None) -> int | None:
    """The year of "1998", "1998-04" or "1998-04-20"; None of "????-04" and of nothing."""
    found = re.match(r"[0-9]{4}(?![0-9])", date or "")
    return int(found[0]) or None if found else None
