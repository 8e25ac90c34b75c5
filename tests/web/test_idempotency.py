"""A request that is sent again with its Idempotency-Key is not carried out again."""

import asyncio
from datetime import timedelta

import httpx2

from brainarr.service.idempotency import KEPT, LONGEST_REQUEST, Asked, begin
from tests.web.conftest import House, both_databases

pytestmark = both_databases
NAMED = {"name": "a tool", "scope": "read"}


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


async def keys_of(api: httpx2.AsyncClient) -> int:
    return len((await api.get("/api/v1/keys")).json())


async def test_the_same_request_is_answered_as_it_was_and_makes_nothing_new(api: httpx2.AsyncClient):
    first = await api.post("/api/v1/keys", json=NAMED, headers=key("one"))
    again = await api.post("/api/v1/keys", json=NAMED, headers=key('"one"'))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await keys_of(api) == 1
    await api.post("/api/v1/keys", json=NAMED, headers=key("two"))
    await api.post("/api/v1/keys", json=NAMED)
    assert await keys_of(api) == 3


async def test_what_it_remembers_is_not_readable_in_the_database(house: House, api: httpx2.AsyncClient):
    made = (await api.post("/api/v1/keys", json=NAMED, headers=key("one"))).json()["key"]
    async with house.deps.db.reading() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM idempotency")).all()
    assert len(rows) == 1
    assert made not in repr(rows)


async def test_a_key_that_was_used_for_something_else_is_refused(api: httpx2.AsyncClient):
    await api.post("/api/v1/keys", json=NAMED, headers=key("one"))
    for other in (
        await api.post("/api/v1/keys", json={**NAMED, "name": "another"}, headers=key("one")),
        await api.post("/api/v1/system/tasks/pause", headers=key("one")),
    ):
        assert other.status_code == 422
        assert other.json()["errors"][0]["field"] == "header.idempotency-key"
    assert await keys_of(api) == 1


async def test_another_caller_may_choose_the_same_key(house: House, api: httpx2.AsyncClient):
    made = (await api.post("/api/v1/keys", json={"name": "tool", "scope": "write"})).json()["key"]
    first = await api.post("/api/v1/runs", json={}, headers=key("one"))
    async with house.door(made) as other:
        answer = await other.post("/api/v1/system/tasks/pause", headers=key("one"))
    assert first.status_code == 202
    assert "idempotency-replayed" not in answer.headers
    assert answer.status_code == 200


async def test_a_request_that_failed_may_be_sent_again(house: House, api: httpx2.AsyncClient):
    wanted = {"name": "", "scope": "read"}
    assert (await api.post("/api/v1/keys", json=wanted, headers=key("one"))).status_code == 422
    answer = await api.post("/api/v1/recommendations/7/approve", headers=key("two"))
    assert answer.status_code == 404
    answer = await api.post("/api/v1/recommendations/7/approve", headers=key("two"))
    assert answer.status_code == 404
    assert "idempotency-replayed" not in answer.headers


async def test_while_it_is_carried_out_another_one_is_told_to_wait(house: House, api: httpx2.AsyncClient):
    answers = await asyncio.gather(
        *(api.post("/api/v1/keys", json=NAMED, headers=key("one")) for _ in range(12))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await keys_of(api) == 1


async def test_after_a_day_it_is_forgotten_and_after_a_crash_it_is_free_again(house: House):
    deps, asked = house.deps, Asked.of("me", "one", "POST", "/x", b"")
    assert await begin(deps.db, deps.secrets, asked, clock=house.clock) is None
    house.clock.now += LONGEST_REQUEST + timedelta(seconds=1)
    assert await begin(deps.db, deps.secrets, asked, clock=house.clock) is None
    house.clock.now += KEPT + timedelta(seconds=1)
    assert await begin(deps.db, deps.secrets, asked, clock=house.clock) is None


async def test_a_stranger_learns_nothing_of_what_was_answered(
    house: House, api: httpx2.AsyncClient, stranger: httpx2.AsyncClient
):
    await api.post("/api/v1/keys", json=NAMED, headers=key("one"))
    assert (await stranger.post("/api/v1/keys", json=NAMED, headers=key("one"))).status_code == 401


async def test_an_unusable_key_says_what_is_allowed(api: httpx2.AsyncClient):
    for chosen in ("", '""', "x" * 201, "a b"):
        answer = await api.post("/api/v1/runs", json={}, headers=key(chosen))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "header.idempotency-key"
