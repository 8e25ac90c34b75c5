"""The page of lists: addresses, what waits, and a Lidarr that is set up with one press."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx2
import pytest

from brainarr.domain.recommendation import Status
from brainarr.providers.lidarr import Lidarr, LidarrSettings, connect
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import starter_world
from brainarr.service.feeds import albums_feed
from tests.store.given import recommended
from tests.web.asked import went
from tests.web.configuration import Settings
from tests.web.conftest import House

DEFAULT = {"slug": "default"}


@dataclass
class Beside:
    """A sandbox Lidarr, and this Brainarr on a port that it reaches."""

    holdings: Holdings
    web: Faults
    address: str
    settings: Settings


@pytest.fixture
async def beside(house: House) -> AsyncIterator[Beside]:
    holdings = Holdings(starter_world(), house.clock)
    async with serve(create_lidarr(holdings, "key")) as url:
        lidarr = LidarrSettings.model_validate({"url": url, "api_key": "key"})
        http = connect(lidarr)
        try:
            house.deps = replace(house.deps, import_lists={"default": Lidarr(lidarr, http).lists})
            settings = Settings(house)
            web = Faults(house.app())
            async with serve(web) as address:
                yield Beside(holdings, web, address, settings)
        finally:
            await http.aclose()


async def shown(client: httpx2.AsyncClient) -> str:
    return html.unescape((await client.get("/lists")).text)


async def test_an_empty_feed_is_explained(pages: httpx2.AsyncClient):
    page = await shown(pages)
    assert "The feed is empty" in page
    assert "start a run" in page


async def test_what_waits_is_told_in_words(house: House, pages: httpx2.AsyncClient):
    await house.recommend(recommended(1, album=11), recommended(2, album=12))
    await house.recommend(recommended(3, album=13), status=Status.APPROVED)
    page = await shown(pages)
    assert "2 wait for your review." in page
    assert "1 approved: Lidarr takes it at its next sync." in page
    await albums_feed(house.deps.db, "default", clock=house.clock)
    page = await shown(pages)
    assert "1 fetched by Lidarr, not seen in your library yet." in page
    assert "Last fetches: 1" in page


async def test_addresses_can_be_copied_and_the_key_is_masked(house: House, pages: httpx2.AsyncClient):
    page = await shown(pages)
    key = await house.feed_key()
    assert 'value="http://brainarr:8690/lists/default"' in page
    assert f'value="http://brainarr:8690/lists/default/artists?apikey={key}"' in page
    assert "artists?apikey=••••••••" in page
    # In the clear it stands only in fields that are folded away.
    for place in re.finditer(key, page):
        before = page[: place.start()]
        assert before.rfind("<details") > before.rfind("</details>")


@pytest.mark.loopback
async def test_one_press_sets_both_lists_up(beside: Beside, house: House, pages: httpx2.AsyncClient):
    page = await shown(pages)
    assert (page.count("Not set up"), page.count("No webhook")) == (2, 1)
    assert page.count('name="webhook" value="true"') == 1
    address = {"address": beside.address, "webhook": "true"}
    assert await went(await pages.post("/lists/in-lidarr", data=DEFAULT | address)) == "/lists"
    assert [one.name for one in beside.holdings.lists.values()] == [
        "Brainarr AI Recommendations (albums)",
        "Brainarr AI Recommendations (artists)",
    ]
    assert await beside.settings.stored() == {"server.external_url": beside.address}
    assert "Lidarr's test passed" in await shown(pages)
    async with house.signed_in(external_url=beside.address) as client:
        page = await shown(client)
        assert "Set up in Lidarr" not in page
        asked = {**DEFAULT, "channel": "albums"}
        await client.post("/lists/out-of-lidarr", data=asked)
        page = await shown(client)
    assert "What it brought stays there." in page
    assert len(beside.holdings.lists) == 1
    assert [hook.name for hook in beside.holdings.notifications.values()] == ["Brainarr"]


@pytest.mark.loopback
async def test_a_lidarr_that_cannot_reach_us_is_said_with_the_cure(beside: Beside, pages: httpx2.AsyncClient):
    await pages.post("/lists/in-lidarr", data=DEFAULT | {"address": "http://127.0.0.1:9"})
    page = await shown(pages)
    assert "switched off" in page
    assert "Set server.external_url." in page
    assert not any(one.enable_automatic_add for one in beside.holdings.lists.values())


@pytest.mark.loopback
async def test_what_waits_until_lidarr_can_reach_us_is_told(beside: Beside, pages: httpx2.AsyncClient):
    await pages.post("/lists/in-lidarr", data=DEFAULT | {"address": "http://127.0.0.1:9"})
    page = await shown(pages)
    assert "Lidarr cannot reach Brainarr yet" in page
    assert "At http://127.0.0.1:9" in page
    assert "tried again every ten minutes" in page


@pytest.mark.loopback
async def test_the_webhook_is_made_repaired_and_removed(
    beside: Beside, house: House, pages: httpx2.AsyncClient
):
    instance = {"instance": "default"}
    async with house.signed_in(external_url=beside.address) as client:
        assert "Set up the webhook" in await shown(client)
        await client.post("/lists/webhook", data=instance)
        assert "Lidarr's test passed: the webhook Brainarr: made." in await shown(client)
        (hook,) = beside.holdings.notifications.values()
        assert hook.fields["url"] == f"{beside.address}/webhooks/lidarr/default"
        hook.flags = frozenset({"onGrab"})
        page = await shown(client)
        assert "it does not tell of ReleaseImport" in page
        await client.post("/lists/webhook", data=instance)
        page = await shown(client)
        assert "up to date" in page and "it does not tell" not in page
        await client.post("/lists/no-webhook", data=instance)
        assert "it tells Brainarr nothing any more" in await shown(client)
        assert beside.holdings.notifications == {}
        await client.post("/lists/webhook", data={"instance": "attic"})
        assert "No Lidarr is called attic." in await shown(client)


@pytest.mark.loopback
async def test_an_old_lidarr_is_warned_of(beside: Beside, pages: httpx2.AsyncClient):
    assert "Lidarr is old" not in await shown(pages)
    beside.holdings.version = "2.9.6.4552"
    page = await shown(pages)
    assert "Lidarr is old" in page and "takes only the first artist of a list" in page


@pytest.mark.loopback
async def test_choices_are_lidarrs_own(beside: Beside, pages: httpx2.AsyncClient):
    form = (await pages.get("/lists/in-lidarr?slug=default")).text
    assert '<option value="/music/" selected>' in form
    assert ">Lossless</option>" in form
    chosen = {
        **DEFAULT,
        "address": beside.address,
        "channel": "artists",
        "quality_profile": "2",
        "metadata_profile": "1",
        "root_folder": "/music/",
        "whole_artists": "true",
        "search": "true",
    }
    await pages.post("/lists/in-lidarr", data=chosen)
    (made,) = beside.holdings.lists.values()
    assert (made.should_monitor, made.should_search) == ("entireArtist", True)
    assert made.options.quality_profile_id == 2


@pytest.mark.loopback
async def test_a_repair_is_offered_where_something_differs(
    beside: Beside, house: House, pages: httpx2.AsyncClient
):
    await pages.post("/lists/in-lidarr", data=DEFAULT | {"address": beside.address})
    albums, _ = beside.holdings.lists.values()
    albums.should_monitor = "entireArtist"
    async with house.signed_in(external_url=beside.address) as client:
        page = await shown(client)
        assert "does not stop at the album you approved" in page
        assert "Repair" in page
        await client.post("/lists/in-lidarr", data=DEFAULT | {"channel": "albums"})
        assert "Repair" not in await shown(client)


@pytest.mark.loopback
async def test_a_new_key_says_that_lidarr_must_be_told(
    beside: Beside, house: House, pages: httpx2.AsyncClient
):
    before = await house.feed_key()
    await pages.post("/lists/new-key", data=DEFAULT)
    assert await house.feed_key() != before
    assert "Lidarr has the old one until the list is repaired there." in await shown(pages)


async def test_without_lidarr_the_page_says_how_to_connect_one(pages: httpx2.AsyncClient):
    page = await shown(pages)
    assert "No Lidarr is connected" in page
    await pages.post("/lists/in-lidarr", data=DEFAULT)
    assert "No Lidarr is configured." in await shown(pages)


@pytest.mark.loopback
async def test_a_lidarr_that_is_away_does_not_keep_the_page_away(house: House):
    away = LidarrSettings.model_validate({"url": "http://127.0.0.1:9", "api_key": "key"})
    http = connect(away, attempts=1)
    async with house.signed_in(import_lists={"default": Lidarr(away, http).lists}) as client:
        page = await shown(client)
    await http.aclose()
    assert "How the lists stand in Lidarr is not known now" in page
    assert "The feed is empty" in page


async def test_lists_are_made_renamed_and_deleted(pages: httpx2.AsyncClient):
    await pages.post("/lists/create", data={"name": "Late night"})
    page = await shown(pages)
    assert "Late night is there" in page and "lists/late-night" in page
    await pages.post("/lists/edit", data={"slug": "late-night", "name": "Small hours"})
    assert "Small hours" in await shown(pages)
    again = await pages.post("/lists/create", data={"name": "small hours"})
    assert "There is a list small hours already." in html.unescape(again.text)
    await pages.post("/lists/delete", data={"slug": "late-night"})
    assert "Small hours is deleted." in await shown(pages)
    assert "Small hours" not in await shown(pages)
    await pages.post("/lists/delete", data=DEFAULT)
    assert "The first list stays" in await shown(pages)


async def test_a_sync_is_asked_for(house: House, pages: httpx2.AsyncClient):
    await pages.post("/lists/sync", data=DEFAULT)
    assert house.lidarr.synced == ["/lists/default"]
    assert "Lidarr fetches 2 import lists now." in await shown(pages)


@pytest.mark.loopback
async def test_the_api_sets_up_tells_and_removes(beside: Beside, house: House):
    async with house.door(house.deps.api_key(), external_url=beside.address) as api:
        before = (await api.get("/api/v1/lists/default/lidarr")).json()
        assert [row["state"] for row in before] == ["missing", "missing"]
        placed = (await api.post("/api/v1/lists/default/lidarr")).json()
        assert [(row["channel"], row["made"], row["enabled"]) for row in placed] == [
            ("albums", True, True),
            ("artists", True, True),
        ]
        again = (await api.post("/api/v1/lists/default/lidarr", json={"channels": ["albums"]})).json()
        assert [(row["channel"], row["made"]) for row in again] == [("albums", False)]
        after = (await api.get("/api/v1/lists/default/lidarr")).json()
        assert [(row["state"], row["enabled"]) for row in after] == [("set up", True), ("set up", True)]
        assert (await api.delete("/api/v1/lists/default/lidarr")).json() == {"removed": 2}
        refused = await api.post("/api/v1/lists/default/lidarr", json={"root_folder": "/elsewhere"})
        assert refused.status_code == 502
        assert "does not exist" in refused.json()["detail"]
        assert (await api.get("/api/v1/lists/nowhere/lidarr")).status_code == 404
    assert beside.holdings.lists == {}


@pytest.mark.loopback
async def test_the_api_tells_and_repairs_all_that_links_a_lidarr(beside: Beside, house: House):
    async with house.door(house.deps.api_key(), external_url=beside.address) as api:
        before = (await api.get("/api/v1/lidarrs/default")).json()
        assert (before["webhook"]["state"], before["warning"], before["left_off"]) == ("missing", "", [])
        placed = (await api.post("/api/v1/lidarrs/default/webhook")).json()
        assert (placed["name"], placed["made"], placed["enabled"]) == ("Brainarr", True, True)
        await api.post("/api/v1/lists/default/lidarr")
        (hook,) = beside.holdings.notifications.values()
        hook.tags = (7,)
        albums, _ = beside.holdings.lists.values()
        albums.enable_automatic_add = False
        told = (await api.get("/api/v1/lidarrs/default")).json()
        assert told["webhook"]["differences"] == [
            "it has tags, so it tells only of artists that carry one of them"
        ]
        assert [row["state"] for row in told["lists"][0]["standings"]] == ["differs", "set up"]
        repaired = (await api.post("/api/v1/lidarrs/default/repair")).json()
        assert [row["channel"] for row in repaired["lists"]] == ["albums"]
        assert repaired["webhook"]["enabled"]
        assert (await api.post("/api/v1/lidarrs/default/repair")).json() == {"lists": [], "webhook": None}
        assert (await api.delete("/api/v1/lidarrs/default/webhook")).json() == {"removed": 1}
        assert (await api.delete("/api/v1/lidarrs/default/webhook")).json() == {"removed": 0}
        unknown = await api.get("/api/v1/lidarrs/attic")
        assert (unknown.status_code, unknown.json()["remedy"]) == (404, "There are: default.")


@pytest.mark.loopback
async def test_the_api_tells_what_lidarr_cannot_reach_yet(beside: Beside, house: House):
    async with house.door(house.deps.api_key(), external_url="http://127.0.0.1:9") as api:
        await api.post("/api/v1/lidarrs/default/webhook")
        told = (await api.get("/api/v1/lidarrs/default")).json()
    (waiting,) = told["left_off"]
    assert (waiting["channel"], waiting["list"], waiting["address"]) == (
        "webhook",
        None,
        "http://127.0.0.1:9",
    )
    assert "server.external_url" in waiting["remedy"]


async def test_the_api_says_when_there_is_no_lidarr(api: httpx2.AsyncClient):
    answer = await api.get("/api/v1/lists/default/lidarr")
    assert (answer.status_code, answer.json()["remedy"]) == (409, "Set lidarr.url and lidarr.api_key.")


@pytest.mark.loopback
async def test_a_deleted_list_can_be_removed_from_lidarr_too(
    beside: Beside, house: House, pages: httpx2.AsyncClient
):
    await pages.post("/lists/create", data={"name": "Late night", "schedule": "off"})
    asked = {"slug": "late-night", "address": beside.address}
    await pages.post("/lists/in-lidarr", data=asked)
    async with house.signed_in(external_url=beside.address) as client:
        # A person has made one more, for a part of it.
        albums = next(one for one in beside.holdings.lists.values() if "albums" in one.name)
        number = beside.holdings.next_id()
        beside.holdings.lists[number] = replace(albums, id=number, name="Jazz")
        await client.post("/lists/delete", data={"slug": "late-night", "from_lidarr": "true"})
        assert "Late night is deleted." in await shown(client)
    assert beside.holdings.lists == {}


@pytest.mark.loopback
async def test_a_list_of_gaps_is_set_up_for_its_albums_alone(
    beside: Beside, house: House, pages: httpx2.AsyncClient
):
    await pages.post("/lists/create", data={"name": "What I lack", "kind": "gaps"})
    async with house.signed_in(external_url=beside.address) as client:
        form = (await client.get("/lists/in-lidarr?slug=what-i-lack")).text
        assert 'value="albums" checked' in form
        assert 'value="artists" checked' not in form
        await client.post("/lists/in-lidarr", data={"slug": "what-i-lack"})
        assert [one.name for one in beside.holdings.lists.values()] == ["What I lack (albums)"]
        page = await shown(client)
    assert "Custom List" not in page.partition("l-what-i-lack")[2].partition("Addresses")[0]
