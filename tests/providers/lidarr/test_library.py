"""Reading a Lidarr over the wire: library, block list, tags, status, and all that can be in the way."""

import asyncio
import gzip
import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import (
    ConfigurationError,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnreadableAnswer,
)
from brainarr.providers.lidarr import Lidarr, LidarrSettings, LidarrStatus, connect
from tests.providers.lidarr.conftest import KEY, OpenLidarr
from tests.providers.lidarr.payloads import album_row, artist_row
from tests.providers.payloads import mbid
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback

STATUS = {"appName": "Lidarr", "instanceName": "Music", "version": "2.14.5.4836", "urlBase": "/lidarr"}
FOLDER = {"id": 1, "path": "/music/", "accessible": True, "freeSpace": 1}


async def count(lidarr: Lidarr) -> int:
    return sum([len(batch) async for batch in lidarr.read_artists()])


async def test_the_library_is_read_compressed_and_with_the_key_in_a_header(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    def answer(request: Request) -> Response:
        assert "gzip" in request.headers["Accept-Encoding"]
        assert request.headers["X-Api-Key"] == KEY
        assert request.query_string == b""
        rows = json.dumps([artist_row(number) for number in range(1, 351)], indent=2).encode()
        return Response(gzip.compress(rows), headers={"Content-Encoding": "gzip"})

    httpserver.expect_request("/api/v1/artist").respond_with_handler(answer)
    assert [len(batch) async for batch in lidarr.read_artists()] == [100, 100, 100, 50]


async def test_albums_are_read_for_one_artist(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/album", query_string={"artistId": "7"}).respond_with_json(
        [album_row(5)]
    )
    assert [album.title for album in await lidarr.read_albums(7)] == ["Souvlaki"]


async def test_the_block_list_is_read_without_what_is_no_identifier(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    rows = [
        {"id": 1, "foreignId": mbid(1).upper(), "artistName": "x"},
        {"id": 2, "foreignId": "?"},
        {"id": 3},
    ]
    httpserver.expect_request("/api/v1/importlistexclusion").respond_with_json(rows)
    assert await lidarr.read_exclusions() == {mbid(1)}


async def test_tags_are_read(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/tag").respond_with_json([{"id": 3, "label": "vinyl"}])
    assert await lidarr.read_tags() == {3: "vinyl"}


async def test_the_status_tells_version_and_url_base(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/system/status").respond_with_json(STATUS)
    httpserver.expect_request("/api/v1/rootfolder").respond_with_json([FOLDER])
    assert await lidarr.status() == LidarrStatus("2.14.5.4836", "/lidarr", "Music")
    assert await lidarr.check() == "Lidarr 2.14.5.4836 answers; it keeps music in /music/"


async def test_another_program_of_the_family_is_recognised(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/system/status").respond_with_json(STATUS | {"appName": "Prowlarr"})
    with pytest.raises(ProviderRejected, match="this is Prowlarr"):
        await lidarr.check()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_says_where_to_find_the_right_one(
    lidarr: Lidarr, httpserver: HTTPServer, status: int
) -> None:
    httpserver.expect_request("/api/v1/artist").respond_with_data("", status=status)
    with pytest.raises(ProviderRejected, match="refuses the API key") as caught:
        await count(lidarr)
    assert "Settings > General > Security" in caught.value.remedy
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("ours", "location", "wanted"),
    [("", "/lidarr/api/v1/artist", "/lidarr"), ("/music", "/a/b/music/api/v1/artist", "/a/b")],
)
async def test_a_missing_url_base_is_told_from_the_redirect(
    open_lidarr: OpenLidarr, httpserver: HTTPServer, ours: str, location: str, wanted: str
) -> None:
    httpserver.expect_request(f"{ours}/api/v1/artist").respond_with_data(
        "", status=307, headers={"Location": location}
    )
    with pytest.raises(ProviderRejected, match=f"lacks Lidarr's URL base {wanted}") as caught:
        await count(open_lidarr(url=httpserver.url_for(ours)))
    assert caught.value.remedy == f"Set lidarr.url to {httpserver.url_for(wanted)}"


@pytest.mark.parametrize(
    ("location", "remedy"),
    [
        ("https://music.example/api/v1/artist", "begin with https://"),
        ("https://auth.example/login?rd=x", "sign-in page"),
        ("", "sign-in page"),
    ],
)
async def test_other_redirects_say_what_may_be_wrong(
    lidarr: Lidarr, httpserver: HTTPServer, location: str, remedy: str
) -> None:
    httpserver.expect_request("/api/v1/artist").respond_with_data(
        "", status=302, headers={"Location": location}
    )
    with pytest.raises(ProviderRejected) as caught:
        await count(lidarr)
    assert remedy in caught.value.remedy


async def test_a_lidarr_that_is_not_ready_may_be_asked_again(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/artist").respond_with_data(
        "", status=503, headers={"Retry-After": "120"}
    )
    with pytest.raises(ProviderUnavailable, match=r"not ready \(503\)") as caught:
        await count(lidarr)
    assert caught.value.retry_after == 120


async def test_no_lidarr_at_the_address_says_to_check_it(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/artist").respond_with_data("", status=404)
    with pytest.raises(ProviderRejected, match="there is no Lidarr API at http://") as caught:
        await count(lidarr)
    assert "lidarr.url" in caught.value.remedy


async def test_a_web_page_instead_of_data_says_to_check_the_address(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/api/v1/artist").respond_with_data("<!doctype html><title>Lidarr</title>")
    httpserver.expect_request("/api/v1/tag").respond_with_data("<!doctype html><title>Lidarr</title>")
    for asked in (count(lidarr), lidarr.read_tags()):
        with pytest.raises(UnreadableAnswer, match="a web page instead") as caught:
            await asked
        assert "lidarr.url" in caught.value.remedy


async def test_a_lidarr_that_is_down_is_unavailable(open_lidarr: OpenLidarr) -> None:
    async with raw_server(b"") as address:
        pass
    with pytest.raises(ProviderUnavailable, match="no connection") as caught:
        await count(open_lidarr(url=address))
    assert "running and reachable" in caught.value.remedy


async def test_a_library_that_breaks_off_half_way_is_an_error_after_its_first_half(
    open_lidarr: OpenLidarr,
) -> None:
    rows = json.dumps([artist_row(number) for number in range(1, 1001)]).encode()
    got = 0
    async with raw_server(head(Content_Length=str(len(rows))) + rows[: len(rows) // 2]) as address:
        with pytest.raises(UnreadableAnswer, match="broke off half-way"):
            async for batch in open_lidarr(url=address).read_artists():
                got += len(batch)
    assert 300 <= got < 500


async def test_a_library_whose_json_stops_in_a_well_formed_response_is_an_error(
    open_lidarr: OpenLidarr,
) -> None:
    rows = json.dumps([artist_row(number) for number in range(1, 11)]).encode()[:-200]
    async with raw_server(head() + rows) as address:
        with pytest.raises(UnreadableAnswer, match="cut off"):
            await count(open_lidarr(url=address))


async def test_two_gigabytes_of_nothing_are_not_taken_in(open_lidarr: OpenLidarr) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head(Content_Length=str(2**31)) + b'[{"id": 1, "artistName": "')
        while sent < 2**31:
            writer.write(b"a" * 2**16)
            await writer.drain()
            sent += 2**16

    async with raw_server(endless) as address:
        with pytest.raises(UnreadableAnswer, match="one element of its list is larger"):
            await count(open_lidarr(url=address))
    assert sent < 2**26


async def test_a_reader_that_stops_early_leaves_nothing_open(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    rows = [artist_row(number) for number in range(1, 1001)]
    httpserver.expect_request("/api/v1/artist").respond_with_json(rows)
    batches = lidarr.read_artists()
    assert len(await anext(batches)) == 100
    await batches.aclose()  # type: ignore[attr-defined]
    assert await count(lidarr) == 1000


@pytest.mark.parametrize("url", ["http://nas:8686", "http://nas:8686/", "http://nas:8686/api/v1"])
async def test_the_address_may_be_written_with_or_without_its_tail(url: str) -> None:
    http = connect(LidarrSettings(url=url, api_key=KEY))  # type: ignore[arg-type]
    assert http.base_url == "http://nas:8686/api/v1"
    await http.aclose()


def test_without_address_and_key_the_settings_to_make_are_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(LidarrSettings())
    assert [fault.key for fault in caught.value.faults] == ["lidarr.url", "lidarr.api_key"]


@pytest.mark.parametrize("key", ["", "with space", "with\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="Settings > General > Security"):
        LidarrSettings.model_validate({"api_key": key})


@pytest.mark.parametrize("path", ["tag", "importlistexclusion", "system/status", "artist/lookup"])
async def test_an_answer_of_another_shape_is_unreadable(
    lidarr: Lidarr, httpserver: HTTPServer, path: str
) -> None:
    httpserver.expect_request(f"/api/v1/{path}").respond_with_json("odd")
    asks = {
        "tag": lidarr.read_tags,
        "importlistexclusion": lidarr.read_exclusions,
        "system/status": lidarr.status,
        "artist/lookup": lambda: lidarr.artist(mbid(1)),
    }
    with pytest.raises(ProviderError, match="unexpected shape"):
        await asks[path]()
