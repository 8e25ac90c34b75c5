"""Nothing that goes out breaks a list sync for long, and nothing that is good is lost over it."""

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from brainarr.domain.deliveries import CLEARED_FOR, CYCLE, DeliveryState, Mode
from brainarr.domain.life import Event, Failure
from brainarr.domain.lists import ListKind
from brainarr.domain.quarantine import OPEN, Group, suspect
from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderUnavailable
from brainarr.sandbox.world import WorldAlbum, WorldArtist
from brainarr.service.blocks import block_artist
from brainarr.service.delivery.standing import read_delivery_issues, read_standings
from brainarr.service.execution import execute_run
from brainarr.service.feeds import albums_feed, artists_feed
from brainarr.service.history import read_history
from brainarr.service.lists import create_list
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.retiring import Leftovers, delete_list
from brainarr.service.runs import request_run
from brainarr.store import deliveries, recommendations
from brainarr.store.history import ARTISTS, Sought
from brainarr.store.page import PageOf
from brainarr.store.tables import lists
from tests.service.given import deps, finds, ran
from tests.service.syncing import ALBUM, Household, SyncingLidarr, albums_of, world_of
from tests.store.given import House, mbid, recommended


@pytest.fixture
async def home(house: House) -> Household:
    return Household(house, SyncingLidarr(house, world_of(300)))


async def statuses(house: House) -> dict[str, Status]:
    """By the album's or artist's identifier."""
    rows = (await list_recommendations(house.db, PageOf(page_size=500))).items
    return {
        row.recommendation.release_group_mbid or row.recommendation.artist_mbid: row.status for row in rows
    }


async def state_of(house: House):
    async with house.db.reading() as connection:
        return await deliveries.read_state(connection, "default")


async def approve(house: House, found) -> list[int]:
    detail = await ran(house, found, auto_approve=True)
    return [row.id for row in detail.recommendations]


async def test_nothing_goes_out_before_lidarrs_own_lookup_knew_it(house: House, home: Household) -> None:
    await approve(house, albums_of([1, 2]))
    await home.lidarr.sync("albums", "artists")
    assert home.lidarr.received[-1] == ()
    await home.round()
    await home.lidarr.sync("albums", "artists")
    assert set(home.lidarr.received[-1]) == {mbid(ALBUM + 1), mbid(ALBUM + 2)}


async def test_a_lookup_vouches_for_a_day(house: House, home: Household) -> None:
    await approve(house, albums_of([1]))
    await home.round()
    house.clock.advance(hours=25)
    await home.lidarr.sync("albums")
    assert home.lidarr.received[-1] == ()
    await home.round()
    await home.lidarr.sync("albums")
    assert home.lidarr.received[-1] == (mbid(ALBUM + 1),)


async def test_what_the_lookup_does_not_know_any_more_fails_with_its_reason(
    house: House, home: Household
) -> None:
    del home.lidarr.holdings.world.albums[mbid(ALBUM + 2)]
    await approve(house, albums_of([1, 2]))
    await home.round()
    (row,) = (await list_recommendations(house.db, status=Status.FAILED)).items
    assert row.recommendation.release_group_mbid == mbid(ALBUM + 2)
    assert row.failure == "Lidarr's metadata does not know the album Record 2 any more."
    assert row.remedy
    (entry,) = (await read_history(house.db, PageOf(), Sought(troubled=True))).items
    assert entry.cause is Failure.VANISHED


async def test_one_sync_is_given_at_most_fifty_new_items_by_both_lists_together(
    house: House, home: Household
) -> None:
    await approve(house, [*albums_of(range(1, 81)), *(recommended(n) for n in range(101, 181))])
    await home.round()
    house.clock.advance(minutes=2)
    await home.round()
    for _ in range(2):
        await home.lidarr.sync("artists", "albums")
        house.clock.advance(minutes=15)
    seen = home.lidarr.received
    assert [len(items) <= CYCLE for items in seen] == [True, True]
    assert len(seen[-1]) == CYCLE
    artists = [item for item in seen[-1] if item < mbid(ALBUM)]
    assert len(artists) == CYCLE // 2


