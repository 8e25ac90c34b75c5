"""Keys to the API: shown once, stored as hashes, doing what their scope says and no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import httpx2
import pytest
from sqlalchemy import event, select

from brainarr.errors import Conflict, StorageError
from brainarr.service import keys as service
from brainarr.service.keys import MOST_KEYS, make_key, recognise
from brainarr.service.setup import rotate_api_key
from brainarr.store.keys import Scope
from brainarr.store.tables import api_keys
from brainarr.web.buckets import MOST_BUCKETS
from brainarr.web.guesses import BURST, REGAINED_S, Guesses, TooManyGuesses
from tests.cli.conftest import Brainarr
from tests.store.given import StandingClock
from tests.web.conftest import House


def clock_of(house: House) -> StandingClock:
    return cast(StandingClock, house.deps.clock)


async def made(api: httpx2.AsyncClient, **wanted: object) -> dict[str, object]:
    answer = await api.post("/api/v1/keys", json={"name": "dashboard", **wanted})
    assert answer.status_code == 201
    return answer.json()


def door(house: House, key: object) -> httpx2.AsyncClient:
    return house.door(str(key))


async def test_a_key_is_shown_once_and_only_its_hash_is_stored(house: House, api: httpx2.AsyncClient):
    new = await made(api)
    text = str(new["key"])
    assert text.startswith(str(new["prefix"])) and len(text) > len(str(new["prefix"])) + 43
    (listed,) = (await api.get("/api/v1/keys")).json()
    assert listed == {name: value for name, value in new.items() if name != "key"}
    async with house.deps.db.reading() as connection:
        (row,) = (await connection.execute(select(api_keys))).all()
    assert text not in str(row)
    # What is stored opens nothing.
    async with door(house, row.hash) as client:
        assert (await client.get("/api/v1/runs")).status_code == 401


async def test_a_key_that_may_read_changes_nothing(house: House, api: httpx2.AsyncClient):
    async with door(house, (await made(api))["key"]) as reader:
        assert (await reader.get("/api/v1/runs")).status_code == 200
        refused = await reader.post("/api/v1/runs", json={})
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:brainarr:problem:forbidden"
        described = (await reader.get("/api/v1/openapi.json")).json()["paths"]
        for path, operations in described.items():
            for method in set(operations) - {"get"} if path.startswith("/api/v1") else ():
                address = path.replace("{id}", "1").replace("{name}", "home").replace("{slug}", "default")
                answer = await reader.request(method, address.replace("{decision}", "approve"), json={})
                assert answer.status_code == 403, (method, path)


async def test_a_key_that_may_read_sees_no_feed_key(house: House, api: httpx2.AsyncClient):
    async with door(house, (await made(api))["key"]) as reader:
        answer = await reader.get("/api/v1/lists")
    assert answer.json()[0]["key"] is None
    assert await house.feed_key() not in answer.text
    async with door(house, (await made(api, scope="write"))["key"]) as writer:
        assert (await writer.get("/api/v1/lists")).json()[0]["key"] == await house.feed_key()


@pytest.mark.parametrize("scope", ["read", "write"])
async def test_no_made_key_fetches_a_backup_which_holds_every_secret(
    house: House, api: httpx2.AsyncClient, scope: str
):
    name = (await api.post("/api/v1/system/backup")).json()["name"]
    async with door(house, (await made(api, scope=scope))["key"]) as client:
        for address in ("/api/v1/system/backup", f"/api/v1/system/backup/{name}"):
            assert (await client.get(address)).status_code == 403
    assert (await api.get(f"/api/v1/system/backup/{name}")).status_code == 200


async def test_a_key_that_may_write_makes_and_revokes_no_keys(house: House, api: httpx2.AsyncClient):
    new = await made(api, scope="write")
    async with door(house, new["key"]) as writer:
        assert (await writer.post("/api/v1/runs", json={})).status_code == 202
        assert (await writer.post("/api/v1/keys", json={"name": "x"})).status_code == 403
        assert (await writer.delete(f"/api/v1/keys/{new['id']}")).status_code == 403
        assert (await writer.get("/api/v1/keys")).status_code == 403


async def test_a_revoked_key_opens_nothing_from_then_on(house: House, api: httpx2.AsyncClient):
    new = await made(api)
    async with door(house, new["key"]) as client:
        assert (await client.get("/api/v1/runs")).status_code == 200
        revoked = await api.delete(f"/api/v1/keys/{new['id']}")
        assert revoked.json()["revoked_at"] is not None
        assert (await client.get("/api/v1/runs")).status_code == 401
        clock_of(house).advance(hours=1)
        assert (await api.delete(f"/api/v1/keys/{new['id']}")).json() == revoked.json()
    assert (await api.delete("/api/v1/keys/99")).status_code == 404


async def test_a_key_ends_at_its_moment(house: House, api: httpx2.AsyncClient):
    until = clock_of(house)() + timedelta(hours=1)
    new = await made(api, expires_at=until.isoformat())
    async with door(house, new["key"]) as client:
        clock_of(house).advance(minutes=59, seconds=59)
        assert (await client.get("/api/v1/runs")).status_code == 200
        clock_of(house).advance(seconds=1)
        assert (await client.get("/api/v1/runs")).status_code == 401
    past = await api.post("/api/v1/keys", json={"name": "late", "expires_at": until.isoformat()})
    assert past.status_code == 422
    assert past.json()["errors"][0]["field"] == "body.expires_at"


async def test_the_use_of_a_key_is_noted_once_a_minute_at_most(house: House, api: httpx2.AsyncClient):
    new = await made(api)
    writes: list[str] = []

    def watch(*moves: object) -> None:
        if str(moves[2]).startswith("UPDATE api_keys"):
            writes.append(str(moves[2]))

    event.listen(house.deps.db._engine.sync_engine, "before_cursor_execute", watch)
    async with door(house, new["key"]) as client:
        for _ in range(4):
            clock_of(house).advance(seconds=20)
            await client.get("/api/v1/runs")
    assert len(writes) == 2
    (listed,) = (await api.get("/api/v1/keys")).json()
    assert listed["last_used_at"] is not None


async def test_a_use_that_cannot_be_noted_shuts_nobody_out(
    house: House, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    new = await made(api)

    async def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(service.keys, "mark_used", full)
    async with door(house, new["key"]) as client:
        assert (await client.get("/api/v1/runs")).status_code == 200


async def test_there_is_an_end_to_keys(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "MOST_KEYS", 2)
    db, clock = house.deps.db, house.deps.clock
    await make_key(db, "one", Scope.READ, clock=clock)
    await make_key(db, "two", Scope.READ, clock=clock)
    with pytest.raises(Conflict, match="2 keys already"):
        await make_key(db, "three", Scope.READ, clock=clock)
    assert MOST_KEYS > 2


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "nul\0"])
async def test_a_key_needs_a_name_in_one_line(api: httpx2.AsyncClient, name: str):
    assert (await api.post("/api/v1/keys", json={"name": name})).status_code == 422


async def test_a_reset_instance_key_counts_at_once_in_a_running_server(house: House):
    old = house.deps.api_key()
    # As `serve` has it where neither file nor environment fix a key.
    async with house.door(old, api_key=lambda: "") as before:
        assert (await before.get("/api/v1/runs")).status_code == 200
        new = await rotate_api_key(house.deps.db, house.deps.secrets, clock=house.deps.clock)
        assert (await before.get("/api/v1/runs")).status_code == 401
        assert (await before.get("/api/v1/runs", headers={"X-Api-Key": new})).status_code == 200


async def test_what_is_no_key_of_ours_costs_no_look_into_the_database(house: House):
    await house.deps.db.dispose()
    assert await recognise(house.deps.db, "something-else", clock=house.deps.clock) is None


@asynccontextmanager
async def from_address(house: House, *addresses: str) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Clients of one and the same app, each from an address of its own."""
    app = house.app()
    clients = [
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, client=(address, 1)), base_url="http://brainarr:8690"
        )
        for address in addresses
    ]
    yield clients
    for client in clients:
        await client.aclose()


