"""Following Lidarr: every change there is told to the recommendations it is about within one round."""

from datetime import timedelta

import msgspec
import pytest

from brainarr.domain.lidarr_events import LidarrEvent, Told, key_of
from brainarr.domain.life import Event
from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import Status
from brainarr.errors import BrainarrError, ProviderUnavailable
from brainarr.service.feeds import artists_feed
from brainarr.service.following import (
    FARTHEST_BACK,
    OVERLAP,
    REST,
    REST_AFTER_NEWS,
    follow_lidarr,
    follow_lidarrs,
)
from brainarr.service.history import read_life
from brainarr.service.lidarr_events import MOST_WAITING, latest_events, read_watch, take_in
from brainarr.service.recommendations import Decision, decide, list_recommendations
from brainarr.service.tasks import pause_tasks
from brainarr.store import jobs
from brainarr.store.lidarr_events import Way
from tests.service.given import ToldLidarr, ran
from tests.store.given import House, mbid, owned, recommended

AWAY = ProviderUnavailable("lidarr", "it is down.")


def told(what: Told, artist: int, album: int | None = None, *, note: str = "", **more: object) -> LidarrEvent:
    key = key_of(what, artist, album, note)
    found = LidarrEvent(what, key, artist=mbid(artist), album=mbid(album) if album else None, note=note)
    return msgspec.structs.replace(found, **more)


async def approved(house: House, lidarr: ToldLidarr) -> None:
    """Artist 1, and album 22 of artist 2, both delivered or on their way; nobody has them yet."""
    await ran(house, [recommended(1), recommended(2, album=22)], auto_approve=True, library=lidarr)
    await artists_feed(house.db, "default", clock=house.clock)


async def imported(house: House, lidarr: ToldLidarr) -> None:
    await approved(house, lidarr)
    lidarr.artists += [owned(1), owned(2)]
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=True),)
    await follow(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED]


async def follow(house: House, lidarr: ToldLidarr) -> None:
    house.clock.advance(minutes=2)
    await follow_lidarr(house.db, lidarr, house.clock)


async def statuses(house: House) -> list[Status]:
    return [row.status for row in (await list_recommendations(house.db)).items]


async def life(house: House, number: int) -> list[Event]:
    return [each.event.event for each in (await read_life(house.db, number)).events]


async def notes(house: House, number: int, event: Event) -> list[str]:
    told = (await read_life(house.db, number)).events
    return [each.event.note for each in told if each.event.event is event]


@pytest.fixture
def lidarr() -> ToldLidarr:
    return ToldLidarr([owned(900)])


async def test_what_arrives_is_imported_in_the_next_round(house: House, lidarr: ToldLidarr) -> None:
    await imported(house, lidarr)
    assert (await life(house, 1))[-1] is Event.IMPORTED


async def test_an_artist_that_is_deleted_is_removed_in_the_next_round(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    lidarr.artists = [owned(900), owned(2)]
    await follow(house, lidarr)
    assert await statuses(house) == [Status.REMOVED, Status.IMPORTED]


async def test_an_album_that_is_unmonitored_or_deleted_is_removed_in_the_next_round(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    # As Lidarr does: the figures of the artist show it, and its albums are read again.
    lidarr.artists[-1] = owned(2, fingerprint=77)
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=False),)
    await follow(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.REMOVED]
    assert (await life(house, 2))[-2:] == [Event.UNMONITORED, Event.REMOVED]
    lidarr.artists[-1] = owned(2, fingerprint=78)
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=True),)
    await follow(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED]
    lidarr.artists[-1] = owned(2, fingerprint=79)
    lidarr.albums[2] = ()
    await follow(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.REMOVED]


async def test_what_has_files_is_only_told_to_be_unmonitored(house: House, lidarr: ToldLidarr) -> None:
    await imported(house, lidarr)
    lidarr.artists[1] = owned(1, monitored=False, track_files=10)
    await follow(house, lidarr)
    await follow(house, lidarr)
    assert (await statuses(house))[0] is Status.IMPORTED
    assert (await life(house, 1)).count(Event.UNMONITORED) == 1


async def test_an_album_with_all_its_files_is_seen_to_be_unmonitored_though_no_figure_shows_it(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    lidarr.artists[-1] = owned(2, fingerprint=77)
    album = OwnedAlbum(5, "Record", mbid(22), monitored=True, track_files=10)
    lidarr.albums[2] = (album,)
    await follow(house, lidarr)
    lidarr.albums[2] = (msgspec.structs.replace(album, monitored=False),)
    await follow(house, lidarr)
    assert (await life(house, 2))[-1] is Event.UNMONITORED
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED]
    lidarr.album_calls.clear()
    await follow(house, lidarr)
    assert lidarr.album_calls == []


