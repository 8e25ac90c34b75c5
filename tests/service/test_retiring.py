"""A list that is deleted: its key and its runs end, and nothing that came of it is lost."""

from collections.abc import AsyncIterator

import pytest

from brainarr.domain.life import Event
from brainarr.domain.lists import ListKind
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.errors import Conflict, NotFound
from brainarr.service.execution import LIST_GONE, Recommend, execute_run
from brainarr.service.feeds import albums_feed, read_state
from brainarr.service.history import read_history
from brainarr.service.lists import DEFAULT_LIST, create_list, read_lists
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.retiring import Leftovers, delete_list
from brainarr.service.runs import RunDetail, list_runs, read_run, request_run
from brainarr.store import lists, recommendations, runs
from brainarr.store.runs import RunStatus
from tests.conftest import Place
from tests.service.given import HERE, deps, finds, result
from tests.store.given import House, installed, recommended

NIGHT = "late-night"


@pytest.fixture
async def home(on_sqlite: Place) -> AsyncIterator[House]:
    async with installed(*on_sqlite) as house:
        await create_list(house.db, house.secrets, "Late night", clock=house.clock)
        yield house


async def found_for(home: House, *items: Recommendation) -> list[int]:
    """Ids of what a run of the list found."""
    detail = await ran_for_night(home, finds(*items))
    return [row.id for row in detail.recommendations]


async def ran_for_night(home: House, recommend: Recommend) -> RunDetail:
    asked = await request_run(home.db, NIGHT, clock=home.clock)
    # It hears too late that it is to stop: it has found something by then.
    return await execute_run(deps(home, recommend, beat_s=60), asked.id)


async def statuses(home: House) -> dict[int, tuple[str, Status]]:
    page = await list_recommendations(home.db)
    return {row.id: (row.list, row.status) for row in page.items}


async def test_one_without_a_past_leaves_nothing_behind(home: House) -> None:
    await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    again = await create_list(home.db, home.secrets, "Late night", clock=home.clock)
    assert again.slug == NIGHT


async def test_the_first_list_and_one_that_is_not_there_cannot_be_deleted(home: House) -> None:
    with pytest.raises(Conflict, match="first list"):
        await delete_list(home.db, home.secrets, DEFAULT_LIST, clock=home.clock)
    with pytest.raises(NotFound):
        await delete_list(home.db, home.secrets, "nowhere", clock=home.clock)


async def test_what_waits_goes_on_in_another_list_and_its_life_tells_it(home: House) -> None:
    pending, approved, rejected = await found_for(
        home, recommended(1, album=11), recommended(2, album=12), recommended(3, album=13)
    )
    await decide(home.db, approved, Decision.APPROVE, clock=home.clock)
    await decide(home.db, rejected, Decision.REJECT, clock=home.clock)
    deleted = await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    assert (deleted.moved, deleted.moved_to, deleted.rejected) == (2, "Brainarr AI Recommendations", 0)
    assert await statuses(home) == {
        pending: (DEFAULT_LIST, Status.PENDING),
        approved: (DEFAULT_LIST, Status.APPROVED),
        rejected: (NIGHT, Status.REJECTED),
    }
    feed = await albums_feed(home.db, DEFAULT_LIST, clock=home.clock)
    assert [album.artist_id for album in feed.items] == [approved]
    moved = [row for row in (await read_history(home.db)).items if row.event is Event.MOVED]
    assert {row.recommendation_id for row in moved} == {pending, approved}
    assert {row.note for row in moved} == {"from Late night to Brainarr AI Recommendations"}


async def test_who_wants_none_of_it_says_no_to_all(home: House) -> None:
    pending, delivered = await found_for(home, recommended(1, album=11), recommended(2, album=12))
    await decide(home.db, delivered, Decision.APPROVE, clock=home.clock)
    await albums_feed(home.db, NIGHT, clock=home.clock)
    deleted = await delete_list(home.db, home.secrets, NIGHT, leftovers=Leftovers.REJECT, clock=home.clock)
    assert (deleted.moved, deleted.rejected) == (0, 2)
    # What Lidarr has fetched may still arrive: it is no rejection.
    assert await statuses(home) == {pending: (NIGHT, Status.REJECTED), delivered: (NIGHT, Status.FAILED)}


