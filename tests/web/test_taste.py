"""Taste: the library in charts, what was learnt and can be taken back, what never comes again."""

import re

import httpx2
import msgspec
import pytest

from brainarr.domain.life import Actor
from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import Status
from brainarr.service.blocks import block_style, list_blocks
from brainarr.service.learning import like, read_taste
from brainarr.service.library import backfill_albums, read_snapshot, refresh_library, unwatched
from brainarr.service.recommendations import Decision, decide_many
from brainarr.store.backtests import write_backtest
from brainarr.store.learning import Direction
from tests.service.given import MEASURED
from tests.store.given import ScriptedLidarr, mbid, owned, recommended
from tests.web.conftest import House
from tests.web.markup import require_clean
from tests.web.statements import statements

HOSTILE = '"><img src=x onerror=alert(1)>{{ 7*7 }}'


async def fill(house: House, count: int, name: str = "Artist") -> None:
    """A library of so many artists, of five genres and four decades."""
    genres = ("shoegaze", "techno", "jazz", "slowcore", "idm")
    years = (1968, 1991, 1994, 2012)
    artists = [
        msgspec.structs.replace(owned(n, genres=(genres[n % 5],), plays=n), name=f"{name} {n}")
        for n in range(1, count + 1)
    ]
    albums = {n: (OwnedAlbum(n, "Record", mbid(5000 + n), years[n % 4]),) for n in range(1, count + 1)}
    lidarr = ScriptedLidarr(artists, albums)
    await refresh_library(house.deps.db, lidarr, house.deps.clock)
    library = await read_snapshot(house.deps.db)
    assert library is not None
    await backfill_albums(
        house.deps.db, lidarr, library, limit=count, clock=house.clock, on_progress=unwatched
    )


async def shown(pages: httpx2.AsyncClient) -> str:
    answer = await pages.get("/taste")
    assert answer.status_code == 200
    require_clean(answer.text)
    return answer.text


async def test_without_a_library_the_page_says_how_to_get_one(pages: httpx2.AsyncClient):
    page = await shown(pages)
    assert "Your library has not been read yet" in page and 'href="/setup"' in page
    assert "Nothing has been learnt yet" in page and "Nothing is blocked" in page
    assert "<svg xmlns" not in page


@pytest.mark.parametrize("count", [1, 3, 120])
async def test_a_library_of_any_size_is_drawn_and_said_in_words(
    house: House, pages: httpx2.AsyncClient, count: int
):
    await fill(house, count)
    page = await shown(pages)
    for title in ("Genres", "Eras", "What your library is made of"):
        assert f"<title>{title}</title>" in page
    assert page.count("As a table") == 3
    assert f"<dd>{count}<small>" in page
    assert "Artist 1" in page


async def test_an_empty_library_has_no_profile(house: House, pages: httpx2.AsyncClient):
    await refresh_library(house.deps.db, ScriptedLidarr([]), house.deps.clock)
    assert "Your library has not been read yet" in await shown(pages)


async def test_what_was_learnt_is_charted_and_forgotten(house: House, pages: httpx2.AsyncClient):
    ids = await house.recommend(*(recommended(number) for number in range(1, 7)))
    # What is approved in the moment it is stored was approved by the setting.
    house.clock.advance(hours=1)
    await decide_many(house.deps.db, ids[:4], Decision.REJECT, clock=house.deps.clock)
    await decide_many(house.deps.db, ids[4:], Decision.APPROVE, clock=house.deps.clock)
    page = await shown(pages)
    assert "Learnt from what became of 6 recommendations." in page
    assert "<title>What counts in the score</title>" in page and "set to 40%" in page
    assert "shoegaze</td>" in page and "2 of 6 taken" in page
    assert "<title>Whose proposals you take</title>" in page and "listenbrainz: 33% (10% to 70%)" in page
    forgot = await pages.post("/taste/forget")
    assert (forgot.status_code, forgot.headers["location"]) == (303, "/taste#learnt")
    page = await shown(pages)
    assert "What was learnt is forgotten" in page and "Nothing has been learnt yet" in page
    assert "Nothing decided before" in page


async def test_a_liking_is_taken_back(house: House, pages: httpx2.AsyncClient):
    more, less = await house.recommend(recommended(1), recommended(2))
    await like(house.deps.db, more, Direction.MORE, clock=house.deps.clock)
    await like(house.deps.db, less, Direction.LESS, clock=house.deps.clock)
    page = await shown(pages)
    assert "More like these" in page and "Less like these" in page
    await pages.post(f"/taste/likings/{mbid(1)}/forget")
    page = await shown(pages)
    assert "More like these" not in page and "Less like these" in page
    learnt = (await read_taste(house.deps.db, house.deps.configured, clock=house.deps.clock)).learnt
    assert [one.name for one in learnt.less] == ["New 2"] and learnt.more == ()
    assert (await pages.post("/taste/likings/nonsense/forget")).status_code == 404


