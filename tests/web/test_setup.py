"""The set-up without script and browser: every step can be done, skipped and come back to."""

import re

import httpx2
import pytest

from brainarr.domain.prompt import ModelCard, OutputMode
from brainarr.domain.servers import ModelServer
from brainarr.errors import ProviderRejected
from brainarr.service.probes import LidarrFacts, ModelFacts
from brainarr.web.sealed import unseal
from tests.web.asked import KEY, Asked, asked, house, pages, settings, went
from tests.web.configuration import Settings
from tests.web.conftest import House

__all__ = ["asked", "house", "pages", "settings"]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found
    return found[1]


LIDARR = {"url": "http://lidarr:8686", "api_key": KEY, "verify_tls": "true"}


async def test_it_begins_where_something_is_missing(
    house: House, pages: httpx2.AsyncClient, settings: Settings
):
    assert await went(await pages.get("/setup")) == "/setup/lidarr"
    await settings.put({"lidarr.url": "http://lidarr:8686", "lidarr.api_key": KEY})
    assert await went(await pages.get("/setup")) == "/setup/model"
    await settings.put({"provider_chain": [{"name": "builtin", "kind": "builtin"}]})
    assert await went(await pages.get("/setup")) == "/setup/taste"
    await settings.put({"recommend.target": "artists"})
    assert await went(await pages.get("/setup")) == "/setup/run"
    page = (await pages.get("/setup/taste")).text
    assert page.count("(done)") == 3


async def test_a_test_tells_what_was_found_and_saves_nothing(
    pages: httpx2.AsyncClient, settings: Settings, asked: Asked
):
    page = (await pages.post("/setup/lidarr/test", data=LIDARR)).text
    assert "Connected to Music 2.14.5.4836" in page
    assert "45 artists" in page
    assert asked.seen == [("http://lidarr:8686", KEY, True)]
    assert (await settings.stored()) == {}


async def test_a_typed_key_comes_back_sealed_and_needs_no_second_typing(
    house: House, pages: httpx2.AsyncClient, settings: Settings, asked: Asked
):
    page = (await pages.post("/setup/lidarr/test", data=LIDARR)).text
    assert KEY not in page
    sealed = hidden(page, "sealed")
    again = LIDARR | {"api_key": "", "sealed": sealed}
    assert await went(await pages.post("/setup/lidarr", data=again)) == "/setup/model"
    assert (await settings.stored())["lidarr.api_key"] == KEY
    # It is good for this address and for an hour.
    await pages.post("/setup/lidarr/test", data=again | {"url": "http://elsewhere:8686"})
    assert asked.seen[-1] == ("http://elsewhere:8686", None, True)
    house.clock.advance(hours=2)
    assert unseal(house.deps.secrets, sealed, "http://lidarr:8686", house.clock()) == ""


async def test_what_does_not_work_is_not_saved_unless_somebody_insists(house: House, settings: Settings):
    away = Asked(ProviderRejected("lidarr", "it refuses the API key.", remedy="Copy it from Settings."))
    async with house.signed_in(probes=away) as client:
        page = (await client.post("/setup/lidarr", data=LIDARR)).text
        assert "it refuses the API key." in page
        assert "Copy it from Settings." in page
        assert (await settings.stored()) == {}
        insisting = LIDARR | {"anyway": "true"}
        assert await went(await client.post("/setup/lidarr", data=insisting)) == "/setup/model"
    assert (await settings.stored())["lidarr.url"] == "http://lidarr:8686"


async def test_an_old_lidarr_is_warned_of(house: House):
    old = Asked(LidarrFacts("2.9.6.4552", "Lidarr", 1, True, "/music"))
    async with house.signed_in(probes=old) as client:
        page = (await client.post("/setup/lidarr/test", data=LIDARR)).text
    assert "Update Lidarr." in page


async def test_what_file_or_environment_fix_is_shown_with_its_place_and_not_written(
    pages: httpx2.AsyncClient, settings: Settings, asked: Asked
):
    settings.environ |= {"BRAINARR__LIDARR__URL": "http://fixed:8686", "BRAINARR__LIDARR__API_KEY": KEY}
    page = (await pages.get("/setup/lidarr")).text
    assert "Fixed in BRAINARR__LIDARR__URL." in page
    assert "Fixed in BRAINARR__LIDARR__API_KEY." in page
    assert KEY not in page
    assert await went(await pages.post("/setup/lidarr", data={"verify_tls": "true"})) == "/setup/model"
    assert asked.seen == [("http://fixed:8686", None, True)]


