"""What a household does with it, from the first look to the album in Lidarr, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Town, looking_at, town_in
from tests.browser.places import places
from tests.processes.paid_model import paid_model
from tests.servers import free_port


def chosen(page: Page) -> str:
    """The name on the card that has the focus."""
    return page.locator(":focus").get_by_role("heading").first.inner_text()


def start_run(page: Page, town: Town) -> int:
    """By its button; waited for."""
    page.goto("/runs/new")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
    return int(page.url.rpartition("/")[2])


def in_the_library(page: Page, town: Town) -> None:
    """Lidarr takes in what it fetches; Brainarr looks again."""
    page.goto("/lists")
    page.get_by_role("button", name="Set up in Lidarr", exact=True).click()
    # Both lists, and the webhook.
    expect(page.get_by_text("Set up", exact=True)).to_have_count(2)
    expect(page.get_by_text("Webhook set up", exact=True)).to_be_visible()
    page.get_by_role("button", name="Fetch now").click()
    expect(page.locator("#flash .toast")).to_be_visible()
    page.goto("/system/tasks")
    page.get_by_role("button", name="Run now: Read the library").click()


def test_what_is_approved_arrives_in_lidarr_and_what_is_rejected_is_not_seen_again(
    browser: Browser, tmp_path: Path
):
    with town_in(tmp_path) as town, looking_at(browser, town) as page:
        start_run(page, town)
        page.goto("/discover")
        page.keyboard.press("j")
        rejected = chosen(page)
        page.keyboard.press("r")
        expect(page.locator("#flash")).to_contain_text("Rejected")
        approved = chosen(page)
        assert approved != rejected
        page.keyboard.press("a")
        expect(page.locator("#flash")).to_contain_text("Approved")
        in_the_library(page, town)
        found = page.get_by_role("heading", name=approved).first
        for _ in range(30):
            page.goto("/discover?status=imported")
            if found.is_visible():
                break
            page.wait_for_timeout(500)
            # The first look may have been before Lidarr had taken it in.
            with town.api() as api:
                api.post("/api/v1/system/tasks/library")
        expect(found).to_be_visible()
        start_run(page, town)
        page.goto("/discover?status=pending")
        assert page.get_by_role("heading", name=rejected, exact=True).count() == 0


@pytest.mark.thorough
def test_a_failing_provider_and_a_budget_that_is_too_small_are_told_with_the_run(
    browser: Browser, tmp_path: Path
):
    nobody = {
        "PROVIDER_CHAIN__1__KIND": "ollama",
        "PROVIDER_CHAIN__1__NAME": "asleep",
        "PROVIDER_CHAIN__1__BASE_URL": f"http://127.0.0.1:{free_port()}",
        "PROVIDER_CHAIN__1__MODEL": "none",
        "RECOMMEND__STRATEGY": "parallel",
    }
    with (
        paid_model([("Slint", "Spiderland")]) as model,
        town_in(tmp_path, **model.environment(), **nobody, COSTS__MONTHLY_BUDGET="0.75") as town,
        looking_at(browser, town) as page,
    ):
        start_run(page, town)
        asleep = page.get_by_role("row", name="asleep")
        expect(asleep).to_contain_text("Unavailable")
        expect(asleep).to_contain_text("127.0.0.1")
        # What an answer may cost at most is more than that.
        expect(page.get_by_role("row", name="paid")).to_contain_text("Over budget")
        assert model.answers == 0
        page.goto("/costs")
        expect(page.locator("p", has_text="of $0.75 spent")).to_be_visible()


@pytest.mark.thorough
def test_everything_works_under_a_url_base(browser: Browser, tmp_path: Path):
    with (
        town_in(tmp_path, SERVER__URL_BASE="/music") as town,
        looking_at(browser, town) as page,
    ):
        town.run()
        for name, path in places(town).items():
            answer = page.goto(f"/music{path}")
            assert answer is not None and answer.status == 200, name
            outside = page.evaluate(
                """[...document.querySelectorAll("[href], [src], [action]")]
                .map((e) => e.getAttribute("href") || e.getAttribute("src") || e.getAttribute("action"))
                .filter((a) => a.startsWith("/") && !a.startsWith("/music"))"""
            )
            assert not outside, (name, outside)
        page.goto("/music/discover")
        page.get_by_role("button", name="Approve").first.click()
        expect(page.locator("#flash")).to_contain_text("Approved")
        page.locator("#flash").get_by_role("button", name="Undo").click()
        expect(page.locator("#flash")).not_to_contain_text("Approved")
