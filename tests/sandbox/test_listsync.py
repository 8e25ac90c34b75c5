"""What a sync does to the library, and what a failure costs (contract B)."""

import json
from datetime import timedelta

import pytest

from brainarr.sandbox.lidarr.backoff import BACK_OFF, record_failure, record_success
from brainarr.sandbox.lidarr.holdings import NOTHING, Holdings
from brainarr.sandbox.listsync import is_due, sync
from tests.sandbox.conftest import Feed, make_list

pytestmark = pytest.mark.loopback


def list_albums(feed: Feed, holdings: Holdings, *wanted: tuple[str, str]) -> None:
    """The feed answers with these (artist, album title) pairs of the world."""
    albums, artists = [], {}
    for name, title in wanted:
        artist = holdings.world.named(name)
        album = next(a for a in holdings.world.discography(artist.mbid) if a.title == title)
        number = artists.setdefault(
            name,
            {"id": len(artists) + 1, "artistName": name, "foreignArtistId": artist.mbid, "monitored": True},
        )["id"]
        albums.append({"artistId": number, "title": title, "foreignAlbumId": album.mbid, "monitored": True})
    feed.say("/api/v1/album", json.dumps(albums))
    feed.say("/api/v1/artist", json.dumps(list(artists.values())))


def list_artists(feed: Feed, *mbids: str) -> None:
    feed.say("/artists", json.dumps([{"MusicBrainzId": mbid} for mbid in mbids]))


def monitored(holdings: Holdings, name: str) -> dict[str, bool]:
    artist = holdings.find_artist(holdings.world.named(name).mbid)
    assert artist is not None
    return {holdings.world.albums[a.mbid].title: a.monitored for a in holdings.albums_of(artist.id)}


def holds(holdings: Holdings, name: str) -> bool:
    return holdings.find_artist(holdings.world.named(name).mbid) is not None


async def test_specific_album_with_the_none_profile_brings_just_that_album(holdings, feed) -> None:
    list_albums(feed, holdings, ("Plaid", "Double Figure"))
    make_list(holdings, feed.url, metadata_profile_id=NOTHING, monitor_new_items="none")
    done = await sync(holdings)
    assert done.message == "Import List Sync Completed. Items found: 1, Artists added: 0, Albums added: 1"
    assert monitored(holdings, "Plaid") == {"Double Figure": True}


async def test_specific_album_with_a_wide_profile_monitors_only_the_listed_albums(holdings, feed) -> None:
    list_albums(feed, holdings, ("Plaid", "Double Figure"), ("Plaid", "Spokes"))
    make_list(holdings, feed.url)
    await sync(holdings)
    albums = monitored(holdings, "Plaid")
    assert len(albums) == 4
    assert {title for title, wanted in albums.items() if wanted} == {"Double Figure", "Spokes"}


async def test_entire_artist_monitors_the_whole_discography(holdings, feed) -> None:
    list_albums(feed, holdings, ("Plaid", "Double Figure"))
    make_list(holdings, feed.url, should_monitor="entireArtist")
    await sync(holdings)
    assert all(monitored(holdings, "Plaid").values())


async def test_none_leaves_artist_and_albums_unmonitored(holdings, feed) -> None:
    list_albums(feed, holdings, ("Plaid", "Double Figure"))
    make_list(holdings, feed.url, should_monitor="none")
    await sync(holdings)
    artist = holdings.find_artist(holdings.world.named("Plaid").mbid)
    assert artist and not artist.monitored
    assert not any(monitored(holdings, "Plaid").values())


async def test_an_artist_item_monitors_all_albums_even_under_specific_album(holdings, feed, world) -> None:
    list_artists(feed, world.named("Plaid").mbid)
    make_list(holdings, f"{feed.url}/artists", "CustomImport", should_monitor="specificAlbum")
    done = await sync(holdings)
    assert (done.artists, done.albums) == (1, 0)
    assert all(monitored(holdings, "Plaid").values())


@pytest.mark.parametrize(("existing", "expected"), [(False, False), (True, True)])
async def test_owned_albums_are_monitored_only_when_the_list_says_so(
    holdings, feed, existing, expected
) -> None:
    for album in holdings.albums.values():
        album.monitored = False
    list_albums(feed, holdings, ("Aphex Twin", "Drukqs"))
    make_list(holdings, feed.url, should_monitor_existing=existing)
    done = await sync(holdings)
    assert done.albums == 0
    assert {title for title, on in monitored(holdings, "Aphex Twin").items() if on} == (
        {"Drukqs"} if expected else set()
    )


async def test_a_new_album_of_an_owned_artist_leaves_its_other_albums_alone(holdings, feed) -> None:
    before = monitored(holdings, "Boards of Canada")
    list_albums(feed, holdings, ("Boards of Canada", "In a Beautiful Place Out in the Country"))
    make_list(holdings, feed.url)
    await sync(holdings)
    assert monitored(holdings, "Boards of Canada") == before | {
        "In a Beautiful Place Out in the Country": True
    }


@pytest.mark.parametrize("kind", ["artist", "album"])
async def test_exclusions_keep_items_out(holdings, feed, world, kind) -> None:
    artist = world.named("Plaid")
    album = next(a for a in world.discography(artist.mbid) if a.title == "Spokes")
    holdings.exclude(artist.mbid if kind == "artist" else album.mbid, "Plaid")
    list_albums(feed, holdings, ("Plaid", "Spokes"))
    make_list(holdings, feed.url)
    done = await sync(holdings)
    assert (done.items, done.albums) == (1, 0)
    assert not holds(holdings, "Plaid")


