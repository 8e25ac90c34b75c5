"""Signing in, in a real browser: cookies, origins and policies as browsers really have them."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Town, looking_at
from tests.planted import ADMIN_PASSWORD
from tests.processes.town import ADMIN


def enter(page: Page, password: str = ADMIN_PASSWORD) -> None:
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_somebody_signs_in_and_out_with_script_and_without(browser: Browser, town: Town, script: bool):
    assert town.cookies
    with looking_at(browser, town, script=script, signed_in=False) as page:
        page.goto("/account")
        expect(page).to_have_url(f"{town.address}/sign-in?next=/account")
        enter(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(ADMIN)
        page.get_by_role("button", name="Sign out", exact=True).click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        page.goto("/account")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_keyboard_is_enough_and_nothing_is_wider_than_a_phone(browser: Browser, town: Town):
    assert town.cookies
    with looking_at(browser, town, size=PHONE, signed_in=False) as page:
        page.goto("/sign-in?next=/account")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        page.keyboard.type(ADMIN)
        page.keyboard.press("Tab")
        page.keyboard.type(ADMIN_PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(ADMIN)


def test_a_key_is_made_and_copied_and_a_question_is_asked_before_it_is_revoked(visit: Page):
    visit.goto("/account")
    visit.get_by_label("What the new key is for").fill("dashboard")
    visit.get_by_role("button", name="Make a key").click()
    expect(visit.locator("#made-key")).to_contain_text("brainarr_")
    visit.get_by_role("button", name="Revoke dashboard").click()
    dialog = visit.get_by_role("dialog")
    expect(dialog).to_contain_text("Whatever uses it stops working")
    dialog.get_by_role("button").last.click()
    expect(visit.get_by_text("opens nothing any more")).to_be_visible()
