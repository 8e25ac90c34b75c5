"""What the sandbox Lidarr tells a webhook, when, and what it does when nobody listens (contract C.4)."""

import base64
from typing import Any

import pytest

from brainarr.sandbox.lidarr import downloads
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.held import HealthChanged
from brainarr.sandbox.lidarr.holdings import Holdings
from tests.sandbox.conftest import API_KEY, Feed, make_list, make_webhook
from tests.sandbox.test_listsync import list_albums

pytestmark = pytest.mark.loopback


def said(feed: Feed) -> list[dict[str, Any]]:
    return [request.json for request in feed.requests if request.path == "/hook" and request.json]


def events(feed: Feed) -> list[str]:
    return [body["eventType"] for body in said(feed)]


@pytest.fixture
def hook(feed: Feed) -> str:
    feed.say("/hook", "{}", 202)
    return f"{feed.url}/hook"


def body(url: str, **changes: object) -> dict[str, object]:
    fields = [
        {"name": "url", "value": url},
        {"name": "method", "value": 1},
        {"name": "headers", "value": [{"key": "X-Api-Key", "value": "secret"}]},
    ]
    whole = {"name": "Brainarr", "implementation": "Webhook", "configContract": "WebhookSettings"}
    return whole | {"fields": fields, "tags": [], "onArtistAdd": True} | changes


async def test_saving_an_enabled_webhook_sends_a_test_with_its_headers(lidarr, holdings, feed, hook) -> None:
    made = await lidarr.post("/api/v1/notification", json=body(hook))
    assert made.status_code == 201 and events(feed) == ["Test"]
    request = feed.requests[-1]
    assert (request.method, request.headers["X-Api-Key"]) == ("POST", "secret")
    assert "User-Agent" not in request.headers
    (known,) = (await lidarr.get("/api/v1/notification")).json()
    assert known["onArtistAdd"] and not known["onGrab"] and known["supportsOnGrab"]


async def test_a_webhook_that_is_refused_is_not_saved(lidarr, holdings, feed, hook) -> None:
    feed.say("/hook", "{}", 401)
    refused = await lidarr.post("/api/v1/notification", json=body(hook), params={"forceSave": "true"})
    (row,) = refused.json()
    assert (refused.status_code, row["propertyName"]) == (400, "Url")
    assert "[401:" in row["errorMessage"] and holdings.notifications == {}
    # Nothing is sent to one that is told of nothing; switched on by force it is not tested either.
    made = (await lidarr.post("/api/v1/notification", json=body(hook, onArtistAdd=False))).json()
    address = f"/api/v1/notification/{made['id']}"
    assert (await lidarr.put(address, json=body(hook))).status_code == 400
    forced = await lidarr.put(address, json=body(hook), params={"forceSave": "true"})
    assert forced.status_code == 202 and len(events(feed)) == 2
    assert (await lidarr.delete(address)).status_code == 200
    assert (await lidarr.get(address)).status_code == 404


async def test_a_password_is_sent_as_basic_and_shown_masked(lidarr, feed, hook) -> None:
    fields = [{"name": "url", "value": hook}, {"name": "method", "value": 2}]
    fields += [{"name": "username", "value": "lidarr"}, {"name": "password", "value": "secret"}]
    made = (await lidarr.post("/api/v1/notification", json=body(hook, fields=fields))).json()
    assert {row["name"]: row["value"] for row in made["fields"]}["password"] == "********"
    await lidarr.put(f"/api/v1/notification/{made['id']}", json=made)
    basic = base64.b64encode(b"lidarr:secret").decode()
    assert [(r.method, r.headers["Authorization"]) for r in feed.requests] == [("PUT", f"Basic {basic}")] * 2


