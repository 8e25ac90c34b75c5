"""What MusicBrainz answers, read once into domain types."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup, parse_mbid
from brainarr.domain.names import clean_name
from brainarr.http.rows import Count, read_rows

MOST_ALIASES = 100
MOST_GENRES = 20


class Named(msgspec.Struct):
    name: str


class Voted(msgspec.Struct):
    name: str
    count: Annotated[int, msgspec.Meta(le=10**9)] = 0


class LifeSpan(msgspec.Struct):
    begin: str | None = None


class ArtistRow(msgspec.Struct, rename={"sort_name": "sort-name", "life_span": "life-span"}):
    id: str
    name: str
    sort_name: str | None = None
    disambiguation: str | None = None
    country: str | None = None
    life_span: LifeSpan | None = None
    aliases: list[msgspec.Raw] | None = None
    genres: list[msgspec.Raw] | None = None
    tags: list[msgspec.Raw] | None = None
    relations: list[msgspec.Raw] | None = None
    """As raw rows: only a look-up that asks for them has any."""
    score: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100


class Matches(msgspec.Struct):
    artists: list[msgspec.Raw]


class Rating(msgspec.Struct, rename={"votes": "votes-count"}):
    value: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    votes: Count | None = None


class CreditedArtist(msgspec.Struct):
    id: str


class Credited(msgspec.Struct):
    artist: CreditedArtist


class GroupRow(
    msgspec.Struct,
    rename={
        "kind": "primary-type",
        "secondary": "secondary-types",
        "released": "first-release-date",
        "credit": "artist-credit",
    },
):
    id: str
    title: str
    kind: str | None = None
    secondary: list[str] | None = None
    released: str | None = None
    rating: Rating | None = None
    genres: list[msgspec.Raw] | None = None
    tags: list[msgspec.Raw] | None = None
    credit: list[Credited] | None = None
    """Whom it is by; only a search tells."""


class FoundGroups(msgspec.Struct, rename={"groups": "release-groups"}):
    count: int
    groups: list[msgspec.Raw]


class GroupRows(msgspec.Struct, rename={"count": "release-group-count", "groups": "release-groups"}):
    count: int
    groups: list[msgspec.Raw]


def catalog_artist(row: ArtistRow) -> CatalogArtist | None:
    mbid, name = parse_mbid(row.id), clean_name(row.name)
    if mbid is None or not name:
        return None
    aliases = (
        clean_name(alias.name) for alias in read_rows("musicbrainz", row.aliases or [], Named, MOST_ALIASES)
    )
    return CatalogArtist(
        mbid=mbid,
        name=name,
        sort_name=clean_name(row.sort_name or ""),
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias)),
        disambiguation=clean_name(row.disambiguation or ""),
        country=clean_name(row.country or "")[:2] or None,
        begin=_year(row.life_span.begin if row.life_span else None),
        genres=read_genres(row.genres, row.tags),
        score=row.score,
    )


def release_group(row: GroupRow, artist: Mbid) -> ReleaseGroup | None:
    mbid, title = parse_mbid(row.id), clean_name(row.title)
    if mbid is None or not title:
        return None
    rating = row.rating or Rating()
    return ReleaseGroup(
        mbid=mbid,
        title=title,
        artist=artist,
        year=_year(row.released),
        released=_date(row.released),
        kind=clean_name(row.kind or "other").casefold(),
        secondary_kinds=tuple(clean_name(kind).casefold() for kind in (row.secondary or [])[:10]),
        rating=None if rating.value is None else rating.value * 2,  # five stars there, ten points here
        votes=int(rating.votes or 0),
        genres=read_genres(row.genres, row.tags),
    )


def read_genres(
    genres: Sequence[msgspec.Raw] | None, tags: Sequence[msgspec.Raw] | None
) -> tuple[tuple[str, float], ...]:
    """(genre, votes), most voted first; free tags only where no genre is given, as in search results."""
    voted = read_rows("musicbrainz", genres or tags or [], Voted, 200)
    named = ((clean_name(vote.name).casefold(), float(vote.count)) for vote in voted if vote.count > 0)
    return tuple(sorted((pair for pair in named if pair[0]), key=lambda pair: (-pair[1], pair[0])))[
        :MOST_GENRES
    ]


def _date(date: str | None) -> str | None:
    """As much of "1998-04-20" as is there; None of "????-04" and of nothing."""
    found = re.match(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-[0-3][0-9])?)?(?![0-9])", date or "")
    return found[0] if found and int(found[0][:4]) else None


def _year(date: str | None) -> int | None:
    """The year of "1998", "1998-04" or "1998-04-20"; None of "????-04" and of nothing."""
    found = re.match(r"[0-9]{4}(?![0-9])", date or "")
    return int(found[0]) or None if found else None