async def test_wrong_keys_are_answered_so_often_and_then_no_more_for_a_while(house: House):
    right = {"X-Api-Key": house.deps.api_key()}
    async with from_address(house, "10.0.0.1", "10.0.0.2") as (guesser, other):
        for number in range(BURST):
            assert (await guesser.get("/api/v1/runs", params={"apikey": f"n{number}"})).status_code == 401
        stopped = await guesser.get("/api/v1/runs", params={"apikey": "next"})
        assert stopped.status_code == 429
        assert stopped.json()["type"] == "urn:brainarr:problem:too-many-guesses"
        assert stopped.headers["retry-after"] == "3"
        # Neither the right key nor a feed's is looked at now: that would be an oracle.
        assert (await guesser.get("/api/v1/runs", headers=right)).status_code == 429
        feed = {"apikey": await house.feed_key()}
        assert (await guesser.get("/lists/default/artists", params=feed)).status_code == 429
        # No key, no guess; another address, another budget.
        assert (await guesser.get("/api/v1/runs")).status_code == 401
        assert (await guesser.get("/ping")).status_code == 200
        assert (await other.get("/api/v1/runs", headers=right)).status_code == 200
        clock_of(house).advance(seconds=REGAINED_S)
        assert (await guesser.get("/api/v1/runs", headers=right)).status_code == 200


