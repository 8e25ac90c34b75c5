"""list[MissingAlbum] → list[Verified]: which of the albums may be recommended, and a verdict for each that
may not.

What the library alone can judge costs nothing; Lidarr's own lookup is asked down the ranking, until three
times the wanted number is kept.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec

from brainarr.domain.care import SOURCE, CareFacts, MissingAlbum
from brainarr.domain.genres import genre_shares, known_genre, of_a_style
from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, CatalogArtist, Mbid
from brainarr.domain.recommendation import Fused, Judged, Memory, RunOptions, Verdict, Verified, Voice
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import Preflight

POOL_FACTOR = 3
MOST_OF_AN_ARTIST = 2
"""Albums of one artist that one run may propose: a list is no discography."""
_AWAY_AFTER = 3
_AT_ONCE = 200

Reason = tuple[Verdict, str]


class Judgement:
    """Goes down one ranking. Iterate `steps()` to the end, then read `kept` and `judged`."""

    def __init__(
        self, memory: Memory, options: RunOptions, exclusions: frozenset[Mbid], preflight: Preflight | None
    ) -> None:
        self._memory = memory
        self._options = options
        self._exclusions = exclusions
        self._preflight = preflight
        self._of_artist: Counter[Mbid] = Counter()
        self._seen: set[Mbid] = set()
        self._failures = 0
        self.kept: list[Verified] = []
        self.facts: dict[Mbid | None, CareFacts] = {}
        """Of each of `kept`, by the canonical identifier of its album."""
        self.judged: list[Judged] = []

    @property
    def wanted(self) -> int:
        return POOL_FACTOR * self._options.max_recommendations

    async def steps(self, ranking: Sequence[MissingAlbum]) -> AsyncIterator[int]:
        """Yields how many are kept after each album that Lidarr had to be asked about."""
        for place, item in enumerate(ranking):
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if verdict := self._judge(item):
                self.drop(item, *verdict)
            elif item.facts.listed or self._preflight is None:
                self._keep(item, item.album.mbid)
            elif self._failures >= _AWAY_AFTER:
                self.drop(item, Verdict.HELD, "metadata away; tried again in the next run")
            else:
                await self._clear(item, self._preflight)
                yield len(self.kept)

    def drop(self, item: MissingAlbum, verdict: Verdict, detail: str) -> None:
        artist = item.loved.artist
        self.judged.append(Judged(artist.name, item.album.title, verdict, detail, (SOURCE,), artist.mbid))

    def _judge(self, item: MissingAlbum) -> Reason | None:
        memory, album, artist = self._memory, item.album.mbid, item.album.artist
        genres = _votes(item)
        if artist in memory.blocks.artists:
            return Verdict.BLOCKED, "you blocked this artist"
        if of_a_style(genres, memory.blocks.styles):
            return Verdict.BLOCKED, f"of a style that you blocked: {', '.join(memory.blocks.styles)}"
        if artist in SPECIAL_PURPOSE_ARTISTS:
            return Verdict.EXCLUDED, "stands for nobody in particular"
        if album in self._exclusions:
            return Verdict.EXCLUDED, "on Lidarr's exclusion list"
        if artist in self._exclusions:
            # Lidarr drops what a list names of an excluded artist, also of one that it has.
            return Verdict.EXCLUDED, "its artist is on Lidarr's exclusion list"
        if album in memory.rejected:
            return Verdict.REJECTED_BEFORE, "you said no to this album"
        if album in memory.waiting:
            return Verdict.RECOMMENDED_BEFORE, "recommended by an earlier run"
        if of_a_style(genres, self._options.styles_avoid):
            return (
                Verdict.AVOIDED_STYLE,
                f"of a style that you avoid: {', '.join(self._options.styles_avoid)}",
            )
        if item.confidence < self._options.minimum_confidence:
            minimum = self._options.minimum_confidence
            return Verdict.BELOW_CONFIDENCE, f"{item.confidence:.2f} is below your minimum of {minimum:g}"
        if album in self._seen:
            return Verdict.DUPLICATE, "the same album under another identifier"
        if self._of_artist[artist] >= MOST_OF_AN_ARTIST:
            return Verdict.NOT_CHOSEN, f"one run proposes at most {MOST_OF_AN_ARTIST} albums of one artist"
        if len(self.kept) >= self.wanted:
            return Verdict.NOT_REACHED, f"{len(self.kept)} better ones were kept"
        return None

    async def _clear(self, item: MissingAlbum, preflight: Preflight) -> None:
        """Lidarr's metadata must know the album: one unknown identifier would break a whole sync."""
        try:
            canonical = await preflight.album(item.album.mbid)
            self._failures = 0
        except ProviderUnavailable as error:
            self._failures += 1
            self.drop(item, Verdict.HELD, f"metadata away: {error.message}")
            return
        except ProviderError as error:
            self.drop(item, Verdict.HELD, error.message)
            return
        if canonical is None:
            self.drop(item, Verdict.UNKNOWN, "Lidarr's metadata does not know this album yet")
            return
        merged = msgspec.structs.replace(item, album=msgspec.structs.replace(item.album, mbid=canonical))
        if canonical != item.album.mbid and (verdict := self._judge(merged)):
            self.drop(item, *verdict)
            return
        self._keep(merged, canonical)

    def _keep(self, item: MissingAlbum, album: Mbid) -> None:
        self._seen.add(album)
        self._of_artist[item.album.artist] += 1
        self.kept.append(_verified(item))
        self.facts[album] = item.facts


def _verified(item: MissingAlbum) -> Verified:
    """As the later stages know it: found from its own artist, with one voice."""
    artist, confidence, votes = item.loved.artist, item.confidence, _votes(item)
    voice = Voice(SOURCE, 1.0, confidence, seeds=((artist.name, 1.0),))
    fused = Fused(
        artist=artist.name,
        album=item.album.title,
        mbid=item.album.artist,
        voices=(voice,),
        named_by=SOURCE,
        score=confidence,
        votes={SOURCE: confidence},
        confidence=confidence,
        genres=artist.genres,
        year=item.album.year,
    )
    return Verified(
        fused,
        CatalogArtist(item.album.artist, artist.name, genres=votes),
        item.album,
        item.facts.chosen_by,
        genre_shares(votes),
        item.album.year,
    )


def _votes(item: MissingAlbum) -> tuple[tuple[str, float], ...]:
    """The album's own genres by votes, else its artist's, as Lidarr has them; tags that are no genres count
    only where there is nothing else."""
    votes = item.album.genres or tuple((name, 1.0) for name in item.loved.artist.genres)
    return tuple(vote for vote in votes if known_genre(vote[0])) or votes[:5]