async def test_an_artist_that_a_list_brings_is_told_with_the_tags_of_the_list(
    app, holdings, feed, hook
) -> None:
    make_webhook(holdings, hook)
    list_albums(feed, holdings, ("Plaid", "Double Figure"))
    make_list(holdings, feed.url, tags=(holdings.tag("brainarr"),))
    app.commands.push({"name": "ImportListSync"})
    await app.commands.idle()
    await app.webhooks.idle()
    (added,) = said(feed)
    assert (added["eventType"], added["instanceName"]) == ("ArtistAdd", "Lidarr")
    assert added["artist"]["mbId"] == holdings.world.named("Plaid").mbid
    assert added["artist"]["tags"] == ["brainarr"]


async def test_deletions_are_told_but_not_that_they_exclude(app, lidarr, holdings, feed, hook) -> None:
    make_webhook(holdings, hook)
    first, second = list(holdings.artists.values())[:2]
    album = holdings.albums_of(first.id)[0]
    flags = {"addImportListExclusion": "true", "deleteFiles": "true"}
    await lidarr.delete(f"/api/v1/album/{album.id}", params=flags)
    await lidarr.delete(f"/api/v1/artist/{second.id}", params=flags)
    await app.webhooks.idle()
    gone, left = said(feed)
    assert (gone["eventType"], gone["album"]["mbId"], gone["deletedFiles"]) == (
        "AlbumDelete",
        album.mbid,
        True,
    )
    assert (left["eventType"], left["artist"]["mbId"]) == ("ArtistDelete", second.mbid)
    assert not any("xclu" in key for key in (*gone, *left))
    assert holdings.excludes(album.mbid) and holdings.excludes(second.mbid)


async def test_a_download_is_told_from_grab_to_files_and_stands_in_history(
    app, lidarr, holdings, feed, hook, clock
) -> None:
    make_webhook(holdings, hook)
    album = next(album for album in holdings.albums.values() if not album.track_files)
    start = clock()
    number = downloads.grab(holdings, album)
    clock.advance(minutes=3)
    downloads.import_(holdings, album, number)
    await app.webhooks.idle()
    grabbed, imported = said(feed)
    assert grabbed["eventType"] == "Grab" and grabbed["albums"][0]["mbId"] == album.mbid
    assert imported["eventType"] == "Download" and imported["album"]["mbId"] == album.mbid
    assert grabbed["downloadId"] == imported["downloadId"] == number
    assert len(imported["trackFiles"]) == 10 and not imported["isUpgrade"]
    rows = (await lidarr.get("/api/v1/history/since", params={"date": start.isoformat()})).json()
    assert [row["eventType"] for row in rows] == ["grabbed", *["trackFileImported"] * 10, "downloadImported"]
    only = {"date": start.isoformat(), "eventType": "8", "includeAlbum": "true"}
    (row,) = (await lidarr.get("/api/v1/history/since", params=only)).json()
    assert row["album"]["foreignAlbumId"] == album.mbid and row["downloadId"] == number
    later = {"date": clock().isoformat(), "eventType": "grabbed"}
    assert (await lidarr.get("/api/v1/history/since", params=later)).json() == []


async def test_an_upgrade_is_told_only_to_whom_upgrades_are_told(app, holdings, feed, hook) -> None:
    make_webhook(holdings, hook, "onReleaseImport")
    album = next(album for album in holdings.albums.values() if album.track_files)
    downloads.import_(holdings, album, downloads.grab(holdings, album))
    await app.webhooks.idle()
    assert events(feed) == []
    make_webhook(holdings, hook, "onReleaseImport", "onUpgrade")
    downloads.import_(holdings, album, downloads.grab(holdings, album))
    await app.webhooks.idle()
    (upgraded,) = said(feed)
    assert upgraded["isUpgrade"] and len(upgraded["deletedFiles"]) == 10


async def test_a_failed_download_is_told_without_its_artist(app, lidarr, holdings, feed, hook) -> None:
    make_webhook(holdings, hook)
    album = next(iter(holdings.albums.values()))
    number = downloads.grab(holdings, album)
    downloads.fail(holdings, album, number, "Out of space")
    downloads.import_incomplete(holdings, album, number)
    await app.webhooks.idle()
    _, failed, incomplete = said(feed)
    assert failed["eventType"] == "DownloadFailure" and "artist" not in failed
    assert incomplete["eventType"] == "ImportFailure" and "album" not in incomplete
    query = {"artistId": album.artist_id, "eventType": "downloadFailed"}
    (row,) = (await lidarr.get("/api/v1/history/artist", params=query)).json()
    assert row["data"]["message"] == "Out of space"


