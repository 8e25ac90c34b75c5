"""Lidarr's pictures: its own of what it holds, its metadata's of everything else."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Media
from brainarr.providers.lidarr import LidarrPictures, LidarrSettings, connect_for_pictures
from brainarr.sandbox.media import cover
from tests.providers.conftest import Adopt
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback


@pytest.fixture
def pictures(httpserver: HTTPServer, adopt: Adopt) -> LidarrPictures:
    settings = LidarrSettings.model_validate({"url": httpserver.url_for("/"), "api_key": "k" * 32})
    return LidarrPictures(adopt(connect_for_pictures(settings)), Media("lidarr", httpserver.url_for("/")))


def knows(httpserver: HTTPServer, noun: str, *images: dict[str, Any], held: int = 0) -> None:
    row = {"id": held, "images": list(images), "overview": "x"}
    httpserver.expect_request(f"/api/v1/{noun}/lookup").respond_with_json([row])


def image(httpserver: HTTPServer, kind: str, path: str | None) -> dict[str, Any]:
    remote = {"remoteUrl": httpserver.url_for(path)} if path else {}
    return {"url": f"/MediaCover/1/{kind}.jpg?lastWrite=1", "coverType": kind, "extension": ".jpg", **remote}


def has(httpserver: HTTPServer, path: str, content: bytes = cover("a", 250)) -> None:
    httpserver.expect_request(path).respond_with_data(content, content_type="image/jpeg")


async def test_what_lidarr_holds_comes_from_its_own_disk_in_the_size_asked(
    pictures: LidarrPictures, httpserver: HTTPServer
):
    knows(
        httpserver, "artist", image(httpserver, "fanart", None), image(httpserver, "poster", "/p.jpg"), held=7
    )
    has(httpserver, "/api/v1/MediaCover/artist/7/poster-500.jpg")
    assert await pictures.artist_picture(mbid(1), None, 500)
    asked = httpserver.log[-1][0]
    assert asked.path == "/api/v1/MediaCover/artist/7/poster-500.jpg"
    assert asked.headers["x-api-key"] == "k" * 32
    assert httpserver.log[0][0].args["term"] == f"lidarr:{mbid(1)}"


async def test_what_it_has_not_downloaded_yet_comes_from_where_its_metadata_says(
    pictures: LidarrPictures, httpserver: HTTPServer
):
    knows(httpserver, "album", image(httpserver, "cover", "/remote.jpg"), held=7)
    has(httpserver, "/remote.jpg")
    assert await pictures.album_picture(mbid(1), 250)
    asked = httpserver.log[-1][0]
    assert asked.path == "/remote.jpg" and "x-api-key" not in asked.headers


async def test_the_best_kind_comes_first_and_a_missing_one_is_passed_over(
    pictures: LidarrPictures, httpserver: HTTPServer
):
    knows(httpserver, "artist", image(httpserver, "headshot", "/h"), image(httpserver, "Poster", "/gone"))
    httpserver.expect_request("/gone").respond_with_data("", status=404)
    has(httpserver, "/h")
    assert await pictures.artist_picture(mbid(1), None, 250)
    assert [request.path for request, _ in httpserver.log][1:] == ["/gone", "/h"]


@pytest.mark.parametrize(
    "answer",
    [[], [{"id": 0}], [{"id": 0, "images": [{"coverType": "logo", "remoteUrl": "http://x.example/"}]}]],
)
async def test_without_a_picture_there_is_none(
    pictures: LidarrPictures, httpserver: HTTPServer, answer: list[Any]
):
    httpserver.expect_request("/api/v1/artist/lookup").respond_with_json(answer)
    assert await pictures.artist_picture(mbid(1), None, 250) is None


async def test_a_picture_at_home_that_its_metadata_names_is_not_fetched(
    pictures: LidarrPictures, httpserver: HTTPServer
):
    knows(httpserver, "artist", image(httpserver, "poster", None) | {"remoteUrl": "http://127.0.0.1:1/x"})
    assert await pictures.artist_picture(mbid(1), None, 250) is None


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, "", ProviderRejected),
        (503, "{}", ProviderUnavailable),
        (200, "<html>", UnreadableAnswer),
        (200, '{"id": 1}', UnreadableAnswer),
    ],
)
async def test_every_failure_is_told_apart(
    pictures: LidarrPictures, httpserver: HTTPServer, status: int, body: str, failure: type[ProviderError]
):
    httpserver.expect_request("/api/v1/artist/lookup").respond_with_data(body, status=status)
    with pytest.raises(failure):
        await pictures.artist_picture(mbid(1), None, 250)


async def test_something_else_than_a_picture_is_a_failure(pictures: LidarrPictures, httpserver: HTTPServer):
    knows(httpserver, "artist", image(httpserver, "poster", "/svg"))
    has(httpserver, "/svg", b"<svg onload='alert(1)'/>")
    with pytest.raises(UnreadableAnswer):
        await pictures.artist_picture(mbid(1), None, 250)