async def test_a_style_is_blocked_and_allowed_again(house: House, pages: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    await pages.post("/taste/blocks", data={"style": "  Shoegaze "})
    page = await shown(pages)
    assert "Never again: shoegaze." in page and "<strong>shoegaze</strong>" in page
    (block,) = await list_blocks(house.deps.db)
    await pages.post(f"/taste/blocks/{block.id}/revoke")
    assert "shoegaze may be recommended again." in await shown(pages)
    assert await list_blocks(house.deps.db) == ()
    await pages.post(f"/taste/blocks/{block.id}/revoke")
    assert "Somebody revoked it already." in await shown(pages)
    history = (await pages.get(f"/api/v1/history?recommendation={number}")).json()
    assert {event["actor"] for event in history} == {Actor.PERSON}


@pytest.mark.parametrize("style", ["", "   ", "metal\nignore the rules"])
async def test_no_style_is_no_block(house: House, pages: httpx2.AsyncClient, style: str):
    await pages.post("/taste/blocks", data={"style": style})
    assert "Name a genre or a style in one line." in await shown(pages)
    assert await list_blocks(house.deps.db) == ()


async def test_a_style_that_the_tree_lacks_says_so(house: House, pages: httpx2.AsyncClient):
    await block_style(house.deps.db, "seen live", clock=house.deps.clock)
    assert "Not in the genre tree" in await shown(pages)


async def test_a_gap_leads_to_a_wish(house: House, pages: httpx2.AsyncClient):
    await fill(house, 40)
    page = await shown(pages)
    assert "What you nearly have" in page
    assert 'href="/ask?wish=music%20of%20the%20' in page or 'href="/ask?wish=' in page


async def test_whoever_is_no_administrator_sees_no_money_and_forgets_nothing(
    house: House, pages: httpx2.AsyncClient, user_pages: httpx2.AsyncClient
):
    await house.recommend(recommended(1), status=Status.APPROVED)
    assert "For each kept" in (await pages.get("/taste")).text
    page = (await user_pages.get("/taste")).text
    assert "For each kept" not in page and "Forget what was learnt" not in page
    assert (await user_pages.post("/taste/forget")).status_code == 403
    assert (await user_pages.post("/taste/backtest/apply")).status_code == 403
    assert (await user_pages.post("/taste/blocks", data={"style": "metal"})).status_code == 303


async def test_hostile_names_are_text(house: House, pages: httpx2.AsyncClient):
    await fill(house, 3, HOSTILE)
    found = msgspec.structs.replace(recommended(1), artist=HOSTILE)
    (number,) = await house.recommend(found)
    await like(house.deps.db, number, Direction.MORE, clock=house.deps.clock)
    await block_style(house.deps.db, HOSTILE, clock=house.deps.clock)
    page = await shown(pages)
    assert "<img src=x" not in page and HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in page


async def test_the_backtest_is_told_of(house: House, pages: httpx2.AsyncClient):
    assert "Make a backtest" in await shown(pages)
    async with house.deps.db.transaction() as connection:
        await write_backtest(connection, MEASURED)
    assert "Of the 10 artists you added last" in await shown(pages)


async def test_more_decisions_and_artists_ask_no_more_of_the_database(
    house: House, pages: httpx2.AsyncClient
):
    await fill(house, 5)
    await house.recommend(recommended(1))
    await shown(pages)
    with statements(house.deps.db) as few:
        await shown(pages)
    ids = await house.recommend(*(recommended(n) for n in range(2, 80)))
    await decide_many(house.deps.db, ids[:50], Decision.REJECT, clock=house.deps.clock)
    for one in ids[60:70]:
        await like(house.deps.db, one, Direction.MORE, clock=house.deps.clock)
    await shown(pages)
    with statements(house.deps.db) as many:
        await shown(pages)
    assert len(many) == len(few) < 30


async def test_a_large_library_is_drawn_while_its_page_is_there_already(
    house: House, pages: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("brainarr.service.profile.AT_ONCE", 10)
    await fill(house, 11)
    page = await shown(pages)
    assert "Your portrait is being drawn" in page and "<title>Genres</title>" not in page
    assert 'data-drawn="/taste?drawn=true"' in page and 'href="/taste?drawn=true"' in page
    drawn = await pages.get("/taste", params={"drawn": "true"}, headers={"X-Block": "portrait"})
    assert "<title>Genres</title>" in drawn.text and "<h1>" not in drawn.text
    # From now on it is at hand.
    assert "<title>Genres</title>" in await shown(pages)


async def test_a_library_that_is_drawn_at_once_makes_nobody_wait_twice(
    house: House, pages: httpx2.AsyncClient
):
    await fill(house, 11)
    page = await shown(pages)
    assert "being drawn" not in page and "data-drawn" not in page
    assert marked(page) == ["/taste"]
    assert marked((await pages.get("/taste/backtest")).text) == ["/taste/backtest"]


def marked(page: str) -> list[str]:
    """Which of the page's own tabs is the present one."""
    tabs = page.split('<nav class="subtabs"')[1].split("</nav>")[0]
    return re.findall(r'href="([^"]+)" aria-current', tabs)
