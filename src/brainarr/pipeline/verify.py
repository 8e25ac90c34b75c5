"""list[Fused] → list[Verified]: does it exist, under which MBID, and may it be recommended?

The catalogue answers one request a second, so verification is the run's bottleneck: it goes down the fused
ranking until three times the wanted number is kept, and asks nothing about what the library alone can judge.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec

from brainarr.domain.genres import genre_shares, known_genre, style_share
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, CatalogArtist, Library, Mbid, ReleaseGroup
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Fused, Judged, Memory, RunOptions, Target, Verdict, Verified
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.albums import choose_album
from brainarr.pipeline.ports import AlbumCharts, Catalog, Preflight
from brainarr.pipeline.resolve import Unresolved, resolve_artist

POOL_FACTOR = 3
# So much further the ranking is followed in search of the styles that were asked for.
_STYLE_FACTOR = 2
# A band is of a style when a fifth of its genre votes say so; a single vote among many is a passer-by's.
_OF_A_STYLE = 0.2
# After this many failures in a row the metadata is taken to be away: the rest is held instead of waited for.
_AWAY_AFTER = 3
_NOT_ARTISTS = frozenset(
    name_keys(name)[Tier.WORDS]
    for name in (
        "Various Artists",
        "Various",
        "VA",
        "[unknown]",
        "Unknown Artist",
        "[no artist]",
        "Soundtrack",
        "Anonymous",
    )
)


class Owned(msgspec.Struct, frozen=True):
    """What the library alone can judge, indexed once per run."""

    mbids: frozenset[Mbid]
    names: frozenset[str]
    """Keys of owned artists' names."""
    nameless: frozenset[str]
    """Of those, the ones whose artist has no MBID: only a name can tell that they are owned."""
    exclusions: frozenset[Mbid]

    @classmethod
    def of(cls, library: Library) -> "Owned":
        keys = {artist.id: name_keys(artist.name)[Tier.WORDS] for artist in library.artists}
        return cls(
            mbids=frozenset(artist.mbid for artist in library.artists if artist.mbid is not None),
            names=frozenset(keys.values()),
            nameless=frozenset(keys[artist.id] for artist in library.artists if artist.mbid is None),
            exclusions=library.exclusions,
        )

    def holds(self, name: str, mbid: Mbid | None) -> bool:
        """Whether this artist is owned: by identifier; by name only where one of the two has none."""
        key = name_keys(name)[Tier.WORDS]
        return mbid in self.mbids or key in (self.names if mbid is None else self.nameless)


def in_styles(artist: CatalogArtist, styles: tuple[str, ...]) -> bool:
    """Whether the catalogue counts the artist to one of `styles` or to a genre below one."""
    return style_share(artist.genres, styles) >= _OF_A_STYLE


