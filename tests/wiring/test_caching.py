"""Remote answers are remembered for as long as they stay good; failures never are."""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.caching import SPREAD, Key, spread
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderUnavailable
from brainarr.wiring.build import open_house
from brainarr.wiring.caching import ARTIST, CachedCatalog, CachedCharts, CachedSource
from tests.conftest import NOW
from tests.fakes import FakeCache, FakeCatalog, FakeCharts, FakeSource
from tests.servers import RedisServer

RIDE = CatalogArtist(
    mbid=Mbid("00000001-0000-4000-8000-000000000000"), name="Ride", genres=(("shoegaze", 3.0),), begin=1988
)
NOWHERE = ReleaseGroup(
    mbid=Mbid("00000002-0000-4000-8000-000000000000"),
    title="Nowhere",
    artist=RIDE.mbid,
    year=1990,
    rating=8.5,
)
UNKNOWN = Mbid("00000404-0000-4000-8000-000000000000")
SEED = Seed(mbid=RIDE.mbid, name="Ride", weight=1.0, cluster="shoegaze")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, days: int) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> FakeCache:
    return FakeCache(clock)


async def test_facts_are_asked_once_a_month(clock: Clock, cache: FakeCache) -> None:
    behind = FakeCatalog([RIDE], [NOWHERE])
    catalog = CachedCatalog(behind, cache)
    for _ in range(2):
        assert await catalog.artist(RIDE.mbid) == RIDE
        assert await catalog.albums(RIDE.mbid) == (NOWHERE,)
        assert await catalog.find_artists("Ride") == (RIDE,)
        assert await catalog.find_artists("  RIDE ") == (RIDE,)
        clock.sleep(days=23)
    assert len(behind.asked) == 3
    await catalog.artist(RIDE.mbid)
    assert len(behind.asked) == 4


async def test_what_is_unknown_is_asked_again_after_three_days(clock: Clock, cache: FakeCache) -> None:
    behind = FakeCatalog()
    catalog = CachedCatalog(behind, cache)
    for _ in range(2):
        assert await catalog.artist(UNKNOWN) is None
        assert await catalog.albums(UNKNOWN) == ()
        assert await catalog.find_artists("Nobody") == ()
    assert len(behind.asked) == 3
    clock.sleep(days=4)
    await catalog.artist(UNKNOWN)
    assert len(behind.asked) == 4


async def test_neighbours_stay_for_about_a_fortnight(clock: Clock, cache: FakeCache) -> None:
    behind = FakeSource({SEED.mbid: [("Lush", UNKNOWN), ("Moose", None)]}, name="listenbrainz", weight=0.7)
    source = CachedSource(behind, cache, clock)
    assert (source.name, source.kind, source.weight) == ("listenbrainz", "fake", 0.7)
    first = await source.similar(SEED)
    clock.sleep(days=11)
    assert await source.similar(SEED) == first
    assert len(behind.asked) == 1
    clock.sleep(days=6)
    await source.similar(SEED)
    assert len(behind.asked) == 2


async def test_lists_of_one_day_do_not_expire_on_one_day(clock: Clock, cache: FakeCache) -> None:
    seeds = [
        msgspec.structs.replace(SEED, mbid=Mbid(f"{n:08x}-0000-4000-8000-000000000000")) for n in range(60)
    ]
    behind = FakeSource({seed.mbid: [("Lush", None)] for seed in seeds})
    source = CachedSource(behind, cache, clock)
    asked_on: list[int] = []
    for _ in range(40):
        before = len(behind.asked)
        for seed in seeds:
            await source.similar(seed)
        asked_on.append(len(behind.asked) - before)
        clock.sleep(days=1)
    first, *later = asked_on
    assert first == 60
    assert 0 < max(later) <= 25


