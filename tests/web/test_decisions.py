"""Decisions from pages, one or many, and everything that Undo gives back."""

import re
from html import unescape

import httpx2
import pytest
from msgspec.structs import replace

from brainarr.domain.recommendation import Status
from brainarr.service.blocks import block_style, list_blocks
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.store import recommendations
from tests.store.given import recommended
from tests.web.conftest import House, both_databases


async def statuses(house: House) -> dict[int, Status]:
    return {row.id: row.status for row in (await list_recommendations(house.deps.db)).items}


async def press(pages: httpx2.AsyncClient, path: str, **fields: object) -> str:
    """What the page says after a form was sent."""
    went = await pages.post(path, data=fields)  # pyright: ignore[reportArgumentType]
    assert went.status_code == 303
    page = (await pages.get(went.headers["location"])).text
    (told,) = re.findall(r'<div class="toast[^"]*">.*?<p>(.*?)</p>', page, re.DOTALL)
    undo = re.search(r'id="flash".*?<form method="post" action="([^"]+)".*?</form>', page, re.DOTALL)
    pages.undo = (  # type: ignore[attr-defined]
        (undo[1], dict(re.findall(r'name="(ids|decision)" value="([^"]*)"', undo[0]))) if undo else None
    )
    return unescape(told)


async def undo(pages: httpx2.AsyncClient) -> str:
    path, fields = pages.undo  # type: ignore[attr-defined]
    return await press(pages, path, **fields)


@both_databases
async def test_an_approval_says_what_happens_next_and_is_undone(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=2))
    told = await press(pages, f"/recommendations/{number}/approve", next="/discover?sort=year")
    assert told == "Approved: Record by New 1. Lidarr takes it in at its next list sync."
    assert await statuses(house) == {number: Status.APPROVED}
    assert await undo(pages) == "Record by New 1 waits for you again."
    assert await statuses(house) == {number: Status.PENDING}


async def test_without_a_lidarr_an_approval_promises_nothing(house: House):
    (number,) = await house.recommend(recommended(1))
    async with house.signed_in(importers={}) as pages:
        told = await press(pages, f"/recommendations/{number}/approve")
    assert told == "Approved: New 1. Once it is connected, Lidarr takes it in at its next list sync."


@both_databases
async def test_undo_of_never_again_lifts_the_block_and_gives_back_all_it_took(
    house: House, pages: httpx2.AsyncClient
):
    ids = await house.recommend(*(recommended(1, album=number) for number in (11, 12, 13, 14)))
    waiting, approved, delivered, rejected = ids
    for number in (approved, delivered):
        await decide(house.deps.db, number, Decision.APPROVE, clock=house.clock, note="mine")
    async with house.deps.db.transaction() as connection:
        await recommendations.mark_delivered(connection, [delivered], house.clock())
    await decide(house.deps.db, rejected, Decision.REJECT, clock=house.clock)
    house.clock.advance(hours=1)
    told = await press(pages, f"/recommendations/{waiting}/block")
    assert told.startswith("Never again: New 1.")
    assert set((await statuses(house)).values()) == {Status.BLOCKED, Status.REJECTED}
    await undo(pages)
    assert await list_blocks(house.deps.db) == ()
    assert await statuses(house) == {
        waiting: Status.PENDING,
        approved: Status.APPROVED,
        # What was on its way goes out once more.
        delivered: Status.APPROVED,
        rejected: Status.REJECTED,
    }
    page = await list_recommendations(house.deps.db)
    again = {row.id: row for row in page.items}
    assert again[approved].note == "mine"
    assert again[approved].decided_at == again[delivered].decided_at != house.clock()


