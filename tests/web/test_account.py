"""What people change about themselves, and administrators about others."""

import re

import httpx2

from brainarr.domain.people import Role
from brainarr.service.people import list_people
from brainarr.web.throttle import BURST
from tests.planted import ADMIN_PASSWORD, USER_PASSWORD
from tests.web.conftest import ADMIN, USER, House, sign_in

NEW = "a few new words"


async def told(browser: httpx2.AsyncClient, answer: httpx2.Response) -> str:
    """What the page says after an action."""
    assert answer.status_code == 303, answer.text
    shown = await browser.get("/account")
    found = re.search(r'<div class="toast.*?<p>(.*?)</p>', shown.text, re.DOTALL)
    return found[1] if found else ""


async def test_a_changed_password_signs_out_everywhere_else(house: House, pages: httpx2.AsyncClient):
    async with house.signed_in() as elsewhere:
        form = {"old": ADMIN_PASSWORD, "password": NEW, "again": NEW}
        assert "changed" in await told(pages, await pages.post("/account/password", data=form))
        assert (await elsewhere.get("/account")).status_code == 303
        del elsewhere.headers["X-CSRF-Token"]
        await sign_in(elsewhere, ADMIN, NEW)


async def test_a_new_password_needs_the_old_one_and_to_be_typed_twice(pages: httpx2.AsyncClient):
    for fields, said in (
        ({"old": "wrong password"}, "your present password"),
        ({"again": "something else"}, "The two passwords differ"),
        ({"password": "short", "again": "short"}, "10 to 256 characters"),
    ):
        form = {"old": ADMIN_PASSWORD, "password": NEW, "again": NEW} | fields
        answer = await pages.post("/account/password", data=form)
        assert answer.status_code == 422
        assert said in answer.text


async def test_nobody_guesses_the_old_password_at_somebodys_open_browser(pages: httpx2.AsyncClient):
    form = {"password": NEW, "again": NEW}
    for number in range(BURST):
        await pages.post("/account/password", data=form | {"old": f"guess number {number}"})
    stopped = await pages.post("/account/password", data=form | {"old": ADMIN_PASSWORD})
    assert stopped.status_code == 422 and "Too many wrong passwords" in stopped.text


async def test_browsers_are_named_and_signed_out_one_by_one_or_all(house: House, pages: httpx2.AsyncClient):
    agents = (
        "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1",
        "Mozilla/5.0 (X11; Linux) Firefox/140.0",
        "curl/8",
    )
    others = [house.browser() for _ in agents]
    for other, agent in zip(others, agents, strict=True):
        other.headers["User-Agent"] = agent
        await sign_in(other, ADMIN, ADMIN_PASSWORD)
    page = (await pages.get("/account")).text
    for name in ("Safari on an iPhone", "Firefox on Linux", "curl/8", "this browser"):
        assert name in page
    first_id = re.findall(r"/account/sessions/(\d+)/end", page)[-1]
    assert "signed out" in await told(pages, await pages.post(f"/account/sessions/{first_id}/end"))
    assert [(await other.get("/account")).status_code for other in others].count(303) == 1
    assert "elsewhere: 2" in await told(pages, await pages.post("/account/sessions/others/end"))
    assert [(await other.get("/account")).status_code for other in others] == [303] * 3
    for other in others:
        await other.aclose()


async def test_nobody_ends_sessions_or_keys_of_somebody_else(
    house: House, pages: httpx2.AsyncClient, user_pages: httpx2.AsyncClient
):
    await pages.post("/account/keys", data={"name": "homepage"})
    page = (await user_pages.get("/account")).text
    assert "homepage" not in page
    assert "no key" in await told(user_pages, await user_pages.post("/account/keys/1/revoke"))
    assert "already" in await told(user_pages, await user_pages.post("/account/sessions/1/end"))
    assert "Revoke homepage" in (await pages.get("/account")).text


