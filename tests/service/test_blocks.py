"""Never again: what a block withdraws, what it forbids, and what its end gives back."""

import pytest
from msgspec.structs import replace

from brainarr.domain.recommendation import Memory, Recommendation, RunResult, Status
from brainarr.errors import Conflict, NotFound
from brainarr.service.blocks import block_artist, block_style, list_blocks, revoke_block
from brainarr.service.execution import execute_run
from brainarr.service.feeds import artists_feed
from brainarr.service.history import read_history
from brainarr.service.learning import forget
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.runs import request_run
from brainarr.store.memory import read_memory
from tests.service.given import deps, ran, result
from tests.store.given import House, mbid, recommended


def metal(number: int) -> Recommendation:
    return replace(recommended(number), genres=("death metal", "metal"))


async def statuses(house: House) -> dict[str, Status]:
    return {row.recommendation.artist: row.status for row in (await list_recommendations(house.db)).items}


async def memory(house: House) -> Memory:
    async with house.db.reading() as connection:
        return await read_memory(connection)


async def test_a_blocked_recommendation_is_a_block_of_its_artist(house: House) -> None:
    detail = await ran(house, [recommended(1, album=11), recommended(2)])
    await ran(house, [recommended(1, album=12)])
    await decide(house.db, detail.recommendations[0].id, Decision.BLOCK, clock=house.clock)
    (block,) = await list_blocks(house.db)
    assert (block.key, block.name) == (mbid(1), "New 1")
    assert await statuses(house) == {"New 1": Status.BLOCKED, "New 2": Status.PENDING}
    known = await memory(house)
    assert known.blocks.artists == {mbid(1): "New 1"}
    assert known.names[0] == "New 1"


async def test_a_blocked_style_withdraws_what_waits_of_it_from_the_feed_too(house: House) -> None:
    await ran(house, [recommended(1), metal(2)], auto_approve=True)
    await block_style(house.db, "Metal", clock=house.clock)
    assert await statuses(house) == {"New 1": Status.APPROVED, "New 2": Status.BLOCKED}
    assert (await artists_feed(house.db, "default", clock=house.clock)).items == (mbid(1),)
    assert (await memory(house)).blocks.styles == ("metal",)
    (entry,) = [entry for entry in (await read_history(house.db)).items if entry.event == "blocked"]
    assert (entry.artist, entry.note) == ("New 2", "metal is blocked")


async def test_a_block_made_while_a_run_is_under_way_holds_for_what_it_finds(house: House) -> None:
    async def recommend(run: object, library: object, memory: Memory, on_progress: object) -> RunResult:
        await block_style(house.db, "metal", clock=house.clock)
        return result(metal(1), recommended(2))

    asked = await request_run(house.db, "default", clock=house.clock)
    await execute_run(deps(house, recommend, auto_approve=True), asked.id)
    assert await statuses(house) == {"New 1": Status.BLOCKED, "New 2": Status.APPROVED}


async def test_what_is_blocked_cannot_be_approved(house: House) -> None:
    detail = await ran(house, [metal(1)])
    number = detail.recommendations[0].id
    await decide(house.db, number, Decision.REJECT, clock=house.clock)
    await block_style(house.db, "metal", clock=house.clock)
    with pytest.raises(Conflict, match="metal is blocked"):
        await decide(house.db, number, Decision.APPROVE, clock=house.clock)


async def test_a_revoked_block_gives_back_what_no_other_block_holds(house: House) -> None:
    await ran(house, [metal(1), metal(2), recommended(3)])
    style = await block_style(house.db, "metal", clock=house.clock)
    artist = await block_artist(house.db, mbid(2), "New 2", clock=house.clock)
    assert await block_style(house.db, "Metal", clock=house.clock) == style
    await revoke_block(house.db, style.id, clock=house.clock)
    assert await statuses(house) == {
        "New 1": Status.PENDING,
        "New 2": Status.BLOCKED,
        "New 3": Status.PENDING,
    }
    await revoke_block(house.db, artist.id, clock=house.clock)
    assert set((await statuses(house)).values()) == {Status.PENDING}
    assert [entry.event for entry in (await read_history(house.db)).items[:2]] == ["unblocked", "unblocked"]
    with pytest.raises(NotFound):
        await revoke_block(house.db, artist.id, clock=house.clock)


async def test_a_reset_leaves_blocks_unless_asked(house: House) -> None:
    await block_style(house.db, "metal", clock=house.clock)
    await forget(house.db, clock=house.clock)
    assert len(await list_blocks(house.db)) == 1
    await forget(house.db, clock=house.clock, blocks=True)
    assert await list_blocks(house.db) == ()
