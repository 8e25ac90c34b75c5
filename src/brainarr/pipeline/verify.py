"""list[Fused] → list[Verified]: does it exist, under which MBID, and may it be recommended?

The catalogue answers one request a second, so verification is the run's bottleneck: it goes down the fused
ranking until three times the wanted number is kept, and asks nothing about what the library alone can judge.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from brainarr.domain.genres import genre_shares, known_genre, of_a_style, style_share
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, CatalogArtist, Library, Mbid, ReleaseGroup
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Fused, Judged, Memory, RunOptions, Target, Verdict, Verified
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.albums import choose_album
from brainarr.pipeline.ports import AlbumCharts, Catalog, Preflight
from brainarr.pipeline.resolve import Unresolved, resolve_artist

POOL_FACTOR = 3
# So much further the ranking is followed in search of the styles and decades that were asked for.
_LEANING_FACTOR = 2
# What a source claims is no fact: half of its words must say so.
_SAID_TO_BE = 0.5
# After this many failures in a row the metadata is taken to be away: the rest is held instead of waited for.
_AWAY_AFTER = 3
# So many are judged in one go; ten thousand take a second, in which the event loop would stand still.
_AT_ONCE = 200
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


def in_styles(music: CatalogArtist | ReleaseGroup, styles: tuple[str, ...]) -> bool:
    """Whether the catalogue counts the artist or album to one of `styles` or to a genre below one."""
    return of_a_style(music.genres, styles)


def genres_of(artist: CatalogArtist) -> dict[str, float]:
    """Shares of its genres by votes, ancestors included, summing to 1; tags that are no genres count only
    where there is nothing else."""
    votes = [(name, count) for name, count in artist.genres if known_genre(name)]
    return genre_shares(tuple(votes or artist.genres[:5]))


def as_asked(item: Verified, options: RunOptions) -> bool:
    """Whether it is of the styles and of the decades to lean towards; False where there are neither."""
    styles, decades = options.styles_include, options.decades_include
    in_time = item.year is not None and item.year // 10 * 10 in decades
    return options.leans and (not styles or in_styles(item.artist, styles)) and (not decades or in_time)


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
        names = memory.blocks.artists.values()
        self._blocked_names = frozenset(name_keys(name)[Tier.WORDS] for name in names)
        self._options = options
        self._catalog = catalog
        self._charts = charts
        self._preflight = preflight
        self._failures = 0
        self._fitting = 0
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
        if len(self.kept) < self.wanted or not self._options.leans:
            return len(self.kept) >= self.wanted
        return self._fitting >= self.wanted or len(self.kept) >= _LEANING_FACTOR * self.wanted

    async def steps(self, ranking: Sequence[Fused]) -> AsyncIterator[int]:
        """Yields how many are kept after each candidate that the catalogue had to be asked about."""
        for place, fused in enumerate(ranking):
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
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
        key = name_keys(fused.artist)[Tier.WORDS]
        if blocked := self._judge_block(fused, mbid, key):
            return blocked
        if mbid in SPECIAL_PURPOSE_ARTISTS or key in _NOT_ARTISTS:
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

    def _judge_block(self, fused: Fused, mbid: Mbid | None, key: str) -> tuple[Verdict, str] | None:
        blocks = self._memory.blocks
        if mbid in blocks.artists or (mbid is None and key in self._blocked_names):
            return Verdict.BLOCKED, "you blocked this artist"
        # Its own source says it is of that style: no need to ask the catalogue whether it is right.
        if style_share(tuple((name, 1.0) for name in fused.genres), blocks.styles) >= _SAID_TO_BE:
            return Verdict.BLOCKED, f"said to be of a style that you blocked: {', '.join(blocks.styles)}"
        return None

    def _judge_resolved(self, fused: Fused, artist: CatalogArtist) -> tuple[Verdict, str] | None:
        blocks = self._memory.blocks
        if artist.mbid in blocks.artists:
            return Verdict.BLOCKED, "you blocked this artist"
        if in_styles(artist, blocks.styles):
            return Verdict.BLOCKED, f"of a style that you blocked: {', '.join(blocks.styles)}"
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
            if in_styles(chosen, self._memory.blocks.styles):
                blocked = ", ".join(self._memory.blocks.styles)
                detail = f"“{chosen.title}” is of a style that you blocked: {blocked}"
                self._drop(fused, Verdict.BLOCKED, detail, artist.mbid)
                return
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
        found = Verified(
            fused=fused,
            artist=artist,
            album=chosen,
            album_choice=chooser,
            genres=genres_of(artist),
            year=chosen.year if chosen and chosen.year else min(studio_years, default=None),
        )
        self.kept.append(found)
        self._fitting += as_asked(found, self._options)

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