async def test_a_key_is_shown_once_works_and_is_revoked(house: House, pages: httpx2.AsyncClient):
    made = await pages.post("/account/keys", data={"name": "<b>dash</b>", "scope": "read", "days": ""})
    found = re.search(r"brainarr_[\w-]{40,}", made.text)
    assert found is not None and "<b>dash" not in made.text
    assert found[0] not in (await pages.get("/account")).text
    async with house.door(found[0]) as tool:
        assert (await tool.get("/api/v1/runs")).status_code == 200
        assert (await tool.post("/api/v1/runs", json={})).status_code == 403
        assert "nothing any more" in await told(pages, await pages.post("/account/keys/1/revoke"))
        assert (await tool.get("/api/v1/runs")).status_code == 401
    assert (await pages.post("/account/keys", data={"name": "a\nb"})).status_code == 422


async def test_a_key_that_an_administrator_makes_by_the_api_ends_with_their_account(
    house: House, pages: httpx2.AsyncClient
):
    await house.add_person("Cleo", USER_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        await sign_in(browser, "Cleo", USER_PASSWORD)
        made = await browser.post("/api/v1/keys", json={"name": "left behind", "scope": "write"})
        assert made.status_code == 201
        assert "left behind" in (await browser.get("/account")).text
    assert "left behind" not in (await pages.get("/account")).text
    async with house.door(made.json()["key"]) as tool:
        assert (await tool.get("/api/v1/usage")).status_code == 200
        await pages.post("/people/2/disable")
        assert (await tool.get("/api/v1/usage")).status_code == 401


async def test_an_administrator_adds_people_who_can_sign_in(house: House, pages: httpx2.AsyncClient):
    form = {"name": USER, "password": USER_PASSWORD, "role": "user"}
    assert "may sign in" in await told(pages, await pages.post("/people", data=form))
    taken = await pages.post("/people", data=form | {"name": USER.upper()})
    assert taken.status_code == 422 and "has that name already" in taken.text
    async with house.browser() as browser:
        await sign_in(browser, USER, USER_PASSWORD)
        refused = await browser.get("/people")
        assert refused.status_code == 403 and "for administrators" in refused.text
        assert "/settings" not in (await browser.get("/more")).text


async def test_roles_passwords_and_being_disabled_are_the_administrators_to_change(
    house: House, pages: httpx2.AsyncClient, user_pages: httpx2.AsyncClient
):
    assert "administrator now" in await told(
        pages, await pages.post("/people/2/role", data={"role": "admin"})
    )
    assert (await user_pages.get("/people")).status_code == 200
    assert "no administrator" in await told(pages, await pages.post("/people/2/role", data={"role": "user"}))
    reset = await pages.post("/people/2/password", data={"password": NEW})
    assert "new password" in await told(pages, reset)
    assert (await user_pages.get("/account")).status_code == 303
    poor = await pages.post("/people/2/password", data={"password": "short"})
    assert "10 to 256" in await told(pages, poor)
    assert "signed out" in await told(pages, await pages.post("/people/2/disable"))
    assert "Disabled" in (await pages.get("/people")).text
    assert "again" in await told(pages, await pages.post("/people/2/enable"))
    async with house.browser() as browser:
        await sign_in(browser, USER, NEW)


async def test_the_last_administrator_stays_one(house: House, pages: httpx2.AsyncClient):
    for path, form in (("role", {"role": "user"}), ("disable", {})):
        answer = await pages.post(f"/people/1/{path}", data=form)
        assert "last administrator" in await told(pages, answer)
    (person,) = await list_people(house.deps.db)
    assert person.role is Role.ADMIN and person.disabled_at is None


async def test_a_key_of_somebody_who_is_disabled_opens_nothing(
    house: House, pages: httpx2.AsyncClient, user_pages: httpx2.AsyncClient
):
    made = await user_pages.post("/account/keys", data={"name": "mine"})
    found = re.search(r"brainarr_[\w-]{40,}", made.text)
    assert found is not None
    async with house.door(found[0]) as tool:
        assert (await tool.get("/api/v1/runs")).status_code == 200
        await pages.post("/people/2/disable")
        assert (await tool.get("/api/v1/runs")).status_code == 401