@given(st.text(max_size=50), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_a_lifetime_is_stretched_by_a_fifth_at_most_and_always_alike(key: str, lifetime: timedelta) -> None:
    assert abs(spread(key, lifetime) - lifetime) <= lifetime * SPREAD + timedelta(microseconds=1)
    assert spread(key, lifetime) == spread(key, lifetime)


async def test_a_list_past_its_time_is_still_recalled_but_not_taken_for_fresh(
    clock: Clock, cache: FakeCache
) -> None:
    behind = FakeSource({SEED.mbid: [("Lush", UNKNOWN)]})
    source = CachedSource(behind, cache, clock)
    assert await source.recall(SEED) == ()
    first = await source.similar(SEED)
    clock.sleep(days=20)
    behind.failure = ProviderUnavailable("fake", "is away.")
    with pytest.raises(ProviderUnavailable):
        await source.similar(SEED)
    assert await source.recall(SEED) == first
    clock.sleep(days=40)
    assert await source.recall(SEED) == ()


async def test_sources_and_variants_of_one_source_do_not_share_their_lists(
    clock: Clock, cache: FakeCache
) -> None:
    one = CachedSource(FakeSource({SEED.mbid: [("Lush", None)]}, name="one"), cache, clock)
    other = CachedSource(FakeSource({SEED.mbid: [("Moose", None)]}, name="other"), cache, clock)
    third = FakeSource({SEED.mbid: [("Chapterhouse", None)]}, name="one")
    variant = CachedSource(third, cache, clock, variant="new table")
    found = [(await source.similar(SEED))[0].artist for source in (one, other, variant)]
    assert found == ["Lush", "Moose", "Chapterhouse"]


async def test_charts_are_remembered_by_source_and_artist(cache: FakeCache) -> None:
    behind = FakeCharts({RIDE.mbid: ("Nowhere",)}, name="deezer")
    charts = CachedCharts(behind, cache)
    assert await charts.favourites(RIDE) == ("Nowhere",)
    behind.titles = {}
    assert await charts.favourites(RIDE) == ("Nowhere",)
    assert charts.name == "deezer"


async def test_a_failure_is_never_remembered(cache: FakeCache) -> None:
    behind = FakeCatalog([RIDE])
    behind.failure = ProviderUnavailable("musicbrainz", "is away.")
    catalog = CachedCatalog(behind, cache)
    with pytest.raises(ProviderUnavailable):
        await catalog.artist(RIDE.mbid)
    assert cache.kept == {}
    behind.failure = None
    assert await catalog.artist(RIDE.mbid) == RIDE


@pytest.mark.parametrize("damaged", [b"", b"\xc1", msgspec.msgpack.encode({"another": "shape"})])
async def test_a_damaged_or_outdated_memory_is_asked_anew(
    clock: Clock, cache: FakeCache, damaged: bytes
) -> None:
    catalog = CachedCatalog(FakeCatalog([RIDE]), cache)
    await catalog.artist(RIDE.mbid)
    for key in cache.kept:
        await cache.put(key, damaged, timedelta(days=1))
    assert await catalog.artist(RIDE.mbid) == RIDE


async def test_with_a_redis_a_brainarr_has_three_levels_and_without_one_two(
    tmp_path: Path, redis: RedisServer
) -> None:
    known = Key(ARTIST, RIDE.mbid)
    async with open_house(tmp_path, {}) as house:
        assert list(house.cache.tallies) == ["memory", "database"]
        assert house.cache.memory.limit == 32 * 2**20
    environ = {"BRAINARR__REDIS__URL": redis.url, "BRAINARR__CACHE__MEMORY_MB": "0"}
    async with open_house(tmp_path, environ) as house:
        await house.cache.put(known, b"1", timedelta(days=1))
    # Another process of the same Brainarr, after a restart.
    async with open_house(tmp_path, environ) as house:
        assert await house.cache.get(known) == b"1"
        hits = {level: tallies["artist"].hits for level, tallies in house.cache.tallies.items()}
        assert hits == {"memory": 0, "redis": 1, "database": 0}


async def test_a_brainarr_without_redis_never_loads_its_client(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from brainarr.wiring.build import open_house\n"
        "import brainarr.wiring.serve\n"
        "async def main():\n"
        "    async with open_house(pathlib.Path(sys.argv[1]), {}): pass\n"
        "asyncio.run(main())\n"
        "assert not {'redis', 'cashews'} & set(sys.modules)\n"
    )
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path))
    assert await done.wait() == 0