async def test_exclusions_compare_exact_text(holdings, feed, world) -> None:
    mbid = world.named("Plaid").mbid
    holdings.exclude(mbid, "Plaid")
    list_artists(feed, mbid.upper())
    make_list(holdings, f"{feed.url}/artists", "CustomImport")
    assert (await sync(holdings)).artists == 1


async def test_an_artist_unknown_to_the_metadata_server_is_skipped(holdings, feed, world) -> None:
    list_artists(feed, "00000000-0000-4000-8000-000000000000", world.named("Plaid").mbid)
    make_list(holdings, f"{feed.url}/artists", "CustomImport")
    done = await sync(holdings)
    assert (done.items, done.artists, done.failure) == (2, 1, None)


async def test_one_malformed_id_loses_the_whole_batch_of_artists(holdings, feed, world) -> None:
    list_artists(feed, world.named("Plaid").mbid, "not-an-mbid")
    make_list(holdings, f"{feed.url}/artists", "CustomImport")
    done = await sync(holdings)
    assert "[400]" in done.message
    assert not holds(holdings, "Plaid")


async def test_metadata_trouble_fails_the_command_but_albums_before_it_stay(holdings, feed, world) -> None:
    list_albums(feed, holdings, ("Plaid", "Spokes"), ("Slowdive", "Souvlaki"), ("Oasis", "Be Here Now"))
    holdings.metadata.broken.add(next(a.mbid for a in world.albums.values() if a.title == "Souvlaki"))
    make_list(holdings, feed.url)
    done = await sync(holdings)
    assert done.failure and "[500]" in done.message
    # No refresh was queued either: the rest of the discography is missing.
    assert monitored(holdings, "Plaid") == {"Spokes": True}
    assert not holds(holdings, "Slowdive") and not holds(holdings, "Oasis")


async def test_a_metadata_outage_adds_nothing_of_any_list(holdings, feed, world) -> None:
    holdings.metadata.failing = 503
    list_artists(feed, world.named("Plaid").mbid)
    list_albums(feed, holdings, ("Slowdive", "Souvlaki"))
    make_list(holdings, f"{feed.url}/artists", "CustomImport")
    make_list(holdings, feed.url)
    before = len(holdings.artists)
    done = await sync(holdings)
    assert "[503]" in done.message and len(holdings.artists) == before


async def test_a_merged_album_that_is_already_there_fails_the_command(holdings, feed, world) -> None:
    old = "11111111-1111-4111-8111-111111111111"
    album = world.discography(world.named("Aphex Twin").mbid)[0]
    world.merged = {old: album.mbid}
    row = {"artistId": 1, "title": "x", "foreignAlbumId": old, "monitored": True}
    artist = {"id": 1, "artistName": "Aphex Twin", "foreignArtistId": album.artist, "monitored": True}
    feed.say("/api/v1/album", json.dumps([row]))
    feed.say("/api/v1/artist", json.dumps([artist]))
    make_list(holdings, feed.url)
    assert "UNIQUE constraint failed" in (await sync(holdings)).message


async def test_a_list_waits_for_its_interval_even_after_a_failure(holdings, feed, clock) -> None:
    feed.say("/api/v1/album", "<html>")
    definition = make_list(holdings, feed.url)
    assert (await sync(holdings)).fetch_failures
    assert definition.last_sync == clock()
    clock.advance(minutes=14)
    await sync(holdings)
    assert len(feed.requests) == 1
    clock.advance(minutes=1)
    await sync(holdings)
    assert len(feed.requests) == 2


async def test_a_custom_list_waits_six_hours(holdings, feed, clock) -> None:
    list_artists(feed)
    make_list(holdings, f"{feed.url}/artists", "CustomImport")
    await sync(holdings)
    clock.advance(hours=5, minutes=59)
    await sync(holdings)
    assert len(feed.requests) == 1
    clock.advance(minutes=1)
    await sync(holdings)
    assert len(feed.requests) == 2


async def test_naming_a_list_ignores_gate_and_back_off(holdings, feed, clock) -> None:
    list_albums(feed, holdings)
    definition = make_list(holdings, feed.url)
    await sync(holdings)
    definition.blocked_until = clock() + timedelta(days=1)
    await sync(holdings, definition.id)
    assert len(feed.requests) == 4


async def test_a_disabled_list_is_never_fetched(holdings, feed) -> None:
    definition = make_list(holdings, feed.url, enable_automatic_add=False)
    await sync(holdings)
    await sync(holdings, definition.id)
    assert feed.requests == []


def test_the_back_off_grows_with_each_failure_and_one_success_takes_a_level_back(holdings, clock) -> None:
    definition = make_list(holdings, "http://127.0.0.1:1")
    pauses = []
    for _ in range(len(BACK_OFF)):
        record_failure(definition, clock(), holdings.started)
        assert definition.blocked_until is not None
        pauses.append(definition.blocked_until - clock())
    assert [p.total_seconds() / 60 for p in pauses] == [1, 5, 15, 30, 60, 180, 360, 720, 1440, 1440]
    assert not is_due(definition, clock())
    level = definition.level
    record_success(definition)
    assert definition.level == level - 1
    assert is_due(definition, clock())


def test_failures_soon_after_the_start_do_not_escalate(holdings, clock) -> None:
    holdings.started = clock()
    definition = make_list(holdings, "http://127.0.0.1:1")
    for _ in range(4):
        record_failure(definition, clock(), holdings.started)
    assert definition.level == 1


async def test_the_same_artist_of_two_lists_is_added_once(holdings, feed, world) -> None:
    list_artists(feed, world.named("Plaid").mbid)
    make_list(holdings, f"{feed.url}/a/artists", "CustomImport")
    make_list(holdings, f"{feed.url}/b/artists", "CustomImport")
    done = await sync(holdings)
    assert (done.items, done.artists) == (1, 1)
