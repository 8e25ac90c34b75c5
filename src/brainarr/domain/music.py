"""Music as MusicBrainz and Lidarr know it: identifiers, the owned library, the catalogue's facts."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NewType

import msgspec

Mbid = NewType("Mbid", str)
"""A MusicBrainz identifier: canonical lower-case UUID text, made by `parse_mbid` only."""

_MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def parse_mbid(text: str | None) -> Mbid | None:
    """The identifier in `text`, lower-cased; None when it is not one."""
    if not text:
        return None
    lowered = text.strip().lower()
    return Mbid(lowered) if _MBID.fullmatch(lowered) else None


# Special-purpose artists of MusicBrainz: real identifiers that stand for "nobody in particular", which no
# list may ever contain. https://musicbrainz.org/doc/Style/Unknown_and_untitled/Special_purpose_artist
SPECIAL_PURPOSE_ARTISTS: frozenset[Mbid] = frozenset(
    Mbid(text)
    for text in (
        "89ad4ac3-39f7-470e-963a-56509c546377",  # Various Artists
        "f731ccc4-e22a-43af-a747-64213329e088",  # [anonymous]
        "33cf029c-63b0-41a0-9855-be2a3665fb3b",  # [data]
        "314e1c25-dde7-4e4d-b2f4-0a7b9f7c56dc",  # [dialogue]
        "eec63d3c-3b81-4ad4-b1e4-7c147d4d2b61",  # [no artist]
        "9be7f096-97ec-4615-8957-8d40b5dcbc41",  # [traditional]
        "125ec42a-7229-4250-afc5-e057484327fe",  # [unknown]
        "203b6058-2401-4bf0-89e3-8dc3d37c3f12",  # [nature sounds]
        "5e760f5a-ea55-4b53-a18f-021c0d9779a6",  # [talk]
    )
)


class OwnedArtist(msgspec.Struct, frozen=True, gc=False):
    """One artist of the library. `gc=False`: 50,000 of them must not make the collector stall the event
    loop."""

    id: int
    """Lidarr's own number of the artist, unique within one instance."""
    name: str
    mbid: Mbid | None = None
    genres: tuple[str, ...] = ()
    """Lower-case, as Lidarr has them; not yet mapped to the genre tree."""
    rating: float | None = None
    """0 to 10; None when nobody voted."""
    added: datetime | None = None
    """When Lidarr took the artist in, in UTC."""
    monitored: bool = True
    tags: tuple[int, ...] = ()
    album_count: int = 0
    track_files: int = 0
    last_release_year: int | None = None
    plays: int = 0
    """Listens known from a scrobbling service; 0 when unknown."""
    fingerprint: int = 0
    """Changes when the artist's statistics or last album do: its albums must then be read again."""
    folder: str = ""
    """Where Lidarr keeps its files; no model is ever told."""
    gone: bool = False
    """Lidarr says that MusicBrainz has the artist no more, and refreshes it no longer."""


class OwnedAlbum(msgspec.Struct, frozen=True, gc=False):
    """One release group that Lidarr lists under an owned artist (whether or not its files are there)."""

    id: int
    title: str
    mbid: Mbid | None = None
    year: int | None = None
    """Year of the first release."""
    kind: str = "album"
    """Primary type, lower-case: album, ep, single, broadcast, other."""
    secondary_kinds: tuple[str, ...] = ()
    """Lower-case: compilation, live, remix, soundtrack, …"""
    monitored: bool = False
    track_files: int = 0
    released: str | None = None
    """As in `ReleaseGroup`."""

    @property
    def held(self) -> bool:
        """Whether it is there or wanted: Lidarr lists every album of an artist it has."""
        return self.monitored or self.track_files > 0


class Library(msgspec.Struct, frozen=True):
    """What one Lidarr holds, at one moment."""

    artists: tuple[OwnedArtist, ...]
    albums: Mapping[int, tuple[OwnedAlbum, ...]]
    """By `OwnedArtist.id`; only those artists whose albums have been read so far."""
    exclusions: frozenset[Mbid]
    """Artists and release groups that Lidarr's own block list names."""
    read_at: datetime
    from_snapshot: bool = False
    """True when Lidarr was away and this is what the database remembered."""
    own_tag: int | None = None
    """Of `OwnedArtist.tags` the one that Brainarr's own adds have; None: this Lidarr has no such tag."""

    @property
    def album_coverage(self) -> float:
        """Share of artists whose albums are known, 0 to 1 (1 for an empty library)."""
        return len(self.albums) / len(self.artists) if self.artists else 1.0


class ReleaseGroup(msgspec.Struct, frozen=True, gc=False):
    """An album as the catalogue knows it."""

    mbid: Mbid
    title: str
    artist: Mbid
    year: int | None = None
    kind: str = "album"
    secondary_kinds: tuple[str, ...] = ()
    rating: float | None = None
    """0 to 10, as in `OwnedArtist`; None when nobody voted."""
    votes: int = 0
    genres: tuple[tuple[str, float], ...] = ()
    released: str | None = None
    """As much of the first release's date as is known: 2026, 2026-05 or 2026-05-08. Such dates compare as
    text; of two that agree as far as both go, the shorter is the earlier."""

    @property
    def studio_album(self) -> bool:
        return self.kind == "album" and not self.secondary_kinds


class CatalogArtist(msgspec.Struct, frozen=True, gc=False):
    """An artist as the catalogue knows it; `mbid` is canonical also when an old, merged id was asked for."""

    mbid: Mbid
    name: str
    sort_name: str = ""
    aliases: tuple[str, ...] = ()
    disambiguation: str = ""
    country: str | None = None
    begin: int | None = None
    """Year the artist was born or the group founded."""
    genres: tuple[tuple[str, float], ...] = ()
    """(genre or tag, votes), most voted first."""
    score: int = 100
    """How well a search matched, 0 to 100; 100 for a lookup."""


class Plays(msgspec.Struct, frozen=True, gc=False):
    """How often a person listened to one artist, as a scrobbling service counts it."""

    name: str
    listens: int
    mbid: Mbid | None = None
