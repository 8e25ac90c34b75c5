"""Library care: what is loved, what went astray in the library, and which albums it lacks."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from brainarr.domain.learning import FacetWeights
from brainarr.domain.music import Mbid, OwnedArtist, ReleaseGroup

SOURCE = "library care"
"""Who proposes the albums of owned artists: the source of their voice."""

CARE_WEIGHTS = FacetWeights(genre=0.1, era=0.1, diversity=0.2, confidence=0.6)
"""Of the score of their albums. The taste for owned artists is known: how much somebody is played says more
than how typical the music is of the library. Not learnt: what is said to old acquaintances tells nothing of
strangers."""


class Loved(msgspec.Struct, frozen=True, gc=False):
    """An owned artist, and how much it counts."""

    artist: OwnedArtist
    weight: float
    """As the profile weighs artists, without regard to how new it is."""
    share: float
    """Of the weight of the library's most loved artist, above 0 to 1."""
    because: tuple[str, ...] = ()
    """What the weight is made of, in words: "812 plays", "40 files"."""
    favourite: bool = False
    """Whether it is among those that count as loved."""


class DriftKind(StrEnum):
    """In which way library, Lidarr and MusicBrainz have come apart; the gravest first."""

    GONE = "gone"
    """MusicBrainz has it no more, and Lidarr cannot refresh it."""
    NO_MBID = "no-mbid"
    """Without an identifier nothing can be asked about it."""
    SAME_MBID = "same-mbid"
    """Two entries are one artist."""
    SHARED_FOLDER = "shared-folder"
    """Two artists keep their files in one place, or one within the other's."""
    NAMESAKES = "namesakes"
    """Several artists of one name: files of the one end up with the other."""
    UNMONITORED = "unmonitored"
    """Loved, and Lidarr looks for nothing of it."""
    NO_ALBUMS = "no-albums"
    """Monitored, and Lidarr lists no album: never refreshed, or its metadata profile leaves everything
    out."""
    NO_FILES = "no-files"
    """Monitored for a while, and nothing has come."""


class DriftArtist(msgspec.Struct, frozen=True, gc=False):
    """An artist as a finding names it."""

    id: int
    """Lidarr's own number."""
    name: str
    mbid: Mbid | None


class Drift(msgspec.Struct, frozen=True, gc=False):
    """One finding."""

    kind: DriftKind
    artists: tuple[DriftArtist, ...]
    """One, or those that are in each other's way, the most loved of them first; bounded."""
    detail: str
    """What was found, with its numbers."""


class CareFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an album of an owned artist is proposed: what its reason may say."""

    new: bool
    """A new release; else an album that the artist's studio albums lack in the library."""
    because: tuple[str, ...] = ()
    """As `Loved.because`."""
    held: int = 0
    """Of the artist's studio albums that are out, how many the library has or waits for."""
    studio: int = 0
    """How many of those there are."""
    chosen_by: str | None = None
    """The chart that lists it among the artist's albums."""
    place: int | None = None
    """In that chart, among the studio albums, from 1."""
    rating: float | None = None
    """At MusicBrainz, 0 to 10."""
    released: str | None = None
    upcoming: bool = False
    listed: bool = False
    """Lidarr lists it already, and does not monitor it."""


class MissingAlbum(msgspec.Struct, frozen=True):
    """An album of an owned artist that the library neither has nor waits for."""

    loved: Loved
    album: ReleaseGroup
    standing: float
    """What is to be said for it among the artist's albums, above 0 to 1."""
    facts: CareFacts

    @property
    def confidence(self) -> float:
        """How sure it is wanted, in [0, 1]: the geometric mean of how loved its artist is, and its
        standing."""
        return float((self.loved.share * self.standing) ** 0.5)


class Remembered(msgspec.Struct, frozen=True):
    """What was found out about an artist's new releases, at some time."""

    albums: tuple[ReleaseGroup, ...]
    fresh: bool
    """Whether it is not yet time to ask again."""


class CareReport(msgspec.Struct, frozen=True):
    """What care found in one library."""

    read_at: datetime
    """When the library was read."""
    artists: int
    played: int
    """Artists whose plays are known."""
    counts: Mapping[DriftKind, int]
    """Findings of each kind that has any."""
    drift: tuple[Drift, ...]
    """The gravest kinds first; bounded for each kind, unlike the counts."""
    loved: int
    known: int
    """Of the loved artists, how many have albums known here and in the catalogue."""
    gaps: tuple[MissingAlbum, ...]
    """What seems most wanted first; bounded."""
    all_gaps: int
    watched: int
    """Artists whose new releases the catalogue was asked for."""
    releases: tuple[MissingAlbum, ...]
    """What is out, the newest first; then what is announced, the soonest first. Bounded."""
    all_releases: int
    proposed: frozenset[Mbid] = frozenset()
    """Of all these albums, those that wait for a decision or are on their way."""

    @property
    def findings(self) -> int:
        return sum(self.counts.values())
