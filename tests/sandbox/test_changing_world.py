"""Merges and disappearances under a running Lidarr, what its refresh makes of them, and its own tasks."""

import json

import pytest

from brainarr.sandbox.lidarr import downloads
from brainarr.sandbox.lidarr.commands import LISTED
from brainarr.sandbox.lidarr.holdings import ONE_ROW_VERSION, AlreadyHeld, Holdings
from brainarr.sandbox.lidarr.metadata import MetadataTrouble
from brainarr.sandbox.listsync import sync
from brainarr.sandbox.starter import demo_library
from tests.sandbox.conftest import make_list
from tests.sandbox.test_listsync import list_albums, list_artists, monitored

pytestmark = pytest.mark.loopback


def refreshed(holdings: Holdings) -> None:
    for artist in list(holdings.artists.values()):
        if artist.id in holdings.artists:
            holdings.refresh(artist)


def test_a_merged_artist_answers_with_the_other_and_brings_its_albums(world) -> None:
    old, new = world.named("Plaid"), world.named("Autechre")
    albums = {album.mbid for album in world.discography(old.mbid)}
    world.merge(old.mbid, new.mbid)
    assert world.artist(old.mbid) == new
    assert albums <= {album.mbid for album in world.discography(new.mbid)}
    assert not any(old.mbid in dict(near) for near in world.neighbours.values())
    third = world.named("Slowdive")
    world.merge(new.mbid, third.mbid)
    assert world.artist(old.mbid) == third, "a chain of merges leads to its end"
    with pytest.raises(ValueError, match="cannot be merged"):
        world.merge(third.mbid, world.discography(third.mbid)[0].mbid)


def test_an_artist_that_vanishes_takes_its_albums_along(world) -> None:
    artist = world.named("Plaid")
    album = world.discography(artist.mbid)[0]
    world.vanish(artist.mbid)
    assert world.artist(artist.mbid) is None and world.album(album.mbid) is None
    assert world.discography(artist.mbid) == []


def test_lidarr_shows_the_old_identifier_until_it_refreshes(holdings, world) -> None:
    held = next(iter(holdings.artists.values()))
    old, new = held.mbid, world.named("Plaid").mbid
    world.merge(old, new)
    assert held.mbid == old and holdings.find_artist(old) is held
    holdings.refresh(held)
    assert held.mbid == new and holdings.find_artist(old) is None


def test_two_held_artists_become_one_and_keep_their_files(holdings, world) -> None:
    loser, winner = list(holdings.artists.values())[:2]
    files = sum(a.track_files for a in holdings.albums.values())
    world.merge(loser.mbid, winner.mbid)
    refreshed(holdings)
    assert loser.id not in holdings.artists
    assert sum(a.track_files for a in holdings.albums.values()) == files
    assert {album.artist_id for album in holdings.albums.values()} <= set(holdings.artists)


def test_a_merged_album_hands_its_files_on(holdings, world) -> None:
    album = next(a for a in holdings.albums.values() if a.track_files)
    twin = next(a for a in holdings.albums_of(album.artist_id) if a is not album)
    world.merge(album.mbid, twin.mbid)
    refreshed(holdings)
    assert album.id not in holdings.albums and twin.track_files == 10


def test_what_vanished_goes_unless_it_has_files(holdings, world) -> None:
    first, second = list(holdings.artists.values())[:2]
    for album in holdings.albums_of(first.id):
        album.track_files = 0
    world.vanish(first.mbid)
    world.vanish(second.mbid)
    refreshed(holdings)
    assert first.id not in holdings.artists and second.id in holdings.artists


def test_a_cold_identifier_is_warm_after_one_failed_question(holdings, world) -> None:
    album = world.discography(world.named("Plaid").mbid)[0]
    holdings.metadata.cold.add(album.mbid)
    with pytest.raises(MetadataTrouble, match=r"\[503\]"):
        holdings.metadata.album(album.mbid)
    assert holdings.metadata.album(album.mbid) == album


async def test_what_a_failed_sync_left_behind_is_finished_by_the_daily_refresh(
    app, holdings, feed, world, clock
) -> None:
    holdings.metadata.broken.add(next(a.mbid for a in world.albums.values() if a.title == "Souvlaki"))
    list_albums(feed, holdings, ("Plaid", "Spokes"), ("Slowdive", "Souvlaki"))
    make_list(holdings, feed.url)
    (failed,) = await app.commands.run_due()
    assert failed.status == "failed" and failed.trigger == "scheduled"
    assert monitored(holdings, "Plaid") == {"Spokes": True}
    clock.advance(hours=24)
    assert {command.name for command in await app.commands.run_due()} == {"ImportListSync", "RefreshArtist"}
    assert len(monitored(holdings, "Plaid")) == 4


