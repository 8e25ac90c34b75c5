"""The page of providers: order, health, figures, and everything that can be changed about the chain."""

import re
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause
from brainarr.domain.prompt import Usage
from brainarr.service.latency import read_latencies
from brainarr.store.breakers import StoredBreakers
from brainarr.store.usage import StoredLedger
from tests.web.asked import KEY, went
from tests.web.configuration import Settings
from tests.web.conftest import House

HOME = {"name": "home", "kind": "ollama", "model": "qwen3:8b"}
CLOUD = {"name": "cloud", "kind": "openai", "api_key": KEY}


@pytest.fixture
def house(house: House) -> House:
    watched = [replace(provider, setup=f"setup of {provider.name}") for provider in house.deps.providers]
    house.deps = replace(house.deps, providers=tuple(watched))
    return house


@pytest.fixture
async def settings(house: House) -> Settings:
    settings = Settings(house)
    await settings.put({"provider_chain": [HOME, CLOUD]})
    return settings


@pytest.fixture
async def pages(settings: Settings, pages: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """With those two in the chain."""
    return pages


async def names(settings: Settings) -> list[str]:
    return [entry["name"] for entry in await settings.chain()]


def card(page: str, name: str) -> str:
    found = re.search(rf'<li class="card entry" data-name="{name}">.*?</li>', page, re.DOTALL)
    assert found
    return found[0]


async def test_the_chain_stands_in_failover_order(pages: httpx2.AsyncClient):
    page = (await pages.get("/providers")).text
    assert re.findall(r'data-name="([^"]+)"', page) == ["home", "cloud"]
    assert "Ollama · qwen3:8b" in card(page, "home")
    assert "Not asked yet" in card(page, "home")
    assert KEY not in page


async def test_without_script_buttons_move_an_entry(pages: httpx2.AsyncClient, settings: Settings):
    page = (await pages.get("/providers")).text
    assert "Earlier: home" not in page
    assert "Later: cloud" not in page
    assert await went(await pages.post("/providers/move", data={"name": "cloud", "by": "-1"})) == "/providers"
    assert await names(settings) == ["cloud", "home"]
    # At the end it stays at the end.
    await pages.post("/providers/move", data={"name": "cloud", "by": "-1"})
    assert await names(settings) == ["cloud", "home"]
    assert (await settings.chain())[0]["api_key"] == KEY


async def test_a_whole_order_is_taken_unless_the_chain_is_another_by_now(
    pages: httpx2.AsyncClient, settings: Settings
):
    await pages.post("/providers/order", data={"name": ["cloud", "home"]})
    assert await names(settings) == ["cloud", "home"]
    await pages.post("/providers/order", data={"name": ["home", "gone"]})
    assert await names(settings) == ["cloud", "home"]
    assert "The chain was changed meanwhile." in (await pages.get("/providers")).text


async def test_the_last_entry_leaves_a_chain_without_a_model(pages: httpx2.AsyncClient, settings: Settings):
    for name in ("home", "cloud"):
        await pages.post("/providers/remove", data={"name": name})
    assert (await settings.chain()) == [{"name": "builtin", "kind": "builtin"}]
    assert "It costs nothing and cannot fail." in (await pages.get("/providers")).text


async def test_a_first_model_takes_the_place_of_none(pages: httpx2.AsyncClient, settings: Settings):
    await settings.put({"provider_chain": [{"name": "builtin", "kind": "builtin"}]})
    typed = {"kind": "ollama", "name": "home", "model": "qwen3:8b", "verify_tls": "true"}
    assert await went(await pages.post("/providers/entry", data=typed)) == "/providers"
    assert await names(settings) == ["home"]
    form = (await pages.get("/providers/entry?kind=ollama")).text
    assert 'name="name" type="text" value="ollama"' in form


async def test_an_edit_keeps_the_key_and_what_the_form_does_not_show(
    pages: httpx2.AsyncClient, settings: Settings
):
    await settings.put({"provider_chain": [CLOUD | {"concurrency": 2, "timeout": 30.0}]})
    page = (await pages.get("/providers/entry?was=cloud")).text
    assert KEY not in page
    assert "A key is saved" in page
    typed = {
        "kind": "openai",
        "was": "cloud",
        "name": "paid",
        "model": "gpt-5-mini",
        "verify_tls": "true",
        "price_input": "0.25",
        "price_output": "2",
    }
    assert await went(await pages.post("/providers/entry", data=typed)) == "/providers"
    (entry,) = await settings.chain()
    assert (entry["name"], entry["api_key"], entry["concurrency"]) == ("paid", KEY, 2)
    assert entry["prices"] == {"input": "0.25", "output": "2"}
    assert "timeout" not in entry


async def test_a_saved_key_is_not_sent_to_another_address(pages: httpx2.AsyncClient, settings: Settings):
    typed = {
        "kind": "openai",
        "was": "cloud",
        "name": "cloud",
        "base_url": "https://elsewhere.example/v1",
        "verify_tls": "true",
    }
    answer = await pages.post("/providers/entry", data=typed)
    assert answer.status_code == 422
    assert "the saved one is for the old" in answer.text
    assert (await settings.chain()) == [HOME, CLOUD]


async def test_what_cannot_be_used_is_said_at_its_field(pages: httpx2.AsyncClient, settings: Settings):
    typed = {"kind": "openai", "name": "home", "timeout": "soon", "price_input": "-1", "price_output": "1"}
    answer = await pages.post("/providers/entry", data=typed | {"api_key": KEY})
    assert answer.status_code == 422
    assert re.search(r'id="e-timeout"', answer.text)
    assert re.search(r'id="e-price_input"', answer.text)
    assert KEY not in answer.text
    assert (await settings.chain()) == [HOME, CLOUD]


async def test_an_unknown_kind_or_entry_is_not_found(pages: httpx2.AsyncClient):
    assert (await pages.get("/providers/entry?kind=oracle")).status_code == 404
    assert (await pages.get("/providers/entry?was=nobody")).status_code == 404


async def test_every_kind_has_a_form_with_its_own_fields(house: House, pages: httpx2.AsyncClient):
    listed = (await pages.get("/providers/new")).text
    for kind in house.deps.kinds:
        assert f"/providers/entry?kind={kind.name}" in listed
        form = (await pages.get(f"/providers/entry?kind={kind.name}")).text
        assert ("API version" in form) is (kind.name == "azure_openai")
        assert ("price_input" in form) is not kind.at_home


async def test_an_open_breaker_says_why_and_can_be_told_to_try_again(house: House, pages: httpx2.AsyncClient):
    circuits = StoredBreakers(house.deps.db)
    now = house.clock()
    closed = rules.closed("setup of home", now)
    await circuits.change("home", lambda _: rules.failed(closed, now, "home: the key is wrong.", Cause.KEY))
    page = card((await pages.get("/providers")).text, "home")
    assert "Key refused" in page
    assert "home: the key is wrong." in page
    assert "Try again now" in page
    await pages.post("/providers/again", data={"name": "home"})
    page = (await pages.get("/providers")).text
    assert "The next run asks home again." in page
    assert "Try again now" not in page


async def test_a_test_says_how_it_went_and_how_long_it_took(pages: httpx2.AsyncClient):
    await pages.post("/providers/test", data={"name": "home"})
    assert re.search(r"home: answers \(0\.\d\d s\)", (await pages.get("/providers")).text)
    await pages.post("/providers/test", data={"name": "cloud"})
    page = (await pages.get("/providers")).text
    assert "the key is not valid" in page
    assert "Set a valid api_key." in page
    await pages.post("/providers/test", data={"name": "nobody"})
    assert "nobody is not in use yet." in (await pages.get("/providers")).text


def used(provider: str, seconds: float, cost: int | None = 1_000, outcome: str = "ok") -> Usage:
    return Usage(provider, "m", 900, 100, 0, cost, seconds, outcome)


async def test_cost_tokens_and_times_stand_at_each_model(house: House, pages: httpx2.AsyncClient):
    ledger = StoredLedger(house.deps.db, house.clock)
    for seconds in range(1, 21):
        await ledger.record(used("home", float(seconds)))
    await ledger.record(used("cloud", 2.0, None))
    await ledger.record(used("cloud", 0.0, 50, "interrupted"))
    page = (await pages.get("/providers")).text
    home, cloud = card(page, "home"), card(page, "cloud")
    assert "10.0 s" in home and "19.0 s" in home
    assert "$0.02" in home and "20,000" in home
    assert "and 1 unpriced" in cloud and "2.0 s" in cloud


async def test_times_of_long_ago_and_of_killed_processes_do_not_count(house: House):
    ledger = StoredLedger(house.deps.db, house.clock)
    await ledger.record(used("home", 300.0))
    house.clock.advance(days=31)
    await ledger.record(used("home", 1.0))
    await ledger.record(used("home", 0.0, outcome="interrupted"))
    found = await read_latencies(house.deps.db, clock=house.clock)
    assert (found["home"].calls, found["home"].median, found["home"].slow) == (1, 1.0, 1.0)


async def test_services_are_turned_on_and_off(pages: httpx2.AsyncClient, settings: Settings):
    await pages.post("/providers/switch", data={"key": "deezer.enabled", "on": "false"})
    assert (await settings.stored())["deezer.enabled"] is False
    assert "Turn on" in (await pages.get("/providers")).text
    await pages.post("/providers/switch", data={"key": "lidarr.verify_tls", "on": "false"})
    assert "lidarr.verify_tls" not in (await settings.stored())


async def test_how_models_are_asked_is_chosen(pages: httpx2.AsyncClient, settings: Settings):
    await pages.post("/providers/strategy", data={"strategy": "parallel"})
    assert (await settings.stored())["recommend.strategy"] == "parallel"
    await pages.post("/providers/strategy", data={"strategy": "chaos"})
    assert (await settings.stored())["recommend.strategy"] == "parallel"


async def test_a_chain_that_a_file_fixes_is_shown_and_not_offered_for_change(
    pages: httpx2.AsyncClient, settings: Settings
):
    settings.environ |= {
        "BRAINARR__PROVIDER_CHAIN__0__NAME": "fixed",
        "BRAINARR__PROVIDER_CHAIN__0__KIND": "ollama",
    }
    page = (await pages.get("/providers")).text
    assert "The chain is fixed in BRAINARR__PROVIDER_CHAIN__0__" in page
    for change in ("/providers/move", "/providers/remove", "/providers/new", "/providers/entry"):
        assert f'"{change}' not in page
    assert "/providers/test" in page
    await pages.post("/providers/remove", data={"name": "home"})
    assert await names(settings) == ["home", "cloud"]


async def test_foreign_names_are_text(house: House, pages: httpx2.AsyncClient, settings: Settings):
    evil: Any = HOME | {"name": '"><script>alert(1)</script>'}
    await settings.put({"provider_chain": [evil, CLOUD]})
    page = (await pages.get("/providers")).text
    assert "<script>alert" not in page
    await pages.post("/providers/move", data={"name": evil["name"], "by": "1"})
    assert await names(settings) == ["cloud", evil["name"]]
