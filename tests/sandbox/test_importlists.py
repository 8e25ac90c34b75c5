"""How Lidarr fetches a list and which rows survive (contract A)."""

import json

import pytest

from brainarr.sandbox.importlists import fetch
from brainarr.sandbox.importlists import test as press_test
from tests.sandbox.conftest import Feed, make_list

pytestmark = pytest.mark.loopback

ARTIST = {
    "id": 1,
    "artistName": "Plaid",
    "foreignArtistId": "a" * 8,
    "monitored": True,
    "qualityProfileId": 1,
}
ALBUM = {"artistId": 1, "title": "Double Figure", "foreignAlbumId": "b" * 8, "monitored": True}


def say_albums(feed: Feed, albums: object, artists: object) -> None:
    feed.say("/api/v1/album", json.dumps(albums))
    feed.say("/api/v1/artist", json.dumps(artists))


@pytest.fixture
def custom(holdings, feed):
    return make_list(holdings, f"{feed.url}/lists/x/artists?apikey=K", "CustomImport")


@pytest.fixture
def albums(holdings, feed):
    return make_list(holdings, f"{feed.url}/lists/x/")


async def test_a_custom_list_is_asked_for_exactly_as_typed(custom, feed) -> None:
    feed.say("/artists", '[{"musicbrainzid": "m1"}, {"MusicBrainzId": "m2", "Name": "ignored"}]')
    fetched = await fetch(custom)
    assert [item.artist_mbid for item in fetched.items] == ["m1", "m2"]
    assert fetched.failure is None
    [request] = feed.requests
    assert (request.path, request.query_string) == ("/lists/x/artists", b"apikey=K")
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("Lidarr/")
    assert request.headers["connection"] == "close"


async def test_an_album_list_is_two_calls_in_order_with_the_key_in_a_header(albums, feed) -> None:
    say_albums(feed, [ALBUM], [ARTIST])
    [item] = (await fetch(albums)).items
    assert (item.artist, item.album, item.album_mbid) == ("Plaid", "Double Figure", "b" * 8)
    assert [r.path for r in feed.requests] == ["/lists/x/api/v1/album", "/lists/x/api/v1/artist"]
    assert {r.headers["x-api-key"] for r in feed.requests} == {"feed-key"}


async def test_the_query_of_an_album_list_address_is_kept(holdings, feed) -> None:
    say_albums(feed, [], [])
    await fetch(make_list(holdings, f"{feed.url}/l/abc?x=1"))
    assert feed.requests[0].url == f"{feed.url}/l/abc/api/v1/album?x=1"


async def test_null_and_missing_ids_of_a_custom_list_are_rows_without_an_artist(custom, feed) -> None:
    feed.say("/artists", '[{"MusicBrainzId": null}, {"MusicBrainzId": 5}]')
    assert [item.artist_mbid for item in (await fetch(custom)).items] == [None, "5"]


async def test_a_null_row_fails_the_list_but_earlier_rows_count(custom, feed) -> None:
    feed.say("/artists", '[{"MusicBrainzId": "m1"}, null, {"MusicBrainzId": "m3"}]')
    fetched = await fetch(custom)
    assert [item.artist_mbid for item in fetched.items] == ["m1"]
    assert fetched.failure == "Object reference not set to an instance of an object."


@pytest.mark.parametrize("body", ["", "null", "{}", "<html></html>", '["m1"]', '[{"MusicBrainzId": {}}]'])
async def test_an_unusable_body_fails_a_custom_list(custom, feed, body) -> None:
    feed.say("/artists", body)
    fetched = await fetch(custom)
    assert fetched.items == () and fetched.failure


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_an_error_status_fails_a_custom_list(custom, feed, status) -> None:
    feed.say("/artists", "[]", status)
    assert str(status) in ((await fetch(custom)).failure or "")


async def test_redirects_are_not_followed(custom, albums, feed) -> None:
    feed.say("/artists", "", 302, Location=f"{feed.url}/elsewhere")
    feed.say("/api/v1/album", "", 307, Location=f"{feed.url}/elsewhere")
    assert (await fetch(custom)).failure
    assert (await fetch(albums)).failure
    assert not any("elsewhere" in request.path for request in feed.requests)


async def test_an_empty_list_is_a_success(custom, albums, feed) -> None:
    feed.say("/artists", "[]")
    say_albums(feed, [], [])
    for definition in (custom, albums):
        fetched = await fetch(definition)
        assert fetched.items == () and fetched.failure is None