async def test_albums_that_lidarr_lists_already_do_not_use_up_the_cycle(
    house: House, home: Household
) -> None:
    lidarr = home.lidarr
    for number in range(1, 21):
        artist = lidarr.holdings.add_artist(
            lidarr.metadata.artist(mbid(number)), lidarr.definitions["albums"].options
        )
        lidarr.holdings.add_album(artist, lidarr.metadata.album(mbid(ALBUM + number)), monitored=False)
    await approve(house, albums_of(range(1, 61)))
    await lidarr.read_library()
    await home.round()
    await lidarr.sync("albums")
    new = [item for item in lidarr.received[-1] if item > mbid(ALBUM + 20)]
    assert len(new) == 40
    assert len(lidarr.received[-1]) == CYCLE


async def test_a_bad_item_that_the_lookup_shows_is_found_at_once(house: House, home: Household) -> None:
    await approve(house, albums_of(range(1, 31)))
    await home.round()
    home.lidarr.metadata.broken.add(mbid(ALBUM + 17))
    assert not await home.lidarr.sync("albums")
    await home.round()
    (row,) = (await list_recommendations(house.db, status=Status.FAILED)).items
    assert row.recommendation.release_group_mbid == mbid(ALBUM + 17)
    state = await state_of(house)
    assert state.failure and state.failure.ours
    await home.pass_time(60)
    assert home.lidarr.spoilt_by_us == 1
    counts = list((await statuses(house)).values())
    assert counts.count(Status.IMPORTED) == 29


@pytest.mark.parametrize("bad", [{5}, {1, 50}, {3, 4, 40}])
async def test_bad_items_that_no_lookup_shows_are_found_and_everything_else_arrives(
    house: House, home: Household, bad: set[int]
) -> None:
    await approve(house, albums_of(range(1, 51)))
    home.lidarr.spoils = {mbid(ALBUM + number) for number in bad}
    await home.round()
    await home.lidarr.sync("albums", "artists")
    await home.pass_time(240)
    found = await statuses(house)
    assert {key for key, status in found.items() if status is Status.FAILED} == home.lidarr.spoils
    assert sum(status is Status.IMPORTED for status in found.values()) == 50 - len(bad)
    assert home.lidarr.spoilt_by_us <= len(bad) * 8 + 1
    # Once they are found nothing fails any more.
    before = home.lidarr.spoilt_by_us
    await approve(house, albums_of(range(101, 141)))
    await home.pass_time(120)
    assert home.lidarr.spoilt_by_us == before
    assert sum(status is Status.IMPORTED for status in (await statuses(house)).values()) == 90 - len(bad)


