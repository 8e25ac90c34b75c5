"""Discover as people use it: by keys, with selections and their undo, without script, with a thumb."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import insert

from brainarr.domain.recommendation import Status
from brainarr.service.lists import DEFAULT_LIST
from brainarr.store import lists, recommendations
from brainarr.store.session import open_database
from brainarr.store.tables import runs
from brainarr.wiring.build import utc_now
from tests.browser.conftest import PHONE, SQLITE, Town, looking_at, town_in
from tests.store.given import NOW, recommended

ROWS = 75
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


async def fill(folder: Path) -> None:
    """Stores `ROWS` recommendations of a run that is over: two albums of each artist."""
    db = open_database(SQLITE, folder)
    genres = ("dream pop", "shoegaze", "ambient", "jazz")
    found = [
        recommended(number // 2, album=1000 + number, title=f"Album {number}", genres=(genres[number % 4],))
        for number in range(ROWS)
    ]
    try:
        async with db.transaction() as connection:
            stored = await lists.list_named(connection, DEFAULT_LIST)
            assert stored is not None
            done = {"list_id": stored.id, "status": "done", "dry_run": False, "trigger": "cli"}
            await connection.execute(insert(runs), {"id": 1, "requested_at": NOW, "finished_at": NOW, **done})
            await recommendations.insert_recommendations(
                # Else Lidarr would be asked for them, and would know none.
                connection,
                1,
                stored.id,
                found,
                Status.PENDING,
                NOW,
                cleared_at=utc_now(),
            )
    finally:
        await db.dispose()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """More than one page of recommendations, of this file's tests alone: they decide on them."""
    folder = tmp_path_factory.mktemp("crowded")
    with town_in(folder) as town, ThreadPoolExecutor(1) as pool:
        # In a thread of its own: Playwright has an event loop in this one.
        pool.submit(lambda: asyncio.run(fill(folder))).result()
        yield town


@contextmanager
def discovering(browser: Browser, town: Town, path: str = "/discover", **how: Any) -> Iterator[Page]:
    with looking_at(browser, town, **how) as page:
        # Where pictures come from is another test's affair.
        page.route("**/art/**", lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))
        page.goto(path)
        yield page


@pytest.fixture
def look(browser: Browser, crowded: Town) -> Iterator[Page]:
    with discovering(browser, crowded) as page:
        yield page


def cards(page: Page) -> Locator:
    return page.locator("#cards > li:not(.leaving) .find")


def waiting(page: Page) -> int:
    text = page.locator("#tabs [aria-current] .count").inner_text()
    return int(text.replace(",", ""))


def told(page: Page) -> Locator:
    return page.locator("#flash .toast p")


def test_keys_move_decide_undo_select_and_open(look: Page):
    first, second = cards(look).nth(0), cards(look).nth(1)
    name, before = second.get_attribute("id"), waiting(look)
    look.keyboard.press("j")
    expect(first).to_be_focused()
    look.keyboard.press("j")
    expect(second).to_be_focused()
    look.keyboard.press("a")
    expect(told(look)).to_contain_text("Approved:")
    expect(look.locator(f"#{name}")).to_have_count(0)
    expect(look.locator("#tabs [aria-current] .count")).to_have_text(f"{before - 1}")
    # The next card has the focus: a hand stays on the keys.
    expect(cards(look).nth(1)).to_be_focused()
    look.keyboard.press("u")
    expect(told(look)).to_contain_text("waits for you again")
    expect(cards(look).nth(1)).to_have_attribute("id", f"{name}")
    expect(cards(look).nth(1)).to_be_focused()
    look.keyboard.press("x")
    expect(look.locator("#bulk .picked")).to_have_text("1 selected")
    look.keyboard.press("x")
    look.keyboard.press("m")
    expect(told(look)).to_contain_text("more like")
    expect(cards(look).nth(1).locator('[data-key="m"]')).to_have_attribute("aria-pressed", "true")
    look.keyboard.press("?")
    expect(look.get_by_role("dialog", name="Keys")).to_be_visible()
    look.keyboard.press("Escape")
    address = cards(look).nth(0).get_attribute("data-href")
    cards(look).nth(0).focus()
    with look.expect_navigation(url=re.compile(f"{address}$")):
        # Whatever answers there: the page of a recommendation is tested elsewhere.
        look.route(f"**{address}", lambda route: route.fulfill(body="there"))
        look.keyboard.press("Enter")


def test_a_selection_is_rejected_and_comes_back_with_one_undo(look: Page):
    before = waiting(look)
    expect(look.locator("#bulk").get_by_role("button", name="Reject")).to_be_hidden()
    for place in (0, 2):
        cards(look).nth(place).hover()
        cards(look).nth(place).get_by_role("checkbox").check()
    look.locator("#bulk").get_by_role("button", name="Reject").click()
    expect(told(look)).to_have_text("Rejected 2 recommendations.")
    expect(look.locator("#tabs [aria-current] .count")).to_have_text(f"{before - 2}")
    look.locator("#flash").get_by_role("button", name="Undo").click()
    expect(told(look)).to_have_text("Taken back: 2 recommendations.")
    expect(look.locator("#tabs [aria-current] .count")).to_have_text(f"{before}")