class Verification:
    """Goes down one ranking. Iterate `steps()` to the end, then read `kept` and `judged`."""

    def __init__(
        self,
        owned: Owned,
        memory: Memory,
        options: RunOptions,
        catalog: Catalog,
        charts: Sequence[AlbumCharts],
        preflight: Preflight | None,
    ) -> None:
        self._owned = owned
        self._memory = memory
        self._options = options
        self._catalog = catalog
        self._charts = charts
        self._preflight = preflight
        self._failures = 0
        self._seen: set[Mbid] = set()
        self.kept: list[Verified] = []
        self.judged: list[Judged] = []

    @property
    def wanted(self) -> int:
        return POOL_FACTOR * self._options.max_recommendations

    @property
    def away(self) -> bool:
        """The metadata could not be asked any more."""
        return self._failures >= _AWAY_AFTER

    @property
    def _enough(self) -> bool:
        if len(self.kept) < self.wanted or not self._options.styles_include:
            return len(self.kept) >= self.wanted
        in_style = sum(in_styles(item.artist, self._options.styles_include) for item in self.kept)
        return in_style >= self.wanted or len(self.kept) >= _STYLE_FACTOR * self.wanted

    async def steps(self, ranking: Sequence[Fused]) -> AsyncIterator[int]:
        """Yields how many are kept after each candidate that the catalogue had to be asked about."""
        for fused in ranking:
            if verdict := self._judge_locally(fused, fused.mbid):
                self._drop(fused, *verdict)
            elif self._enough:
                self._drop(fused, Verdict.NOT_REACHED, f"{len(self.kept)} better ones were kept")
            elif self.away:
                self._drop(fused, Verdict.HELD, "metadata away; tried again in the next run")
            else:
                await self._verify(fused)
                yield len(self.kept)

    def _judge_locally(self, fused: Fused, mbid: Mbid | None) -> tuple[Verdict, str] | None:
        """The verdict that needs no catalogue; None when there is none. `mbid` may be the canonical one,
        found later."""
        if mbid in SPECIAL_PURPOSE_ARTISTS or name_keys(fused.artist)[Tier.WORDS] in _NOT_ARTISTS:
            return Verdict.EXCLUDED, "stands for nobody in particular"
        if self._owned.holds(fused.artist, mbid):
            return Verdict.OWNED, "in the library"
        if mbid in self._owned.exclusions:
            return Verdict.EXCLUDED, "on Lidarr's exclusion list"
        if mbid in self._memory.rejected:
            return Verdict.REJECTED_BEFORE, "you said no to this artist"
        if mbid in self._memory.waiting:
            return Verdict.RECOMMENDED_BEFORE, "recommended by an earlier run"
        if fused.confidence < self._options.minimum_confidence:
            minimum = self._options.minimum_confidence
            return Verdict.BELOW_CONFIDENCE, f"{fused.confidence:.2f} is below your minimum of {minimum:g}"
        return None

    def _judge_resolved(self, fused: Fused, artist: CatalogArtist) -> tuple[Verdict, str] | None:
        if artist.mbid in self._seen:
            return Verdict.DUPLICATE, "the same artist under another name"
        return self._judge_locally(fused, artist.mbid)

    async def _verify(self, fused: Fused) -> None:
        try:
            artist = await resolve_artist(fused, self._catalog)
            if isinstance(artist, Unresolved):
                self._drop(fused, artist.verdict, artist.detail)
            elif verdict := self._judge_resolved(fused, artist):
                self._drop(fused, *verdict, artist.mbid)
            elif in_styles(artist, self._options.styles_avoid):
                avoided = ", ".join(self._options.styles_avoid)
                self._drop(fused, Verdict.AVOIDED_STYLE, f"of a style that you avoid: {avoided}", artist.mbid)
            else:
                await self._verify_album(fused, artist)
            self._failures = 0
        except ProviderUnavailable as error:
            self._failures += 1
            self._drop(fused, Verdict.HELD, f"metadata away: {error.message}")
        except ProviderError as error:
            self._drop(fused, Verdict.HELD, error.message)

    async def _verify_album(self, fused: Fused, artist: CatalogArtist) -> None:
        albums = await self._catalog.albums(artist.mbid)
        chosen: ReleaseGroup | None = None
        chooser: str | None = None
        if self._options.target is Target.ALBUMS or (self._options.target is Target.MIXED and fused.album):
            choice = await choose_album(fused, artist, albums, self._owned.exclusions, self._charts)
            if isinstance(choice, Unresolved):
                self._drop(fused, choice.verdict, choice.detail, artist.mbid)
                return
            chosen, chooser = choice.album, choice.chooser
        cleared = await self._preflighted(artist, chosen)
        if isinstance(cleared, Unresolved):
            self._drop(fused, cleared.verdict, cleared.detail, artist.mbid)
            return
        artist, chosen = cleared
        # Lidarr may know both under other identifiers than MusicBrainz: who is owned by those is owned.
        if verdict := self._judge_resolved(fused, artist):
            self._drop(fused, *verdict, artist.mbid)
            return
        if chosen is not None and chosen.mbid in self._owned.exclusions:
            self._drop(
                fused, Verdict.EXCLUDED, f"“{chosen.title}” is on Lidarr's exclusion list", artist.mbid
            )
            return
        self._seen.add(artist.mbid)
        studio_years = [album.year for album in albums if album.studio_album and album.year]
        votes = [(name, count) for name, count in artist.genres if known_genre(name)] or list(
            artist.genres[:5]
        )
        self.kept.append(
            Verified(
                fused=fused,
                artist=artist,
                album=chosen,
                album_choice=chooser,
                genres=genre_shares(tuple(votes)),
                year=chosen.year if chosen and chosen.year else min(studio_years, default=None),
            )
        )

    async def _preflighted(
        self, artist: CatalogArtist, album: ReleaseGroup | None
    ) -> tuple[CatalogArtist, ReleaseGroup | None] | Unresolved:
        """Both with the identifiers that Lidarr's metadata calls canonical: one unknown id would break a
        whole sync."""
        if self._preflight is None:
            return artist, album
        artist_id = await self._preflight.artist(artist.mbid)
        if artist_id is None:
            return Unresolved(Verdict.UNKNOWN, "Lidarr's metadata does not know this artist yet")
        if album is not None:
            album_id = await self._preflight.album(album.mbid)
            if album_id is None:
                return Unresolved(
                    Verdict.UNKNOWN, f"Lidarr's metadata does not know the album “{album.title}” yet"
                )
            album = msgspec.structs.replace(album, mbid=album_id, artist=artist_id)
        return msgspec.structs.replace(artist, mbid=artist_id), album

    def _drop(self, fused: Fused, verdict: Verdict, detail: str, mbid: Mbid | None = None) -> None:
        self.judged.append(
            Judged(fused.artist, fused.album, verdict, detail, fused.sources, mbid or fused.mbid)
        )