async def test_its_feed_is_gone_and_its_runs_are_told_for_good(home: House) -> None:
    await found_for(home, recommended(1, album=11))
    await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    assert [row.slug for row in await read_lists(home.db, home.secrets)] == [DEFAULT_LIST]
    with pytest.raises(NotFound):
        await albums_feed(home.db, NIGHT, clock=home.clock)
    async with home.db.reading() as connection:
        with pytest.raises(NotFound):
            await read_state(connection, NIGHT)
    with pytest.raises(NotFound):
        await request_run(home.db, NIGHT, clock=home.clock)
    (run,) = (await list_runs(home.db)).items
    assert run.list == NIGHT
    # Its address is never given to another list: history would name both.
    assert (await create_list(home.db, home.secrets, "Late night", clock=home.clock)).slug == f"{NIGHT}-2"


async def test_a_run_that_waits_is_cancelled_and_one_under_way_is_asked_to_stop(home: House) -> None:
    waiting = await request_run(home.db, NIGHT, clock=home.clock)
    await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    assert (await read_run(home.db, waiting.id)).run.status is RunStatus.CANCELLED
    other = await create_list(home.db, home.secrets, "Other", clock=home.clock)
    begun = await request_run(home.db, other.slug, clock=home.clock)
    async with home.db.transaction() as connection:
        assert await runs.claim(connection, begun.id, HERE, home.clock())
    await delete_list(home.db, home.secrets, other.slug, clock=home.clock)
    async with home.db.transaction() as connection:
        assert await runs.beat(connection, begun.id, home.clock(), None)


async def test_lidarr_is_asked_to_fetch_the_heir_and_never_a_list_that_is_gone(home: House) -> None:
    asked = await request_run(home.db, NIGHT, clock=home.clock)
    detail = await execute_run(deps(home, finds(recommended(1)), clears=True), asked.id)
    (row,) = detail.recommendations
    await decide(home.db, row.id, Decision.APPROVE, clock=home.clock)
    await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    async with home.db.transaction() as connection:
        wanted = await lists.take_wanted_syncs(connection, home.clock())
    assert [one.slug for one in wanted] == [DEFAULT_LIST]


async def test_what_a_run_finds_for_a_list_that_went_meanwhile_stands_in_none(home: House) -> None:
    async def recommend(*_: object):
        await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
        return result(recommended(1, album=11))

    detail = await ran_for_night(home, recommend)
    assert LIST_GONE in detail.run.notes
    assert (await list_recommendations(home.db)).total == 0


async def test_a_decision_that_is_taken_back_later_goes_on_in_another_list(home: House) -> None:
    (number,) = await found_for(home, recommended(1, album=11))
    await decide(home.db, number, Decision.REJECT, clock=home.clock)
    await delete_list(home.db, home.secrets, NIGHT, clock=home.clock)
    row = await decide(home.db, number, Decision.APPROVE, clock=home.clock)
    assert (row.list, row.status) == (DEFAULT_LIST, Status.APPROVED)


async def test_nothing_goes_to_a_list_of_another_lidarr(home: House) -> None:
    attic = await create_list(home.db, home.secrets, "Attic", instance="attic", clock=home.clock)
    async with home.db.transaction() as connection:
        stored = await lists.list_named(connection, attic.slug)
        assert stored is not None
        asked = await runs.insert_run(connection, stored.id, dry_run=False, trigger="manual", at=home.clock())
        assert asked is not None
        await recommendations.insert_recommendations(
            connection, asked, stored.id, [recommended(1, album=11)], Status.PENDING, home.clock()
        )
    with pytest.raises(Conflict, match="no other list is for the Lidarr attic"):
        await delete_list(home.db, home.secrets, attic.slug, clock=home.clock)
    await delete_list(home.db, home.secrets, attic.slug, leftovers=Leftovers.REJECT, clock=home.clock)
    assert [one.status for one in (await list_recommendations(home.db)).items] == [Status.REJECTED]


async def test_albums_of_owned_artists_go_on_in_a_list_of_their_kind(home: House) -> None:
    for name in ("Gaps", "More gaps"):
        await create_list(home.db, home.secrets, name, kind=ListKind.GAPS, clock=home.clock)
    asked = await request_run(home.db, "more-gaps", clock=home.clock)
    await execute_run(deps(home, finds(recommended(1, album=11))), asked.id)
    deleted = await delete_list(home.db, home.secrets, "more-gaps", clock=home.clock)
    assert (deleted.moved, deleted.moved_to) == (1, "Gaps")
