"""The site as people see it: on a desk and a phone, in both themes, with and without script."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, browser
from tests.browser.test_accessibility import RULES, SERIOUS

__all__ = ["browser"]
pytestmark = pytest.mark.loopback

TOLD = [
    "index.html",
    "quick-start.html",
    "pages.html",
    "troubleshooting.html",
    "reference/settings.html",
    "404.html",
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A test has nothing to say."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def opened(browser: Browser, size: tuple[int, int], *, dark: bool = False, script: bool = True) -> Page:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    page.set_default_timeout(10_000)
    return page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.thorough
def test_no_page_has_a_serious_finding(browser: Browser, address: str, dark: bool):
    findings: list[str] = []
    page = opened(browser, DESKTOP, dark=dark)
    for path in TOLD:
        page.goto(address + path)
        for violation in Axe().run(page, options=RULES).response["violations"]:
            if violation["impact"] in SERIOUS:
                where = [node["html"][:160] for node in violation["nodes"][:3]]
                findings.append(f"{path}: {violation['id']} ({violation['help']}): {where}")
    page.close()
    assert not findings, "\n".join(findings)


@pytest.mark.thorough
def test_every_page_fits_a_phone_and_complains_of_nothing(browser: Browser, address: str, site: Path):
    page = opened(browser, PHONE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    wide: dict[str, int] = {}
    for file in sorted(site.rglob("*.html")):
        path = file.relative_to(site).as_posix()
        page.goto(address + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE[0]:
            wide[path] = width
    page.close()
    assert (wide, complaints) == ({}, [])


def test_the_search_leads_to_the_very_section(browser: Browser, address: str):
    page = opened(browser, DESKTOP)
    page.goto(f"{address}reference/metrics.html")
    page.keyboard.press("/")
    page.keyboard.type("nobody but your own machines")
    first = page.locator("#found a").first
    expect(first).to_contain_text("Nobody but your own machines")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}privacy.html#nobody-but-your-own-machines")
    expect(page.get_by_role("heading", name="Nobody but your own machines")).to_be_in_viewport()
    page.keyboard.press("/")
    page.keyboard.type("xylophonists of nowhere")
    expect(page.locator("#found")).to_have_text("Nothing was found.")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()
    page.close()


def test_without_script_the_pages_are_all_there(browser: Browser, address: str):
    page = opened(browser, PHONE, script=False)
    page.goto(f"{address}quick-start.html")
    expect(page.get_by_label("Search the documentation")).to_be_hidden()
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("link", name="Every message").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Every message")
    page.close()


def test_a_page_opened_from_a_disk_works_and_says_what_does_not(browser: Browser, site: Path):
    page = opened(browser, DESKTOP)
    page.goto((site / "quick-start.html").as_uri())
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Privacy").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Privacy")
    page.close()
