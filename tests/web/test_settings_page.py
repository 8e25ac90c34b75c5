"""The settings page and its API: every setting is there, faults are said in place, secrets stay inside."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import quote_plus

import httpx2
import pytest

from brainarr.service.keys import make_key
from brainarr.service.runs import request_run
from brainarr.service.settings import read_settings
from brainarr.settings.schema import Schema
from brainarr.store.keys import Scope
from brainarr.store.runs import Process, claim
from brainarr.wiring.configuration import Settings
from brainarr.wiring.words import CHAPTERS
from tests.web.conftest import House

PLANTED = "planted-secret-0123456789"
SETTINGS = "/api/v1/settings"


class Form(HTMLParser):
    """What a browser without a script would send for the settings form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._inside = False
        self._select = self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self._inside = given.get("id") == "settings-form"
        if not self._inside or "disabled" in given:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given and self._select:
            self.fields.append((self._select, value))
        elif tag == "textarea":
            self._area = name
            self.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area
        self._inside = self._inside and tag != "form"

    def handle_data(self, data: str) -> None:
        if self._area:
            name, text = self.fields[-1]
            self.fields[-1] = (name, text + data)

    def filled_in(self, **changes: str | None) -> str:
        """As a request's body; None: a box that is not ticked."""
        dotted = {key.replace("__", "."): value for key, value in changes.items()}
        kept = [(name, value) for name, value in self.fields if name not in dotted]
        added = [(name, value) for name, value in dotted.items() if value is not None]
        return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in (*kept, *added))


async def form_of(pages: httpx2.AsyncClient, path: str) -> Form:
    answer = await pages.get(path)
    assert answer.status_code == 200, answer.text
    return Form(answer.text)


async def send(pages: httpx2.AsyncClient, path: str, body: str) -> httpx2.Response:
    return await pages.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})


async def stored(house: House) -> dict[str, object]:
    return await read_settings(house.deps.db, house.deps.secrets)


async def test_every_setting_is_on_some_chapter_or_has_a_page_of_its_own(
    pages: httpx2.AsyncClient,
):
    shown: set[str] = set()
    for chapter in CHAPTERS:
        page = (await pages.get(f"/settings/{chapter.slug}?advanced=1")).text
        assert f"<h2>{chapter.title}</h2>" in page
        shown |= set(re.findall(r'data-setting="([\w-]+)"', page))
    known = {"-".join(map(str, path)) for path in Schema(Settings).settings()}
    assert known - shown == {"provider_chain", "lidarrs"}
    assert shown <= known
    assert 'href="/providers"' in (await pages.get("/settings/providers")).text


async def test_advanced_settings_are_shown_when_they_are_asked_for(pages: httpx2.AsyncClient):
    plain, all_of_it = [(await pages.get(f"/settings/lidarr{query}")).text for query in ("", "?advanced=1")]
    assert "lidarr.timeout" not in plain
    assert "Show 2 advanced settings" in plain
    assert "lidarr.timeout" in all_of_it


async def test_saving_an_untouched_page_changes_nothing(house: House, pages: httpx2.AsyncClient):
    before = await stored(house)
    for chapter in CHAPTERS:
        path = f"/settings/{chapter.slug}?advanced=1"
        answer = await send(pages, path, (await form_of(pages, path)).filled_in())
        assert answer.status_code == 303, chapter.slug
    assert await stored(house) == before


async def test_only_what_is_different_is_stored_with_its_own_type(house: House, pages: httpx2.AsyncClient):
    before = await stored(house)
    path = "/settings/recommendations?advanced=1"
    body = (await form_of(pages, path)).filled_in(
        recommend__max_recommendations="12",
        recommend__styles_avoid="polka\r\n\r\n schlager ",
        recommend__source_weights="deezer: 0.5\r\nlastfm: 1",
        recommend__caps__genre="0.25",
    )
    answer = await send(pages, path, body)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await stored(house) == before | {
        "recommend.max_recommendations": 12,
        "recommend.styles_avoid": ["polka", "schlager"],
        "recommend.source_weights": {"deezer": 0.5, "lastfm": 1},
        "recommend.caps.genre": 0.25,
    }
    page = (await pages.get(path)).text
    assert "4 settings are saved." in page
    assert "polka\nschlager" in page


