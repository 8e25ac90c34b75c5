"""The frame of all pages: addresses, files, errors, what makes it an app."""

import re

import httpx2

from brainarr.web.statics import static_version
from tests.web.conftest import House


async def test_everything_a_page_names_is_there(house: House, pages: httpx2.AsyncClient):
    page = (await pages.get("/more")).text
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', page))
    files = {address for address in named if "/static/" in address or "manifest" in address}
    assert len(files) >= 4
    for address in files:
        answer = await pages.get(address)
        assert answer.status_code == 200, address
    style = next(address for address in files if address.endswith("app.css"))
    assert "immutable" in (await pages.get(style)).headers["cache-control"]


async def test_under_a_url_base_every_address_has_it(house: House):
    async with house.signed_in(url_base="/brainarr") as client:
        page = (await client.get("/brainarr/more", headers={"Accept": "text/html"})).text
        manifest = (await client.get("/brainarr/manifest.webmanifest")).json()
        worker = (await client.get("/brainarr/sw.js")).text
    addresses = re.findall(r'(?:src|href|action)="([^"]+)"', page)
    assert addresses
    assert all(address.startswith(("/brainarr", "#")) for address in addresses)
    assert manifest["start_url"] == manifest["scope"] == "/brainarr/"
    assert '"base":"/brainarr"' in worker


async def test_pages_allow_nothing_from_elsewhere_and_nothing_inline(pages: httpx2.AsyncClient):
    answer = await pages.get("/more")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", answer.text)


async def test_files_of_another_version_and_outside_the_folder_are_not_there(pages: httpx2.AsyncClient):
    for path in ("old/app.css", f"{static_version()}/../render.py", f"{static_version()}/%2e%2e/render.py"):
        assert (await pages.get(f"/static/{path}")).status_code == 404


async def test_a_browser_gets_a_page_about_a_mistake_and_a_tool_a_document(pages: httpx2.AsyncClient):
    page = await pages.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>Not found</h1>" in page.text
    document = await pages.get("/nowhere", headers={"Accept": "application/json"})
    assert document.json()["type"] == "urn:brainarr:problem:not-found"
    api = await pages.get("/api/v1/nowhere")
    assert api.headers["content-type"] == "application/problem+json"


async def test_a_block_comes_alone_and_an_unknown_one_as_the_whole_page(pages: httpx2.AsyncClient):
    block = (await pages.get("/more", headers={"X-Block": "main"})).text
    assert "<h1>More</h1>" in block and "<html" not in block and 'id="flash"' in block
    assert "<html" in (await pages.get("/more", headers={"X-Block": "nothing"})).text


async def test_a_message_is_shown_once_and_only_local_addresses_are_gone_to(pages: httpx2.AsyncClient):
    went = await pages.post("/theme", data={"theme": "dark", "next": "//evil.example/x"})
    assert went.status_code == 303
    assert went.headers["location"] == "/account"
    shown = await pages.get("/more")
    assert "Theme: dark." in shown.text and 'data-theme="dark"' in shown.text
    assert "Theme: dark." not in (await pages.get("/more")).text


async def test_every_icon_of_a_page_is_drawn_in_it_once(pages: httpx2.AsyncClient):
    for path in ("/more", "/discover", "/setup/lidarr", "/system"):
        page = (await pages.get(path)).text
        drawn = re.findall(r'<symbol id="([^"]+)"', page)
        used = set(re.findall(r'<use href="#([^"]+)"', page))
        assert used and used <= set(drawn) and len(drawn) == len(set(drawn)), path


async def test_a_part_of_a_page_brings_no_icons_along(pages: httpx2.AsyncClient):
    part = (await pages.get("/taste", headers={"X-Block": "portrait"})).text
    assert "<use href=" in part and "<symbol" not in part


async def test_what_is_behind_more_marks_more(pages: httpx2.AsyncClient):
    for path, marked in (
        ("/history", "/more"),
        ("/account", "/more"),
        ("/runs", "/runs"),
        ("/taste/backtest", "/taste"),
    ):
        tabs = (await pages.get(path)).text.split('<nav class="tabs"')[1].split("</nav>")[0]
        assert re.findall(r'href="([^"]+)" aria-current', tabs) == [marked]