async def test_lidarr_syncs_by_itself_every_five_minutes_and_forgets_old_commands(app, lidarr, clock) -> None:
    assert [c.name for c in await app.commands.run_due()] == ["ImportListSync"]
    assert await app.commands.run_due() == []
    (row,) = (await lidarr.get("/api/v1/command")).json()
    assert (row["name"], row["trigger"], row["status"]) == ("ImportListSync", "scheduled", "completed")
    assert row["started"] and row["ended"] and row["duration"].startswith("00:00:0")
    clock.advance(seconds=LISTED.total_seconds() + 1)
    assert (await lidarr.get("/api/v1/command")).json() == []
    assert (await lidarr.get(f"/api/v1/command/{row['id']}")).json()["status"] == "completed"


async def test_an_artist_is_refreshed_by_command(lidarr, app, holdings, world) -> None:
    held = next(iter(holdings.artists.values()))
    world.merge(held.mbid, world.named("Plaid").mbid)
    await lidarr.post("/api/v1/command", json={"name": "RefreshArtist", "artistId": held.id})
    unknown = await lidarr.post("/api/v1/command", json={"name": "RefreshArtist", "artistId": 10**6})
    await app.commands.idle()
    assert held.mbid == world.named("Plaid").mbid
    told = (await lidarr.get(f"/api/v1/command/{unknown.json()['id']}")).json()
    assert (told["status"], told["message"]) == ("failed", "Artist with ID 1000000 does not exist")


async def test_an_old_lidarr_keeps_one_row_of_a_custom_list_and_all_of_a_lidarr_list(
    world, clock, feed
) -> None:
    old = Holdings(world, clock, version=ONE_ROW_VERSION)
    old.populate(demo_library(world)[:1])
    list_artists(feed, world.named("Plaid").mbid, world.named("Slowdive").mbid)
    artists = make_list(old, f"{feed.url}/artists", "CustomImport")
    assert (await sync(old, artists.id)).items == 1
    list_albums(feed, old, ("Slowdive", "Souvlaki"), ("Oasis", "Be Here Now"))
    assert (await sync(old, make_list(old, feed.url).id)).items == 2
    assert feed.requests[0].headers["User-Agent"].startswith(f"Lidarr/{ONE_ROW_VERSION} ")


async def test_the_editor_unmonitors_and_tags_many_artists_at_once(lidarr, holdings) -> None:
    first, second = list(holdings.artists.values())[:2]
    tag, other = holdings.tag("brainarr"), holdings.tag("loved")
    first.options.tags = (other,)
    body = {"artistIds": [first.id, second.id], "monitored": False, "tags": [tag], "applyTags": "add"}
    assert (await lidarr.put("/api/v1/artist/editor", json=body)).status_code == 202
    assert (first.monitored, first.options.tags, second.options.tags) == (False, (other, tag), (tag,))
    whole = (await lidarr.get(f"/api/v1/artist/{first.id}")).json() | {"monitored": True, "tags": [other]}
    assert (await lidarr.put(f"/api/v1/artist/{first.id}", json=whole)).status_code == 202
    assert (first.monitored, first.options.tags) == (True, (other,))
    assert (await lidarr.delete(f"/api/v1/tag/{tag}")).status_code == 409
    (detail, _) = sorted((await lidarr.get("/api/v1/tag/detail")).json(), key=lambda row: row["id"])
    assert detail["artistIds"] == [second.id]
    gone = {"artistIds": [second.id], "addImportListExclusion": True}
    await lidarr.request("DELETE", "/api/v1/artist/editor", json=gone)
    assert second.id not in holdings.artists and holdings.excludes(second.mbid)
    assert (await lidarr.delete(f"/api/v1/tag/{tag}")).status_code == 200


async def test_an_unwanted_twin_of_a_held_album_fails_the_sync(holdings, feed, world) -> None:
    held = next(iter(holdings.albums.values()))
    twin = next(a for a in world.albums.values() if holdings.find_album(a.mbid) is None)
    world.merge(twin.mbid, held.mbid)
    artist = {"id": 1, "artistName": "X", "foreignArtistId": held.known.artist, "monitored": True}
    row = {"artistId": 1, "title": "X", "foreignAlbumId": twin.mbid, "monitored": True}
    feed.say("/api/v1/album", json.dumps([row]))
    feed.say("/api/v1/artist", json.dumps([artist]))
    make_list(holdings, feed.url)
    failure = (await sync(holdings)).failure
    assert failure and failure.startswith(str(AlreadyHeld("UNIQUE constraint failed: Albums")))


def test_files_are_lost_with_a_word_on_why(holdings) -> None:
    album = next(a for a in holdings.albums.values() if a.track_files)
    downloads.lose_files(holdings, album)
    assert album.track_files == 0
    assert {dict(row.data)["reason"] for row in holdings.history} == {"Manual"}