async def test_a_switch_is_turned_off_by_not_ticking_it_and_nothing_empties_what_is_optional(
    house: House, pages: httpx2.AsyncClient
):
    path = "/settings/lidarr?advanced=1"
    await send(
        pages,
        path,
        (await form_of(pages, path)).filled_in(lidarr__verify_tls=None, lidarr__root_folder="/music"),
    )
    assert (await stored(house))["lidarr.verify_tls"] is False
    await send(pages, path, (await form_of(pages, path)).filled_in(lidarr__root_folder=""))
    assert (await stored(house))["lidarr.root_folder"] is None
    assert "lidarr.verify_tls" in await stored(house)


async def test_two_people_with_the_same_page_take_nothing_back(house: House, pages: httpx2.AsyncClient):
    first, second = [await form_of(pages, "/settings/costs") for _ in range(2)]
    await send(pages, "/settings/costs", first.filled_in(costs__monthly_budget="5"))
    await send(pages, "/settings/costs", second.filled_in(costs__run_budget="$0.50"))
    kept = await stored(house)
    assert (kept["costs.monthly_budget"], kept["costs.run_budget"]) == ("5", "0.50")


async def test_what_cannot_be_used_is_marked_and_everything_typed_is_kept(
    house: House, pages: httpx2.AsyncClient
):
    before = await stored(house)
    path = "/settings/recommendations?advanced=1"
    body = (await form_of(pages, path)).filled_in(
        recommend__max_recommendations="500",
        recommend__wish="<b>rain</b>",
        recommend__source_weights="deezer",
    )
    answer = await send(pages, path, body)
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    again = dict(Form(answer.text).fields)
    assert (again["recommend.max_recommendations"], again["recommend.wish"]) == ("500", "<b>rain</b>")
    assert "<b>rain" not in answer.text
    assert again["was.recommend.max_recommendations"] == "20"
    assert await stored(house) == before
    mended = Form(answer.text).filled_in(recommend__source_weights="deezer: 0.5")
    refused = await send(pages, path, mended)
    assert refused.status_code == 422
    assert "Allowed: a whole number from 1 to 100." in refused.text


async def test_a_fault_of_no_single_field_is_said_above_all(pages: httpx2.AsyncClient):
    path = "/settings/recommendations?advanced=1"
    answer = await send(
        pages, path, (await form_of(pages, path)).filled_in(recommend__source_weights="nobody: 1")
    )
    assert answer.status_code == 422
    assert "there is no source" in unescape(answer.text)


async def test_values_are_checked_while_they_are_typed(house: House, pages: httpx2.AsyncClient):
    path = "/settings/recommendations"
    form = await form_of(pages, path)
    before = await stored(house)
    answer = await send(pages, "/settings/check", form.filled_in(recommend__minimum_confidence_score="7"))
    assert answer.json()["faults"] == {"recommend-minimum_confidence_score": "Allowed: a number from 0 to 1."}
    fine = await send(pages, "/settings/check", form.filled_in(recommend__minimum_confidence_score="0.7"))
    assert fine.json() == {"faults": {}, "others": []}
    assert await stored(house) == before


async def test_secrets_are_replaced_and_cleared_and_never_shown(house: House, pages: httpx2.AsyncClient):
    path = "/settings/lidarr"
    await send(pages, path, (await form_of(pages, path)).filled_in(lidarr__api_key=PLANTED))
    assert (await stored(house))["lidarr.api_key"] == PLANTED
    page = (await pages.get(path)).text
    assert PLANTED not in page
    assert "Is set. Type to replace it" in page
    await send(pages, path, Form(page).filled_in(lidarr__url="http://lidarr:8686"))
    assert (await stored(house))["lidarr.api_key"] == PLANTED
    await send(pages, path, Form(page).filled_in(**{"clear.lidarr__api_key": "on"}))
    assert "lidarr.api_key" not in await stored(house)


