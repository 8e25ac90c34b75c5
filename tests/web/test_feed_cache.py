"""Polls that memory answers keep every promise of those that the database answers."""

import asyncio
from itertools import product

import httpx2
import pytest

from brainarr.domain.recommendation import Status
from brainarr.metrics.meters import REGISTRY
from brainarr.service.feed_cache import HELD, STALE
from brainarr.service.history import read_history
from brainarr.service.library import sync_library
from brainarr.service.lists import rotate_key
from brainarr.service.recommendations import Decision, decide
from brainarr.store.history import Event
from tests.store.given import ScriptedLidarr, mbid, owned, recommended
from tests.web.conftest import House

ARTISTS, ALBUM = "/lists/default/artists", "/lists/default/api/v1/album"
ARTIST = "/lists/default/api/v1/artist"


@pytest.fixture
async def lidarr(house: House):
    async with house.door(await house.feed_key()) as client:
        yield client


async def carried(client: httpx2.AsyncClient, path: str = ARTISTS) -> set[str]:
    answer = await client.get(path)
    assert answer.status_code == 200
    return {row.get("MusicBrainzId") or row["foreignAlbumId"] for row in answer.json()}


async def deliveries(house: House, number: int) -> int:
    async with house.door(house.deps.api_key()) as api:
        return (await api.get(f"/api/v1/recommendations/{number}")).json()["deliveries"]


async def test_what_went_out_was_recorded_first_and_within_its_minute_goes_out_again_unrecorded(
    house: House, lidarr: httpx2.AsyncClient
):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    first = await lidarr.get(ARTISTS)
    assert await deliveries(house, number) == 1
    writes = house.deps.db.writes
    for _ in range(20):
        again = await lidarr.get(ARTISTS)
        assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
        house.clock.advance(seconds=2)
    assert house.deps.db.writes == writes
    house.clock.advance(seconds=HELD.total_seconds())
    await lidarr.get(ARTISTS)
    assert await deliveries(house, number) == 2


