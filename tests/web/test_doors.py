"""Who may come in where."""

import re
from typing import cast

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.store.given import StandingClock
from tests.web.conftest import House

ZIP = "brainarr-manual-20261122-120000.zip"
PROTECTED = [
    ("GET", "/api/v1/system/status"),
    ("GET", "/api/v1/system/tasks"),
    ("GET", "/api/v1/system/tasks/history"),
    ("POST", "/api/v1/system/tasks/pause"),
    ("POST", "/api/v1/system/tasks/resume"),
    ("POST", "/api/v1/system/tasks/home"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/runs"),
    ("POST", "/api/v1/runs"),
    ("GET", "/api/v1/runs/1"),
    ("POST", "/api/v1/runs/1/cancel"),
    ("GET", "/api/v1/runs/1/events"),
    ("GET", "/api/v1/runs/1/prompts"),
    ("POST", "/api/v1/wishes"),
    ("GET", "/api/v1/recommendations"),
    ("GET", "/api/v1/recommendations/1"),
    ("POST", "/api/v1/recommendations/1/approve"),
    ("POST", "/api/v1/recommendations/1/reject"),
    ("POST", "/api/v1/recommendations/1/block"),
    ("POST", "/api/v1/recommendations/1/push"),
    ("GET", "/api/v1/recommendations/1/albums"),
    ("POST", "/api/v1/recommendations/1/albums"),
    ("POST", "/api/v1/recommendations/bulk"),
    ("GET", "/api/v1/runs/estimate"),
    ("GET", "/api/v1/providers/league"),
    ("POST", "/api/v1/notifications/test"),
    ("GET", "/api/v1/providers"),
    ("GET", "/api/v1/providers/detected"),
    ("GET", "/api/v1/providers/home/models"),
    ("POST", "/api/v1/providers/home/test"),
    ("GET", "/api/v1/usage"),
    ("GET", "/api/v1/history"),
    ("GET", "/api/v1/lists"),
    ("GET", "/api/v1/deliveries/state"),
    ("POST", "/api/v1/lists"),
    ("PATCH", "/api/v1/lists/default"),
    ("DELETE", "/api/v1/lists/default"),
    ("POST", "/api/v1/lists/default/rotate-key"),
    ("POST", "/api/v1/lists/default/sync"),
    ("GET", "/api/v1/lidarrs/attic/watch"),
    ("GET", "/api/v1/lidarrs/attic/events"),
    ("GET", "/api/v1/lists/default/lidarr"),
    ("POST", "/api/v1/lists/default/lidarr"),
    ("DELETE", "/api/v1/lists/default/lidarr"),
    ("GET", "/api/v1/lidarrs/default"),
    ("POST", "/api/v1/lidarrs/default/repair"),
    ("POST", "/api/v1/lidarrs/default/webhook"),
    ("DELETE", "/api/v1/lidarrs/default/webhook"),
    ("GET", "/api/v1/keys"),
    ("POST", "/api/v1/keys"),
    ("DELETE", "/api/v1/keys/1"),
    ("GET", "/api/v1/settings"),
    ("PATCH", "/api/v1/settings"),
    ("GET", "/api/v1/widget"),
    ("GET", "/api/v1/profile"),
    ("GET", "/api/v1/learning"),
    ("POST", "/api/v1/learning/reset"),
    ("GET", "/api/v1/blocks"),
    ("POST", "/api/v1/blocks"),
    ("DELETE", "/api/v1/blocks/1"),
    ("POST", "/api/v1/recommendations/1/more"),
    ("POST", "/api/v1/recommendations/1/less"),
    ("DELETE", "/api/v1/recommendations/1/liking"),
    ("GET", "/api/v1/backtest"),
    ("GET", "/api/v1/system/backup"),
    ("POST", "/api/v1/system/backup"),
    ("GET", f"/api/v1/system/backup/{ZIP}"),
    ("DELETE", f"/api/v1/system/backup/{ZIP}"),
    ("POST", "/api/v1/backtest"),
    ("POST", "/api/v1/backtest/apply"),
    ("GET", "/api/v1/history/export"),
    ("GET", "/api/v1/history/outcomes"),
    ("GET", "/api/v1/history/failures"),
    ("GET", "/api/v1/care"),
    ("GET", "/api/v1/care/drift"),
    ("GET", "/api/v1/care/gaps"),
    ("GET", "/api/v1/care/releases"),
    ("GET", "/api/v1/cache"),
    ("DELETE", "/api/v1/cache"),
    ("GET", "/api/v1/runs/1/prompts"),
    ("POST", "/api/v1/wishes"),
    ("GET", "/api/v1/lidarrs/attic/watch"),
    ("GET", "/api/v1/lidarrs/attic/events"),
    ("GET", "/api/v1/settings"),
    ("PATCH", "/api/v1/settings"),
    ("GET", "/api/v1/widget"),
]
FEEDS = [
    "/lists/default/artists",
    "/lists/default/api/v1/album",
    "/lists/default/api/v1/artist",
    "/lists/default/api/v1/qualityprofile",
    "/lists/default/api/v1/tag",
    "/lists/default/api/v1/rootfolder",
]


async def test_the_api_is_closed_without_its_key(stranger: httpx2.AsyncClient):
    for method, path in PROTECTED:
        answer = await stranger.request(method, path)
        assert answer.status_code == 401, path
        assert answer.json()["type"] == "urn:brainarr:problem:unauthorized"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_every_address_of_the_api_is_in_that_test(api: httpx2.AsyncClient):
    described = (await api.get("/api/v1/openapi.json")).json()["paths"]
    ours = {
        (method.upper(), path)
        for path, operations in described.items()
        for method in operations
        if path.startswith("/api/v1/")
    }
    tested = {
        (
            method,
            re.sub(
                "/(approve|reject|block)$",
                "/{decision}",
                path.replace("/1", "/{id}")
                .replace("home", "{name}")
                .replace(ZIP, "{name}")
                .replace("lidarrs/default", "lidarrs/{instance}")
                .replace("default", "{slug}")
                .replace("attic", "{instance}"),
            ),
        )
        for method, path in PROTECTED
    }
    assert ours == tested


async def test_a_feed_is_closed_without_its_key(stranger: httpx2.AsyncClient):
    for path in FEEDS:
        answer = await stranger.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_api_key_opens_no_feed(api: httpx2.AsyncClient):
    assert {(await api.get(path)).status_code for path in FEEDS} == {401}


async def test_a_feed_key_does_not_open_the_api(house: House):
    async with house.door(await house.feed_key()) as client:
        assert (await client.get("/api/v1/lists")).status_code == 401


async def test_a_list_that_does_not_exist_is_refused_as_one_with_a_wrong_key(house: House):
    async with house.door(await house.feed_key()) as client:
        for path in FEEDS:
            missing = await client.get(path.replace("default", "other"))
            wrong = await client.get(path, headers={"X-Api-Key": "wrong"})
            assert missing.status_code == wrong.status_code == 401
            assert {**missing.json(), "instance": ""} == {**wrong.json(), "instance": ""}


async def test_the_key_may_come_in_the_header_the_query_or_as_bearer(house: House):
    key = house.deps.api_key()
    async with house.door() as client:
        header = await client.get("/api/v1/lists", headers={"X-Api-Key": key})
        query = await client.get("/api/v1/lists", params={"apikey": key})
        bearer = await client.get("/api/v1/lists", headers={"Authorization": f"Bearer {key}"})
        basic = await client.get("/api/v1/lists", headers={"Authorization": f"Basic {key}"})
    assert [answer.status_code for answer in (header, query, bearer, basic)] == [200, 200, 200, 401]


async def test_the_header_goes_before_the_query_and_the_query_before_bearer(house: House):
    key = house.deps.api_key()
    bearer = {"Authorization": f"Bearer {key}"}
    async with house.door() as client:
        wrong_header = await client.get(
            "/api/v1/lists", params={"apikey": key}, headers={"X-Api-Key": "wrong", **bearer}
        )
        wrong_query = await client.get("/api/v1/lists", params={"apikey": "wrong"}, headers=bearer)
        right_header = await client.get(
            "/api/v1/lists", params={"apikey": "wrong"}, headers={"X-Api-Key": key}
        )
    assert [answer.status_code for answer in (wrong_header, wrong_query, right_header)] == [401, 401, 200]


async def test_a_new_key_counts_at_once(house: House):
    keys = ["first"]
    async with house.door("second", api_key=lambda: keys[-1]) as client:
        assert (await client.get("/api/v1/lists")).status_code == 401
        keys.append("second")
        assert (await client.get("/api/v1/lists")).status_code == 200


async def test_an_empty_key_in_the_settings_opens_nothing(house: House):
    async with house.door(api_key=lambda: "") as client:
        assert (await client.get("/api/v1/lists", headers={"X-Api-Key": ""})).status_code == 401
        assert (await client.get("/api/v1/lists", params={"apikey": ""})).status_code == 401


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=60))
async def test_no_other_text_is_taken_for_the_key(house: House, stranger: httpx2.AsyncClient, key: str):
    # Long enough for the next guess.
    cast(StandingClock, house.deps.clock).advance(minutes=1)
    answer = await stranger.get("/api/v1/lists", params={"apikey": key.encode("utf-8", "replace").decode()})
    assert answer.status_code == 401


async def test_ping_and_the_description_are_open(stranger: httpx2.AsyncClient):
    ping = await stranger.get("/ping")
    assert ping.status_code == 200
    assert ping.content == b'{"status":"OK"}'
    assert (await stranger.get("/api/v1/openapi.json")).status_code == 200


async def test_the_page_for_strangers_shows_nothing_secret_and_loads_nothing_from_elsewhere(house: House):
    async with house.browser() as client:
        page = await client.get("/setup/admin")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert house.deps.api_key() not in page.text
    assert await house.feed_key() not in page.text
    assert "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
