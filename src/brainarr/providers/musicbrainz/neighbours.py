"""Artists close to one by what people wrote down: who plays with whom, and who is tagged alike."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import sqrt

import msgspec

from brainarr.domain.genres import genre_shares, known_genre, lineage
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, CatalogArtist, Mbid, parse_mbid
from brainarr.domain.names import clean_name
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.errors import MissingResource
from brainarr.http import Http
from brainarr.http.rows import read_rows
from brainarr.pipeline.ports import Allowance
from brainarr.providers.musicbrainz.queries import style_query
from brainarr.providers.musicbrainz.rows import ArtistRow, Matches, catalog_artist, read_genres
from brainarr.providers.musicbrainz.settings import MusicBrainzSettings

MOST_NEIGHBOURS = 100
MOST_RELATED = 20
MOST_RELATIONS = 500
"""An orchestra names all who ever played in it."""
MOST_STYLES = 5

# Who makes music together, or is the same people under another name. Not: tribute (plays the songs of those
# one has already), family and love, teachers, voice actors, conductors, who was named after whom.
# https://musicbrainz.org/relationships/artist-artist
_CLOSE = frozenset(
    {
        "member of band",
        "subgroup",
        "collaboration",
        "founder",
        "artist rename",
        "is person",
        "supporting musician",
        "vocal supporting musician",
        "instrumental supporting musician",
    }
)
_REQUESTS_A_SEED = 2
# A likeness that one person's tags tell is half as good as what ten people's do.
_FEW_VOTES = 5.0


class MusicBrainzNeighbours:
    """A similarity source (pipeline.ports.CandidateSource) that asks little: verification needs the pace."""

    name = "musicbrainz"
    kind = "musicbrainz"
    weight = 0.5

    def __init__(self, settings: MusicBrainzSettings, http: Http) -> None:
        self._http = http
        seeds = settings.neighbour_seeds
        # Twice the time that its pace takes: what is slower than that is not waited for.
        self.allowance = Allowance(seeds, 2 * seeds * _REQUESTS_A_SEED / settings.requests_per_second + 5)

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        try:
            row = await self._http.get_json(
                f"artist/{seed.mbid}", {"inc": "artist-rels genres tags", "fmt": "json"}, shape=ArtistRow
            )
        except MissingResource:
            return ()
        genres = read_genres(row.genres, row.tags)
        related = {one.mbid: one for one in islice(_related(row, seed.mbid), MOST_RELATED)}
        alike = await self._alike(_telling(genres), related)
        # Of members most never made a record of their own: who did is tagged by somebody.
        near = {one.mbid: one.name for one in related.values() if one.is_group or one.mbid in alike}
        shares = genre_shares(genres)
        for artist in sorted(alike.values(), key=lambda artist: (-_likeness(shares, artist), artist.mbid)):
            near.setdefault(artist.mbid, artist.name)
        close = [(mbid, name) for mbid, name in near.items() if mbid != seed.mbid]
        return tuple(
            Candidate(artist=name, source=self.name, rank=rank, mbid=mbid, seed=seed.mbid)
            for rank, (mbid, name) in enumerate(close[:MOST_NEIGHBOURS], start=1)
        )

    async def _alike(
        self, styles: Sequence[str], related: Mapping[Mbid, "_Related"]
    ) -> dict[Mbid, CatalogArtist]:
        """Who shares the styles, and of the related whoever has any of them."""
        if not styles:
            return {}
        persons = [mbid for mbid, one in related.items() if not one.is_group]
        params = {"query": style_query(styles, persons), "limit": MOST_NEIGHBOURS, "fmt": "json"}
        answer = await self._http.get_json("artist", params, shape=Matches)
        rows = read_rows(self.name, answer.artists, ArtistRow, MOST_NEIGHBOURS)
        artists = (artist for row in rows if (artist := catalog_artist(row)) is not None)
        return {artist.mbid: artist for artist in artists if artist.mbid not in SPECIAL_PURPOSE_ARTISTS}


class _Related(msgspec.Struct, frozen=True):
    mbid: Mbid
    name: str
    is_group: bool


class _Target(msgspec.Struct):
    id: str
    name: str
    type: str | None = None


class _Relation(msgspec.Struct):
    type: str
    artist: _Target | None = None


def _related(row: ArtistRow, seed: Mbid) -> Iterator[_Related]:
    """Whom the close relations name, each artist once."""
    found: set[Mbid] = {seed, *SPECIAL_PURPOSE_ARTISTS}
    for relation in read_rows("musicbrainz", row.relations or [], _Relation, MOST_RELATIONS):
        if relation.artist is None or relation.type not in _CLOSE:
            continue
        mbid, name = parse_mbid(relation.artist.id), clean_name(relation.artist.name)
        if mbid is not None and name and mbid not in found:
            found.add(mbid)
            # Without a type nobody can say; then it counts as a group, which is the commoner case.
            yield _Related(mbid, name, relation.artist.type != "Person")


def _telling(genres: Sequence[tuple[str, float]]) -> list[str]:
    """The styles that say most of an artist: voted for, and far down the genre tree. "rock" tells little."""
    known = [pair for pair in genres if known_genre(pair[0])] or list(genres)
    ordered = sorted(known, key=lambda pair: (-len(lineage(pair[0])) * sqrt(pair[1]), pair[0]))
    return [name for name, _ in ordered[:MOST_STYLES]]


def _likeness(shares: Mapping[str, float], other: CatalogArtist) -> float:
    """Cosine of the genre shares, ancestors included; less where few people voted."""
    theirs = genre_shares(other.genres)
    together = sum(share * theirs.get(genre, 0.0) for genre, share in shares.items())
    lengths = sqrt(sum(share**2 for share in shares.values()) * sum(share**2 for share in theirs.values()))
    votes = sum(count for _, count in other.genres)
    return together / lengths * votes / (votes + _FEW_VOTES) if lengths else 0.0
