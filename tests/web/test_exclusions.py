"""Never again, with Lidarr's exclusions or without: as the box, the query or the setting says."""

import httpx2
import pytest

from brainarr.store import exclusions
from brainarr.store.exclusions import Intent
from tests.store.given import mbid, recommended
from tests.web.conftest import House

BOX = 'name="exclude" value="yes"'


async def wanted(house: House) -> list[str]:
    """Artists whose exclusion is to be written."""
    async with house.deps.db.reading() as connection:
        rows = await exclusions.to_do(connection, "default", 50)
    return [row.mbid for row in rows if row.state is Intent.WANTED]


@pytest.mark.parametrize(
    ("query", "usual", "excluded"),
    [("", False, False), ("", True, True), ("?exclude=true", False, True), ("?exclude=false", True, False)],
)
async def test_the_api_excludes_as_it_is_told_or_as_is_set(
    house: House, query: str, usual: bool, excluded: bool
) -> None:
    excluding = ("default",) if usual else ()
    numbers = await house.recommend(recommended(1), recommended(2), recommended(3))
    async with house.door(house.deps.api_key(), excluding=excluding) as door:
        assert (await door.post(f"/api/v1/recommendations/{numbers[0]}/block{query}")).is_success
        body = {"kind": "artist", "mbid": mbid(9), "name": "Plaid"}
        assert (await door.post(f"/api/v1/blocks{query}", json=body)).is_success
        bulk = {"ids": numbers[1:2], "decision": "block"}
        bulk |= {"exclude": query == "?exclude=true"} if query else {}
        assert (await door.post("/api/v1/recommendations/bulk", json=bulk)).is_success
    assert await wanted(house) == ([mbid(1), mbid(2), mbid(9)] if excluded else [])
    assert house.woken or not excluded


async def test_a_revoked_block_takes_its_exclusion_back(house: House) -> None:
    async with house.door(house.deps.api_key()) as door:
        body = {"kind": "artist", "mbid": mbid(9), "name": "Plaid"}
        made = (await door.post("/api/v1/blocks?exclude=true", json=body)).json()
        assert await wanted(house) == [mbid(9)]
        assert (await door.delete(f"/api/v1/blocks/{made['id']}")).is_success
    assert await wanted(house) == []


async def test_the_page_asks_beside_never_again_and_does_what_it_is_told(house: House) -> None:
    one, two, three = await house.recommend(recommended(1), recommended(2), recommended(3))
    async with house.signed_in(excluding=("default",)) as pages:
        assert f"{BOX} checked" in (await pages.get(f"/recommendations/{one}")).text
        await pages.post(f"/recommendations/{one}/block", data={"exclude": "no"})
        assert await wanted(house) == []
        await pages.post(f"/recommendations/{two}/block", data={"exclude": ["no", "yes"]})
        assert await wanted(house) == [mbid(2)]
        # A form that does not ask, as the cards' own: as is set.
        await pages.post(f"/recommendations/{three}/block")
        assert await wanted(house) == [mbid(2), mbid(3)]


async def test_the_box_is_empty_unless_set_and_absent_without_a_lidarr(
    house: House, pages: httpx2.AsyncClient
) -> None:
    (one,) = await house.recommend(recommended(1))
    page = (await pages.get(f"/recommendations/{one}")).text
    assert BOX in page and f"{BOX} checked" not in page
    async with house.signed_in(importers={}) as without:
        assert BOX not in (await without.get(f"/recommendations/{one}")).text
