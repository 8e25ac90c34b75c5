"""Several Lidarrs: the key of each belongs to its host, whoever changes the settings and by whatever way."""

from typing import Any

import httpx2
import pytest

from tests.planted import ATTIC_KEY, LIDARR_KEY, found_in
from tests.web.conftest import House

ATTIC = {"name": "attic", "url": "https://attic.lan:8686/lidarr", "api_key": ATTIC_KEY}
CELLAR = {"name": "cellar", "url": "http://cellar:8686", "api_key": "the-key-of-the-cellar"}
KEPT = "unchanged:attic"


@pytest.fixture
async def api(house: House, api: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """Of a house with three Lidarrs."""
    first = {"lidarr.url": "http://lidarr:8686", "lidarr.api_key": LIDARR_KEY}
    await house.deps.configuration.change({**first, "lidarrs": [ATTIC, CELLAR]})
    return api


async def shown(api: httpx2.AsyncClient) -> Any:
    settings = (await api.get("/api/v1/settings")).json()
    return next(one["value"] for one in settings if one["key"] == "lidarrs")


@pytest.mark.parametrize(
    "entries",
    [
        [ATTIC | {"url": "http://thief.example"}],
        [ATTIC | {"url": "http://attic.lan:8686/lidarr"}],
        [ATTIC | {"url": "https://attic.lan/lidarr"}],
        [ATTIC | {"url": "https://attic.lan.thief.example:8686"}],
        [ATTIC, ATTIC | {"name": "thief", "url": "http://thief.example"}],
        [CELLAR | {"api_key": "unchanged:attic"}, ATTIC],
        [ATTIC | {"url": CELLAR["url"]}, CELLAR | {"url": ATTIC["url"], "api_key": "unchanged:cellar"}],
        [ATTIC | {"name": "cellar", "url": CELLAR["url"]}],
    ],
)
async def test_a_saved_key_goes_to_no_other_host(api: httpx2.AsyncClient, entries: list[dict[str, str]]):
    before = await shown(api)
    marked = [one | {"api_key": KEPT if one["api_key"] == ATTIC_KEY else one["api_key"]} for one in entries]
    refused = await api.patch("/api/v1/settings", json={"values": {"lidarrs": marked}})
    assert refused.status_code == 422, refused.text
    assert "the host that the saved key is for" in refused.text
    assert await shown(api) == before


@pytest.mark.parametrize("url", ["https://attic.lan:8686", "HTTPS://ATTIC.lan:8686/other"])
async def test_on_its_host_it_goes_along(api: httpx2.AsyncClient, house: House, url: str):
    moved = [ATTIC | {"url": url.replace("HTTPS", "https"), "name": "loft", "api_key": KEPT}]
    assert (await api.patch("/api/v1/settings", json={"values": {"lidarrs": moved}})).status_code == 200
    assert (await shown(api))[0]["api_key"] == "unchanged:loft"


async def test_a_key_of_the_first_lidarr_is_no_key_of_another(api: httpx2.AsyncClient):
    for mark in ("unchanged", "unchanged:default", "unchanged:lidarr", "unchanged:0"):
        thief = {"name": "thief", "url": "http://thief.example", "api_key": mark}
        refused = await api.patch("/api/v1/settings", json={"values": {"lidarrs": [ATTIC, thief]}})
        assert refused.status_code == 422, mark


async def test_no_answer_shows_their_keys(house: House, api: httpx2.AsyncClient):
    wrong = [
        ATTIC | {"name": "Not A Slug"},
        ATTIC | {"url": ATTIC_KEY},
        ATTIC | {"api_key": f"{ATTIC_KEY} x"},
    ]
    said = [(await api.patch("/api/v1/settings", json={"values": {"lidarrs": [one]}})).text for one in wrong]
    described = (await api.get("/api/v1/openapi.json")).json()["paths"]
    said += [
        (await api.get(path.replace("{instance}", "attic"))).text
        for path, operations in described.items()
        if "get" in operations and path.startswith(("/api/v1/lidarr", "/api/v1/settings", "/api/v1/system"))
    ]
    async with house.signed_in() as browser:
        for path in ("/lidarrs", "/lidarrs/entry?name=attic", "/settings", "/lists", "/lists/new"):
            said.append((await browser.get(path)).text)
    assert any("attic.lan" in text for text in said)
    assert found_in("".join(said)) == {}
