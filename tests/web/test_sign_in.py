"""The door for people: who is asked, who is let in, and what stays shut."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from brainarr.domain.people import Role
from brainarr.service.people import disable_person, list_people, reset_password
from brainarr.web.throttle import BURST, REGAINED_S
from tests.planted import ADMIN_PASSWORD, USER_PASSWORD
from tests.web.conftest import ADMIN, CSRF, QUICK, House, both_databases, sign_in, token_of_forms

FAR = "203.0.113.9"


async def form_of(browser: httpx2.AsyncClient, path: str) -> dict[str, str]:
    found = CSRF.search((await browser.get(path)).text)
    assert found is not None
    return {"csrf": found[1]}


async def first(browser: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    form = await form_of(browser, "/setup/admin")
    given = {"name": ADMIN, "password": ADMIN_PASSWORD, "again": ADMIN_PASSWORD} | fields
    return await browser.post("/setup/admin", data=form | given)


async def attempt(browser: httpx2.AsyncClient, name: str, password: str, **fields: str) -> httpx2.Response:
    form = await form_of(browser, "/sign-in")
    return await browser.post("/sign-in", data=form | {"name": name, "password": password} | fields)


async def test_while_there_is_nobody_every_page_leads_to_the_first_administrator(house: House):
    async with house.browser() as browser:
        for path in ("/more", "/sign-in", "/account"):
            went = await browser.get(path)
            assert (went.status_code, went.headers["location"]) == (303, "/setup/admin"), path
        assert (await first(browser)).status_code == 303
        assert (await browser.get("/more")).status_code == 200
        assert (await browser.get("/setup/admin")).headers["location"] == "/"
    (person,) = await list_people(house.deps.db)
    assert (person.id, person.name, person.role) == (1, ADMIN, Role.ADMIN)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "short", "again": "short"}, "10 to 256 characters"),
        ({"password": "x" * 257, "again": "x" * 257}, "10 to 256 characters"),
        ({"again": "something else"}, "The two passwords differ"),
        ({"name": " "}, "1 to 64 characters"),
        ({"name": "a\u200bb"}, "1 to 64 characters"),
        ({"name": ADMIN_PASSWORD.upper()}, "not the name"),
    ],
)
async def test_a_poor_name_or_password_is_refused_beside_its_field(
    house: House, fields: dict[str, str], said: str
):
    async with house.browser() as browser:
        answer = await first(browser, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert await list_people(house.deps.db) == []


async def test_a_stranger_on_the_internet_cannot_claim_a_fresh_server(house: House):
    async with house.browser(comes_from=FAR) as browser:
        for key in ("", "wrong", ADMIN_PASSWORD):
            refused = await first(browser, key=key)
            assert refused.status_code == 422 and "API key" in refused.text
        assert await list_people(house.deps.db) == []
        assert (await first(browser, key=house.deps.api_key())).status_code == 303
    assert [person.name for person in await list_people(house.deps.db)] == [ADMIN]


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": FAR}, {"Forwarded": f"for={FAR}"}, {"X-Real-IP": FAR}, {"CF-Connecting-IP": FAR}],
)
async def test_somebody_behind_a_proxy_at_home_is_not_at_home(house: House, headers: dict[str, str]):
    async with house.browser(comes_from="192.168.1.2") as browser:
        browser.headers.update(headers)
        assert (await first(browser)).status_code == 422
    # On this machine a proxy is believed, and says the same.
    async with house.browser() as browser:
        browser.headers.update(headers)
        assert (await first(browser)).status_code == 422


@both_databases
async def test_of_two_first_administrators_at_the_same_moment_one_is_made(house: House):
    async with house.browser() as one, house.browser() as other:
        went = await asyncio.gather(first(one), first(other, name="Eve"))
    assert [answer.status_code for answer in went] == [303, 303]
    assert len(await list_people(house.deps.db)) == 1


async def test_signing_in_leads_back_to_the_page_that_was_asked_for(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        sent = (await browser.get("/more?page=2")).headers["location"]
        assert sent == "/sign-in?next=/more%3Fpage%3D2"
        assert 'name="next" value="/more?page=2"' in (await browser.get(sent)).text
        went = await attempt(browser, ADMIN, ADMIN_PASSWORD, next="/more?page=2")
        assert went.headers["location"] == "/more?page=2"
        assert (await browser.get("/more")).status_code == 200


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"]
)
async def test_nobody_is_sent_elsewhere_by_signing_in(house: House, next: str):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        went = await attempt(browser, ADMIN, ADMIN_PASSWORD, next=next)
        assert went.headers["location"] == "/"
        assert (await browser.get("/sign-in", params={"next": next})).headers["location"] == "/"


async def test_the_name_counts_whatever_its_case(house: House):
    await house.add_person("Zoë", ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        assert (await attempt(browser, " ZOË ", ADMIN_PASSWORD)).status_code == 303


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    await house.add_person("Gone", USER_PASSWORD)
    await disable_person(house.deps.db, 2, clock=house.clock)
    said: set[str] = set()
    async with house.browser() as browser:
        for name, password in (
            (ADMIN, "wrong password"),
            ("Nobody", ADMIN_PASSWORD),
            ("Gone", USER_PASSWORD),
        ):
            answer = await attempt(browser, name, password)
            assert answer.status_code == 401
            said.add(answer.text.replace(name, "…"))
    assert len(said) == 1
    assert "do not belong together" in said.pop()


async def test_the_cookie_is_out_of_reach_and_new_at_every_sign_in(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser(url_base="/brainarr") as browser:
        browser.cookies.set("brainarr_session", "planted", path="/brainarr")
        form = await form_of(browser, "/brainarr/sign-in")
        entered = form | {"name": ADMIN, "password": ADMIN_PASSWORD, "keep": "true"}
        kept = (await browser.post("/brainarr/sign-in", data=entered)).headers.get_list("set-cookie")
        cookie = next(one for one in kept if one.startswith("brainarr_session="))
        assert "planted" not in cookie
        for part in ("HttpOnly", "SameSite=lax", "Path=/brainarr", "Max-Age=2592000"):
            assert part in cookie
        assert "Secure" not in cookie
    async with house.browser() as browser:
        browser.base_url = "https://brainarr:8690"
        went = await attempt(browser, ADMIN, ADMIN_PASSWORD)
        cookie = next(
            one for one in went.headers.get_list("set-cookie") if one.startswith("brainarr_session=")
        )
        assert "Secure" in cookie and "Max-Age" not in cookie


async def test_whoever_signs_out_is_out_and_so_is_a_copy_of_the_cookie(
    house: House, pages: httpx2.AsyncClient
):
    copied = pages.cookies["brainarr_session"]
    went = await pages.post("/sign-out")
    assert went.headers["location"] == "/sign-in"
    assert "brainarr_session" not in pages.cookies
    async with house.browser() as thief:
        thief.cookies.set("brainarr_session", copied)
        assert (await thief.get("/more")).headers["location"].startswith("/sign-in")


async def test_a_session_lives_on_with_each_visit_and_ends_without(house: House, pages: httpx2.AsyncClient):
    for _ in range(3):
        house.clock.advance(days=20)
        answer = await pages.get("/more")
        assert answer.status_code == 200
        assert "brainarr_session=" in str(answer.headers.get_list("set-cookie"))
    house.clock.advance(days=30)
    assert (await pages.get("/more")).status_code == 303


async def test_a_session_that_ends_with_the_browser_is_over_after_a_day(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        assert (await attempt(browser, ADMIN, ADMIN_PASSWORD)).status_code == 303
        house.clock.advance(hours=23)
        assert (await browser.get("/more")).status_code == 200
        house.clock.advance(hours=25)
        assert (await browser.get("/more")).status_code == 303


async def test_another_password_and_being_disabled_end_all_sessions(
    house: House, user_pages: httpx2.AsyncClient
):
    await reset_password(house.deps.db, QUICK, 2, "another password")
    assert (await user_pages.get("/more")).status_code == 303
    del user_pages.headers["X-CSRF-Token"]
    await sign_in(user_pages, "Ben", "another password")
    assert (await user_pages.get("/more")).status_code == 200
    await disable_person(house.deps.db, 2, clock=house.clock)
    assert (await user_pages.get("/more")).status_code == 303


async def test_guessing_is_slowed_down_for_the_address_and_for_the_name(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser(comes_from=FAR) as guesser:
        for number in range(BURST):
            assert (await attempt(guesser, ADMIN, f"guess number {number}")).status_code == 401
        stopped = await attempt(guesser, ADMIN, ADMIN_PASSWORD)
        assert stopped.status_code == 429
        assert int(stopped.headers["retry-after"]) <= REGAINED_S
        assert (await attempt(guesser, "Somebody else", "x" * 10)).status_code == 429
        house.clock.advance(seconds=REGAINED_S)
        assert (await attempt(guesser, ADMIN, ADMIN_PASSWORD)).status_code == 303


async def test_nobody_is_locked_out_of_a_browser_of_theirs_by_guesses_at_their_name(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    async with house.browser() as browser:
        app = browser._transport.app  # pyright: ignore
        elsewhere = httpx2.ASGITransport(app, client=(FAR, 1))
        await sign_in(browser, ADMIN, ADMIN_PASSWORD)
        await browser.post("/sign-out")
        async with httpx2.AsyncClient(transport=elsewhere, base_url="http://brainarr:8690") as guesser:
            guesses = [await attempt(guesser, ADMIN, f"guess number {n}") for n in range(BURST + 1)]
            assert guesses[-1].status_code == 429
        del browser.headers["X-CSRF-Token"]
        assert (await attempt(browser, ADMIN, ADMIN_PASSWORD)).status_code == 303
        # Nor does such a browser guess more than others, at that name or at another.
        await browser.post("/sign-out", headers={"X-CSRF-Token": await token_of_forms(browser)})
        tries = [await attempt(browser, ADMIN, f"guess number {n}") for n in range(BURST + 1)]
        assert tries[-1].status_code == 429
        assert [each.status_code for each in tries].count(401) <= BURST


async def test_an_old_hash_is_made_anew_at_the_next_sign_in(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    stronger = type(QUICK)(time_cost=2, memory_cost=16, parallelism=1)
    async with house.browser(passwords=stronger) as browser:
        assert (await attempt(browser, ADMIN, ADMIN_PASSWORD)).status_code == 303
    async with house.browser() as browser:
        assert (await attempt(browser, ADMIN, ADMIN_PASSWORD)).status_code == 303


async def test_neither_names_nor_passwords_of_failed_sign_ins_are_logged(
    house: House, capsys: pytest.CaptureFixture[str]
):
    async with house.browser() as browser:
        await first(browser)
        await browser.post("/sign-out", headers={"X-CSRF-Token": await token_of_forms(browser)})
        await attempt(browser, ADMIN_PASSWORD, "typed into the wrong field")
        await attempt(browser, "line\nbreak", ADMIN_PASSWORD)
    written = "".join(capsys.readouterr())
    assert "a sign-in failed" in written and "signed in" in written
    assert ADMIN_PASSWORD not in written and "break" not in written


async def test_at_home_nobody_needs_to_sign_in_where_the_settings_say_so(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    open_at_home = replace(house.deps.entrance, free_at_home=True)
    for address, status in (
        ("192.168.1.2", 200),
        ("::1", 200),
        ("fd00::7", 200),
        (FAR, 303),
        ("100.64.0.9", 303),
    ):
        async with house.browser(entrance=open_at_home, comes_from=address) as browser:
            assert (await browser.get("/more")).status_code == status, address
    async with house.browser(entrance=open_at_home) as browser:
        assert (await browser.get("/more", headers={"X-Forwarded-For": FAR})).status_code == 303
        assert (await browser.get("/more", headers={"X-Forwarded-For": "192.168.1.9"})).status_code == 200
        # Being at home is no key: a form needs its token, and so does every question to the API.
        assert (await browser.post("/theme", data={"theme": "dark"})).status_code == 403
        assert (await browser.get("/api/v1/runs")).status_code == 403
        token = re.search(r'data-csrf="(\w+)"', (await browser.get("/more")).text)
        assert token is not None
        fitting = {"X-CSRF-Token": token[1]}
        assert (await browser.post("/theme", data={"theme": "dark"}, headers=fitting)).status_code == 303
        assert (await browser.get("/api/v1/runs", headers=fitting)).status_code == 200


async def test_the_life_of_a_session_is_a_setting(house: House):
    await house.add_person(ADMIN, ADMIN_PASSWORD, Role.ADMIN)
    short = replace(house.deps.entrance, life=timedelta(days=1))
    async with house.browser(entrance=short) as browser:
        await sign_in(browser, ADMIN, ADMIN_PASSWORD)
        house.clock.advance(days=1, seconds=1)
        assert (await browser.get("/more")).status_code == 303
