"""What Brainarr adds to Lidarr: under the right folder, profiles and tags, and never more than was meant."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.pipeline.ports import ImportOptions, Taken
from brainarr.providers.lidarr import Lidarr
from tests.providers.lidarr.conftest import OpenLidarr, received
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback

ARTIST, ALBUM = mbid(1), mbid(2)
SMALL = {"id": 1, "path": "/small", "accessible": True, "freeSpace": 10, "defaultQualityProfileId": 4}
LARGE = {
    "id": 2,
    "name": "Music",
    "path": "/large",
    "defaultMetadataProfileId": 3,
    "defaultQualityProfileId": 5,
    "defaultMonitorOption": "all",
    "defaultNewItemMonitorOption": "all",
    "defaultTags": [8],
    "accessible": True,
    "freeSpace": 10**12,
    "totalSpace": 10**13,
}
GONE = LARGE | {"id": 3, "path": "/gone", "accessible": False, "freeSpace": 10**14}
METADATA = [{"id": 1, "name": "Standard"}, {"id": 2, "name": "None"}, {"id": 3, "name": "Wide"}]


def exists(code: str) -> list[dict[str, Any]]:
    return [
        {
            "propertyName": "ForeignArtistId",
            "errorMessage": "This artist has already been added.",
            "attemptedValue": ARTIST,
            "severity": "error",
            "errorCode": code,
        }
    ]


@pytest.fixture(autouse=True)
def house(httpserver: HTTPServer) -> None:
    """A Lidarr with three folders, two quality and three metadata profiles; every label is tag 7."""
    answers(httpserver, rootfolder=[SMALL, LARGE, GONE], metadataprofile=METADATA)
    answers(httpserver, qualityprofile=[{"id": 4, "name": "Any"}, {"id": 5, "name": "Lossless"}])
    httpserver.expect_request("/api/v1/tag", "POST").respond_with_json(
        {"id": 7, "label": "brainarr"}, status=201
    )


def answers(httpserver: HTTPServer, **resources: Any) -> None:
    for path, rows in resources.items():
        httpserver.expect_request(f"/api/v1/{path}", "GET").respond_with_json(rows)


def takes(httpserver: HTTPServer, path: str, status: int = 201, body: Any = None) -> None:
    httpserver.expect_request(f"/api/v1/{path}", "POST").respond_with_json(body or {"id": 1}, status=status)


async def test_an_artist_goes_into_the_roomiest_usable_folder_under_its_defaults(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    takes(httpserver, "artist")
    assert await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions(search=True)) is Taken.ADDED
    assert received(httpserver, "POST") == [
        ("/tag", {"label": "brainarr"}),
        (
            "/artist",
            {
                "artistName": "Slowdive",
                "foreignArtistId": ARTIST,
                "qualityProfileId": 5,
                "metadataProfileId": 3,
                "rootFolderPath": "/large",
                "monitored": True,
                "monitorNewItems": "all",
                "tags": [7, 8],
                "addOptions": {"monitor": "all", "albumsToMonitor": [], "searchForMissingAlbums": True},
            },
        ),
    ]


async def test_one_album_brings_no_other_album_along(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    takes(httpserver, "album")
    await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions())
    path, body = received(httpserver, "POST")[-1]
    assert (path, body["foreignAlbumId"], body["monitored"]) == ("/album", ALBUM, True)
    assert body["addOptions"] == {"searchForNewAlbum": False}
    assert body["artist"] == {
        "artistName": "Slowdive",
        "foreignArtistId": ARTIST,
        "qualityProfileId": 5,
        "metadataProfileId": 2,
        "rootFolderPath": "/large",
        "monitored": True,
        "monitorNewItems": "none",
        "tags": [7, 8],
        "addOptions": {"monitor": "all", "albumsToMonitor": [ALBUM], "searchForMissingAlbums": False},
    }


@pytest.mark.parametrize(
    ("monitor", "new"), [("future", "all"), ("latest", "none"), ("first", "none"), ("none", "none")]
)
async def test_who_wants_only_old_albums_gets_no_new_ones(
    lidarr: Lidarr, httpserver: HTTPServer, monitor: str, new: str
) -> None:
    takes(httpserver, "artist")
    await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions(monitor=monitor))
    body = received(httpserver, "POST")[-1][1]
    assert (body["addOptions"]["monitor"], body["monitorNewItems"]) == (monitor, new)


async def test_the_folder_the_user_names_is_used(open_lidarr: OpenLidarr, httpserver: HTTPServer) -> None:
    takes(httpserver, "artist")
    await open_lidarr(root_folder="/small/").add_artist(ARTIST, "Slowdive", ImportOptions())
    body = received(httpserver, "POST")[-1][1]
    # It has no default metadata profile: the first that takes anything.
    assert (body["rootFolderPath"], body["qualityProfileId"], body["metadataProfileId"]) == ("/small", 4, 1)


async def test_an_unknown_folder_is_named_together_with_those_there_are(open_lidarr: OpenLidarr) -> None:
    with pytest.raises(ProviderRejected, match=r"no root folder /nowhere \(it has: /small, /large, /gone\)"):
        await open_lidarr(root_folder="/nowhere").add_artist(ARTIST, "Slowdive", ImportOptions())


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, exists("ArtistExistsValidator")), (409, {"message": "UNIQUE constraint failed"})],
)
async def test_an_artist_that_lidarr_has_already_is_fine(
    lidarr: Lidarr, httpserver: HTTPServer, status: int, body: Any
) -> None:
    takes(httpserver, "artist", status, body)
    assert await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions()) is Taken.KNOWN
    assert received(httpserver, "POST")[-1][0] == "/artist"


async def test_an_album_that_lidarr_lists_already_is_monitored_and_searched_for_on_demand(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    takes(httpserver, "album", 400, exists("AlbumExistsValidator"))
    takes(httpserver, "command")
    httpserver.expect_request("/api/v1/album", query_string={"foreignAlbumId": ALBUM}).respond_with_json(
        [{"id": 42, "monitored": False}]
    )
    httpserver.expect_request("/api/v1/album/monitor", "PUT").respond_with_json([], status=202)
    assert await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions()) is Taken.MONITORED
    assert received(httpserver, "PUT") == [("/album/monitor", {"albumIds": [42], "monitored": True})]
    await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions(search=True))
    assert received(httpserver, "POST")[-1] == ("/command", {"name": "AlbumSearch", "albumIds": [42]})


async def test_an_album_that_lidarr_has_but_hides_is_an_error(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    takes(httpserver, "album", 400, exists("AlbumExistsValidator"))
    answers(httpserver, album=[])
    with pytest.raises(UnreadableAnswer, match="does not list it"):
        await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions())


async def test_a_validation_error_is_told_in_lidarrs_words_with_its_cure(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    rows = [
        {
            "propertyName": "Artist.RootFolderPath",
            "errorMessage": "Invalid Path: '/large'\n",
            "errorCode": "x",
        },
        {
            "propertyName": "QualityProfileId",
            "errorMessage": "Quality profile does not exist",
            "errorCode": "y",
        },
    ]
    takes(httpserver, "artist", 400, rows)
    with pytest.raises(ProviderRejected) as caught:
        await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions())
    assert caught.value.message == (
        "lidarr: it refuses (Artist.RootFolderPath: Invalid Path: '/large'; "
        "QualityProfileId: Quality profile does not exist)."
    )
    assert "lidarr.root_folder" in caught.value.remedy
    assert "default quality profile" in caught.value.remedy
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("name", "code", "cure"),
    [
        ("Path", "ArtistPathValidator", "Another artist has this folder"),
        ("Artist.Path", "ArtistAncestorValidator", "Another artist has this folder"),
        ("ForeignArtistId", "", "does not know the artist yet"),
        ("ForeignAlbumId", "", "does not know the album yet"),
        ("Artist.Path", "PathValidator", "lidarr.root_folder"),
    ],
)
async def test_each_rule_that_was_broken_has_its_cure(
    lidarr: Lidarr, httpserver: HTTPServer, name: str, code: str, cure: str
) -> None:
    row = {"propertyName": name, "errorMessage": "Lidarr's own words", "errorCode": code}
    takes(httpserver, "artist", 400, [row])
    with pytest.raises(ProviderRejected) as caught:
        await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions())
    assert "Lidarr's own words" in caught.value.message
    assert cure in caught.value.remedy


@pytest.mark.parametrize("body", [{"title": "One or more validation errors occurred."}, "odd", [7], [{}]])
async def test_an_odd_refusal_is_still_a_refusal(lidarr: Lidarr, httpserver: HTTPServer, body: Any) -> None:
    takes(httpserver, "artist", 400, body)
    with pytest.raises(ProviderRejected):
        await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions())


async def test_nothing_is_sent_twice_when_the_metadata_server_is_away(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    takes(httpserver, "artist", 503, {"message": "away"})
    with pytest.raises(ProviderUnavailable):
        await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions())
    assert [path for path, _ in received(httpserver, "POST")] == ["/tag", "/artist"]


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("rootfolder", "no root folder"),
        ("qualityprofile", "no quality"),
        ("metadataprofile", "metadata profile"),
    ],
)
async def test_a_lidarr_that_is_not_set_up_says_what_it_lacks(
    lidarr: Lidarr, httpserver: HTTPServer, resource: str, said: str
) -> None:
    httpserver.clear_all_handlers()
    there = {"rootfolder": [SMALL], "qualityprofile": [{"id": 4}], "metadataprofile": METADATA}
    answers(httpserver, **(there | {resource: []}))
    takes(httpserver, "tag")
    with pytest.raises(ProviderRejected, match=said) as caught:
        await lidarr.add_artist(ARTIST, "Slowdive", ImportOptions())
    assert caught.value.remedy.startswith("Add one in Lidarr")


async def test_only_the_lists_that_read_ours_are_synced(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    def row(number: int, url: Any) -> dict[str, Any]:
        fields = [{"order": 0, "name": "baseUrl", "value": url}, {"order": 1, "name": "apiKey", "value": "*"}]
        return {"id": number, "name": "x", "fields": fields}

    lists = [
        row(1, "http://brainarr:8690/lists/main/artists?apikey=K"),
        row(2, "http://brainarr:8690/lists/main/"),
        row(3, "http://brainarr:8690/lists/mainstream"),
        row(4, "http://other/x?next=/lists/main/"),
        row(5, None),
        {"id": 6, "name": "Spotify"},
    ]
    answers(httpserver, importlist=lists)
    takes(httpserver, "command")
    assert await lidarr.sync_lists("/lists/main") == 2
    assert received(httpserver, "POST") == [
        ("/command", {"name": "ImportListSync", "definitionId": 1}),
        ("/command", {"name": "ImportListSync", "definitionId": 2}),
    ]


async def test_what_the_person_chose_goes_before_what_the_folder_says(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    takes(httpserver, "album")
    chosen = ImportOptions(root_folder="/small/", quality_profile=5, metadata_profile=1)
    await lidarr.add_album(ALBUM, ARTIST, "Slowdive", chosen)
    body = received(httpserver, "POST")[-1][1]["artist"]
    assert (body["rootFolderPath"], body["qualityProfileId"], body["metadataProfileId"]) == ("/small", 5, 1)


async def test_albums_that_come_together_all_stay_monitored(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    takes(httpserver, "album")
    await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions(beside=(mbid(3), ALBUM)))
    body = received(httpserver, "POST")[-1][1]["artist"]
    assert body["addOptions"]["albumsToMonitor"] == [ALBUM, mbid(3)]
    assert (body["monitorNewItems"], body["metadataProfileId"]) == ("none", 2)


async def test_new_releases_need_a_profile_that_lets_them_in(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    takes(httpserver, "album")
    await lidarr.add_album(ALBUM, ARTIST, "Slowdive", ImportOptions(new_releases=True))
    body = received(httpserver, "POST")[-1][1]["artist"]
    assert (body["monitorNewItems"], body["metadataProfileId"]) == ("all", 3)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (ImportOptions(root_folder="/nowhere"), r"no root folder /nowhere \(it has: /small"),
        (ImportOptions(quality_profile=9), r"no quality profile 9 \(it has: Any, Lossless\)"),
        (ImportOptions(metadata_profile=9), r"no metadata profile 9 \(it has: Standard, None, Wide\)"),
    ],
)
async def test_a_choice_that_lidarr_does_not_have_is_named_with_those_it_has(
    lidarr: Lidarr, chosen: ImportOptions, said: str
) -> None:
    with pytest.raises(ProviderRejected, match=said) as caught:
        await lidarr.add_album(ALBUM, ARTIST, "Slowdive", chosen)
    assert caught.value.remedy


async def test_the_choices_are_lidarrs_own_with_the_usual_folder_first(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    answers(httpserver, tag=[{"id": 8, "label": "recs"}, {"id": 7, "label": "brainarr"}])
    choices = await lidarr.choices()
    assert choices.tags == ("brainarr", "recs")
    assert [folder.path for folder in choices.folders] == ["/large", "/small"]
    assert (choices.folders[0].free_bytes, choices.folders[0].quality_profile) == (10**12, 5)
    assert choices.qualities == ((4, "Any"), (5, "Lossless"))
    assert choices.metadata == ((1, "Standard"), (2, "None"), (3, "Wide"))