async def test_the_history_of_an_artist_goes_with_it(lidarr, holdings) -> None:
    album = next(album for album in holdings.albums.values() if album.track_files)
    downloads.lose_files(holdings, album, "MissingFromDisk")
    page = {"pageSize": 3, "page": 2, "eventType": 5}
    shown = (await lidarr.get("/api/v1/history", params=page)).json()
    assert shown["totalRecords"] == 10 and len(shown["records"]) == 3
    assert shown["records"][0]["data"]["reason"] == "MissingFromDisk"
    await lidarr.delete(f"/api/v1/artist/{album.artist_id}")
    assert (await lidarr.get("/api/v1/history")).json()["totalRecords"] == 0


async def test_tags_limit_a_webhook_to_artists_that_carry_one(app, holdings, feed, hook) -> None:
    tagged, other = list(holdings.artists.values())[:2]
    make_webhook(holdings, hook, tags=(holdings.tag("brainarr"),))
    tagged.options.tags = (holdings.tag("brainarr"),)
    holdings.delete_artist(other, exclude=False)
    holdings.delete_artist(tagged, exclude=False)
    holdings.tell(HealthChanged("ImportListStatusCheck", "Lists unavailable", "warning"))
    await app.webhooks.idle()
    assert [body.get("artist", {}).get("mbId") for body in said(feed)] == [tagged.mbid, None]


async def test_after_five_minutes_of_failures_nothing_is_sent_for_a_while(
    app, lidarr, holdings, feed, hook, clock
) -> None:
    webhook = make_webhook(holdings, hook, "onHealthIssue")
    trouble = HealthChanged("UpdateCheck", "New update is available", "error")
    feed.say("/hook", "", 500)
    for _ in range(2):
        holdings.tell(trouble)
        await app.webhooks.idle()
    assert webhook.blocked_until is None and len(events(feed)) == 2
    clock.advance(minutes=6)
    holdings.tell(trouble)
    await app.webhooks.idle()
    assert webhook.blocked_until is not None and len(events(feed)) == 3
    (row,) = (await lidarr.get("/api/v1/health")).json()
    assert row["source"] == "NotificationStatusCheck"
    feed.say("/hook", "{}")
    holdings.tell(trouble)
    await app.webhooks.idle()
    assert len(events(feed)) == 3, "in back-off it is lost, not sent later"
    clock.now = webhook.blocked_until
    holdings.tell(trouble)
    await app.webhooks.idle()
    assert len(events(feed)) == 4 and webhook.blocked_until is None


async def test_two_instances_tell_their_own_names(world, clock, feed, hook) -> None:
    both = [Holdings(world, clock, name=name, root_folders=(f"/{name}",)) for name in ("home", "attic")]
    for holdings in both:
        app = create_lidarr(holdings, API_KEY)
        make_webhook(holdings, hook, "onHealthIssue")
        holdings.tell(HealthChanged("UpdateCheck", "New update is available", "error"))
        await app.webhooks.idle()
    assert [body["instanceName"] for body in said(feed)] == ["home", "attic"]


async def test_a_list_that_lidarr_leaves_alone_for_a_while_is_told_as_its_health_and_so_is_the_end(
    app, holdings, feed, hook, clock
) -> None:
    make_webhook(holdings, hook)
    make_list(holdings, feed.url)
    await app.commands.run_due()
    list_albums(feed, holdings, ("Plaid", "Double Figure"))
    clock.advance(minutes=16)
    await app.commands.run_due()
    await app.webhooks.idle()
    assert events(feed) == ["Health", "ArtistAdd", "HealthRestored"]
    assert said(feed)[0]["type"] == "ImportListStatusCheck" and said(feed)[0]["level"] == "warning"
