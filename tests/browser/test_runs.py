"""Runs and wishes in a real browser: live progress, and the same without a script."""

import pytest
from playwright.sync_api import Page, Route, expect

_PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def without_art(page: Page) -> None:
    """Covers come from elsewhere; these tests are not about them."""

    def draw(route: Route) -> None:
        route.fulfill(body=_PIXEL, content_type="image/svg+xml")

    page.route("**/art/**", draw)


def test_a_run_is_started_watched_and_its_end_comes_by_itself(visit: Page):
    without_art(visit)
    visit.goto("/runs/new")
    expect(visit.locator("#estimate")).to_contain_text("no language model is configured")
    visit.get_by_label("How many").fill("3")
    visit.get_by_label("Dry run").check()
    visit.get_by_role("button", name="Start").click()
    expect(visit.locator("[data-stages]")).to_have_count(6)
    # A page that was loaded anew would not know it.
    visit.evaluate("window.sameplace = true")
    expect(visit.get_by_role("heading", name="It would recommend")).to_be_visible(timeout=30_000)
    expect(visit.locator(".found-one")).to_have_count(3)
    expect(visit.locator("#progress")).to_have_count(0)
    assert visit.evaluate("window.sameplace === true")


@pytest.mark.parametrize("person", ["visit", "without_script"])
def test_a_wish_is_understood_corrected_and_found(person: str, request: pytest.FixtureRequest):
    page: Page = request.getfixturevalue(person)
    without_art(page)
    page.goto("/ask")
    page.get_by_label("Your wish").fill("like Slowdive, four albums, no metal, rainy")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Slowdive")).to_be_checked()
    page.get_by_label("slowcore").uncheck()
    page.get_by_label("Another style").fill("Dream-Pop")
    page.get_by_label("Only look").check()
    page.get_by_role("button", name="Find it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("like Slowdive")
    understood = page.get_by_label("How it was understood")
    for part in ("like Slowdive", "dream pop", "without metal", "At most 4"):
        expect(understood).to_contain_text(part)
    expect(understood).not_to_contain_text("slowcore")
    if person == "without_script":
        for _ in range(60):
            if page.locator(".found-one").count():
                break
            page.wait_for_timeout(500)
            page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".found-one")).to_have_count(4, timeout=30_000)
    expect(page.locator(".found-one").first).to_contain_text("Because you asked for more like Slowdive")
