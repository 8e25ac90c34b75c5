"""People whom a reverse proxy signs in: its word counts, and nobody else's."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx2

from brainarr.domain.people import Grouping, Role
from brainarr.service.people import disable_person, list_people
from brainarr.web.entrance import Entrance, Method
from tests.planted import ADMIN_PASSWORD
from tests.web.conftest import ADMIN, House

PROXY, OTHER = "172.18.0.2", "172.19.0.2"
EXTERNAL = Entrance(method=Method.EXTERNAL, proxies=(ip_network("172.18.0.0/16"),))


def through(
    house: House, name: str, groups: str = "", *, by: str = PROXY, **entrance: Any
) -> httpx2.AsyncClient:
    browser = house.browser(comes_from=by, entrance=replace(EXTERNAL, **entrance))
    browser.headers.update({"Remote-User": name, "Remote-Groups": groups, "X-Forwarded-For": "203.0.113.9"})
    return browser


async def test_the_proxys_word_makes_a_person_at_first_sight_the_first_an_administrator(house: House):
    for name in ("anna", "ben", "Anna"):
        async with through(house, name) as browser:
            assert (await browser.get("/more")).status_code == 200
    people = await list_people(house.deps.db)
    assert [(person.name, person.role) for person in people] == [("anna", Role.ADMIN), ("ben", Role.USER)]


async def test_nobody_else_can_say_who_they_are(house: House):
    for address in (OTHER, "127.0.0.1", "203.0.113.9"):
        async with through(house, "anna", by=address) as browser:
            refused = await browser.get("/more")
            assert refused.status_code == 401, address
            assert "did not come so" in refused.text
    assert await list_people(house.deps.db) == []


async def test_a_trusted_proxy_that_names_nobody_lets_nobody_in(house: House):
    async with through(house, " ") as browser:
        assert (await browser.get("/more")).status_code == 401


async def test_roles_follow_the_groups_where_the_settings_name_them(house: House):
    grouping = Grouping(frozenset({"media-admins"}), frozenset({"family"}))
    async with through(house, "anna", "family, media-admins", grouping=grouping) as browser:
        assert (await browser.get("/people")).status_code == 200
    async with through(house, "anna", "family", grouping=grouping) as browser:
        assert (await browser.get("/people")).status_code == 403
    async with through(house, "eve", "guests", grouping=grouping) as browser:
        refused = await browser.get("/more")
        assert refused.status_code == 403 and "none of your groups" in refused.text
    assert [person.name for person in await list_people(house.deps.db)] == ["anna"]


async def test_somebody_disabled_stays_out_whatever_the_proxy_says(house: House):
    async with through(house, "anna") as first, through(house, "ben") as second:
        await first.get("/more")
        await second.get("/more")
        await disable_person(house.deps.db, 2, clock=house.clock)
        assert (await second.get("/more")).status_code == 403


async def test_passwords_and_sessions_open_nothing_there(house: House, pages: httpx2.AsyncClient):
    async with house.browser(entrance=EXTERNAL, comes_from=PROXY) as browser:
        browser.cookies.set("brainarr_session", pages.cookies["brainarr_session"])
        assert (await browser.get("/more")).status_code == 401
        assert "reverse proxy" in (await browser.get("/sign-in")).text
        form = {"name": ADMIN, "password": ADMIN_PASSWORD}
        assert (await browser.post("/sign-in", data=form)).status_code in (403, 409)


async def test_forms_need_their_token_though_the_proxy_signs_in_whatever_comes(house: House):
    async with through(house, "anna") as browser:
        assert (await browser.post("/theme", data={"theme": "dark"})).status_code == 403
        page = (await browser.get("/more")).text
        token = page.partition('data-csrf="')[2][:64]
        assert (await browser.post("/theme", data={"theme": "dark", "csrf": token})).status_code == 303
        assert (await browser.get("/api/v1/runs")).status_code == 403
        assert (await browser.get("/api/v1/runs", headers={"X-CSRF-Token": token})).status_code == 200


async def test_a_name_that_cannot_be_one_is_refused_in_words(house: House):
    async with through(house, "x" * 65) as browser:
        refused = await browser.get("/more")
        assert refused.status_code == 403 and "cannot have an account" in refused.text
