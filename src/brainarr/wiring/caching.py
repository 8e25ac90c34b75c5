"""Remembers what remote services said, around any adapter of the same port. A failure is never remembered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.pipeline.backtest.replay import NeighbourCount
from brainarr.pipeline.ports import AlbumCharts, Cache, CandidateSource, Catalog
from brainarr.store.cache import StoredCache

FACTS = timedelta(days=30)
NEIGHBOURS = timedelta(days=14)
NOTHING = timedelta(days=3)
"""What is unknown today may be entered tomorrow."""

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


class CachedSource:
    """A similarity source that is asked for a seed every other week (pipeline.ports.CandidateSource).

    `variant`: what else the lists depend on, e.g. the algorithm in the settings.
    """

    def __init__(self, source: CandidateSource, cache: Cache, variant: str = "") -> None:
        self.name = source.name
        self.kind = source.kind
        self.weight = source.weight
        self._source = source
        self._cache = cache
        self._variant = variant

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        return await _remembered(
            self._cache,
            self.key(seed.mbid),
            tuple[Candidate, ...],
            NEIGHBOURS,
            lambda: self._source.similar(seed),
        )

    async def recall(self, seed: Mbid) -> tuple[Candidate, ...] | None:
        """What is remembered of it; asks nobody. None: nothing is."""
        return _decoded(await self._cache.get(self.key(seed)), tuple[Candidate, ...])

    def key(self, seed: Mbid) -> str:
        """Under which the neighbours of `seed` are remembered."""
        return _key("similar", self.name, self._variant, seed)


class ConsultedSource:
    """A source of which is counted where its lists come from; `offline` nobody is asked, and what is not
    remembered is left out (pipeline.ports.CandidateSource)."""

    def __init__(self, source: CandidateSource, *, offline: bool = False) -> None:
        self.name = source.name
        self.kind = source.kind
        self.weight = source.weight
        self.count = NeighbourCount()
        self._source = source
        self._offline = offline

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        source = self._source
        # A source that needs no memory works its answers out here, without asking anybody.
        kept = await (source.recall(seed.mbid) if isinstance(source, CachedSource) else source.similar(seed))
        if kept is not None:
            self.count.known += 1
            return kept
        if self._offline:
            return ()
        found = await source.similar(seed)
        self.count.fetched += 1
        return found


async def recall_neighbours(
    cache: StoredCache, source: CachedSource, seeds: Sequence[Mbid]
) -> Mapping[Mbid, Sequence[Mbid]]:
    """The neighbour lists of `seeds` that earlier runs fetched, closest first; asks nobody."""
    kept = await cache.get_many([source.key(seed) for seed in seeds])
    lists = ((seed, _decoded(kept.get(source.key(seed)), tuple[Candidate, ...])) for seed in seeds)
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
    await cache.put(key, msgspec.msgpack.encode(answer), lifetime if answer else NOTHING)
    return answer


def _decoded(kept: bytes | None, shape: Any, absent: Any = None) -> Any:
    if kept is None:
        return absent
    try:
        return msgspec.msgpack.decode(kept, type=shape)
    except msgspec.DecodeError:  # of an older Brainarr, or damaged: as good as absent
        return absent
