"""Remembers what remote services said, around any adapter of the same port. A failure is never remembered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.pipeline.ports import AlbumCharts, Cache, CandidateSource, Catalog, Clock
from brainarr.store.cache import StoredCache

FACTS = timedelta(days=30)
NEIGHBOURS = timedelta(days=14)
NOTHING = timedelta(days=3)
"""What is unknown today may be entered tomorrow."""
KEPT_ON = timedelta(days=30)
"""So long a list stays after its time, for the days when its source is away."""
SPREAD = 0.2
"""Lifetimes are up to so much shorter or longer: what one run fetched must not expire in one run."""

_ABSENT = object()
_VERSION = 1
"""Raised when a cached type changes its meaning; one that changes its shape is noticed and asked for anew."""


class CachedCatalog:
    """A catalogue that is asked once a month (pipeline.ports.Catalog)."""

    def __init__(self, catalog: Catalog, cache: Cache) -> None:
        self._catalog = catalog
        self._cache = cache

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        return await _remembered(
            self._cache,
            _key("artists-named", _digest(name_keys(name)[Tier.EXACT])),
            tuple[CatalogArtist, ...],
            FACTS,
            lambda: self._catalog.find_artists(name),
        )

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        return await _remembered(
            self._cache,
            _key("artist", mbid),
            CatalogArtist | None,
            FACTS,
            lambda: self._catalog.artist(mbid),
        )

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        return await _remembered(
            self._cache,
            _key("albums", artist),
            tuple[ReleaseGroup, ...],
            FACTS,
            lambda: self._catalog.albums(artist),
        )


class _List(msgspec.Struct, frozen=True):
    """One neighbour list, as it is remembered."""

    fresh_until: datetime
    found: tuple[Candidate, ...]


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
        if (kept := await self.remembered(seed)) is not None:
            return kept
        key = self.key(seed.mbid)
        found = await self._source.similar(seed)
        lifetime = spread(key, self._lifetime if found else NOTHING)
        fresh = _List(self._clock() + lifetime, found)
        await self._cache.put(key, msgspec.msgpack.encode(fresh), lifetime + KEPT_ON)
        return found

    async def recall(self, seed: Seed) -> tuple[Candidate, ...]:
        """What it said of `seed`, also if that is past its time; asks nobody."""
        return await self.remembered(seed, stale=True) or ()

    async def remembered(self, seed: Seed, *, stale: bool = False) -> tuple[Candidate, ...] | None:
        """What it said of `seed` within its time, with `stale` also past it; None: that is not known. Asks
        nobody."""
        kept = _decoded(await self._cache.get(self.key(seed.mbid)), _List)
        if kept is None or not (stale or self._clock() < kept.fresh_until):
            return None
        return kept.found

    def key(self, seed: Mbid) -> str:
        """Under which the neighbours of `seed` are remembered."""
        return _key("similar", self.name, self._variant, seed)


def spread(key: str, lifetime: timedelta) -> timedelta:
    """`lifetime`, up to a fifth shorter or longer; always the same for the same key."""
    share = int(_digest(key)[:8], 16) / 0xFFFFFFFF
    return lifetime * (1 - SPREAD + 2 * SPREAD * share)


def neighbours_in(kept: bytes | None) -> tuple[Candidate, ...]:
    """The list that the cache holds under a source's key, whatever its age; () where it holds none."""
    remembered = _decoded(kept, _List)
    return () if remembered is None else remembered.found


async def recall_neighbours(
    cache: StoredCache, source: CachedSource, seeds: Sequence[Mbid]
) -> Mapping[Mbid, Sequence[Mbid]]:
    """The neighbour lists of `seeds` that earlier runs fetched, closest first; asks nobody."""
    kept = await cache.get_many([source.key(seed) for seed in seeds])
    lists = ((seed, neighbours_in(kept.get(source.key(seed)))) for seed in seeds)
    return {seed: [near.mbid for near in found if near.mbid is not None] for seed, found in lists if found}


class CachedCharts:
    """Album charts that are read for an artist every other week (pipeline.ports.AlbumCharts)."""

    def __init__(self, charts: AlbumCharts, cache: Cache) -> None:
        self.name = charts.name
        self._charts = charts
        self._cache = cache

    async def favourites(self, artist: CatalogArtist) -> tuple[str, ...]:
        return await _remembered(
            self._cache,
            _key("favourites", self.name, artist.mbid),
            tuple[str, ...],
            NEIGHBOURS,
            lambda: self._charts.favourites(artist),
        )


def _key(*parts: str) -> str:
    return "/".join((f"v{_VERSION}", *parts))


def _digest(text: str) -> str:
    """Of fixed length, for a name may be longer than a database's key column."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


async def _remembered(
    cache: Cache, key: str, shape: Any, lifetime: timedelta, ask: Callable[[], Awaitable[Any]]
) -> Any:
    kept = _decoded(await cache.get(key), shape, _ABSENT)
    if kept is not _ABSENT:
        return kept
    answer = await ask()
    await cache.put(key, msgspec.msgpack.encode(answer), spread(key, lifetime if answer else NOTHING))
    return answer


def _decoded(kept: bytes | None, shape: Any, absent: Any = None) -> Any:
    if kept is None:
        return absent
    try:
        return msgspec.msgpack.decode(kept, type=shape)
    except msgspec.DecodeError:  # of an older Brainarr, or damaged: as good as absent
        return absent
