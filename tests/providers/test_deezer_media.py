"""Deezer's pictures and previews: of exactly the artist meant."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.deezer import Deezer, DeezerSettings
from brainarr.sandbox.media import cover, silence
from tests.providers.conftest import Adopt
from tests.providers.payloads import deezer_artist, mbid

pytestmark = pytest.mark.loopback


@pytest.fixture
def deezer(httpserver: HTTPServer, adopt: Adopt) -> Deezer:
    settings = DeezerSettings(base_url=httpserver.url_for("/"))
    return Deezer(settings, adopt(Http("deezer", settings.base_url)))


def finds(httpserver: HTTPServer, path: str, *rows: dict[str, Any]) -> None:
    httpserver.expect_request(path).respond_with_json({"data": list(rows), "total": len(rows)})


def pictured(
    httpserver: HTTPServer, name: str, path: str = "/images/artist/f1/250x250.jpg"
) -> dict[str, Any]:
    httpserver.expect_request(path).respond_with_data(cover("a", 250), content_type="image/jpeg")
    return deezer_artist(8, name, 10) | {"picture_medium": httpserver.url_for(path)}


def track(httpserver: HTTPServer, artist: str, album: str, name: str) -> dict[str, Any]:
    httpserver.expect_request(f"/{name}").respond_with_data(silence(1), content_type="audio/mpeg")
    return {
        "id": 1,
        "title": "Alison",
        "preview": httpserver.url_for(f"/{name}") + "?hdnea=exp=1",
        "artist": {"id": 8, "name": artist},
        "album": {"id": 3, "title": album},
    }


async def test_an_artist_is_known_by_name_alone(deezer: Deezer, httpserver: HTTPServer):
    finds(httpserver, "/search/artist", pictured(httpserver, "Slowdive"))
    found = await deezer.artist_picture(mbid(1), "Slowdive", 250)
    assert found is not None and found.media_type == "image/png"
    assert await deezer.artist_picture(mbid(1), None, 250) is None
    assert await deezer.artist_picture(mbid(1), "Slow Club", 250) is None


async def test_the_silhouette_of_nobody_is_no_picture(deezer: Deezer, httpserver: HTTPServer):
    finds(httpserver, "/search/artist", pictured(httpserver, "Slowdive", "/images/artist//250x250.jpg"))
    assert await deezer.artist_picture(mbid(1), "Slowdive", 250) is None


async def test_the_album_is_played_before_the_best_known_track(deezer: Deezer, httpserver: HTTPServer):
    finds(
        httpserver,
        "/search",
        track(httpserver, "Slowdive Tribute", "Souvlaki", "tribute"),
        track(httpserver, "Slowdive", "Souvlaki Live", "live"),
        track(httpserver, "Slowdive", "Souvlaki", "album"),
    )
    finds(httpserver, "/search/artist", deezer_artist(8, "Slowdive", 10))
    finds(httpserver, "/artist/8/top", track(httpserver, "Slowdive", "Slowdive", "top"))
    assert await deezer.preview("Slowdive", "Souvlaki")
    assert httpserver.log[-1][0].path == "/album"
    assert httpserver.log[0][0].args["q"] == 'artist:"Slowdive" album:"Souvlaki"'
    assert await deezer.preview("Slowdive", "Pygmalion")
    assert httpserver.log[-1][0].path == "/top"
    assert await deezer.preview("Slowdive", None)
    assert httpserver.log[-1][0].path == "/top"


async def test_quotes_in_names_do_not_end_the_query(deezer: Deezer, httpserver: HTTPServer):
    finds(httpserver, "/search")
    finds(httpserver, "/search/artist")
    assert await deezer.preview('"Weird Al" Yankovic', 'a" artist:"b') is None
    assert httpserver.log[0][0].args["q"].count('"') == 4


async def test_tracks_without_a_preview_are_passed_over(deezer: Deezer, httpserver: HTTPServer):
    mute = track(httpserver, "Slowdive", "Souvlaki", "mute") | {"preview": ""}
    finds(httpserver, "/search/artist", deezer_artist(8, "Slowdive", 10))
    finds(httpserver, "/artist/8/top", mute)
    assert await deezer.preview("Slowdive", None) is None


async def test_a_preview_that_is_a_page_is_not_passed_on(deezer: Deezer, httpserver: HTTPServer):
    finds(httpserver, "/search/artist", deezer_artist(8, "Slowdive", 10))
    page = {"preview": httpserver.url_for("/page")}
    finds(httpserver, "/artist/8/top", track(httpserver, "Slowdive", "Souvlaki", "x") | page)
    httpserver.expect_request("/page").respond_with_data("<html>", content_type="audio/mpeg")
    with pytest.raises(UnreadableAnswer):
        await deezer.preview("Slowdive", None)
