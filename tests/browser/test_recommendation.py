"""The page of one recommendation in a browser: the player, and who cannot see it well."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Town, looking_at

FIRST = "/recommendations/1"


def test_a_preview_plays_here_and_stops_with_escape(visit: Page):
    visit.goto(FIRST)
    button = visit.locator("[data-preview]")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    # The ring moves on with what is heard.
    ring = visit.locator("[data-preview] .done")
    expect(ring).to_have_attribute("stroke-dasharray", re.compile(r"^[1-9]"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    visit.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_preview_that_is_none_is_told_and_leaves_the_button_as_it_was(visit: Page):
    visit.route("**/previews/*", lambda route: route.fulfill(content_type="audio/mpeg", body="no sound"))
    visit.goto(FIRST)
    visit.locator("[data-preview]").click()
    expect(visit.locator("#flash")).to_contain_text("cannot play this preview")
    expect(visit.locator("[data-preview]")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_serious_stands_in_anybodys_way(browser: Browser, town: Town, dark: bool):
    with looking_at(browser, town, dark=dark) as page:
        page.goto(FIRST)
        found = Axe().run(page).response["violations"]
    assert [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in ("serious", "critical")
    ] == []


def test_without_script_there_is_no_player_and_the_albums_are_there(without_script: Page):
    without_script.goto(FIRST)
    expect(without_script.locator("[data-preview]")).to_be_hidden()
    expect(without_script.locator(".album").first).to_be_visible()
