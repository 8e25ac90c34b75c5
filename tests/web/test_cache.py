"""The page of the cache, and what the profile and the estimate remember."""

import asyncio
from datetime import timedelta

import httpx2
import msgspec
import pytest

from brainarr.domain.caching import Key
from brainarr.domain.money import CallEstimate
from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunOptions, Status
from brainarr.service.estimate import Estimating
from brainarr.service.library import sync_library
from brainarr.service.recommendations import Decision, decide
from brainarr.store.cache import LayeredCache, MemoryLevel, RedisLevel, StoredCache
from brainarr.wiring.caching import ARTIST, SIMILAR
from tests.servers import RedisServer
from tests.store.given import ScriptedLidarr, owned, recommended
from tests.web.conftest import House

FAR = timedelta(days=3)


async def test_the_page_names_every_level_and_every_kind(house: House, api: httpx2.AsyncClient):
    await house.deps.cache.put(Key(ARTIST, "a"), b"12345", FAR)
    await house.deps.cache.get(Key(ARTIST, "a"))
    await house.deps.cache.get(Key(ARTIST, "b"))
    page = (await api.get("/api/v1/cache")).json()
    memory, database = page["levels"]
    assert (memory["name"], memory["state"], memory["entries"], memory["limit"]) == ("memory", "up", 1, 2**20)
    assert (memory["counts"]["hits"], memory["counts"]["misses"], memory["counts"]["hit_rate"]) == (1, 1, 0.5)
    assert (database["name"], database["state"], database["entries"]) == ("database", "up", 1)
    assert memory["bytes"] > 5 and database["bytes"] > 5
    kinds = {kind["name"]: kind for kind in page["kinds"]}
    assert kinds.keys() == {
        *("artists-named", "artist", "albums", "favourites", "similar", "releases", "listens"),
        *("profile", "care", "estimate", "feeds"),
    }
    artist = kinds["artist"]
    assert (artist["memory"], artist["redis"], artist["database"]) == (300, None, 30 * 86_400)
    assert artist["levels"]["memory"]["bytes_written"] == 5
    assert kinds["estimate"]["database"] is None
    assert kinds["feeds"]["memory"] == 60


async def test_emptying_it_forgets_everything_or_one_kind(house: House, api: httpx2.AsyncClient):
    cache = house.deps.cache
    artist, near = Key(ARTIST, "a"), Key(SIMILAR, "a")
    await cache.put(artist, b"1", FAR)
    await cache.put(near, b"2", FAR)
    page = (await api.delete("/api/v1/cache?kind=artist")).json()
    assert [level["entries"] for level in page["levels"]] == [1, 1]
    assert (await cache.get(artist), await cache.get(near)) == (None, b"2")
    assert (await api.delete("/api/v1/cache")).status_code == 200
    assert await cache.get(near) is None
    unknown = await api.delete("/api/v1/cache?kind=artists")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:brainarr:problem:not-found")
    assert "similar" in unknown.json()["remedy"]


async def test_emptying_the_feeds_makes_the_next_poll_a_new_one(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    async with house.door(await house.feed_key()) as lidarr:
        for path in ("/api/v1/cache?kind=feeds", "/api/v1/cache"):
            await lidarr.get("/lists/default/artists")
            await api.delete(path)
        await lidarr.get("/lists/default/artists")
    assert (await api.get(f"/api/v1/recommendations/{number}")).json()["deliveries"] == 3


async def test_a_redis_that_is_away_shows_with_its_reason(house: House, redis: RedisServer):
    deps = house.deps
    shared = RedisLevel(redis.url, deps.clock, lambda: b"secret")
    cache = LayeredCache(
        deps.clock, MemoryLevel(2**20), StoredCache(deps.db, deps.clock), shared, kinds=deps.cache.kinds
    )
    await cache.put(Key(ARTIST, "a"), b"1", FAR)
    async with house.door(deps.api_key(), cache=cache) as api:
        level = (await api.get("/api/v1/cache")).json()["levels"][1]
        assert (level["name"], level["state"], level["reason"], level["entries"]) == ("redis", "up", None, 1)
        redis.stop()
        try:
            page = (await api.get("/api/v1/cache")).json()
            level = page["levels"][1]
            assert (level["state"], level["reason"]) == ("away", "it cannot be reached")
            assert level["since"] is not None and level["entries"] is None
            assert page["levels"][2]["entries"] == 1
        finally:
            redis.start()
        assert (await api.get("/api/v1/cache")).json()["levels"][1]["state"] == "up"
    await cache.aclose()


# What is remembered of the profile.


@pytest.fixture
async def library(house: House) -> ScriptedLidarr:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 40)])
    await sync_library(house.deps.db, lidarr, house.clock, lambda _: None)
    return lidarr


