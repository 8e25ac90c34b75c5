"""Forms of other pages change nothing here, whoever is signed in."""

import re

import httpx2
from fastapi.routing import iter_route_contexts

from brainarr.domain.people import Role
from brainarr.web.csrf import SAFE_METHODS
from brainarr.web.pages import pages_router
from tests.planted import ADMIN_PASSWORD
from tests.web.conftest import ADMIN, House, token_of_forms

DARK = {"theme": "dark"}


async def test_a_form_without_its_token_or_with_another_changes_nothing(pages: httpx2.AsyncClient):
    token = pages.headers.pop("X-CSRF-Token")
    for form in (DARK, DARK | {"csrf": ""}, DARK | {"csrf": "0" * 64}, DARK | {"csrf": "é"}):
        refused = await pages.post("/theme", data=form)
        assert refused.status_code == 403
        assert "too old" in refused.text and "<html" in refused.text
    assert (await pages.post("/theme", data=DARK | {"csrf": token})).status_code == 303
    assert (
        await pages.post("/theme", files={"csrf": (None, token), "theme": (None, "dark")})
    ).status_code == 303


async def test_the_token_of_one_session_opens_no_other(house: House, pages: httpx2.AsyncClient):
    async with house.signed_in() as other:
        assert other.headers["X-CSRF-Token"] != pages.headers["X-CSRF-Token"]
        theirs = {"X-CSRF-Token": other.headers["X-CSRF-Token"]}
    assert (await pages.post("/theme", data=DARK, headers=theirs)).status_code == 403


async def test_a_cookie_that_somebody_planted_makes_no_token_for_a_session(
    house: House, pages: httpx2.AsyncClient
):
    """As a page on a neighbouring name could: it knows the cookie it sets, and so the token of strangers."""
    async with house.browser() as stranger:
        shown = await stranger.get("/sign-in")
        token = re.search(r'name="csrf" value="(\w+)"', shown.text)
        assert token is not None
        pages.cookies.set("brainarr_csrf", stranger.cookies["brainarr_csrf"])
    refused = await pages.post("/theme", data=DARK, headers={"X-CSRF-Token": token[1]})
    assert refused.status_code == 403


async def test_signing_in_wants_a_form_of_ours_too(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        form = {"name": ADMIN, "password": ADMIN_PASSWORD}
        assert (await browser.post("/sign-in", data=form)).status_code == 403
        await browser.get("/sign-in")
        assert (await browser.post("/sign-in", data=form | {"csrf": "0" * 64})).status_code == 403
        assert "brainarr_session" not in browser.cookies


async def test_a_page_from_elsewhere_is_refused_even_with_the_token(pages: httpx2.AsyncClient):
    refused = await pages.post("/theme", data=DARK, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "page from elsewhere" in refused.text


async def test_an_api_key_opens_no_page(house: House, pages: httpx2.AsyncClient):
    async with house.browser() as tool:
        tool.headers["X-Api-Key"] = house.deps.api_key()
        assert (await tool.get("/more")).headers["location"] == "/sign-in?next=/more"


async def test_every_form_of_every_page_is_checked(pages: httpx2.AsyncClient):
    """Whatever pages come later: none can forget it."""
    del pages.headers["X-CSRF-Token"]
    routes = iter_route_contexts(pages_router().routes)
    forms = [str(route.path) for route in routes if set(route.methods or ()) - set(SAFE_METHODS)]
    assert len(forms) >= 50
    for path in forms:
        refused = await pages.post(re.sub(r"{[^}]*}", "1", path))
        assert refused.status_code == 403 and "too old" in refused.text, path


async def test_somebody_who_is_signed_out_meanwhile_is_sent_to_sign_in(
    house: House, pages: httpx2.AsyncClient
):
    house.clock.advance(days=31)
    went = await pages.post("/theme", data=DARK)
    assert (went.status_code, went.headers["location"]) == (303, "/sign-in")
    assert "nothing was changed" in (await pages.get("/sign-in")).text


async def test_scripts_of_our_pages_use_the_api_with_the_session_and_its_token(
    house: House, pages: httpx2.AsyncClient
):
    token = pages.headers.pop("X-CSRF-Token")
    assert (await pages.get("/api/v1/runs")).status_code == 200
    refused = await pages.post("/api/v1/runs", json={})
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:brainarr:problem:forbidden"
    assert (await pages.post("/api/v1/runs", json={}, headers={"X-CSRF-Token": token})).status_code == 202
    # A key that is wrong is not made good by a session.
    assert (await pages.get("/api/v1/runs", headers={"X-Api-Key": "wrong"})).status_code == 401


async def test_the_api_gives_somebody_no_more_than_their_role(house: House, user_pages: httpx2.AsyncClient):
    for path in ("runs", "recommendations", "blocks", "history", "system/status", "learning"):
        assert (await user_pages.get(f"/api/v1/{path}")).status_code == 200, path
    closed = ("providers", "usage", "lists", "keys", "system/backup", "system/tasks", "cache")
    for path in closed:
        assert (await user_pages.get(f"/api/v1/{path}")).status_code == 403, path


async def test_a_number_that_nothing_can_have_is_no_mistake_of_ours(pages: httpx2.AsyncClient):
    huge = 10**23
    for path in ("account/sessions/{}/end", "account/keys/{}/revoke", "people/{}/role", "people/{}/disable"):
        for number in (huge, 2**63, 0, -1):
            refused = await pages.post(f"/{path.format(number)}", data={"role": "user"})
            assert refused.status_code in (303, 404, 422), (path, number)


async def test_what_administrators_alone_do_on_pages_they_alone_do_by_the_api(
    house: House, user_pages: httpx2.AsyncClient
):
    made = await user_pages.post("/account/keys", data={"name": "mine", "scope": "write"})
    key = re.search(r"brainarr_[\w-]{40,}", made.text)
    assert key is not None
    async with house.door(key[0]) as tool:
        for door in (user_pages, tool):
            for path in ("learning/reset", "backtest/apply"):
                assert (await door.post(f"/api/v1/{path}")).status_code == 403, path


async def test_a_key_may_do_no_more_than_whoever_made_it(house: House, user_pages: httpx2.AsyncClient):
    made = await user_pages.post("/account/keys", data={"name": "mine", "scope": "write", "days": "7"})
    found = re.search(r"brainarr_[\w-]{40,}", made.text)
    assert found is not None
    async with house.door(found[0]) as tool:
        assert (await tool.get("/api/v1/runs")).status_code == 200
        assert (await tool.post("/api/v1/runs", json={})).status_code == 202
        assert (await tool.get("/api/v1/providers")).status_code == 403
        assert (await tool.get("/api/v1/keys")).status_code == 403
        house.clock.advance(days=8)
        assert (await tool.get("/api/v1/runs")).status_code == 401


async def test_the_instances_own_key_does_everything(api: httpx2.AsyncClient, pages: httpx2.AsyncClient):
    for path in ("runs", "providers", "keys", "lists"):
        assert (await api.get(f"/api/v1/{path}")).status_code == 200, path


async def test_the_tokens_follow_a_url_base(house: House):
    async with house.signed_in(url_base="/b") as browser:
        token = await token_of_forms(browser, "/b")
        assert (await browser.post("/b/theme", data=DARK | {"csrf": token})).status_code == 303
