"""From an empty Brainarr to its first run, as a person does it; and the chain put into another order."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from brainarr.sandbox.starter import demo_library, starter_world
from tests.browser.conftest import SQLITE, Town, looking_at
from tests.cli.conftest import LIDARR_KEY, standing
from tests.processes.town import environment, serving


@pytest.fixture(scope="module")
def empty_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Nothing is configured but where the catalogue is; a Lidarr stands there and waits to be found."""
    world = starter_world()
    with ExitStack() as stack:
        outside = stack.enter_context(standing(world, demo_library(world)))
        known = {
            name.removeprefix("BRAINARR__"): value
            for name, value in outside.environ.items()
            if not name.startswith("BRAINARR__LIDARR__")
        }
        quiet = {"RECOMMEND__SCHEDULE": "off", "HEALTH__PROBE_INTERVAL": "0"}
        environ = environment(tmp_path_factory.mktemp("empty"), SQLITE, None, **{**known, **quiet})
        yield Town(stack.enter_context(serving(environ)), outside)


@pytest.fixture
def newcomer(browser: Browser, empty_town: Town) -> Iterator[Page]:
    with looking_at(browser, empty_town) as page:
        yield page


def test_the_whole_set_up_ends_in_a_run(newcomer: Page, empty_town: Town):
    page = newcomer
    page.goto("/setup")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Lidarr")
    page.get_by_label("Address").fill(empty_town.outside.environ["BRAINARR__LIDARR__URL"])
    key = page.get_by_label("API key")
    key.fill("not-the-key")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_role("alert")).to_contain_text("Settings > General > Security")
    # What was typed is still there.
    expect(key).to_have_value("not-the-key")
    key.fill(LIDARR_KEY)
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Connected to Lidarr 2.14")).to_be_visible()
    page.get_by_role("button", name="Save and go on").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a language model, or none")
    page.get_by_role("button", name="Go on without a model").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What you want")
    page.get_by_role("radio", name="Artists").check()
    page.get_by_role("button", name="Save and go on").click()

    steps = page.get_by_role("navigation", name="Set-up")
    expect(steps.get_by_text("(done)")).to_have_count(3)
    expect(page.get_by_text("artists, adjacent; you approve each")).to_be_visible()
    page.get_by_role("button", name="Start the first run").click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    with empty_town.api() as api:
        with api.stream("GET", "/api/v1/runs/1/events") as events:
            for _ in events.iter_lines():
                pass
        assert api.get("/api/v1/runs/1").json()["status"] == "done"
        found = api.get("/api/v1/recommendations").json()
        assert found
        assert all(row["album"] is None for row in found)


def test_the_lists_are_set_up_with_one_press(newcomer: Page):
    page = newcomer
    page.goto("/lists")
    page.get_by_role("button", name="Set up in Lidarr").click()
    expect(page.get_by_text("Lidarr's test passed")).to_be_visible()
    # Both lists, and the webhook.
    expect(page.get_by_text("Set up", exact=True)).to_have_count(2)
    expect(page.get_by_text("Webhook set up", exact=True)).to_be_visible()
    page.get_by_text("Addresses, to enter them by hand").click()
    copy = page.get_by_role("button", name="Copy Artists: List URL")
    expect(copy).to_be_visible()
    expect(page.get_by_text("artists?apikey=••••••••")).to_be_visible()
    page.get_by_role("button", name="(albums) from Lidarr").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Set up", exact=True)).to_have_count(2)
    expect(page.get_by_text("Webhook set up", exact=True)).to_be_visible()


def names(page: Page) -> list[str | None]:
    return [entry.get_attribute("data-name") for entry in page.locator("#chain > .entry").all()]


def test_the_chain_is_ordered_by_keys_and_by_drag(newcomer: Page):
    page = newcomer
    for name in ("first", "second", "third"):
        page.goto("/providers/entry?kind=ollama")
        page.get_by_text("More: name").click()
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Providers")
    assert names(page) == ["first", "second", "third"]
    handle = page.get_by_role("button", name="Move first")
    handle.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("The order is saved.")).to_be_visible()
    expect(page.get_by_role("button", name="Move first")).to_be_focused()
    assert names(page) == ["second", "first", "third"]

    grip = page.get_by_role("button", name="Move third").bounding_box()
    top = page.locator("#chain > .entry").first.bounding_box()
    assert grip and top
    with page.expect_response(re.compile("/providers/order")):
        page.mouse.move(grip["x"] + 10, grip["y"] + 10)
        page.mouse.down()
        page.mouse.move(top["x"] + 20, top["y"] + 5, steps=5)
        page.mouse.up()
    page.reload()
    assert names(page) == ["third", "second", "first"]