async def test_no_model_is_a_choice_like_any_other(pages: httpx2.AsyncClient, settings: Settings):
    page = (await pages.get("/setup/model")).text
    assert page.index("Without a model") < page.index("At home")
    assert "It is not needed" in page
    assert await went(await pages.post("/setup/model")) == "/setup/taste"
    assert (await settings.stored())["provider_chain"] == [{"name": "builtin", "kind": "builtin"}]


async def test_what_runs_at_home_is_offered(house: House):
    async def found() -> tuple[ModelServer, ...]:
        return (ModelServer("ollama", "http://127.0.0.1:11434", ("qwen3:8b",), "qwen3:8b"),)

    async with house.signed_in(find_servers=found) as client:
        page = (await client.get("/setup/model")).text
        (link,) = re.findall(r'href="(/providers/entry\?[^"]*base_url[^"]*)"', page)
        form = (await client.get(link.replace("&amp;", "&"))).text
    assert 'value="http://127.0.0.1:11434"' in form
    assert 'value="qwen3:8b"' in form
    assert 'aria-current="step"' in form


async def test_a_model_is_tried_chosen_and_saved(house: House, settings: Settings):
    card = ModelCard("home", "ollama", "qwen3:8b", 32_768, True, OutputMode.NATIVE)
    asked = Asked(model=ModelFacts("has qwen3:8b", (card,), "qwen3:8b", 0.21))
    typed = {"kind": "openai", "api_key": KEY, "from": "setup", "verify_tls": "true", "name": "cloud"}
    async with house.signed_in(probes=asked) as client:
        page = (await client.post("/providers/entry/test", data=typed)).text
        assert '<option value="qwen3:8b">' in page
        assert "It answers in 0.21 s" in page
        assert KEY not in page
        save = typed | {"api_key": "", "sealed": hidden(page, "sealed"), "model": "qwen3:8b"}
        assert await went(await client.post("/providers/entry", data=save)) == "/setup/taste"
    (entry,) = (await settings.stored())["provider_chain"]
    assert (entry["kind"], entry["api_key"], entry["model"]) == ("openai", KEY, "qwen3:8b")


async def test_what_one_wants_is_asked_with_its_price(pages: httpx2.AsyncClient, settings: Settings):
    page = (await pages.get("/setup/taste")).text
    assert "not the discography" in page
    assert len(re.findall(r" checked", page)) == 3
    answers = {"target": "mixed", "discovery": "exploratory", "approval": "auto"}
    assert await went(await pages.post("/setup/taste", data=answers)) == "/setup/run"
    assert (await settings.stored()) == {f"recommend.{name}": value for name, value in answers.items()}
    refused = await pages.post("/setup/taste", data=answers | {"target": "everything"})
    assert await went(refused) == "/setup/taste"
    assert (await settings.stored())["recommend.target"] == "mixed"


async def test_the_first_run_is_a_form_of_the_runs_page(pages: httpx2.AsyncClient, settings: Settings):
    assert "Connect Lidarr first." in (await pages.get("/setup/run")).text
    await settings.put({"lidarr.url": "http://lidarr:8686", "lidarr.api_key": KEY})
    page = (await pages.get("/setup/run")).text
    assert re.search(r'<form method="post" action="/runs"', page)
    assert "Start the first run" in page


async def test_a_run_under_way_is_led_to(house: House, pages: httpx2.AsyncClient, settings: Settings):
    await house.recommend()
    await settings.put({"lidarr.url": "http://lidarr:8686", "lidarr.api_key": KEY})
    assert 'href="/runs/1"' in (await pages.get("/setup/run")).text


@pytest.mark.parametrize("path", ["/setup", "/setup/model", "/providers", "/lists"])
async def test_only_administrators_come_here(house: House, user_pages: httpx2.AsyncClient, path: str):
    assert (await user_pages.get(path)).status_code == 403
    async with house.browser() as nobody:
        assert (await nobody.get(path)).status_code in (303, 401)


async def test_under_a_url_base_every_step_stays_below_it(house: House):
    async with house.signed_in(url_base="/brainarr") as client:
        for step in ("lidarr", "model", "taste", "run"):
            page = (await client.get(f"/brainarr/setup/{step}")).text
            addresses = re.findall(r'(?:src|href|action|formaction)="([^"]+)"', page)
            assert all(address.startswith(("/brainarr", "#")) for address in addresses), step
        assert await went(await client.get("/brainarr/setup")) == "/brainarr/setup/lidarr"
