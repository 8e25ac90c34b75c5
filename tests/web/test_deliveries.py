"""What holds deliveries back, as the feeds, the API and the health page show it."""

import httpx2
import pytest

from brainarr.domain.deliveries import DeliveryState, FailedSync
from brainarr.domain.outage import begun
from brainarr.domain.quarantine import OPEN, Group, passed, suspect
from brainarr.domain.recommendation import Status
from brainarr.store import deliveries
from brainarr.store.session import Database
from tests.store.given import mbid, recommended
from tests.web.conftest import House

STATE = "/api/v1/deliveries/state"


async def put(db: Database, state: DeliveryState) -> None:
    async with db.transaction() as connection:
        await deliveries.lock_state(connection, "default")
        await deliveries.write_state(connection, "default", state)


@pytest.fixture
async def lidarr(house: House):
    async with house.door(await house.feed_key()) as client:
        yield client


async def polled(lidarr: httpx2.AsyncClient) -> set[str]:
    return {row["MusicBrainzId"] for row in (await lidarr.get("/lists/default/artists")).json()}


async def test_what_lidarrs_lookup_has_not_confirmed_waits(
    house: House, lidarr: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    await house.recommend(recommended(1), status=Status.APPROVED)
    await house.recommend(recommended(2), status=Status.APPROVED, cleared=False)
    assert await polled(lidarr) == {mbid(1)}
    (standing,) = (await api.get(STATE)).json()
    assert (standing["mode"], standing["due"], standing["cleared"]) == ("open", 2, 1)
    assert standing["said"] == ["1 waits until Lidarr's own lookup has confirmed it."]


async def test_without_lidarrs_api_everything_goes_out_as_it_is(house: House) -> None:
    await house.recommend(recommended(1), recommended(2), status=Status.APPROVED, cleared=False)
    async with house.door(await house.feed_key(), importers={}) as lidarr:
        assert await polled(lidarr) == {mbid(1), mbid(2)}
    async with house.door(house.deps.api_key(), importers={}) as api:
        (standing,) = (await api.get(STATE)).json()
    assert standing["said"] == []


async def test_an_outage_empties_the_feed_at_once_and_is_said_everywhere(
    house: House, lidarr: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    await house.recommend(recommended(1), status=Status.APPROVED)
    assert await polled(lidarr) == {mbid(1)}
    await put(house.deps.db, DeliveryState(outage=begun("lidarr: away (503).", house.clock())))
    assert await polled(lidarr) == set()
    (standing,) = (await api.get(STATE)).json()
    assert standing["mode"] == "outage"
    assert standing["outage"]["reason"] == "lidarr: away (503)."
    assert standing["said"][0].startswith("1 item is held: Lidarr's metadata server is away since 12:00 UTC")
    issues = [issue for issue in (await api.get("/api/v1/health")).json() if issue["source"] == "Delivery"]
    assert [issue["type"] for issue in issues] == ["warning"]
    await put(house.deps.db, DeliveryState())
    assert await polled(lidarr) == {mbid(1)}


async def test_another_process_hears_of_it_within_seconds(house: House, lidarr: httpx2.AsyncClient) -> None:
    await house.recommend(recommended(1), status=Status.APPROVED)
    assert await polled(lidarr) == {mbid(1)}
    async with house.elsewhere() as other:
        await put(other.db, DeliveryState(outage=begun("away", house.clock())))
    house.clock.advance(seconds=4)
    assert await polled(lidarr) == set()


async def test_in_a_search_one_group_goes_out_and_the_rest_waits(
    house: House, lidarr: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    ids = await house.recommend(*(recommended(n) for n in range(1, 9)), status=Status.APPROVED)
    quarantine = suspect(OPEN, [Group(1, "artists", tuple(ids[:4]))])
    failure = FailedSync(house.clock(), "HTTP request failed")
    await put(house.deps.db, DeliveryState(quarantine=quarantine, failure=failure))
    assert await polled(lidarr) == set()
    (standing,) = (await api.get(STATE)).json()
    assert (standing["mode"], standing["held"]) == ("quarantine", 4)
    assert standing["search"] == {"suspects": 4, "groups": 2, "trial": 1, "control": True}
    assert standing["said"] == [
        "A list sync of Lidarr's failed, and Brainarr looks for the item that made it fail: "
        "4 items are under suspicion; 4 wait for the end of that."
    ]
    await put(house.deps.db, DeliveryState(quarantine=passed(quarantine).quarantine, failure=failure))
    assert await polled(lidarr) == {mbid(1), mbid(2)}
    assert (await lidarr.get("/lists/default/api/v1/album")).json() == []


async def test_a_failure_that_is_not_ours_is_said_for_a_day(house: House, api: httpx2.AsyncClient) -> None:
    failure = FailedSync(house.clock(), "Somebody else's list.", ours=False)
    await put(house.deps.db, DeliveryState(failure=failure))
    (standing,) = (await api.get(STATE)).json()
    assert "not because of this list: Somebody else's list." in standing["said"][0]
    assert any("Somebody else's" in issue["message"] for issue in (await api.get("/api/v1/health")).json())
    house.clock.advance(days=1, minutes=1)
    (standing,) = (await api.get(STATE)).json()
    assert standing["said"] == []


async def test_an_approval_asks_for_the_lookup_once(house: House, api: httpx2.AsyncClient) -> None:
    ids = await house.recommend(recommended(1), recommended(2), cleared=False)
    for number in ids:
        await api.post(f"/api/v1/recommendations/{number}/approve")
    asked = (await api.get("/api/v1/system/tasks/history?task=deliveries")).json()
    assert len(asked) == 1


async def test_what_was_looked_up_lately_needs_no_lookup_at_its_approval(
    house: House, api: httpx2.AsyncClient
) -> None:
    (number,) = await house.recommend(recommended(1))
    await api.post(f"/api/v1/recommendations/{number}/approve")
    assert (await api.get("/api/v1/system/tasks/history?task=deliveries")).json() == []


async def test_the_lists_say_what_holds_them_back(house: House, api: httpx2.AsyncClient) -> None:
    await house.recommend(recommended(1), status=Status.APPROVED, cleared=False)
    (row,) = (await api.get("/api/v1/lists")).json()
    assert row["empty"]
    assert row["explained"] == ["1 waits until Lidarr's own lookup has confirmed it."]
    await house.recommend(recommended(2), status=Status.APPROVED)
    (row,) = (await api.get("/api/v1/lists")).json()
    assert not row["empty"]
    assert row["explained"][1:] == ["2 approved: Lidarr takes what may go out at its next sync."]
    await put(house.deps.db, DeliveryState(outage=begun("lidarr: away (503).", house.clock())))
    (row,) = (await api.get("/api/v1/lists")).json()
    assert row["empty"]
    (said,) = row["explained"]
    assert said.startswith("2 items are held: Lidarr's metadata server is away")
    async with house.door(house.deps.api_key(), importers={}) as unguarded:
        (row,) = (await unguarded.get("/api/v1/lists")).json()
    assert row["explained"] == ["2 approved: Lidarr takes them at its next sync."]


async def test_of_a_search_only_the_list_in_trial_is_not_empty(house: House, api: httpx2.AsyncClient) -> None:
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    quarantine = suspect(OPEN, [Group(1, "artists", (number,))])
    for state, empty in ((quarantine, True), (passed(quarantine).quarantine, False)):
        await put(house.deps.db, DeliveryState(quarantine=state))
        (row,) = (await api.get("/api/v1/lists")).json()
        assert row["empty"] is empty
        assert row["explained"][0].startswith("A list sync of Lidarr's failed")


async def test_deliveries_that_no_sync_is_known_of_are_said(house: House, api: httpx2.AsyncClient) -> None:
    await put(house.deps.db, DeliveryState(lost=5))
    assert any("NTP" in issue["remedy"] for issue in (await api.get("/api/v1/health")).json())
