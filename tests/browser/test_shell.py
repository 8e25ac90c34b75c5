"""What every page stands in."""

from playwright.sync_api import Page, expect


def test_the_theme_is_chosen_and_kept(visit: Page):
    visit.goto("/more")
    expect(visit.locator("html")).to_have_attribute("data-theme", "auto")
    light = visit.evaluate("getComputedStyle(document.body).backgroundColor")
    visit.goto("/account")
    visit.get_by_role("button", name="Dark").click()
    expect(visit.get_by_text("Theme: dark.")).to_be_visible()
    visit.goto("/more")
    expect(visit.locator("html")).to_have_attribute("data-theme", "dark")
    assert visit.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_a_phone_has_its_pages_at_the_bottom(on_phone: Page):
    on_phone.goto("/more")
    tabs = on_phone.get_by_role("navigation", name="Main pages")
    expect(tabs.get_by_role("link", name="More")).to_have_attribute("aria-current", "page")
    expect(on_phone.get_by_role("navigation", name="Pages", exact=True)).to_be_hidden()
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not on_phone.evaluate(wide)