async def test_what_lidarr_excludes_is_neither_delivered_nor_left_waiting(
    house: House, lidarr: ToldLidarr
) -> None:
    await ran(house, [recommended(1), recommended(3)], library=lidarr)
    await decide(house.db, 1, Decision.APPROVE, clock=house.clock)
    lidarr.exclusions = frozenset({mbid(1), mbid(3)})
    await follow(house, lidarr)
    assert await statuses(house) == [Status.REMOVED, Status.REMOVED]
    assert (await life(house, 1))[-1] is Event.EXCLUDED
    assert (await artists_feed(house.db, "default", clock=house.clock)).items == ()


async def test_a_feed_leaves_out_what_was_excluded_when_the_library_was_read_last(
    house: House, lidarr: ToldLidarr
) -> None:
    lidarr.exclusions = frozenset({mbid(1), mbid(22)})
    await ran(house, [recommended(1), recommended(3)], auto_approve=True, library=lidarr)
    feed = await artists_feed(house.db, "default", clock=house.clock)
    assert feed.items == (mbid(3),)


async def test_a_grab_a_download_and_a_failure_are_told_once_whichever_way_they_come(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    now = house.clock()
    grab = told(Told.GRABBED, 2, 22, note="Record-FLAC-GRP", at=now)
    await take_in(house.db, "default", [grab], Way.WEBHOOK, clock=house.clock)
    lidarr.told = [
        grab,
        told(Told.DOWNLOAD_FAILED, 2, 22, note="Record-FLAC-GRP: aborted", at=now + timedelta(seconds=5)),
        told(Told.GRABBED, 2, 22, note="Record-MP3", at=now + timedelta(seconds=9)),
        told(Told.DOWNLOADED, 2, 22, at=now + timedelta(seconds=50)),
        told(Told.DOWNLOADED, 2, 22, note="b", at=now + timedelta(seconds=51)),
        told(Told.GRABBED, 2, 23, note="another album", at=now),
        told(Told.GRABBED, 7, 71, note="of nobody's", at=now),
    ]
    await follow(house, lidarr)
    await follow(house, lidarr)
    assert (await life(house, 2))[-4:] == [
        Event.GRABBED,
        Event.DOWNLOAD_FAILED,
        Event.GRABBED,
        Event.DOWNLOADED,
    ]
    assert await notes(house, 2, Event.GRABBED) == ["Record-FLAC-GRP", "Record-MP3"]
    heard = await latest_events(house.db)
    assert {one.done_at is not None for one in heard} == {True}
    assert {one.event.note: one.concerned for one in heard if one.event.told is Told.GRABBED} == {
        "Record-FLAC-GRP": 1,
        "Record-MP3": 1,
        "another album": 0,
        "of nobody's": 0,
    }


async def test_of_an_artist_the_first_album_is_told_not_the_twentieth(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    albums = [told(Told.DOWNLOADED, 1, 100 + number, album_title=f"Album {number}") for number in range(20)]
    await take_in(house.db, "default", albums, Way.WEBHOOK, clock=house.clock)
    await follow(house, lidarr)
    assert await notes(house, 1, Event.DOWNLOADED) == ["Album 0"]


async def test_what_was_added_and_imported_by_hand_is_told_so(house: House, lidarr: ToldLidarr) -> None:
    await ran(house, [recommended(1), recommended(2, album=22), recommended(3)], library=lidarr)
    lidarr.labels = {4: "Other", 5: "brainarr"}
    lidarr.artists += [owned(1), owned(2, tags=(4, 5))]
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=True),)
    lidarr.told = [told(Told.DOWNLOADED, 2, 22, by_hand=True, at=house.clock(), album_title="Record")]
    await follow(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED, Status.PENDING]
    assert await notes(house, 1, Event.IMPORTED) == ["added by hand, or by another list"]
    assert await notes(house, 2, Event.IMPORTED) == ["with Brainarr's tag “brainarr”"]
    assert await notes(house, 2, Event.DOWNLOADED) == ["Record: imported by hand"]


async def test_a_list_for_another_lidarr_is_not_moved_by_this_one(house: House, lidarr: ToldLidarr) -> None:
    await approved(house, lidarr)
    other = ToldLidarr([owned(900), owned(1)])
    await take_in(house.db, "attic", [told(Told.GRABBED, 1, 11)], Way.WEBHOOK, clock=house.clock)
    await follow_lidarr(house.db, other, house.clock, instance="attic")
    assert (await statuses(house))[0] is Status.DELIVERED
    assert Event.GRABBED not in await life(house, 1)