def profiles_made(house: House) -> int:
    return house.deps.cache.memory.tallies["profile"].written


async def test_the_profile_is_computed_once_for_each_reading_of_the_library(
    house: House, api: httpx2.AsyncClient, library: ScriptedLidarr
):
    answers = await asyncio.gather(*(api.get("/api/v1/profile") for _ in range(10)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["shape"]["artists"] == 39
    assert profiles_made(house) == 1
    library.artists.append(owned(99))
    house.clock.advance(minutes=1)
    await sync_library(house.deps.db, library, house.clock, lambda _: None)
    assert (await api.get("/api/v1/profile")).json()["shape"]["artists"] == 40
    assert profiles_made(house) == 2


async def test_what_became_of_recommendations_counts_at_once(
    house: House, api: httpx2.AsyncClient, library: ScriptedLidarr
):
    await api.get("/api/v1/profile")
    (number,) = await house.recommend(recommended(900))
    await api.get("/api/v1/profile")
    await decide(house.deps.db, number, Decision.REJECT, clock=house.clock)
    await api.get("/api/v1/profile")
    assert profiles_made(house) == 3


async def test_a_restarted_server_still_knows_the_profile(
    house: House, api: httpx2.AsyncClient, library: ScriptedLidarr
):
    before = (await api.get("/api/v1/profile")).json()
    deps = house.deps
    cache = LayeredCache(deps.clock, MemoryLevel(2**20), StoredCache(deps.db, deps.clock))
    async with house.door(deps.api_key(), cache=cache) as restarted:
        assert (await restarted.get("/api/v1/profile")).json() == before
    assert cache.tallies["database"]["profile"].hits == 1


# What is remembered of the estimate.


class Estimates:
    """Counts how often prompts were written."""

    def __init__(self, problem: str = "") -> None:
        self.made = 0
        self.options = RunOptions()
        self._problem = problem

    async def wanted(self) -> RunOptions:
        return self.options

    async def calls(
        self, library: Library, options: RunOptions, memory: Memory, wanted: object
    ) -> tuple[CallEstimate, ...]:
        self.made += 1
        await asyncio.sleep(0)
        return (CallEstimate("cloud", "openai", False, "m", len(library.artists), problem=self._problem),)

    def door(self, house: House, chain: str = "chain") -> httpx2.AsyncClient:
        return house.door(house.deps.api_key(), estimate=Estimating(chain, self.wanted, self.calls))


async def test_an_estimate_is_made_once_until_something_changes_that_it_follows_from(
    house: House, library: ScriptedLidarr
):
    estimates = Estimates()
    async with estimates.door(house) as api, estimates.door(house, "another chain") as other:

        async def made() -> int:
            answer = await api.get("/api/v1/runs/estimate")
            assert answer.json()["calls"][0]["prompt_tokens"] == len(library.artists)
            return estimates.made

        await asyncio.gather(*(made() for _ in range(10)))
        assert await made() == 1
        estimates.options = msgspec.structs.replace(estimates.options, wish="something calm")
        assert await made() == 2
        (number,) = await house.recommend(recommended(900))
        assert await made() == 3
        await decide(house.deps.db, number, Decision.BLOCK, clock=house.clock)
        assert await made() == 4
        house.clock.advance(minutes=1)
        library.artists.append(owned(99))
        await sync_library(house.deps.db, library, house.clock, lambda _: None)
        assert await made() == 5
        await other.get("/api/v1/runs/estimate")
        assert (estimates.made, await made()) == (6, 6)
        house.clock.advance(minutes=7)
        assert await made() == 7


async def test_an_estimate_with_a_problem_is_made_anew(house: House, library: ScriptedLidarr):
    estimates = Estimates("the server is away")
    async with estimates.door(house) as api:
        for expected in (1, 2):
            await api.get("/api/v1/runs/estimate")
            assert estimates.made == expected


async def test_the_page_needs_the_key(house: House):
    async with house.door() as stranger:
        assert (await stranger.get("/api/v1/cache")).status_code == 401
        assert (await stranger.delete("/api/v1/cache")).status_code == 401
