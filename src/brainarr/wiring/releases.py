"""Remembers, for each artist, what the calendar of releases said (pipeline.ports.ReleaseCalendar)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime

import msgspec

from brainarr.domain.caching import Key
from brainarr.domain.care import Remembered
from brainarr.domain.music import Mbid, ReleaseGroup
from brainarr.pipeline.ports import Cache, Clock, ReleaseCalendar
from brainarr.wiring.caching import RELEASES


class _Known(msgspec.Struct, frozen=True):
    fresh_until: datetime
    albums: tuple[ReleaseGroup, ...]


_read = msgspec.msgpack.Decoder(_Known).decode


class CachedReleases:
    """Asks as it is told, and remembers: whom to ask about is for the pass to say, which knows who is
    loved."""

    def __init__(self, calendar: ReleaseCalendar, cache: Cache, clock: Clock) -> None:
        self.most = calendar.most
        self._calendar = calendar
        self._cache = cache
        self._clock = clock

    async def released_since(
        self, artists: Sequence[Mbid], day: date
    ) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        found = await self._calendar.released_since(artists, day)
        for artist, albums in found.items():
            key = Key(RELEASES, artist)
            fresh = key.lives(empty=not albums)
            known = _Known(self._clock() + fresh, albums)
            await self._cache.put(key, msgspec.msgpack.encode(known), fresh + RELEASES.kept_on)
        return found

    async def recall(self, artists: Sequence[Mbid]) -> Mapping[Mbid, Remembered]:
        """Those of `artists` that were ever asked about, as far as that is remembered; asks nobody."""
        kept = await self._cache.get_many([Key(RELEASES, artist) for artist in artists])
        now = self._clock()
        known: dict[Mbid, Remembered] = {}
        for artist in artists:
            with suppress(KeyError, msgspec.DecodeError):
                told = _read(kept[Key(RELEASES, artist)])
                known[artist] = Remembered(told.albums, told.fresh_until > now)
        return known
