"""One caller may ask so often, and no more."""

from datetime import timedelta

from tests.web.conftest import House


async def test_a_caller_who_asks_too_often_is_told_when_to_come_back(house: House):
    async with house.door(house.deps.api_key(), requests_per_minute=60) as api:
        answers = [await api.get("/api/v1/system/status") for _ in range(61)]
        assert [answer.status_code for answer in answers] == [200] * 60 + [429]
        assert answers[0].headers["ratelimit"] == '"api";r=59'
        assert answers[0].headers["ratelimit-policy"] == '"api";q=60;w=60'
        refused = answers[-1]
        assert refused.json()["type"] == "urn:brainarr:problem:too-many-requests"
        assert refused.headers["retry-after"] == "1"
        house.clock.now += timedelta(seconds=2)
        assert [(await api.get("/api/v1/health")).status_code for _ in range(3)] == [200, 200, 429]


async def test_it_is_counted_for_each_key_and_feeds_are_not_counted(house: House):
    async with house.door(house.deps.api_key()) as api:
        made = (await api.post("/api/v1/keys", json={"name": "tool", "scope": "read"})).json()["key"]
    feed = {"X-Api-Key": await house.feed_key()}
    async with house.door(requests_per_minute=3) as door:
        for given in (house.deps.api_key(), made):
            answers = [
                (await door.get("/api/v1/system/status", headers={"X-Api-Key": given})).status_code
                for _ in range(4)
            ]
            assert answers == [200, 200, 200, 429]
        polls = [(await door.get("/lists/default/artists", headers=feed)).status_code for _ in range(9)]
        assert polls == [200] * 9


async def test_a_clock_that_is_set_back_locks_nobody_out(house: House):
    async with house.door(house.deps.api_key(), requests_per_minute=2) as api:
        for _ in range(2):
            await api.get("/api/v1/system/status")
        house.clock.now -= timedelta(days=1)
        assert (await api.get("/api/v1/system/status")).status_code == 429
        house.clock.now += timedelta(days=2)
        assert (await api.get("/api/v1/system/status")).status_code == 200