async def test_history_tells_of_what_was_held_and_let_go(house: House, home: Household) -> None:
    ids = await approve(house, albums_of(range(1, 5)))
    home.lidarr.spoils = {mbid(ALBUM + 2)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.pass_time(120)
    life = (await read_history(house.db, PageOf(), Sought(recommendation=ids[0]), oldest_first=True)).items
    assert [entry.event for entry in life] == [
        "proposed",
        "approved",
        "delivered",
        "held",
        "released",
        "imported",
    ]
    assert "[500]" in life[3].note
    guilty = (await read_history(house.db, PageOf(), Sought(recommendation=ids[1]), oldest_first=True)).items
    assert [entry.event for entry in guilty][-2:] == ["held", "failed"]
    assert guilty[-1].cause is Failure.SYNC and guilty[-1].remedy


async def test_what_broke_a_sync_before_goes_out_alone_when_it_is_tried_again(
    house: House, home: Household
) -> None:
    ids = await approve(house, albums_of(range(1, 9)))
    home.lidarr.spoils = {mbid(ALBUM + 3)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.pass_time(120)
    before = home.lidarr.spoilt_by_us
    await decide(house.db, ids[2], Decision.RETRY, clock=house.clock)
    await approve(house, albums_of(range(101, 121)))
    await home.pass_time(60)
    assert home.lidarr.spoilt_by_us == before + 1
    assert (await statuses(house))[mbid(ALBUM + 3)] is Status.FAILED
    home.lidarr.spoils = set()
    await decide(house.db, ids[2], Decision.RETRY, clock=house.clock)
    await home.pass_time(60)
    assert (await statuses(house))[mbid(ALBUM + 3)] is Status.IMPORTED


async def test_other_peoples_lists_that_fail_convict_nobody(house: House, home: Household) -> None:
    await approve(house, albums_of(range(1, 31)))
    home.lidarr.foreign_failure = "Index was outside the bounds of the array."
    await home.pass_time(120)
    assert not (await list_recommendations(house.db, status=Status.FAILED)).items
    state = await state_of(house)
    assert state.failure is not None and state.failure.ours is False
    assert home.lidarr.spoilt_by_us == 0
    # Syncs of our list alone go well all the same.
    assert set((await statuses(house)).values()) == {Status.IMPORTED}


async def test_a_failed_sync_that_had_nothing_new_of_ours_is_not_ours(house: House, home: Household) -> None:
    await approve(house, albums_of([1]))
    await home.round()
    await home.lidarr.sync("albums")
    await home.round()
    home.lidarr.foreign_failure = "Not ours."
    house.clock.advance(minutes=15)
    await home.lidarr.sync("albums")
    await home.round()
    state = await state_of(house)
    assert state.mode is Mode.OPEN
    assert state.failure and (state.failure.message, state.failure.ours) == ("Not ours.", False)


async def test_a_sync_that_lidarr_has_forgotten_neither_acquits_nor_convicts(
    house: House, home: Household
) -> None:
    await approve(house, albums_of(range(1, 9)))
    home.lidarr.spoils = {mbid(ALBUM + 2)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.round()
    suspects = (await state_of(house)).quarantine.items
    home.lidarr.forgets = True
    await home.pass_time(60)
    # Of what was held only what the failed sync had added by then has arrived.
    assert (await state_of(house)).quarantine.items == suspects - {1}
    assert not (await list_recommendations(house.db, status=Status.FAILED)).items
    home.lidarr.forgets = False
    home.lidarr.syncs.clear()
    await home.pass_time(150)
    assert (await statuses(house))[mbid(ALBUM + 2)] is Status.FAILED
    assert sum(status is Status.IMPORTED for status in (await statuses(house)).values()) == 7


async def test_while_the_metadata_server_is_away_nothing_goes_out_and_then_it_goes_on(
    house: House, home: Household
) -> None:
    await approve(house, albums_of(range(1, 11)))
    await ran(house, albums_of([200, 201]))
    await home.round()
    await approve(house, albums_of(range(11, 13)))
    home.lidarr.metadata.failing = 503
    await home.round()
    state = await state_of(house)
    assert state.mode is Mode.OUTAGE
    await home.lidarr.sync("albums", "artists")
    assert home.lidarr.received[-1] == ()
    await home.pass_time(60)
    assert home.lidarr.spoilt_by_us == 0
    assert len(home.told) == 1 and "metadata server" in home.told[0]
    home.lidarr.metadata.failing = None
    await home.pass_time(60)
    assert (await state_of(house)).mode is Mode.OPEN
    assert [status for status in (await statuses(house)).values()].count(Status.IMPORTED) == 12
    assert len(home.told) == 1


async def test_a_sync_that_fails_in_an_outage_accuses_nobody(house: House, home: Household) -> None:
    await approve(house, albums_of(range(1, 11)))
    await home.round()
    home.lidarr.metadata.failing = 503
    assert not await home.lidarr.sync("albums")
    await home.round()
    state = await state_of(house)
    assert (state.mode, state.quarantine.groups) == (Mode.OUTAGE, ())


async def test_an_outage_in_the_middle_of_a_search_changes_nothing_of_what_it_finds(
    house: House, home: Household
) -> None:
    await approve(house, albums_of(range(1, 31)))
    home.lidarr.spoils = {mbid(ALBUM + 21)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.pass_time(6)
    assert (await state_of(house)).quarantine.groups
    home.lidarr.metadata.failing = 503
    await home.pass_time(60)
    home.lidarr.metadata.failing = None
    await home.pass_time(240)
    found = await statuses(house)
    assert {key for key, status in found.items() if status is Status.FAILED} == home.lidarr.spoils
    assert sum(status is Status.IMPORTED for status in found.values()) == 29


async def test_a_restart_at_any_moment_forgets_nothing(house: House, home: Household) -> None:
    await approve(house, albums_of(range(1, 17)))
    home.lidarr.spoils = {mbid(ALBUM + 9)}
    await home.round()
    await home.lidarr.sync("albums")
    for _ in range(60):
        home = Household(house, home.lidarr)
        await home.pass_time(2)
    await home.pass_time(30)
    found = await statuses(house)
    assert {key for key, status in found.items() if status is Status.FAILED} == home.lidarr.spoils
    assert sum(status is Status.IMPORTED for status in found.values()) == 15


async def test_what_a_person_decides_in_the_middle_of_a_search_counts(house: House, home: Household) -> None:
    ids = await approve(house, albums_of(range(1, 17)))
    home.lidarr.spoils = {mbid(ALBUM + 9)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.round()
    await decide(house.db, ids[8], Decision.BLOCK, clock=house.clock)
    await home.pass_time(60)
    found = await statuses(house)
    assert found[mbid(ALBUM + 9)] is Status.BLOCKED
    assert list(found.values()).count(Status.IMPORTED) == 15
    assert home.lidarr.spoilt_by_us == 1


async def test_a_lidarr_whose_api_is_not_configured_receives_everything_as_it_is(
    house: House, home: Household
) -> None:
    await approve(house, albums_of(range(1, 4)))
    assert len((await albums_feed(house.db, "default", clock=house.clock)).items) == 3


async def test_what_was_merged_goes_out_under_its_new_identifier(house: House, home: Household) -> None:
    world = home.lidarr.holdings.world
    await approve(house, albums_of(range(1, 4)))
    await home.round()
    # The second artist and its album turn out to be others.
    world.artists[mbid(200)] = world.artists.pop(mbid(2))
    album = world.albums.pop(mbid(ALBUM + 2))
    world.albums[mbid(222)] = WorldAlbum(mbid(222), album.title, mbid(200), 2001)
    world.artists[mbid(200)] = WorldArtist(mbid(200), "New 2", 200)
    world.merged = {mbid(2): mbid(200), mbid(ALBUM + 2): mbid(222)}
    house.clock.advance(hours=24)
    await home.round()
    await home.lidarr.sync("albums", "artists")
    assert mbid(222) in home.lidarr.received[-1]
    await home.lidarr.read_library()
    assert set((await statuses(house)).values()) == {Status.IMPORTED}
    moved = (await read_history(house.db, PageOf(), Sought(event=Event.MERGED))).items
    assert {entry.note for entry in moved} == {
        f"artist {mbid(2)} is now {mbid(200)}",
        f"album {mbid(ALBUM + 2)} is now {mbid(222)}",
    }


async def test_what_is_merged_into_a_blocked_artist_is_withdrawn(house: House, home: Household) -> None:
    world = home.lidarr.holdings.world
    world.merged = {mbid(2): mbid(3)}
    await block_artist(house.db, mbid(3), "New 3", clock=house.clock)
    await approve(house, [recommended(2)])
    await home.round()
    assert list((await statuses(house)).values()) == [Status.BLOCKED]


async def test_a_merge_into_an_artist_that_lidarr_has_never_reaches_it(house: House, home: Household) -> None:
    """Lidarr would try to add the same artist twice, and fail with a unique key."""
    lidarr = home.lidarr
    lidarr.holdings.world.merged = {mbid(2): mbid(3)}
    lidarr.holdings.add_artist(lidarr.metadata.artist(mbid(3)), lidarr.definitions["artists"].options)
    await approve(house, [recommended(2), recommended(4)])
    await home.pass_time(45)
    assert lidarr.spoilt_by_us == 0
    assert set((await statuses(house)).values()) == {Status.IMPORTED}


async def test_an_item_that_the_lookup_fails_over_alone_is_given_three_chances(
    house: House, home: Household
) -> None:
    await approve(house, albums_of(range(1, 6)))
    home.lidarr.metadata.broken = {mbid(3)}
    for _ in range(2):
        await home.round()
        assert not (await list_recommendations(house.db, status=Status.FAILED)).items
    assert (await state_of(house)).mode is Mode.OPEN
    await home.lidarr.sync("albums")
    assert len(home.lidarr.received[-1]) == 4
    await home.round()
    (row,) = (await list_recommendations(house.db, status=Status.FAILED)).items
    assert row.recommendation.artist_mbid == mbid(3)
    assert "though it can others" in (row.failure or "")


async def test_one_that_fails_over_most_items_is_the_server_and_not_the_items(
    house: House, home: Household
) -> None:
    await ran(house, [recommended(200)])
    await approve(house, albums_of(range(1, 21)))
    home.lidarr.metadata.broken = {mbid(number) for number in range(1, 20)}
    for _ in range(6):
        await home.round()
        house.clock.advance(minutes=2)
    assert not (await list_recommendations(house.db, status=Status.FAILED)).items


async def test_what_the_failure_names_is_tried_first(house: House, home: Household) -> None:
    await approve(house, albums_of(range(1, 51)))
    home.lidarr.spoils = {mbid(ALBUM + 37)}
    await home.round()
    await home.lidarr.sync("albums")
    await home.round()
    first = (await state_of(house)).quarantine.groups[0]
    (row,) = (await list_recommendations(house.db, PageOf(page_size=100))).items[36:37]
    assert first.items == (row.id,)
    await home.pass_time(45)
    assert home.lidarr.spoilt_by_us <= 3


async def test_the_next_items_are_looked_up_shortly_before_lidarr_comes(
    house: House, home: Household
) -> None:
    await approve(house, [recommended(1), recommended(2)])
    await home.round()
    await home.lidarr.sync("artists")
    asked = len(home.lidarr.looked_up)
    house.clock.advance(hours=3)
    await home.round()
    assert len(home.lidarr.looked_up) == asked
    house.clock.advance(hours=2, minutes=50)
    await home.round()
    assert len(home.lidarr.looked_up) > asked


async def test_both_feeds_at_the_same_moment_share_the_cycle(house: House, home: Household) -> None:
    await approve(house, [*albums_of(range(1, 81)), *(recommended(n) for n in range(101, 181))])
    for _ in range(2):
        await home.round()
        house.clock.advance(minutes=2)
    feeds = await asyncio.gather(
        *(
            feed(house.db, "default", clock=house.clock, guarded={"default"})
            for feed in (albums_feed, artists_feed)
        )
    )
    assert sum(len(feed.items) for feed in feeds) == CYCLE


async def test_one_lidarr_that_does_not_answer_does_not_hold_up_another(
    house: House, home: Household
) -> None:
    class Silent(SyncingLidarr):
        async def read_list_syncs(self):
            raise ProviderUnavailable("lidarr attic", "no answer.")

    await approve(house, albums_of([1]))
    silent = Silent(house, world_of(1))
    home.deps = replace(home.deps, lidarrs={"attic": silent, "default": home.lidarr})
    with pytest.raises(ProviderUnavailable, match="no answer"):
        await home.round()
    await home.lidarr.sync("albums")
    assert home.lidarr.received[-1] == (mbid(ALBUM + 1),)
    both = {"default", "attic"}
    (issue,) = await read_delivery_issues(house.db, both, clock=house.clock)
    assert issue.message == (
        "Lidarr attic cannot be asked what became of its list syncs. lidarr attic: no answer."
    )
    home.deps = replace(home.deps, lidarrs={"default": home.lidarr, "attic": home.lidarr})
    await home.round()
    assert await read_delivery_issues(house.db, both, clock=house.clock) == ()


async def test_a_list_that_lidarr_fetches_no_more_does_not_hold_up_the_others(
    house: House, home: Household
) -> None:
    await approve(house, [*(recommended(n) for n in range(101, 105)), *albums_of(range(1, 5))])
    home.lidarr.spoils = {mbid(102)}
    await home.round()
    await home.lidarr.sync("artists")
    del home.lidarr.definitions["artists"]
    house.clock.advance(minutes=2)
    for _ in range(120):
        await home.round()
        await home.lidarr.sync("albums")
        await home.lidarr.read_library()
        house.clock.advance(minutes=15)
    found = await statuses(house)
    assert {found[mbid(ALBUM + n)] for n in range(1, 5)} == {Status.IMPORTED}
    assert not (await state_of(house)).quarantine.groups


async def test_a_list_that_is_deleted_has_no_standing_and_its_suspects_count_where_they_went_on(
    house: House, home: Household
) -> None:
    await create_list(house.db, house.secrets, "Late night", clock=house.clock)
    asked = await request_run(house.db, "late-night", clock=house.clock)
    recommend = finds(*(recommended(n) for n in range(101, 105)))
    detail = await execute_run(deps(house, recommend, clears=True, auto_approve=True), asked.id)
    suspects = tuple(row.id for row in detail.recommendations)
    async with house.db.transaction() as connection:
        (row, *_) = await recommendations.by_ids(connection, suspects)
        await deliveries.lock_state(connection, "default")
        quarantine = suspect(OPEN, [Group(row.list_id, ARTISTS, suspects)])
        await deliveries.write_state(connection, "default", DeliveryState(quarantine=quarantine))
    await delete_list(house.db, house.secrets, "late-night", clock=house.clock)
    await home.round()
    standings = await read_standings(house.db, {"default"}, clock=house.clock)
    (standing,) = standings.values()
    assert (standing.slug, standing.due, standing.held) == ("default", 4, 4)
    await home.pass_time(30)
    assert list((await statuses(house)).values()) == [Status.IMPORTED] * 4


async def test_what_was_given_up_with_its_list_is_not_due(house: House, home: Household) -> None:
    await create_list(house.db, house.secrets, "Late night", clock=house.clock)
    asked = await request_run(house.db, "late-night", clock=house.clock)
    await execute_run(deps(house, finds(recommended(101)), clears=True, auto_approve=True), asked.id)
    await artists_feed(house.db, "late-night", clock=house.clock, guarded={"default"})
    await delete_list(house.db, house.secrets, "late-night", leftovers=Leftovers.REJECT, clock=house.clock)
    async with house.db.reading() as connection:
        assert not await deliveries.count_waiting(connection, house.clock() - CLEARED_FOR)
        assert not await deliveries.count_due(connection, "default", house.clock() - CLEARED_FOR)
    # A whole cycle is for the list that is left, once the sync that fetched the other one is over.
    house.clock.advance(minutes=5)
    await approve(house, albums_of(range(1, 61)))
    await home.round()
    await home.lidarr.sync("albums")
    assert len(home.lidarr.received[-1]) == CYCLE


@pytest.mark.parametrize("kind", [ListKind.GAPS, ListKind.RELEASES])
async def test_albums_of_owned_artists_go_out_until_lidarr_monitors_them_or_has_files(
    house: House, home: Household, kind: ListKind
) -> None:
    lidarr = home.lidarr
    async with house.db.transaction() as connection:
        await connection.execute(update(lists).values(kind=kind))
    lidarr.definitions["albums"].should_monitor_existing = True
    for number in range(1, 5):
        artist = lidarr.holdings.add_artist(
            lidarr.metadata.artist(mbid(number)), lidarr.definitions["albums"].options
        )
        if number < 4:
            # Of the fourth Lidarr does not list the album yet.
            album = lidarr.metadata.album(mbid(ALBUM + number))
            lidarr.holdings.add_album(artist, album, monitored=number == 3)
    await lidarr.read_library()
    await approve(house, albums_of(range(1, 5)))
    await home.round()
    await lidarr.sync("albums")
    # The third is there already, which the next look at the library finds.
    assert set(lidarr.received[-1]) == {mbid(ALBUM + n) for n in range(1, 5)}
    await lidarr.read_library()
    assert set((await statuses(house)).values()) == {Status.IMPORTED}
    await home.round()
    await lidarr.sync("albums")
    assert lidarr.received[-1] == ()


async def test_what_an_owned_artist_lacks_stays_in_the_feed_while_it_is_not_monitored(
    house: House, home: Household
) -> None:
    lidarr = home.lidarr
    artist = lidarr.holdings.add_artist(lidarr.metadata.artist(mbid(1)), lidarr.definitions["albums"].options)
    lidarr.holdings.add_album(artist, lidarr.metadata.album(mbid(ALBUM + 1)), monitored=False)
    await approve(house, albums_of([1]))
    # Its import list leaves what Lidarr lists already as it is.
    for _ in range(3):
        await lidarr.read_library()
        await home.round()
        await lidarr.sync("albums")
        assert lidarr.received[-1] == (mbid(ALBUM + 1),)
        house.clock.advance(minutes=15)
    (row,) = (await read_standings(house.db, {"default"}, clock=house.clock)).values()
    assert (row.due, row.free) == (1, 1)