@pytest.mark.parametrize(
    ("album", "artist"),
    [
        ({"artistId": None}, {}),
        ({"monitored": None}, {}),
        ({}, {"qualityProfileId": None}),
        ({}, {"id": "one"}),
        ({}, {"tags": [None]}),
        ({"images": [{"coverType": "hologram"}]}, {}),
    ],
)
async def test_one_bad_value_loses_the_whole_album_list(albums, feed, album, artist) -> None:
    say_albums(feed, [ALBUM, ALBUM | {"title": "Spokes"} | album], [ARTIST | artist])
    fetched = await fetch(albums)
    assert fetched.items == () and fetched.failure


async def test_text_is_coerced_to_numbers_and_flags(albums, feed) -> None:
    say_albums(feed, [ALBUM | {"artistId": "1", "monitored": "true"}], [ARTIST | {"id": " 1 "}])
    assert len((await fetch(albums)).items) == 1


async def test_an_album_of_an_unlisted_artist_stops_the_list_but_earlier_rows_count(albums, feed) -> None:
    say_albums(feed, [ALBUM, ALBUM | {"artistId": 9}, ALBUM | {"title": "Spokes"}], [ARTIST])
    fetched = await fetch(albums)
    assert [item.album for item in fetched.items] == ["Double Figure"]
    assert "'9' was not present" in (fetched.failure or "")


async def test_two_artists_with_one_number_lose_the_list(albums, feed) -> None:
    say_albums(feed, [ALBUM], [ARTIST, ARTIST])
    fetched = await fetch(albums)
    assert fetched.items == () and fetched.failure


async def test_only_monitored_albums_of_monitored_artists_count(albums, feed) -> None:
    asleep = ARTIST | {"id": 2, "monitored": False}
    say_albums(feed, [ALBUM | {"monitored": False}, ALBUM | {"artistId": 2, "title": "x"}], [ARTIST, asleep])
    fetched = await fetch(albums)
    assert fetched.items == () and fetched.failure is None


async def test_of_two_albums_with_one_title_only_the_first_survives(albums, feed) -> None:
    say_albums(feed, [ALBUM, ALBUM | {"foreignAlbumId": "c" * 8}], [ARTIST])
    assert [item.album_mbid for item in (await fetch(albums)).items] == ["b" * 8]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"profileIds": [1]}, 1),
        ({"profileIds": [2]}, 0),
        ({"tagIds": [5, 6]}, 1),
        ({"tagIds": [7]}, 0),
        ({"rootFolderPaths": ["/RECS"]}, 1),
        ({"rootFolderPaths": ["/else"]}, 0),
    ],
)
async def test_the_lists_own_filters(holdings, feed, fields, kept) -> None:
    say_albums(feed, [ALBUM], [ARTIST | {"tags": [5], "rootFolderPath": "/recs/deep"}])
    assert len((await fetch(make_list(holdings, feed.url, fields=fields))).items) == kept


async def test_a_filter_on_tags_fails_on_artists_without_tags(holdings, feed) -> None:
    say_albums(feed, [ALBUM], [ARTIST])
    assert (await fetch(make_list(holdings, feed.url, fields={"tagIds": [1]}))).failure


async def test_nobody_there_is_a_failure(holdings) -> None:
    fetched = await fetch(make_list(holdings, "http://127.0.0.1:1/lists/x"))
    assert fetched.items == () and fetched.failure


async def test_the_test_button_asks_an_album_list_for_artists_only(albums, feed) -> None:
    say_albums(feed, [ALBUM], [ARTIST])
    assert await press_test(albums) is None
    assert [request.path for request in feed.requests] == ["/lists/x/api/v1/artist"]


@pytest.mark.parametrize(
    ("status", "field", "message"),
    [
        (401, "ApiKey", "API Key is invalid"),
        (302, "BaseUrl", "Lidarr URL is invalid, are you missing a URL base?"),
        (500, "", "Unable to connect to import list: HTTP request failed: [500]."),
    ],
)
async def test_what_the_test_button_says_of_an_album_list(albums, feed, status, field, message) -> None:
    feed.say("/api/v1/artist", "", status)
    failure = await press_test(albums)
    assert failure and failure.property_name == field and failure.message.startswith(message)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, "", "It seems we are unauthorized to make this request."),
        (503, "", "We are unable to make the request to that URL. StatusCode: 503"),
        (200, "{}", "Unable to send test message"),
    ],
)
async def test_what_the_test_button_says_of_a_custom_list(custom, feed, status, body, message) -> None:
    feed.say("/artists", body, status)
    failure = await press_test(custom)
    assert failure and failure.message == message


async def test_an_empty_body_passes_the_test_of_a_custom_list_though_its_fetch_fails(custom, feed) -> None:
    feed.say("/artists", "null")
    assert await press_test(custom) is None
    assert (await fetch(custom)).failure
