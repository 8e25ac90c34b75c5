"""Taste, Costs and History in a real browser: drawn, readable on a phone, and for a screen reader."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Town, looking_at

PAGES = ("/taste", "/costs", "/history", "/taste/backtest")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_nothing_hard_to_read(browser: Browser, town: Town, dark: bool):
    with looking_at(browser, town, size=PHONE, dark=dark, touch=True) as page:
        for path in PAGES:
            page.goto(path)
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
            found = Axe().run(page).response["violations"]
            serious = [
                (each["id"], [node["html"] for node in each["nodes"]][:3])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == [], path


def test_a_backtest_is_begun_and_watched_without_loading_the_page(visit: Page):
    visit.goto("/taste")
    expect(visit.get_by_role("img", name="Genres")).to_be_visible()
    visit.get_by_role("link", name="Make a backtest").click()
    visit.evaluate("document.body.dataset.same = 'page'")
    visit.get_by_role("button", name="Start the backtest").click()
    expect(visit.get_by_text("The backtest has begun.")).to_be_visible()
    expect(visit.get_by_role("heading", name="What this rests on")).to_be_visible(timeout=30_000)
    assert visit.evaluate("document.body.dataset.same") == "page"
