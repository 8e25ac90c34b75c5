"""Lookups: what Lidarr's own lookup says of an item before it goes out, and whose fault it is when it fails.

A lookup runs the very code that a list sync will run. One that fails is the item's fault when another one, of
a witness, is answered at that moment; else the metadata server is away.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from brainarr.domain.music import Mbid
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Preflight
from brainarr.store.moved_mbids import Kind, Move
from brainarr.store.recommendations import RecommendationRow

WITNESSES = 3
"""Artists that are asked for before the metadata server counts as away."""

EVERYBODY_KNOWS = tuple(
    map(
        Mbid,
        (
            "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d",  # The Beatles
            "83d91898-7763-47d7-b03b-b92132375c47",  # Pink Floyd
            "5b11f4ce-a62d-471e-81fc-a69a8278c7da",  # Nirvana
            "a74b1b7f-71a5-4011-9441-d0b5e4122711",  # Radiohead
            "056e4f3e-d505-4dad-8ec1-d04f521cbb56",  # Daft Punk
            "87c5dedd-371d-4a53-9f7f-80522fb7f3cb",  # Björk
        ),
    )
)
"""Witnesses where no recommendation is one."""

MOST_BROKEN = 3
"""More items than that, and more than were known, do not break for the first time at once: it is the
server."""


class Finding(StrEnum):
    KNOWN = "known"
    VANISHED = "vanished"
    BROKEN = "broken"
    """The lookup fails over this item alone."""


class Looked(msgspec.Struct, frozen=True):
    """What the lookup says of one item."""

    row: RecommendationRow
    finding: Finding
    moves: tuple[Move, ...] = ()
    """Identifiers of it that have been merged into others."""
    detail: str = ""
    """Of one that is not known: what is not, or what was said."""


class Round(msgspec.Struct, frozen=True):
    """What the lookups of several items came to."""

    looked: tuple[Looked, ...] = ()
    away: str | None = None
    """Why the metadata server counts as away: those that were not looked up then are left for later."""


class Moves(msgspec.Struct, frozen=True):
    """What an item is called by now."""

    moves: tuple[Move, ...] = ()
    vanished: Kind | None = None
    """Which of its two identifiers the metadata does not know any more; then nothing is said of the other."""


async def moves_of(lidarr: Preflight, artist: Mbid, album: Mbid | None) -> Moves:
    """Asks the lookup of that Lidarr. Raises ProviderError."""
    present = await lidarr.artist(artist)
    if present is None:
        return Moves(vanished=Kind.ARTIST)
    moves = [Move(Kind.ARTIST, artist, present)]
    if album is not None:
        present = await lidarr.album(album)
        if present is None:
            return Moves(vanished=Kind.ALBUM)
        moves.append(Move(Kind.ALBUM, album, present))
    return Moves(tuple(move for move in moves if move.old != move.new))


class Lookups:
    """Asks one Lidarr, item by item."""

    def __init__(self, lidarr: Preflight, witnesses: Sequence[Mbid]) -> None:
        """`witnesses`: artists that its library does not hold, for those it knows without asking; best
        first."""
        self._lidarr = lidarr
        self._witnesses = list(witnesses)
        self._known = 0
        self._newly_broken = 0

    async def look_up(self, rows: Sequence[RecommendationRow]) -> Round:
        """In their order, until the metadata server turns out to be away."""
        looked: list[Looked] = []
        for row in rows:
            try:
                one = await self._look_up(row)
            except ProviderError as error:
                if await self.is_away(besides=row):
                    return Round(tuple(looked), str(error.message))
                self._newly_broken += not row.lookup_failures
                if self._newly_broken > max(MOST_BROKEN, self._known):
                    good = (one for one in looked if one.finding is not Finding.BROKEN)
                    return Round(tuple(good), error.message)
                one = Looked(row, Finding.BROKEN, detail=error.message)
            looked.append(one)
            if one.finding is Finding.KNOWN:
                self._known += 1
                self._witnesses.insert(0, _artist_now(one))
        return Round(tuple(looked))

    async def is_away(self, besides: RecommendationRow | None = None) -> str | None:
        """Why no witness is answered for now, besides the artist of that item; None: one is, were it only
        that it is not known. Without any witness it counts as away, for nobody can tell."""
        avoided: Collection[Mbid] = (besides.recommendation.artist_mbid,) if besides else ()
        reason = "Nothing is known by which to tell whether its metadata server is there."
        for mbid in [one for one in dict.fromkeys(self._witnesses) if one not in avoided][:WITNESSES]:
            try:
                await self._lidarr.artist(mbid)
            except ProviderError as error:
                reason = error.message
            else:
                return None
        return reason

    async def _look_up(self, row: RecommendationRow) -> Looked:
        item = row.recommendation
        found = await moves_of(self._lidarr, item.artist_mbid, item.release_group_mbid)
        match found.vanished:
            case Kind.ARTIST:
                return Looked(row, Finding.VANISHED, detail=f"the artist {item.artist}")
            case Kind.ALBUM:
                return Looked(row, Finding.VANISHED, detail=f"the album {item.album or item.artist}")
            case None:
                return Looked(row, Finding.KNOWN, found.moves)


def _artist_now(one: Looked) -> Mbid:
    moved = (move.new for move in one.moves if move.kind is Kind.ARTIST)
    return next(moved, one.row.recommendation.artist_mbid)