async def test_a_refused_secret_is_not_sent_back(pages: httpx2.AsyncClient):
    path = "/settings/lidarr?advanced=1"
    body = (await form_of(pages, path)).filled_in(lidarr__api_key=PLANTED, lidarr__timeout="-1")
    answer = await send(pages, path, body)
    assert answer.status_code == 422
    assert PLANTED not in answer.text


async def test_hidden_addresses_are_kept_or_dropped_one_by_one(house: House, pages: httpx2.AsyncClient):
    path = "/settings/notifications"
    await send(
        pages, path, (await form_of(pages, path)).filled_in(notifications__urls="ntfy://one\r\nntfy://two")
    )
    form = await form_of(pages, path)
    assert [value for name, value in form.fields if name.startswith("keep.")] == [
        "unchanged:0",
        "unchanged:1",
    ]
    form.fields.remove(("keep.notifications.urls", "unchanged:0"))
    await send(pages, path, form.filled_in(notifications__urls="ntfy://three"))
    assert (await stored(house))["notifications.urls"] == ["ntfy://two", "ntfy://three"]


async def test_a_setting_goes_back_to_its_default(house: House, pages: httpx2.AsyncClient):
    path = "/settings/log"
    await send(pages, path, (await form_of(pages, path)).filled_in(log__level="debug"))
    page = (await pages.get(path)).text
    assert "Back to default" in page
    await send(pages, path, Form(page).filled_in(**{"default.log__level": "on"}))
    assert "log.level" not in await stored(house)


