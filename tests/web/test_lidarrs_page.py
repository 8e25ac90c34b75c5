"""Several Lidarrs: added after they were tried, changed, and removed while no list is for them."""

import httpx2
import pytest

from brainarr.errors import ProviderUnavailable
from brainarr.service.lists import DEFAULT_LIST
from brainarr.store.tables import lists
from tests.web.asked import FACTS, KEY, Asked, asked, house, pages, settings, went
from tests.web.configuration import Settings
from tests.web.conftest import House

__all__ = ["asked", "house", "pages", "settings"]

ATTIC = {"name": "attic", "url": "http://attic:8686", "api_key": KEY, "verify_tls": "true"}


async def test_one_more_is_asked_before_it_is_saved(
    pages: httpx2.AsyncClient, settings: Settings, asked: Asked
):
    assert await went(await pages.post("/lidarrs/entry", data=ATTIC)) == "/lidarrs"
    assert asked.seen == [(ATTIC["url"], KEY, True)]
    (saved,) = (await settings.stored())["lidarrs"]
    assert saved == {"name": "attic", "url": ATTIC["url"], "api_key": KEY, "verify_tls": True}
    shown = (await pages.get("/lidarrs")).text
    assert "http://attic:8686" in shown
    assert KEY not in shown
    assert KEY not in (await pages.get("/lidarrs/entry?name=attic")).text


async def test_testing_saves_nothing(pages: httpx2.AsyncClient, settings: Settings):
    answer = await pages.post("/lidarrs/entry", data=ATTIC | {"test": "true"})
    assert f"Connected to {FACTS.instance_name}" in answer.text
    assert KEY not in answer.text
    assert "lidarrs" not in await settings.stored()


async def test_one_that_is_away_is_saved_only_when_that_is_wanted(
    pages: httpx2.AsyncClient, settings: Settings, asked: Asked
):
    asked._lidarr = ProviderUnavailable("lidarr", "nobody is there")
    refused = await pages.post("/lidarrs/entry", data=ATTIC)
    assert "nobody is there" in refused.text
    assert "lidarrs" not in await settings.stored()
    await went(await pages.post("/lidarrs/entry", data=ATTIC | {"anyway": "true"}))
    assert len((await settings.stored())["lidarrs"]) == 1


@pytest.mark.parametrize("name", ["default", "Two Words", "-attic", "x" * 41, ""])
async def test_names_that_cannot_stand_in_an_address_are_refused(
    name: str, pages: httpx2.AsyncClient, settings: Settings
):
    answer = await pages.post("/lidarrs/entry", data=ATTIC | {"name": name})
    assert answer.status_code == 422
    assert "is not usable" in answer.text or "is taken" in answer.text
    assert "lidarrs" not in await settings.stored()


async def test_a_name_that_is_there_is_not_taken_over(pages: httpx2.AsyncClient, settings: Settings):
    await went(await pages.post("/lidarrs/entry", data=ATTIC))
    answer = await pages.post("/lidarrs/entry", data=ATTIC | {"url": "http://other:8686"})
    assert answer.status_code == 422
    assert "a name that no other Lidarr has" in answer.text
    assert (await settings.stored())["lidarrs"][0]["url"] == ATTIC["url"]


async def test_its_key_is_kept_for_its_own_host_only(pages: httpx2.AsyncClient, settings: Settings):
    await went(await pages.post("/lidarrs/entry", data=ATTIC))
    changed = {key: value for key, value in ATTIC.items() if key != "api_key"} | {"known": "true"}
    await went(await pages.post("/lidarrs/entry", data=changed | {"root_folder": "/attic"}))
    (saved,) = (await settings.stored())["lidarrs"]
    assert (saved["api_key"], saved["root_folder"]) == (KEY, "/attic")
    answer = await pages.post("/lidarrs/entry", data=changed | {"url": "http://thief:8686"})
    assert answer.status_code == 422
    assert (await settings.stored())["lidarrs"][0]["url"] == ATTIC["url"]


async def test_one_that_a_list_is_for_stays(house: House, pages: httpx2.AsyncClient, settings: Settings):
    await went(await pages.post("/lidarrs/entry", data=ATTIC))
    async with house.deps.db.transaction() as connection:
        await connection.execute(lists.update().where(lists.c.slug == DEFAULT_LIST).values(instance="attic"))
    await went(await pages.post("/lidarrs/remove", data={"name": "attic"}))
    assert "Let them be for another one first" in (await pages.get("/lidarrs")).text
    assert len((await settings.stored())["lidarrs"]) == 1
    async with house.deps.db.transaction() as connection:
        await connection.execute(lists.update().values(instance="default"))
    await went(await pages.post("/lidarrs/remove", data={"name": "attic"}))
    assert (await settings.stored())["lidarrs"] == []


async def test_a_user_sets_no_lidarr_up(user_pages: httpx2.AsyncClient):
    assert (await user_pages.get("/lidarrs")).status_code == 403
    assert (await user_pages.post("/lidarrs/entry", data=ATTIC)).status_code == 403
