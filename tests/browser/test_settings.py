"""Settings in a browser: what is not saved yet is counted, and what cannot be used is said at once."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Town, looking_at, town_in

CONFIDENCE = "#f-recommend-minimum_confidence_score"


@pytest.fixture(scope="module")
def own_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Its settings are changed."""
    with town_in(tmp_path_factory.mktemp("settings")) as town:
        yield town


def test_changes_are_counted_discarded_and_saved(browser: Browser, own_town: Town):
    with looking_at(browser, own_town) as page:
        page.goto("/settings/recommendations")
        bar = page.get_by_role("region", name="Unsaved changes")
        expect(bar).to_be_hidden()
        page.get_by_label("Wish").fill("rainy sunday")
        page.get_by_label("Approval").select_option("auto")
        expect(bar).to_contain_text("2 unsaved changes")
        bar.get_by_role("button", name="Discard").click()
        expect(bar).to_be_hidden()
        expect(page.get_by_label("Wish")).to_have_value("")
        page.get_by_label("Wish").fill("rainy sunday")
        expect(bar).to_contain_text("1 unsaved change")
        bar.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="One setting is saved.")).to_be_visible()
        expect(bar).to_be_hidden()
        page.reload()
        expect(page.get_by_label("Wish")).to_have_value("rainy sunday")
        page.get_by_label("Back to default: no wish").check()
        expect(page.get_by_label("Wish")).to_be_disabled()
        bar.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Wish")).to_have_value("")


def test_what_cannot_be_used_is_said_where_it_stands(browser: Browser, own_town: Town):
    with looking_at(browser, own_town) as page:
        page.goto("/settings/recommendations")
        field = page.locator(CONFIDENCE)
        field.fill("7")
        field.blur()
        setting = page.locator("#s-recommend-minimum_confidence_score")
        expect(setting).to_contain_text("Allowed: a number from 0 to 1.")
        expect(field).to_have_attribute("aria-invalid", "true")
        # Saved all the same: nothing is stored, and what was typed is still unsaved.
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.get_by_role("region", name="Unsaved changes").get_by_role("button", name="Save").click()
        assert answered.value.status == 422
        expect(page.get_by_text("Nothing was saved")).to_be_visible()
        expect(page.get_by_role("region", name="Unsaved changes")).to_contain_text("1 unsaved change")
        field = page.locator(CONFIDENCE)
        field.fill("0.4")
        field.blur()
        expect(setting.locator(".fault")).to_be_hidden()
        field.fill("0.3")
        expect(page.get_by_role("region", name="Unsaved changes")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True])
def test_a_chapter_has_no_serious_barriers_and_fits_a_phone(browser: Browser, town: Town, dark: bool):
    with looking_at(browser, town, size=PHONE, dark=dark, touch=True) as page:
        page.goto("/settings/sources?advanced=1")
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_without_a_script_a_form_saves(browser: Browser, own_town: Town):
    with looking_at(browser, own_town, script=False) as page:
        page.goto("/settings/costs")
        page.get_by_label("Budget of a run").fill("0.75")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("One setting is saved.")).to_be_visible()
        expect(page.get_by_label("Budget of a run")).to_have_value("0.75")