async def test_what_file_or_environment_fix_is_shown_and_not_to_be_edited(
    house: House, pages: httpx2.AsyncClient, api: httpx2.AsyncClient
):
    (house.deps.backups.folder / "config.yaml").write_text("lidarr:\n  url: http://fixed:8686\n")
    page = (await pages.get("/settings/lidarr")).text
    assert "Set by config.yaml, line 2" in page
    form = Form(page)
    assert not [name for name, _ in form.fields if name.endswith("lidarr.url")]
    # Whoever sends it all the same is told.
    answer = await api.patch(SETTINGS, json={"values": {"lidarr.url": "http://other"}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "lidarr.url"
    assert "config.yaml, line 2" in error["message"]


async def test_what_counts_from_the_next_start_on_says_so(pages: httpx2.AsyncClient):
    path = "/settings/general"
    await send(pages, path, (await form_of(pages, path)).filled_in(server__port="8701"))
    page = (await pages.get(path)).text
    assert "At the next start of Brainarr: Port." in page
    assert "Counts from the next start on" in page


async def test_a_changed_url_base_is_where_the_answer_leads(pages: httpx2.AsyncClient):
    path = "/settings/general"
    answer = await send(pages, path, (await form_of(pages, path)).filled_in(server__url_base="music"))
    assert answer.headers["location"] == "/music/settings/general"


async def test_whoever_saves_during_a_run_is_told_that_it_keeps_the_former_settings(
    house: House, pages: httpx2.AsyncClient
):
    run = await request_run(house.deps.db, "default", clock=house.clock)
    async with house.deps.db.transaction() as connection:
        await claim(connection, run.id, Process("here", 1, "x"), house.clock())
    await send(
        pages, "/settings/costs", (await form_of(pages, "/settings/costs")).filled_in(costs__run_budget="1")
    )
    assert "The run under way keeps the former ones." in (await pages.get("/settings/costs")).text


async def test_a_schedule_says_when_it_is_due_next(pages: httpx2.AsyncClient):
    assert re.search(r"Next: <time datetime=", (await pages.get("/settings/schedules")).text)


@pytest.mark.parametrize(
    ("sought", "found"), [("budget", 3), ("Cache memory", 1), ("lidarr.url", 1), ("<i>", 0)]
)
async def test_settings_are_found_by_their_words(pages: httpx2.AsyncClient, sought: str, found: int):
    page = (await pages.get("/settings", params={"q": sought})).text
    assert page.count('<li class="card">') == found
    assert "<i>" not in page
    for section, slug in re.findall(r'href="/settings/(\w+)[^"]*#s-([\w-]+)"', page):
        assert f'data-setting="{slug}"' in (await pages.get(f"/settings/{section}?advanced=1")).text


async def test_a_service_is_tested_as_it_is_stored(house: House, pages: httpx2.AsyncClient):
    answer = await send(pages, "/settings/test/home", "section=sources")
    assert answer.headers["location"] == "/settings/sources"
    assert "home: answers" in (await pages.get("/settings/sources")).text
    await send(pages, "/settings/test/cloud", "section=sources")
    assert "the key is not valid" in (await pages.get("/settings/sources")).text
    assert (await send(pages, "/settings/test/nobody", "section=sources")).status_code == 404
    assert (await pages.get("/settings/nowhere")).status_code == 404


async def test_settings_are_for_administrators(
    house: House, user_pages: httpx2.AsyncClient, stranger: httpx2.AsyncClient
):
    for path in ("/settings", "/settings/lidarr"):
        assert (await user_pages.get(path)).status_code == 403
        assert (await stranger.get(path)).status_code in (401, 303)
    assert (await send(user_pages, "/settings/log", "log.level=debug&was.log.level=info")).status_code == 403
    _, key = await make_key(house.deps.db, "a tool", Scope.WRITE, clock=house.clock)
    async with house.door(key) as tool:
        assert (await tool.get(SETTINGS)).status_code == 403
        assert (await tool.patch(SETTINGS, json={"values": {"log.level": "debug"}})).status_code == 403
    assert (await stranger.get(SETTINGS)).status_code == 401


async def test_the_api_reads_and_changes_settings(house: House, api: httpx2.AsyncClient):
    change = {"values": {"lidarr.api_key": PLANTED, "log.level": "debug"}, "forget": ["recommend.target"]}
    answer = await api.patch(SETTINGS, json=change)
    assert answer.status_code == 200, answer.text
    read = await api.get(SETTINGS)
    assert read.json() == answer.json()
    assert PLANTED not in read.text
    found = {setting["key"]: setting for setting in read.json()}
    assert len(found) == len(list(Schema(Settings).settings()))
    level, key = found["log.level"], found["lidarr.api_key"]
    assert (level["value"], level["default"], level["origin"], level["locked"]) == (
        "debug",
        "info",
        "database",
        False,
    )
    assert (key["value"], key["is_set"], key["secret"]) == (None, True, True)


async def test_the_api_names_what_cannot_be_used_by_its_key(house: House, api: httpx2.AsyncClient):
    before = await stored(house)
    answer = await api.patch(
        SETTINGS, json={"values": {"recommend.target": "songs", "server.prt": 1, "log.level": "debug"}}
    )
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:brainarr:problem:invalid"
    assert [error["field"] for error in answer.json()["errors"]] == ["server.prt"]
    answer = await api.patch(SETTINGS, json={"values": {"recommend.target": "songs", "log.level": "debug"}})
    assert [error["field"] for error in answer.json()["errors"]] == ["recommend.target"]
    assert await stored(house) == before


async def test_under_a_url_base_every_address_has_it(house: House):
    async with house.signed_in(url_base="/brainarr") as client:
        page = (await client.get("/brainarr/settings/lidarr", headers={"Accept": "text/html"})).text
    addresses = re.findall(r'(?:src|href|action|data-check)="([^"]+)"', page)
    assert all(address.startswith(("/brainarr", "#")) for address in addresses)
