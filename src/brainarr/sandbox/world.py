"""The music that exists in a sandbox: artists, their albums, and who is close to whom."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from brainarr.domain.music import Mbid

SANDBOX_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "sandbox.brainarr.invalid")


def sandbox_mbid(*words: str) -> Mbid:
    """An invented identifier, the same on every machine; its UUID version is 5 where MusicBrainz uses 4."""
    return Mbid(str(uuid.uuid5(SANDBOX_NAMESPACE, "/".join(words))))


class WorldArtist(msgspec.Struct, frozen=True, gc=False):
    mbid: Mbid
    name: str
    number: int
    """What Deezer calls the artist."""
    person: bool = False
    genres: tuple[tuple[str, int], ...] = ()
    """(genre, votes), most voted first."""
    begin: int | None = None
    """Year of birth or foundation."""
    country: str | None = None
    listeners: int = 0
    aliases: tuple[str, ...] = ()
    disambiguation: str = ""

    @property
    def sort_name(self) -> str:
        """As MusicBrainz sorts: "Beatles, The" and "Young, Neil"."""
        if self.name.startswith("The "):
            return f"{self.name[4:]}, The"
        first, _, last = self.name.rpartition(" ")
        return f"{last}, {first}" if self.person and first else self.name


class WorldAlbum(msgspec.Struct, frozen=True, gc=False):
    """A release group."""

    mbid: Mbid
    title: str
    artist: Mbid
    year: int | None
    kind: str = "Album"
    """Primary type as MusicBrainz writes it: Album, EP, Single."""
    secondary_kinds: tuple[str, ...] = ()
    """As MusicBrainz writes them: Compilation, Live, Soundtrack, Remix, DJ-mix."""
    fans: int = 0
    rating: float | None = None
    """0 to 5, as MusicBrainz has it."""
    votes: int = 0
    released: str | None = None
    """The day of the first release, as 2026-05-08, where more than its year is known."""

    @property
    def first_release(self) -> str:
        """As MusicBrainz writes it; "": unknown."""
        return self.released or (f"{self.year:04d}" if self.year else "")


class Relation(msgspec.Struct, frozen=True):
    """`artist` is to `other` what `kind` says, in MusicBrainz' words: "member of band"."""

    artist: Mbid
    kind: str
    other: Mbid


class Owned(msgspec.Struct, frozen=True):
    """One artist that a sandbox Lidarr starts with."""

    artist: Mbid
    added: datetime
    held: frozenset[Mbid] = frozenset()
    """Albums that have files."""
    only_held: bool = False
    """Those alone are monitored; else all."""


class World:
    """Everything the catalogue knows; `neighbours` lists (artist, raw co-listen count), nearest first.

    `merged` maps retired identifiers (of artists or albums) to those that replaced them.
    """

    def __init__(
        self,
        artists: Iterable[WorldArtist],
        albums: Iterable[WorldAlbum],
        neighbours: Mapping[Mbid, tuple[tuple[Mbid, int], ...]],
        merged: Mapping[Mbid, Mbid] | None = None,
        relations: Iterable[Relation] = (),
    ) -> None:
        self.artists = {artist.mbid: artist for artist in artists}
        self.albums = {album.mbid: album for album in albums}
        self.neighbours = dict(neighbours)
        self.merged = dict(merged or {})
        self.relations = tuple(relations)
        self._index()

    def _index(self) -> None:
        self.by_number = {artist.number: artist for artist in self.artists.values()}
        discographies: dict[Mbid, list[WorldAlbum]] = defaultdict(list)
        for album in sorted(self.albums.values(), key=lambda album: (album.year or 9999, album.title)):
            discographies[album.artist].append(album)
        self._discographies = discographies

    def artist(self, mbid: str) -> WorldArtist | None:
        """Retired identifiers answer with the artist that replaced them."""
        return self.artists.get(self.merged.get(Mbid(mbid), Mbid(mbid)))

    def album(self, mbid: str) -> WorldAlbum | None:
        return self.albums.get(self.merged.get(Mbid(mbid), Mbid(mbid)))

    def discography(self, artist: Mbid) -> list[WorldAlbum]:
        """Oldest first."""
        return self._discographies.get(artist, [])

    def merge(self, old: Mbid, new: Mbid) -> None:
        """`old` was the same as `new`, artist or album: it answers with `new` from now on, and an artist's
        albums are the other's."""
        if old == new or (old in self.artists) != (new in self.artists):
            raise ValueError(f"{old} cannot be merged into {new}")
        self.merged = {known: new if to == old else to for known, to in self.merged.items()} | {old: new}
        if old in self.artists:
            moved = [msgspec.structs.replace(album, artist=new) for album in self.discography(old)]
            self.albums |= {album.mbid: album for album in moved}
        self._forget(old)

    def vanish(self, mbid: Mbid) -> None:
        """The artist with its albums, or the album, was removed from MusicBrainz."""
        for album in self.discography(mbid):
            del self.albums[album.mbid]
        self._forget(mbid)

    def _forget(self, mbid: Mbid) -> None:
        self.artists.pop(mbid, None)
        self.albums.pop(mbid, None)
        self.neighbours = {
            artist: tuple(pair for pair in near if pair[0] != mbid)
            for artist, near in self.neighbours.items()
            if artist != mbid
        }
        self.relations = tuple(one for one in self.relations if mbid not in (one.artist, one.other))
        self._index()

    def named(self, name: str) -> WorldArtist:
        """The one artist of exactly this name; LookupError when there is none."""
        for artist in self.artists.values():
            if artist.name == name:
                return artist
        raise LookupError(name)