def test_further_cards_come_by_themselves(look: Page):
    total = waiting(look)
    assert total > 60
    expect(cards(look)).to_have_count(60)
    look.locator("#more").scroll_into_view_if_needed()
    expect(cards(look)).to_have_count(total)
    expect(look.locator("[data-more]")).to_have_count(0)
    last = cards(look).last
    last.get_by_role("button", name="More like this").click()
    expect(last.locator('[data-key="m"]')).to_have_attribute("aria-pressed", "true")
    last.get_by_role("button", name="Reject").click()
    expect(cards(look)).to_have_count(total - 1)
    look.keyboard.press("u")
    expect(cards(look)).to_have_count(total)
    # Who looks at one and comes back finds all of them still there.
    look.goto("/more")
    look.go_back()
    expect(cards(look)).to_have_count(total)
    assert look.evaluate("scrollY") > 900


def test_never_again_takes_all_of_an_artist_along_and_undo_brings_them_back(look: Page):
    order = [card.get_attribute("id") for card in cards(look).all()[:6]]
    artist = cards(look).first.get_attribute("data-artist")
    theirs = look.locator(f'#cards > li:not(.leaving) [data-artist="{artist}"]')
    many = theirs.count()
    cards(look).first.get_by_role("button", name="Never again").click()
    expect(theirs).to_have_count(0)
    expect(told(look)).to_contain_text("Never again:")
    look.keyboard.press("u")
    expect(theirs).to_have_count(many)
    assert [card.get_attribute("id") for card in cards(look).all()[:6]] == order


def test_a_filter_narrows_down_at_once_and_stays_in_the_address(look: Page):
    total = waiting(look)
    look.get_by_text("Filters", exact=True).click()
    genre = look.get_by_label("Genre", exact=True).locator("option").nth(1).get_attribute("value")
    look.get_by_label("Genre", exact=True).select_option(genre)
    expect(look.locator("#tabs [aria-current] .count")).not_to_have_text(f"{total}")
    look.wait_for_url(re.compile("genre="))
    left = waiting(look)
    look.reload()
    expect(look.get_by_label("Genre", exact=True)).to_have_value(f"{genre}")
    assert waiting(look) == left < total


def test_without_script_everything_is_a_form_and_a_link(browser: Browser, crowded: Town):
    with discovering(browser, crowded, "/discover?sort=artist", script=False) as page:
        before = waiting(page)
        name = cards(page).nth(0).get_attribute("id")
        cards(page).nth(0).get_by_role("button", name="Reject").click()
        expect(told(page)).to_contain_text("Rejected:")
        assert "sort=artist" in page.url and waiting(page) == before - 1
        page.get_by_role("button", name="Undo").click()
        expect(told(page)).to_contain_text("waits for you again")
        expect(cards(page).nth(0)).to_have_attribute("id", f"{name}")
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("link", name="First page")).to_be_visible()
        page.get_by_role("link", name="Select all on this page").click()
        page.locator("#bulk").get_by_role("button", name="Approve").click()
        expect(told(page)).to_contain_text(f"Approved {before - 60} recommendations.")
        page.get_by_role("button", name="Undo").click()
        expect(told(page)).to_contain_text("Taken back:")
        assert waiting(page) == before


@pytest.fixture
def swipe(browser: Browser, crowded: Town) -> Iterator[Callable[[int], Page]]:
    with discovering(browser, crowded, "/discover?view=swipe", size=PHONE, touch=True) as page:

        def drag(by: int) -> Page:
            box = cards(page).first.locator("h2").bounding_box()
            assert box is not None
            x, y = box["x"] + 20, box["y"] + box["height"] + 60
            page.mouse.move(x + (200 if by < 0 else 0), y)
            page.mouse.down()
            page.mouse.move(x + (200 if by < 0 else 0) + by, y, steps=5)
            page.mouse.up()
            return page

        yield drag


def test_a_swipe_decides_and_a_short_one_does_not(swipe: Callable[[int], Page]):
    page = swipe(40)
    before, name = waiting(page), cards(page).first.get_attribute("id")
    expect(told(page)).to_have_count(0)
    swipe(180)
    expect(told(page)).to_contain_text("Approved:")
    expect(cards(page).first).not_to_have_attribute("id", f"{name}")
    swipe(-180)
    expect(told(page)).to_contain_text("Rejected:")
    assert waiting(page) == before - 2
    page.get_by_role("button", name="Undo").click()
    expect(told(page)).to_contain_text("waits for you again")
    # Who cannot swipe presses; all of it fits a phone.
    reject = cards(page).first.get_by_role("button", name="Reject")
    box = reject.bounding_box()
    assert box is not None and box["height"] >= 44 and box["y"] + box["height"] < PHONE[1] - 60
    reject.click()
    expect(told(page)).to_contain_text("Rejected:")