async def test_a_webhook_is_stored_once_and_asks_for_a_job(house: House) -> None:
    event = told(Told.ARTIST_DELETED, 1)
    assert await take_in(house.db, "default", [event], Way.WEBHOOK, clock=house.clock) == 1
    assert await take_in(house.db, "default", [event], Way.WEBHOOK, clock=house.clock) == 0
    async with house.db.reading() as connection:
        job = await jobs.newest_job(connection, jobs.FOLLOW)
    assert job is not None and job.trigger == "webhook"
    watch = await read_watch(house.db)
    assert (watch.heard_at, watch.look_wanted_at, watch.tested_at) == (house.clock(), house.clock(), None)
    await take_in(house.db, "default", [told(Told.TEST, 1)], Way.WEBHOOK, clock=house.clock)
    assert (await read_watch(house.db)).tested_at == house.clock()


async def test_in_a_pause_a_webhook_is_stored_and_nothing_starts(house: House) -> None:
    await pause_tasks(house.db, clock=house.clock)
    assert await take_in(house.db, "default", [told(Told.GRABBED, 1, 2)], Way.WEBHOOK, clock=house.clock)
    async with house.db.reading() as connection:
        assert await jobs.newest_job(connection, jobs.FOLLOW) is None


async def test_a_flood_is_bounded_and_what_is_not_stored_is_looked_for(house: House) -> None:
    flood = [told(Told.GRABBED, 1, 2, note=str(number)) for number in range(MOST_WAITING)]
    await take_in(house.db, "default", flood, Way.WEBHOOK, clock=house.clock)
    late = [told(Told.ARTIST_DELETED, 1)]
    assert await take_in(house.db, "default", late, Way.WEBHOOK, clock=house.clock) == 0
    assert (await read_watch(house.db)).look_wanted_at == house.clock()


async def test_a_large_library_is_looked_at_less_often_but_soon_after_news(
    house: House, lidarr: ToldLidarr
) -> None:
    async def slow() -> frozenset[str]:
        house.clock.advance(seconds=60)
        return lidarr.exclusions

    lidarr.read_exclusions = slow  # type: ignore[method-assign, assignment]
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.looks == 1
    house.clock.advance(seconds=60 * REST_AFTER_NEWS)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.looks == 1
    await take_in(house.db, "default", [told(Told.ALBUM_DELETED, 1, 2)], Way.WEBHOOK, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.looks == 2
    assert (await read_watch(house.db)).look_wanted_at is None
    house.clock.advance(seconds=60 * REST)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.looks == 3


async def test_a_lidarr_that_is_away_keeps_its_news_and_nobody_else_waits(
    house: House, lidarr: ToldLidarr
) -> None:
    await imported(house, lidarr)
    event = told(Told.GRABBED, 2, 22, note="r")
    await take_in(house.db, "default", [event, told(Told.ARTIST_DELETED, 1)], Way.WEBHOOK, clock=house.clock)
    lidarr.artists, lidarr.failure = [owned(900), owned(2)], AWAY
    attic = ToldLidarr([owned(901)])
    with pytest.raises(ProviderUnavailable):
        await follow_lidarrs(house.db, {"default": lidarr, "attic": attic}, house.clock)
    assert attic.looks == 1
    # What was told is noted all the same; the look is still wanted.
    assert (await life(house, 2))[-1] is Event.GRABBED
    assert (await read_watch(house.db)).look_wanted_at is not None
    assert (await statuses(house))[0] is Status.IMPORTED
    lidarr.failure = None
    await follow_lidarrs(house.db, {"default": lidarr}, house.clock)
    assert (await statuses(house))[0] is Status.REMOVED


async def test_of_several_lidarrs_that_are_away_each_is_told(house: House, lidarr: ToldLidarr) -> None:
    attic = ToldLidarr()
    lidarr.failure, attic.failure = AWAY, ProviderUnavailable("lidarr attic", "it sleeps.")
    with pytest.raises(BrainarrError, match=r"lidarr: it is down\. lidarr attic: it sleeps\."):
        await follow_lidarrs(house.db, {"default": lidarr, "attic": attic}, house.clock)


async def test_history_is_read_on_from_where_it_ended_and_never_from_the_beginning_of_time(
    house: House, lidarr: ToldLidarr
) -> None:
    start = house.clock()
    await follow_lidarr(house.db, lidarr, house.clock)
    later = start + timedelta(hours=3)
    lidarr.told = [told(Told.GRABBED, 1, 2, at=later)]
    house.clock.advance(hours=4)
    await follow_lidarr(house.db, lidarr, house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    house.clock.advance(days=90)
    await follow_lidarr(house.db, lidarr, house.clock)
    now = house.clock()
    assert lidarr.asked == [start - OVERLAP, start - OVERLAP, later - OVERLAP, now - FARTHEST_BACK]
    # What was done long ago is forgotten.
    assert await latest_events(house.db) == ()
