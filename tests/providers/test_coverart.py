"""The Cover Art Archive: a cover or none, and never something else."""

import re

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderError, ProviderUnavailable, UnreadableAnswer
from brainarr.providers.coverart import CoverArt, CoverArtSettings, connect
from brainarr.sandbox.media import cover
from tests.providers.conftest import Adopt
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback

ALBUM = mbid(1)
PATH = f"/release-group/{ALBUM}/front-250"


@pytest.fixture
def archive(httpserver: HTTPServer, adopt: Adopt) -> CoverArt:
    return CoverArt(adopt(connect(CoverArtSettings(base_url=httpserver.url_for("/")))))


async def test_the_redirect_to_where_the_cover_lies_is_followed(archive: CoverArt, httpserver: HTTPServer):
    there = {"Location": httpserver.url_for("/download/1.jpg")}
    httpserver.expect_request(PATH).respond_with_data("See: …", status=307, headers=there)
    httpserver.expect_request("/download/1.jpg").respond_with_data(
        cover("a", 250), content_type="application/octet-stream"
    )
    found = await archive.album_picture(ALBUM, 250)
    assert found is not None and found.media_type == "image/png"


async def test_who_has_no_cover_has_none(archive: CoverArt, httpserver: HTTPServer):
    anything = re.compile("/release-group/[0-9a-f-]{36}/front-250")
    httpserver.expect_request(anything).respond_with_data("<h1>Not Found</h1>", status=404)
    assert await archive.album_picture(ALBUM, 250) is None
    assert await archive.check() == "answers, but has no cover of its own example"


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (503, "busy", ProviderUnavailable),
        (429, "", ProviderUnavailable),
        (200, "<svg onload='alert(1)'/>", UnreadableAnswer),
        (200, "<html>archive.org is down</html>", UnreadableAnswer),
    ],
)
async def test_every_failure_is_told_apart(
    archive: CoverArt, httpserver: HTTPServer, status: int, body: str, failure: type[ProviderError]
):
    httpserver.expect_request(PATH).respond_with_data(body, status=status, content_type="image/jpeg")
    with pytest.raises(failure):
        await archive.album_picture(ALBUM, 250)


async def test_the_public_archive_is_followed_to_public_places_alone(adopt: Adopt):
    official = adopt(connect(CoverArtSettings()))
    assert official._public_only  # pyright: ignore[reportPrivateUsage]