@both_databases
async def test_undo_gives_back_the_decision_before_and_then_none(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    for first, second, status in (
        ("reject", "approve", Status.REJECTED),
        ("approve", "reject", Status.APPROVED),
        ("reject", "block", Status.REJECTED),
    ):
        await press(pages, f"/recommendations/{number}/{first}")
        house.clock.advance(minutes=1)
        await press(pages, f"/recommendations/{number}/{second}")
        house.clock.advance(minutes=1)
        await undo(pages)
        assert await statuses(house) == {number: status}, (first, second)
        await press(pages, f"/recommendations/{number}/undo")
        assert await statuses(house) == {number: Status.PENDING}, (first, second)
        house.clock.advance(minutes=1)


async def test_a_long_name_is_cut_and_one_from_the_right_keeps_to_itself(
    house: House, pages: httpx2.AsyncClient
):
    long, right = await house.recommend(
        replace(recommended(1), artist="A" * 300), replace(recommended(2), artist="فيروز")
    )
    assert f"{'A' * 60}…. " in await press(pages, f"/recommendations/{long}/approve")
    assert "\u2068فيروز\u2069. " in await press(pages, f"/recommendations/{right}/approve")


async def test_what_a_style_forbids_is_not_released_with_its_artist(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    await press(pages, f"/recommendations/{number}/block")
    await block_style(house.deps.db, "shoegaze", clock=house.clock)
    told = await undo(pages)
    assert "The style shoegaze is blocked." in told
    assert await statuses(house) == {number: Status.BLOCKED}
    assert len(await list_blocks(house.deps.db)) == 2


async def test_a_wish_for_more_is_undone_to_what_was_wished_before(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    assert await press(pages, f"/recommendations/{number}/less") == "From the next run on: less like New 1."
    assert await press(pages, f"/recommendations/{number}/more") == "From the next run on: more like New 1."
    assert 'aria-pressed="true"' in (await pages.get("/discover")).text
    assert await undo(pages) == "From the next run on: less like New 1."
    assert await press(pages, f"/recommendations/{number}/neutral") == "Neither more nor less like New 1."


@both_databases
@pytest.mark.parametrize(
    ("decision", "status", "told"),
    [
        (
            "approve",
            Status.APPROVED,
            "Approved 2 recommendations. Lidarr takes them in at its next list sync.",
        ),
        ("reject", Status.REJECTED, "Rejected 2 recommendations."),
        ("block", Status.BLOCKED, "Never again: 2 recommendations."),
    ],
)
async def test_many_at_once_and_one_undo_for_what_changed(
    house: House, pages: httpx2.AsyncClient, decision: str, status: Status, told: str
):
    (already,) = await house.recommend(recommended(9))
    await decide(house.deps.db, already, Decision(decision), clock=house.clock)
    house.clock.advance(minutes=1)
    one, two = await house.recommend(recommended(1), recommended(2))
    ids = [str(number) for number in (already, one, two)]
    assert await press(pages, "/recommendations/bulk", ids=ids, decision=decision) == told
    assert set((await statuses(house)).values()) == {status}
    assert await undo(pages) == "Taken back: 2 recommendations."
    assert await statuses(house) == {already: status, one: Status.PENDING, two: Status.PENDING}


async def test_what_cannot_be_done_to_some_does_not_stop_the_others(house: House, pages: httpx2.AsyncClient):
    (gone,) = await house.recommend(recommended(1), status=Status.IMPORTED)
    (number,) = await house.recommend(recommended(2))
    told = await press(pages, "/recommendations/bulk", ids=[str(gone), str(number), "77"], decision="reject")
    assert told.startswith("Rejected 1 recommendation. 2 could not be changed: New 1 is imported")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"decision": "approve"}, "Nothing is selected."),
        ({"ids": "1 x", "decision": "approve"}, "“x” is no number"),
        ({"ids": "1 ²", "decision": "approve"}, "“²” is no number"),
        ({"ids": "1" * 40, "decision": "approve"}, "is no number"),
        ({"ids": " ".join(map(str, range(1, 502))), "decision": "approve"}, "at most 500"),
        ({"ids": "1", "decision": "adore"}, "“adore” is nothing"),
        ({"ids": "1", "decision": "retry"}, "“retry” cannot be done to several"),
        ({"ids": "1"}, "is nothing that can be decided"),
    ],
)
async def test_unusable_forms_are_answered_on_the_page(
    pages: httpx2.AsyncClient, fields: dict[str, str], told: str
):
    assert told in await press(pages, "/recommendations/bulk", **fields)


async def test_a_decision_that_cannot_be_says_why_on_the_page(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.IMPORTED)
    assert "is imported and cannot be rejected" in await press(pages, f"/recommendations/{number}/reject")
    assert "There is no recommendation 77." in await press(pages, "/recommendations/77/approve")
    assert "There is no recommendation 77." in await press(pages, "/recommendations/77/more")
    assert "is nothing that can be decided" in await press(pages, f"/recommendations/{number}/adore")


async def test_one_goes_back_to_where_one_was_and_nowhere_else(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    for given, expected in (
        ("/discover?genre=dream+pop&after=3", "/discover?genre=dream+pop&after=3"),
        ("https://evil.example/", "/discover"),
        ("//evil.example", "/discover"),
        ("", "/discover"),
    ):
        went = await pages.post(f"/recommendations/{number}/approve", data={"next": given})
        assert went.headers["location"] == expected


async def test_a_failed_one_is_tried_again_or_given_up(house: House, pages: httpx2.AsyncClient):
    one, two = await house.recommend(recommended(1), recommended(2), status=Status.FAILED)
    assert "takes it in at its next list sync" in await press(pages, f"/recommendations/{one}/retry")
    assert await press(pages, f"/recommendations/{two}/give-up") == "New 2 is tried no more."
    assert await statuses(house) == {one: Status.APPROVED, two: Status.FAILED}
    page = (await pages.get("/discover?status=failed")).text
    assert "It is tried no more." in page and "give-up" not in page
