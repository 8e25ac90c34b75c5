"""Signing in at an OpenID provider, through the pages and back."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from brainarr.domain.people import Grouping, Role
from brainarr.providers.oidc import OpenId, OpenIdSettings
from brainarr.service.people import disable_person, list_people
from brainarr.web.entrance import Entrance
from tests.planted import ADMIN_PASSWORD, CLIENT_SECRET
from tests.providers.issuer import CLIENT_ID, Issuer
from tests.web.conftest import ADMIN, House, sign_in

pytestmark = pytest.mark.loopback
GROUPS = Grouping(frozenset({"admins"}), frozenset({"family"}))


@pytest.fixture
def issuer(house: House, httpserver: HTTPServer) -> Issuer:
    return Issuer(httpserver, house.clock())


@pytest.fixture
def entrance(house: House, issuer: Issuer) -> Entrance:
    settings = OpenIdSettings(
        issuer=issuer.address, client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET), name="Home"
    )
    return replace(house.deps.entrance, openid=OpenId(settings, house.clock), openid_grouping=GROUPS)


@pytest.fixture
async def browser(house: House, entrance: Entrance) -> AsyncIterator[httpx2.AsyncClient]:
    """Of somebody who has not signed in; there is an administrator already."""
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser(entrance=entrance) as browser:
        yield browser


async def travel(browser: httpx2.AsyncClient, issuer: Issuer, path: str = "/sign-in/oidc") -> dict[str, str]:
    """To the provider, where they sign in; what the browser is to bring back."""
    sent = (await browser.get(path)).headers["location"]
    assert sent.startswith(f"{issuer.address}/authorize?")
    return {"code": issuer.authorize(sent), "state": parse_qs(urlsplit(sent).query)["state"][0]}


async def come_back(browser: httpx2.AsyncClient, brought: dict[str, str]) -> httpx2.Response:
    return await browser.get("/sign-in/oidc/callback", params=brought)


async def said_after(browser: httpx2.AsyncClient, answer: httpx2.Response) -> str:
    assert answer.status_code == 303
    shown = await browser.get(answer.headers["location"])
    found = re.search(r'<div class="toast.*?<p>(.*?)</p>', shown.text, re.DOTALL)
    return found[1] if found else ""


async def test_somebody_signs_in_there_and_lands_where_they_wanted(
    browser: httpx2.AsyncClient, issuer: Issuer
):
    assert "Sign in with Home" in (await browser.get("/sign-in?next=/more")).text
    went = await come_back(browser, await travel(browser, issuer, "/sign-in/oidc?next=/more"))
    assert (went.status_code, went.headers["location"]) == (303, "/more")
    assert "anna" in (await browser.get("/more")).text


async def test_the_role_follows_the_groups_at_each_sign_in(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    for groups, status in ((["family"], 403), (["admins"], 200), (["family"], 403)):
        issuer.claims["groups"] = groups
        await come_back(browser, await travel(browser, issuer))
        assert (await browser.get("/people")).status_code == status
    assert len(await list_people(house.deps.db)) == 2


async def test_whose_groups_may_not_come_in_gets_no_account(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    issuer.claims["groups"] = ["guests"]
    went = await come_back(browser, await travel(browser, issuer))
    assert "none of your groups" in await said_after(browser, went)
    assert (await browser.get("/more")).status_code == 303
    assert len(await list_people(house.deps.db)) == 1


async def test_a_name_that_somebody_has_here_opens_nothing_of_theirs(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    issuer.claims["preferred_username"] = ADMIN
    await come_back(browser, await travel(browser, issuer))
    assert (await browser.get("/people")).status_code == 403
    assert [person.name for person in await list_people(house.deps.db)] == [ADMIN, f"{ADMIN} 2"]


async def test_an_answer_counts_once_and_in_the_browser_that_asked(
    house: House, entrance: Entrance, browser: httpx2.AsyncClient, issuer: Issuer
):
    brought = await travel(browser, issuer)
    async with house.browser(entrance=entrance) as other:
        # Somebody else's answer, as in a link that signs you in as them.
        assert "not begun in this browser" in await said_after(other, await come_back(other, brought))
        theirs = await travel(other, issuer)
        mixed = await come_back(other, {"code": brought["code"], "state": brought["state"]})
        assert "not begun" in await said_after(other, mixed)
        assert "not begun" in await said_after(other, await come_back(other, theirs))
    assert (await come_back(browser, brought)).headers["location"] == "/"
    await browser.post("/sign-out", headers={"X-CSRF-Token": await _token(browser)})
    assert "not begun" in await said_after(browser, await come_back(browser, brought))


async def test_a_journey_that_took_too_long_is_begun_again(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    brought = await travel(browser, issuer)
    house.clock.advance(minutes=11)
    assert "took too long" in await said_after(browser, await come_back(browser, brought))


@pytest.mark.parametrize(
    ("claims", "said"), [({"nonce": "x"}, "another sign-in"), ({"aud": "x"}, "another application")]
)
async def test_a_token_that_cannot_be_believed_signs_nobody_in(
    browser: httpx2.AsyncClient, issuer: Issuer, claims: dict[str, Any], said: str
):
    issuer.claims |= claims
    went = await come_back(browser, await travel(browser, issuer))
    assert said in await said_after(browser, went)
    assert (await browser.get("/more")).status_code == 303


async def test_a_refusal_there_is_told_without_its_words(browser: httpx2.AsyncClient, issuer: Issuer):
    brought = await travel(browser, issuer)
    refused = {"error": "access_denied", "error_description": "<b>pay</b>", "state": brought["state"]}
    said = await said_after(browser, await come_back(browser, refused))
    assert said == "Home did not sign you in."


async def test_somebody_disabled_here_stays_out(house: House, browser: httpx2.AsyncClient, issuer: Issuer):
    await come_back(browser, await travel(browser, issuer))
    await disable_person(house.deps.db, 2, clock=house.clock)
    went = await come_back(browser, await travel(browser, issuer))
    assert "may not sign in here any more" in await said_after(browser, went)


async def test_a_provider_that_is_away_is_told_and_passwords_still_work(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    issuer.discovery = {"issuer": "https://evil.example"}
    assert "calls itself" in await said_after(browser, await browser.get("/sign-in/oidc"))
    await sign_in(browser, ADMIN, ADMIN_PASSWORD)
    assert (await browser.get("/people")).status_code == 200


async def test_somebody_connects_their_account_and_signs_in_with_it(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    await sign_in(browser, ADMIN, ADMIN_PASSWORD)
    onward = await browser.post("/sign-in/oidc/connect")
    # No redirect: form-action of our policy would stop a form's.
    assert onward.status_code == 200
    sent = re.search(r'href="(http://[^"]+/authorize[^"]+)"', onward.text)
    assert sent is not None
    address = sent[1].replace("&amp;", "&")
    brought = {"code": issuer.authorize(address), "state": parse_qs(urlsplit(address).query)["state"][0]}
    issuer.claims["groups"] = ["admins"]
    assert "You can sign in with Home now" in await said_after(browser, await come_back(browser, brought))
    await browser.post("/sign-out")
    await come_back(browser, await travel(browser, issuer))
    assert [person.name for person in await list_people(house.deps.db)] == [ADMIN]
    token = await _token(browser)
    gone = await browser.post("/account/identity/disconnect", headers={"X-CSRF-Token": token})
    assert "does not sign you in" in await said_after(browser, gone)


async def test_connecting_wants_a_form_of_ours_and_the_same_person_at_the_end(
    house: House, browser: httpx2.AsyncClient, issuer: Issuer
):
    await sign_in(browser, ADMIN, ADMIN_PASSWORD)
    token = browser.headers.pop("X-CSRF-Token")
    assert (await browser.post("/sign-in/oidc/connect")).status_code == 403
    onward = await browser.post("/sign-in/oidc/connect", headers={"X-CSRF-Token": token})
    sent = re.search(r'href="(http://[^"]+/authorize[^"]+)"', onward.text)
    assert sent is not None
    address = sent[1].replace("&amp;", "&")
    await browser.post("/sign-out", headers={"X-CSRF-Token": token})
    brought = {"code": issuer.authorize(address), "state": parse_qs(urlsplit(address).query)["state"][0]}
    assert "not begun" in await said_after(browser, await come_back(browser, brought))


async def test_before_there_is_an_administrator_only_a_group_makes_one(
    house: House, entrance: Entrance, issuer: Issuer
):
    async with house.browser(entrance=entrance) as browser:
        went = await come_back(browser, await travel(browser, issuer))
        assert went.headers["location"] == "/sign-in"
        assert await list_people(house.deps.db) == []
        issuer.claims["groups"] = ["admins"]
        await come_back(browser, await travel(browser, issuer))
        assert (await browser.get("/people")).status_code == 200


async def test_without_a_provider_there_is_no_such_way(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        for path in ("/sign-in/oidc", "/sign-in/oidc/callback"):
            assert (await browser.get(path)).status_code == 404


async def _token(browser: httpx2.AsyncClient) -> str:
    found = re.search(r'data-csrf="(\w+)"', (await browser.get("/more")).text)
    assert found is not None
    return found[1]
