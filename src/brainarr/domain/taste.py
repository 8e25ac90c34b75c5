"""The taste that a library shows: genres, eras, clusters, seeds."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import RunOverrides


class Seed(msgspec.Struct, frozen=True, gc=False):
    """An owned artist that a run starts from."""

    mbid: Mbid
    name: str
    weight: float
    """Share of the taste it stands for; the seeds of a profile sum to 1."""
    cluster: str


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """Artists that belong together by genre and by the neighbours they share."""

    name: str
    weight: float
    """Share of the library's artist weight, 0 to 1."""
    genres: tuple[str, ...]
    exemplars: tuple[str, ...]
    """Names, most characteristic first."""
    size: int


class Shape(msgspec.Struct, frozen=True, gc=False):
    """What kind of collection it is."""

    artists: int = 0
    monitored: int = 0
    albums: int = 0
    track_files: int = 0
    rated: int = 0
    played: int = 0
    without_mbid: int = 0
    without_genres: int = 0

    @property
    def kind(self) -> str:
        """One word for people: empty, sampler, mixed or completist."""
        if not self.artists:
            return "empty"
        per_artist = self.albums / self.artists
        return "sampler" if per_artist < 2 else "completist" if per_artist >= 8 else "mixed"


class Profile(msgspec.Struct, frozen=True):
    """A weighted summary of taste."""

    shape: Shape
    genres: Mapping[str, float]
    """Share of each genre, ancestors in the genre tree included, summing to 1; most loved first."""
    genre_artists: Mapping[str, int]
    """How many artists of the library carry each genre: the document frequency of TF-IDF."""
    years: Mapping[int, float]
    """Share of each first-release year, summing to 1; empty when no year is known."""
    clusters: tuple[Cluster, ...]
    seeds: tuple[Seed, ...]
    """Exemplars worth asking similarity sources about, drawn from every cluster, heaviest first."""
    weights: Mapping[int, float]
    """Share of each artist by `OwnedArtist.id`, summing to 1, heaviest first."""
    recent: tuple[str, ...]
    """Names taken in lately, newest first."""
    album_coverage: float = 1.0

    @property
    def decades(self) -> dict[int, float]:
        """Share of each decade (1990 for the nineties), oldest first."""
        shares: dict[int, float] = {}
        for year in sorted(self.years):
            shares[year // 10 * 10] = shares.get(year // 10 * 10, 0.0) + self.years[year]
        return shares


class GapKind(StrEnum):
    """What a library nearly has."""

    STYLE = "style"
    ERA = "era"


class Gap(msgspec.Struct, frozen=True):
    """A style or an era that much of the library is close to, and little of it is of."""

    kind: GapKind
    name: str
    """The genre, or the decade as "1980s"."""
    reason: str
    """In words and numbers, all of them counted."""
    strength: float
    """Comparable among gaps of a kind only: higher is nearer."""
    own: float
    """Share of the library's artists (style) or first releases (era) that is of it, 0 to 1."""
    run: RunOverrides
    """What to ask a run for, to fill it."""


class Compressed(msgspec.Struct, frozen=True):
    """A library as a prompt can hold it."""

    level: str
    """none, minimal, moderate or aggressive: the one really used."""
    text: str
    tokens: int
    """Of `text` alone."""
    artists_kept: int
    ratio: float
    """Tokens of the full listing, one row per artist, to those of the whole prompt (SCIENCE §4)."""
    full_tokens: int
    named: frozenset[str] = frozenset()
    """The artists named in `text`, as they are spelt there."""