async def test_a_hundred_polls_at_once_are_one_delivery(house: House, lidarr: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    answers = await asyncio.gather(*(lidarr.get(ARTISTS) for _ in range(100)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert await deliveries(house, number) == 1


@pytest.mark.parametrize("decision", ["reject", "block"])
async def test_what_was_decided_counts_from_the_next_poll_on(
    house: House, lidarr: httpx2.AsyncClient, decision: str
):
    first, second = await house.recommend(recommended(1), recommended(2, album=11), status=Status.APPROVED)
    # Both feeds are at hand before the decision; only what was not delivered yet can be rejected.
    if decision == "block":
        assert await carried(lidarr) == {mbid(1)}
        assert await carried(lidarr, ALBUM) == {mbid(11)}
    else:
        await lidarr.get(ARTIST)
    async with house.door(house.deps.api_key()) as api:
        for number in (first, second):
            assert (await api.post(f"/api/v1/recommendations/{number}/{decision}")).status_code == 200
    assert await carried(lidarr) == await carried(lidarr, ALBUM) == set()


async def test_what_was_approved_goes_out_with_the_next_poll(house: House, lidarr: httpx2.AsyncClient):
    first, second = await house.recommend(recommended(1), recommended(2))
    assert await carried(lidarr) == set()
    await decide(house.deps.db, first, Decision.APPROVE, clock=house.clock)
    assert await carried(lidarr) == {mbid(1)}
    await decide(house.deps.db, second, Decision.APPROVE, clock=house.clock)
    assert await carried(lidarr) == {mbid(1), mbid(2)}


async def test_what_arrived_in_the_library_leaves_the_feed_at_once(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(recommended(1), recommended(2), status=Status.APPROVED)
    assert await carried(lidarr) == {mbid(1), mbid(2)}
    house.clock.advance(seconds=1)
    await sync_library(house.deps.db, ScriptedLidarr([owned(1)]), house.clock, lambda _: None)
    assert await carried(lidarr) == {mbid(2)}


async def test_a_revoked_key_opens_nothing_from_that_moment_and_the_new_one_everything(
    house: House, lidarr: httpx2.AsyncClient
):
    await house.recommend(recommended(1), status=Status.APPROVED)
    assert await carried(lidarr) == {mbid(1)}
    row = await rotate_key(house.deps.db, house.deps.secrets, "default", clock=house.clock)
    assert (await lidarr.get(ARTISTS)).status_code == 401
    async with house.door(row.key) as client:
        assert await carried(client) == {mbid(1)}


async def test_what_another_process_decided_counts_within_seconds_and_with_a_nudge_at_once(house: House):
    numbers = await house.recommend(*(recommended(number) for number in (1, 2)), status=Status.APPROVED)
    async with (
        house.elsewhere() as deps,
        house.door(await house.feed_key(), db=deps.db, feeds=deps.feeds) as client,
    ):
        assert [await carried(client) for _ in range(3)] == [{mbid(1), mbid(2)}] * 3
        await decide(house.deps.db, numbers[0], Decision.BLOCK, clock=house.clock)
        house.clock.advance(seconds=STALE.total_seconds())
        assert await carried(client) == {mbid(2)}
        await carried(client)
        await decide(house.deps.db, numbers[1], Decision.BLOCK, clock=house.clock)
        deps.feeds.forget()
        assert await carried(client) == set()


async def test_meanwhile_the_old_answer_leaves_at_once_while_the_database_is_asked_behind_it(house: House):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    async with (
        house.elsewhere() as deps,
        house.door(await house.feed_key(), db=deps.db, feeds=deps.feeds) as client,
    ):
        assert [await carried(client) for _ in range(2)] == [{mbid(1)}] * 2
        await decide(house.deps.db, number, Decision.BLOCK, clock=house.clock)
        house.clock.advance(seconds=STALE.total_seconds() - 1)
        assert await carried(client) == {mbid(1)}
        for _ in range(500):
            if await carried(client) == set():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the database was never asked")


async def test_no_jump_of_the_clock_keeps_an_answer_for_longer(house: House, lidarr: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    await carried(lidarr)
    house.clock.advance(days=-30)
    assert await carried(lidarr) == {mbid(1)}
    assert await deliveries(house, number) == 2


async def test_every_album_that_went_out_has_its_artist_whichever_process_is_asked_for_it(house: House):
    await house.recommend(*(recommended(n, album=100 + n) for n in range(1, 6)), status=Status.APPROVED)
    key = await house.feed_key()
    async with (
        house.elsewhere() as deps,
        house.door(key) as one,
        house.door(key, db=deps.db, feeds=deps.feeds) as other,
    ):
        await other.get(ARTIST)
        await house.recommend(recommended(9, album=109), status=Status.APPROVED)
        house.clock.advance(minutes=1)
        albums = {row["artistId"] for row in (await one.get(ALBUM)).json()}
        assert albums <= {row["id"] for row in (await other.get(ARTIST)).json()}
        assert len(albums) == 6


async def test_an_unchanged_feed_is_answered_with_304_to_who_has_it(house: House, lidarr: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=11), status=Status.APPROVED)
    for path in (ALBUM, ARTIST, ARTISTS, "/lists/default/api/v1/tag"):
        first = await lidarr.get(path)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            same = await lidarr.get(path, headers={"If-None-Match": named})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
            assert same.headers["x-content-type-options"] == "nosniff"
            assert "content-type" not in same.headers
        other = await lidarr.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)
        assert (await lidarr.get(path, headers={"If-None-Match": tag, "X-Api-Key": "no"})).status_code == 401
    assert await deliveries(house, number) == 1


async def test_the_quick_answer_is_the_slow_one_to_the_last_header(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(recommended(1), recommended(2, album=11), status=Status.APPROVED)
    for path in (ARTISTS, ALBUM):
        slow, quick = await lidarr.get(path), await lidarr.get(path)
        assert slow.content == quick.content
        numbers = [answer.headers.pop("x-request-id") for answer in (slow, quick)]
        assert numbers[0] != numbers[1]
        assert dict(slow.headers) == dict(quick.headers)
    assert house.deps.feeds.tally.hits == 2


async def test_the_quick_way_lets_in_exactly_whom_the_slow_one_does(house: House):
    right = await house.feed_key()
    brought = (None, right, "wrong", "")
    queries = ("", "?apikey=", *(f"?apikey={one}&apikey={two}" for one, two in ((right, "x"), ("x", right))))
    async with house.door(right) as warm, house.door() as client:
        await warm.get(ARTISTS)
        for header, query, bearer in product(brought, queries, brought):
            headers = {} if header is None else {"X-Api-Key": header}
            if bearer is not None:
                headers["Authorization"] = f"bearer {bearer}"
            await warm.get(ARTISTS)
            assert house.deps.feeds.at_hand("default", "artists", lambda _: True)
            quick = (await client.get(ARTISTS + query, headers=headers)).status_code
            house.deps.feeds.forget()
            slow = (await client.get(ARTISTS + query, headers=headers)).status_code
            assert quick == slow, (header, query, bearer)


async def test_under_a_url_base_the_quick_way_is_open_too(house: House):
    await house.recommend(recommended(1), status=Status.APPROVED)
    async with house.door(await house.feed_key(), url_base="/brainarr") as client:
        for path in (f"/brainarr{ARTISTS}", ARTISTS) * 2:
            assert await carried(client, path) == {mbid(1)}
    assert house.deps.feeds.tally.hits == 3


async def test_history_tells_of_one_delivery_however_often_it_was_polled(
    house: House, lidarr: httpx2.AsyncClient
):
    await house.recommend(recommended(1), status=Status.APPROVED)
    for _ in range(5):
        await lidarr.get(ARTISTS)
    events = [row.event for row in (await read_history(house.deps.db)).items]
    assert events.count(Event.DELIVERED) == 1


async def test_head_and_every_other_method_pass_the_quick_way_by(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(recommended(1), status=Status.APPROVED)
    await lidarr.get(ARTISTS)
    looked = await lidarr.head(ARTISTS)
    assert (looked.status_code, looked.content) == (200, b"")
    assert (await lidarr.post(ARTISTS)).status_code == 405
    assert (await lidarr.get("/lists/other/artists")).status_code == 401


@pytest.mark.parametrize("base", ["", "/brainarr"])
async def test_the_quick_way_is_measured_under_the_same_route_as_the_slow_one(house: House, base: str):
    def polls(path: str) -> float:
        route = path.replace("default", "{slug}")
        labels = {"method": "GET", "route": route, "status": "2xx"}
        name = "brainarr_http_request_duration_seconds_count"
        return REGISTRY.get_sample_value(name, labels) or 0.0

    await house.recommend(recommended(1), recommended(2, album=11), status=Status.APPROVED)
    async with house.door(await house.feed_key(), url_base=base) as client:
        for path in (ARTISTS, ALBUM):
            before = polls(path)
            for _ in range(3):
                await client.get(base + path)
            assert polls(path) == before + 3
    assert house.deps.feeds.tally.hits == 4


async def test_a_look_that_finds_the_library_as_it_was_costs_no_delivery(
    house: House, lidarr: httpx2.AsyncClient
):
    source = ScriptedLidarr([owned(900)])
    await sync_library(house.deps.db, source, house.clock, lambda _: None)
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    await lidarr.get(ARTISTS)
    house.clock.advance(seconds=10)
    await sync_library(house.deps.db, source, house.clock, lambda _: None)
    await lidarr.get(ARTISTS)
    assert await deliveries(house, number) == 1
    # Nor does what another Lidarr holds.
    attic = ScriptedLidarr([owned(1), owned(2)])
    await sync_library(house.deps.db, attic, house.clock, lambda _: None, instance="attic")
    assert await carried(lidarr) == {mbid(1)}
    assert await deliveries(house, number) == 1
    source = ScriptedLidarr([owned(900), owned(1)])
    await sync_library(house.deps.db, source, house.clock, lambda _: None)
    assert await carried(lidarr) == set()
