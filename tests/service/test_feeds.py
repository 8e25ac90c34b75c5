"""The feeds, held to what an unmodified Lidarr does with them (its rules are in docs and sandbox)."""

import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainarr.domain.deliveries import CYCLE
from brainarr.domain.music import Mbid, OwnedAlbum, parse_mbid
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.errors import NotFound
from brainarr.service.feeds import album_artists, albums_feed, artists_feed
from brainarr.service.history import read_history
from brainarr.service.library import sync_library
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.retention import clean_up
from tests.conftest import examples
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, installed, mbid, owned, recommended


async def polled(house: House) -> list[Mbid]:
    return list((await artists_feed(house.db, "default", clock=house.clock)).items)


async def test_only_what_is_approved_is_delivered(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2), recommended(3)])
    assert await polled(house) == []
    await decide(house.db, detail.recommendations[1].id, Decision.APPROVE, clock=house.clock)
    assert await polled(house) == [mbid(2)]


async def test_a_poll_marks_what_it_carried_as_delivered_and_history_says_so_once(house: House) -> None:
    await ran(house, [recommended(1)], auto_approve=True)
    await polled(house)
    house.clock.advance(hours=6)
    await polled(house)
    (row,) = (await list_recommendations(house.db)).items
    assert (row.status, row.deliveries, row.delivered_at) == (Status.DELIVERED, 2, house.clock())
    events = [entry.event for entry in (await read_history(house.db)).items]
    assert events == ["delivered", "approved", "proposed"]


async def test_artists_and_albums_go_out_on_their_own_channels(house: House) -> None:
    await ran(house, [recommended(1), recommended(2, album=3)], auto_approve=True)
    assert await polled(house) == [mbid(1)]
    albums = (await albums_feed(house.db, "default", clock=house.clock)).items
    assert [album.mbid for album in albums] == [mbid(3)]