async def test_whoever_was_let_in_before_is_not_shut_out_by_guesses_from_the_same_proxy(house: House):
    right = {"X-Api-Key": house.deps.api_key()}
    async with from_address(house, "172.18.0.2") as (proxy,):
        assert (await proxy.get("/api/v1/runs", headers=right)).status_code == 200
        feed = {"apikey": await house.feed_key()}
        assert (await proxy.get("/lists/default/artists", params=feed)).status_code == 200
        for number in range(BURST + 5):
            await proxy.get("/api/v1/runs", params={"apikey": f"n{number}"})
        assert (await proxy.get("/api/v1/runs", params={"apikey": "guess"})).status_code == 429
        assert (await proxy.get("/api/v1/runs", headers=right)).status_code == 200
        assert (await proxy.get("/lists/default/artists", params=feed)).status_code == 200


def test_all_addresses_of_an_ipv6_host_share_one_budget():
    guesses = Guesses(StandingClock())
    for number in range(BURST):
        guesses.wrong(f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyGuesses):
        guesses.admit("2001:db8:1:2:ffff::1", "x")
    guesses.admit("2001:db8:1:3::1", "x")
    guesses.admit("::ffff:10.0.0.1", "x")


def test_the_memory_of_guesses_is_bounded_and_a_clock_set_back_locks_nobody_out():
    clock = StandingClock()
    guesses = Guesses(clock)
    for number in range(MOST_BUCKETS + 50):
        guesses.wrong(f"host-{number}")
    assert len(guesses._addresses._left) == MOST_BUCKETS
    for _ in range(BURST):
        guesses.wrong("me")
    clock.advance(days=-2)
    guesses.wrong("me")
    clock.advance(seconds=REGAINED_S)
    guesses.admit("me", "x")


def test_keys_are_made_shown_and_revoked_on_the_command_line(brainarr: Brainarr):
    new = brainarr("api-key", "add", "dash board", "--days", "30")
    assert new.exit_code == 0
    text = new.stdout.strip()
    assert text.startswith("brainarr_") and text not in new.stderr
    listed = brainarr("api-key", "list").stdout
    assert "dash board" in listed and "never used" in listed and text[:15] in listed and text not in listed
    assert brainarr("api-key", "revoke", "1").exit_code == 0
    assert "revoked" in brainarr("api-key", "list").stdout
    missing = brainarr("api-key", "revoke", "7")
    assert missing.exit_code == 1 and "There is no key 7" in missing.stderr
    assert brainarr("api-key", "add", "a\nb").exit_code == 2


def test_the_instance_key_is_shown_and_reset_but_not_where_it_is_fixed(
    brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch
):
    first = brainarr("api-key").stdout.strip()
    second = brainarr("api-key", "reset").stdout.strip()
    assert first != second == brainarr("api-key").stdout.strip()
    monkeypatch.setenv("BRAINARR__SERVER__API_KEY", "fixed-by-the-environment")
    assert brainarr("api-key").stdout.strip() == "fixed-by-the-environment"
    refused = brainarr("api-key", "reset")
    assert refused.exit_code == 1 and "server.api_key" in refused.stderr
    assert "fixed-by-the-environment" not in refused.output


def test_secrets_are_rotated_on_the_command_line(brainarr: Brainarr):
    before = brainarr("api-key").stdout
    said = brainarr("secrets", "rotate")
    assert said.exit_code == 0 and "3 secrets" in said.stdout
    assert brainarr("api-key").stdout == before
