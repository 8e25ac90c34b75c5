"""Remembers what remote services said, around any adapter of the same port. A failure is never remembered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from brainarr.domain.caching import Key, Kind, digest, spread
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.pipeline.ports import AlbumCharts, Cache, CandidateSource, Catalog, Clock, Fresh, Unusable
from brainarr.service.care import CARE
from brainarr.service.estimate import ESTIMATE
from brainarr.service.listens import LISTENS
from brainarr.service.profile import PROFILE
from brainarr.store.cache import LayeredCache, MemoryLevel, RedisLevel, StoredCache
from brainarr.store.session import Database
from brainarr.wiring.configuration import CacheSettings

FACTS = timedelta(days=30)
NEIGHBOURS = timedelta(days=14)
NOTHING = timedelta(days=3)
"""What is unknown today may be entered tomorrow."""

NAMED = Kind("artists-named", FACTS, NOTHING)
ARTIST = Kind("artist", FACTS, NOTHING)
ALBUMS = Kind("albums", FACTS, NOTHING, version=2)
FAVOURITES = Kind("favourites", NEIGHBOURS, NOTHING)
SIMILAR = Kind("similar", FACTS, NOTHING, kept_on=timedelta(days=30))
"""Some of these lists are good for a fortnight only: `CachedSource` says which."""

_MB = 2**20

RELEASES = Kind("releases", timedelta(days=6), timedelta(days=6), kept_on=timedelta(days=60))
"""What artists brought out lately: known again before a weekly list runs. Old news stand in until everybody
else was asked about."""

REMOTE = (NAMED, ARTIST, ALBUMS, FAVOURITES, SIMILAR, RELEASES)


def open_cache(
    db: Database, clock: Clock, settings: CacheSettings, redis_url: str | None, secret: Callable[[], bytes]
) -> LayeredCache:
    """The levels that the settings ask for. `secret` is of this Brainarr alone. Close it at the end."""
    return LayeredCache(
        clock,
        MemoryLevel(settings.memory_mb * _MB),
        StoredCache(db, clock, most_bytes=settings.database_mb * _MB),
        RedisLevel(redis_url, clock, secret) if redis_url else None,
        kinds=(*REMOTE, LISTENS, PROFILE, CARE, ESTIMATE),
    )


_read_albums = msgspec.msgpack.Decoder(tuple[ReleaseGroup, ...]).decode


class CachedCatalog:
    """A catalogue that is asked once a month (pipeline.ports.Catalog)."""

    def __init__(self, catalog: Catalog, cache: Cache) -> None:
        self._catalog = catalog
        self._cache = cache

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        return await _remembered(
            self._cache,
            Key(NAMED, digest(name_keys(name)[Tier.EXACT])),
            tuple[CatalogArtist, ...],
            lambda: self._catalog.find_artists(name),
        )

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        return await _remembered(
            self._cache, Key(ARTIST, mbid), CatalogArtist | None, lambda: self._catalog.artist(mbid)
        )

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        return await _remembered(
            self._cache, Key(ALBUMS, artist), tuple[ReleaseGroup, ...], lambda: self._catalog.albums(artist)
        )

    async def recall_albums(self, artists: Sequence[Mbid]) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        """Those of `artists` whose albums are remembered; asks nobody."""
        kept = await self._cache.get_many([Key(ALBUMS, artist) for artist in artists])
        known: dict[Mbid, tuple[ReleaseGroup, ...]] = {}
        for artist in artists:
            with suppress(KeyError, msgspec.DecodeError):
                known[artist] = _read_albums(kept[Key(ALBUMS, artist)])
        return known


class _List(msgspec.Struct, frozen=True):
    """One neighbour list, as it is remembered."""

    fresh_until: datetime
    found: tuple[Candidate, ...]


_read_list = msgspec.msgpack.Decoder(_List).decode


class CachedSource:
    """A similarity source that is asked for a seed every other week (pipeline.ports.CandidateSource).

    `variant`: what else the lists depend on, e.g. the algorithm in the settings. `lifetime`: how long a list
    is good.
    """

    def __init__(
        self,
        source: CandidateSource,
        cache: Cache,
        clock: Clock,
        *,
        variant: str = "",
        lifetime: timedelta = NEIGHBOURS,
    ) -> None:
        self.name = source.name
        self.kind = source.kind
        self.weight = source.weight
        self.allowance = source.allowance
        self._source = source
        self._cache = cache
        self._clock = clock
        self._variant = variant
        self._lifetime = lifetime

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        key = self.key(seed.mbid)

        async def ask() -> Fresh:
            found = await self._source.similar(seed)
            lifetime = spread(key.text, self._lifetime if found else NOTHING)
            fresh = _List(self._clock() + lifetime, found)
            return Fresh(msgspec.msgpack.encode(fresh), lifetime + SIMILAR.kept_on)

        return await self._cache.fetch(key, self._read_fresh, ask)

    async def recall(self, seed: Seed) -> tuple[Candidate, ...]:
        """What it said of `seed`, also if that is past its time; asks nobody."""
        return await self.remembered(seed, stale=True) or ()

    async def remembered(self, seed: Seed, *, stale: bool = False) -> tuple[Candidate, ...] | None:
        """What it said of `seed` within its time, with `stale` also past it; None: that is not known. Asks
        nobody."""
        kept = await self._cache.get(self.key(seed.mbid))
        if kept is None:
            return None
        with suppress(Unusable, msgspec.DecodeError):
            return _read_list(kept).found if stale else self._read_fresh(kept)
        return None

    def key(self, seed: Mbid) -> Key:
        """Under which the neighbours of `seed` are remembered."""
        return Key(SIMILAR, "/".join((self.name, self._variant, seed)))

    def _read_fresh(self, kept: bytes) -> tuple[Candidate, ...]:
        remembered = _read_list(kept)
        if self._clock() >= remembered.fresh_until:
            raise Unusable
        return remembered.found


async def recall_neighbours(
    cache: Cache, source: CachedSource, seeds: Sequence[Mbid]
) -> Mapping[Mbid, Sequence[Mbid]]:
    """The neighbour lists of `seeds` that earlier runs fetched, of any age, closest first; asks nobody."""
    kept = await cache.get_many([source.key(seed) for seed in seeds])
    lists: dict[Mbid, Sequence[Mbid]] = {}
    for seed in seeds:
        with suppress(KeyError, msgspec.DecodeError):
            if found := _read_list(kept[source.key(seed)]).found:
                lists[seed] = [near.mbid for near in found if near.mbid is not None]
    return lists


class CachedCharts:
    """Album charts that are read for an artist every other week (pipeline.ports.AlbumCharts)."""

    def __init__(self, charts: AlbumCharts, cache: Cache) -> None:
        self.name = charts.name
        self._charts = charts
        self._cache = cache

    async def favourites(self, artist: CatalogArtist) -> tuple[str, ...]:
        return await _remembered(
            self._cache,
            Key(FAVOURITES, f"{self.name}/{artist.mbid}"),
            tuple[str, ...],
            lambda: self._charts.favourites(artist),
        )


async def _remembered(cache: Cache, key: Key, shape: Any, ask: Callable[[], Awaitable[Any]]) -> Any:
    async def make() -> Fresh:
        answer = await ask()
        return Fresh(msgspec.msgpack.encode(answer), key.lives(empty=not answer))

    return await cache.fetch(key, lambda kept: msgspec.msgpack.decode(kept, type=shape), make)