async def test_one_poll_carries_fifty_and_stuck_items_make_room_for_the_others(house: House) -> None:
    await ran(house, [recommended(number) for number in range(1, 101)], auto_approve=True)
    await ran(house, [recommended(number) for number in range(101, 121)], auto_approve=True)
    polls = [await polled(house) for _ in range(12)]
    assert {len(poll) for poll in polls} == {CYCLE}
    assert set(polls[0]).isdisjoint(polls[1])
    everyone = {mbid(number) for number in range(1, 121)}
    assert {item for poll in polls[:3] for item in poll} == everyone
    carried = [item for poll in polls for item in poll]
    assert {carried.count(item) for item in everyone} == {len(carried) // len(everyone)}


async def test_what_lidarr_has_is_left_out_at_once_and_becomes_imported_at_the_next_sync(
    house: House,
) -> None:
    await ran(house, [recommended(1), recommended(2)], auto_approve=True)
    await sync_library(house.db, ScriptedLidarr([owned(1)]), house.clock, lambda _: None)
    assert await polled(house) == [mbid(2)]
    rows = (await list_recommendations(house.db, status=Status.IMPORTED)).items
    assert [row.recommendation.artist_mbid for row in rows] == [mbid(1)]
    assert rows[0].imported_at == house.clock()


async def test_an_album_has_arrived_when_it_is_monitored_not_when_its_artist_is_there(house: House) -> None:
    await ran(house, [recommended(1, album=11), recommended(1, album=12, title="Other")], auto_approve=True)
    lidarr = ScriptedLidarr([owned(1)])
    listed = OwnedAlbum(1, "Record", mbid(11)), OwnedAlbum(2, "Other", mbid(12))
    lidarr.albums = {1: listed}
    await sync_library(house.db, lidarr, house.clock, lambda _: None)
    assert len((await albums_feed(house.db, "default", clock=house.clock)).items) == 2
    lidarr.albums = {1: (listed[0], msgspec.structs.replace(listed[1], monitored=True))}
    await sync_library(house.db, lidarr, house.clock, lambda _: None)
    albums = (await albums_feed(house.db, "default", clock=house.clock)).items
    assert [album.mbid for album in albums] == [mbid(11)]


async def test_two_albums_of_one_artist_with_one_title_keep_apart(house: House) -> None:
    weezers = [recommended(1, album=20 + year, title="Weezer", year=year) for year in (1994, 2001)]
    twins = [recommended(1, album=album, title="weezer", year=1994) for album in (31, 32)]
    nameless = [recommended(1, album=40, title="Weezer", year=None)]
    await ran(house, [*weezers, *twins, *nameless], auto_approve=True)
    titles = [album.title for album in (await albums_feed(house.db, "default", clock=house.clock)).items]
    assert titles[:2] == ["Weezer (1994)", "Weezer (2001)"]
    assert len({title.casefold() for title in titles}) == 5


async def test_the_artists_call_alone_delivers_nothing(house: House) -> None:
    await ran(house, [recommended(1, album=2)], auto_approve=True)
    artists = await album_artists(house.db, "default")
    assert [(artist.name, artist.mbid) for artist in artists] == [("New 1", mbid(1))]
    assert (await list_recommendations(house.db)).items[0].deliveries == 0


async def test_what_happens_between_the_two_calls_loses_no_artist(house: House) -> None:
    detail = await ran(
        house, [recommended(number, album=100 + number) for number in range(1, 4)], auto_approve=True
    )
    albums = (await albums_feed(house.db, "default", clock=house.clock)).items
    await decide(house.db, detail.recommendations[0].id, Decision.BLOCK, clock=house.clock)
    await sync_library(house.db, ScriptedLidarr([owned(2)]), house.clock, lambda _: None)
    known = {artist.id for artist in await album_artists(house.db, "default")}
    assert {album.artist_id for album in albums} <= known


async def test_polls_are_forgotten_after_a_month_and_the_feed_goes_on(house: House) -> None:
    await ran(house, [recommended(1, album=2)], auto_approve=True)
    before = (await albums_feed(house.db, "default", clock=house.clock)).items
    house.clock.advance(days=31)
    assert (await clean_up(house.db, clock=house.clock)).deliveries == 1
    assert (await albums_feed(house.db, "default", clock=house.clock)).items == before
    assert len(await album_artists(house.db, "default")) == 1
    assert [entry.event for entry in (await read_history(house.db)).items] == [
        "delivered",
        "approved",
        "proposed",
    ]


async def test_special_purpose_artists_and_ids_that_are_not_canonical_never_go_out(house: House) -> None:
    various = msgspec.structs.replace(
        recommended(1), artist_mbid=Mbid("89ad4ac3-39f7-470e-963a-56509c546377")
    )
    shouting = msgspec.structs.replace(recommended(2), artist_mbid=Mbid(mbid(0xABC).upper()))
    album = msgspec.structs.replace(recommended(3, album=4), release_group_mbid=Mbid("no uuid"))
    await ran(house, [various, shouting, album, recommended(5)], auto_approve=True)
    assert await polled(house) == [mbid(5)]
    assert (await albums_feed(house.db, "default", clock=house.clock)).items == ()


async def test_what_two_runs_found_goes_out_once(house: House) -> None:
    await ran(house, [recommended(1), recommended(2, album=3)], auto_approve=True)
    await ran(house, [recommended(1), recommended(2, album=3)], auto_approve=True)
    assert await polled(house) == [mbid(1)]
    assert len((await albums_feed(house.db, "default", clock=house.clock)).items) == 1


async def test_a_list_that_does_not_exist_is_said_so(house: House) -> None:
    with pytest.raises(NotFound, match="'other'"):
        await artists_feed(house.db, "other", clock=house.clock)


titles = st.sampled_from(["Weezer", "weezer", "WEEZER", "Ænima", "ænima", "Weezer (1994)", "!!!", ""])
albums = st.lists(
    st.tuples(st.integers(1, 4), st.integers(50, 90), titles, st.none() | st.integers(1993, 1995)),
    unique_by=lambda album: album[1],
    max_size=30,
)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=albums)
async def test_any_albums_keep_lidarrs_rules(
    found: list[tuple[int, int, str, int | None]],
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: Path,
) -> None:
    items: list[Recommendation] = [
        recommended(artist, album=album, title=title, year=year) for artist, album, title, year in found
    ]
    folder = tmp_path_factory.mktemp("feed")
    shutil.copytree(sqlite_template, folder, dirs_exist_ok=True)
    async with installed(folder) as house:
        await ran(house, items, auto_approve=True)
        sent = (await albums_feed(house.db, "default", clock=house.clock)).items
        artists = await album_artists(house.db, "default")
    assert len(sent) == len(items)
    mbids = {artist.id: artist.mbid for artist in artists}
    assert len(mbids) == len(artists)
    assert {album.artist_id for album in sent} <= set(mbids)
    assert len({(mbids[album.artist_id], album.title.casefold()) for album in sent}) == len(sent)
    assert all(parse_mbid(album.mbid) == album.mbid and album.title for album in sent)
