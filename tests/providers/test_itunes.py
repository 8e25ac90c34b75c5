"""iTunes Search: a preview of exactly the artist meant, from the album meant where there is one."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.itunes import Itunes, ItunesSettings
from brainarr.sandbox.media import silence
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE

pytestmark = pytest.mark.loopback


@pytest.fixture
def itunes(httpserver: HTTPServer, adopt: Adopt) -> Itunes:
    settings = ItunesSettings(base_url=httpserver.url_for("/"), country="GB")
    return Itunes(settings, adopt(Http("itunes", settings.base_url)))


def song(httpserver: HTTPServer, artist: str, album: str, name: str) -> dict[str, Any]:
    """In the documented shape; its preview lies at /{name}."""
    return {
        "wrapperType": "track",
        "kind": "song",
        "artistName": artist,
        "collectionName": album,
        "trackName": "Alison",
        "previewUrl": httpserver.url_for(f"/{name}"),
        "artworkUrl100": "https://is1-ssl.mzstatic.com/image/thumb/x/100x100bb.jpg",
    }


def finds(httpserver: HTTPServer, *songs: Any) -> None:
    # They send JSON as text/javascript.
    body = {"resultCount": len(songs), "results": list(songs)}
    httpserver.expect_request("/search").respond_with_json(body, content_type="text/javascript")


def plays(httpserver: HTTPServer, name: str) -> None:
    httpserver.expect_request(f"/{name}").respond_with_data(silence(1), content_type="audio/x-m4a")


async def heard(itunes: Itunes, httpserver: HTTPServer, artist: str, album: str | None) -> str | None:
    """The path of what was played."""
    sound = await itunes.preview(artist, album)
    return httpserver.log[-1][0].path if sound else None


async def test_the_album_that_is_meant_comes_before_others_of_its_artist(
    itunes: Itunes, httpserver: HTTPServer
):
    finds(
        httpserver,
        song(httpserver, "Slowdive Tribute", "Souvlaki", "tribute"),
        song(httpserver, "Slowdive", "Pygmalion", "other"),
        song(httpserver, "SLOWDIVE", "Souvlaki (Deluxe Edition)", "meant"),
    )
    for name in ("tribute", "other", "meant"):
        plays(httpserver, name)
    assert await heard(itunes, httpserver, "Slowdive", "Souvlaki") == "/meant"
    assert await heard(itunes, httpserver, "Slowdive", "Unknown") == "/other"
    assert await heard(itunes, httpserver, "Slowdive", None) == "/other"
    assert httpserver.log[0][0].args["country"] == "GB"


async def test_a_namesake_is_not_played(itunes: Itunes, httpserver: HTTPServer):
    finds(httpserver, song(httpserver, "Slowdive Tribute", "Souvlaki", "tribute"))
    assert await itunes.preview("Slowdive", "Souvlaki") is None


@pytest.mark.parametrize(
    "rows", [[], [{"artistName": "Slowdive"}], [{"artistName": HOSTILE, "previewUrl": "x"}]]
)
async def test_without_a_preview_there_is_none(itunes: Itunes, httpserver: HTTPServer, rows: list[Any]):
    finds(httpserver, *rows)
    assert await itunes.preview("Slowdive", None) is None


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (403, "{}", ProviderRejected),
        (429, "{}", ProviderUnavailable),
        (503, "busy", ProviderUnavailable),
        (200, "<html></html>", UnreadableAnswer),
        (200, '{"results": [{"artistName": 7}]}', UnreadableAnswer),
        (200, "{}", UnreadableAnswer),
    ],
)
async def test_every_failure_is_told_apart(
    itunes: Itunes, httpserver: HTTPServer, status: int, body: str, failure: type[ProviderError]
):
    httpserver.expect_request("/search").respond_with_data(body, status=status)
    with pytest.raises(failure):
        await itunes.preview("Slowdive", None)


async def test_a_preview_that_is_none_is_not_passed_on(itunes: Itunes, httpserver: HTTPServer):
    finds(httpserver, song(httpserver, "Slowdive", "Souvlaki", "meant"))
    httpserver.expect_request("/meant").respond_with_data("<script>", content_type="audio/mpeg")
    with pytest.raises(UnreadableAnswer):
        await itunes.preview("Slowdive", "Souvlaki")


async def test_the_check_asks_once(itunes: Itunes, httpserver: HTTPServer):
    finds(httpserver, song(httpserver, "Radiohead", "OK Computer", "meant"))
    assert await itunes.check() == "answers"
    assert len(httpserver.log) == 1
