"""What a service may name as a picture or a sound, and what we make of it."""

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.media import MOST_BYTES
from brainarr.errors import MissingResource, ProviderError, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Media, media
from brainarr.sandbox.media import cover, silence

pytestmark = pytest.mark.loopback
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
def at_home(httpserver: HTTPServer) -> Media:
    """Of a service that is this very server."""
    return Media("art", httpserver.url_for("/api"))


async def test_pictures_and_sounds_come_with_the_type_that_they_are(at_home: Media, httpserver: HTTPServer):
    httpserver.expect_request("/a").respond_with_data(cover("a", 250), content_type="text/html")
    httpserver.expect_request("/b").respond_with_data(silence(1), content_type="text/html")
    assert (await at_home.picture(httpserver.url_for("/a"))).media_type == "image/png"
    assert (await at_home.sound(httpserver.url_for("/b"))).media_type == "audio/mpeg"
    assert httpserver.log[0][0].headers["accept"].startswith("image/")


@pytest.mark.parametrize("body", [SVG, "<!doctype html><script>alert(1)</script>", "", "{}", "%PDF-1.7"])
async def test_whatever_calls_itself_a_picture_and_is_none_is_refused(
    at_home: Media, httpserver: HTTPServer, body: str
):
    httpserver.expect_request("/a").respond_with_data(body, content_type="image/png")
    with pytest.raises(UnreadableAnswer):
        await at_home.picture(httpserver.url_for("/a"))
    with pytest.raises(UnreadableAnswer):
        await at_home.sound(httpserver.url_for("/a"))


async def test_a_picture_of_a_hundred_megabytes_is_left_off_early(at_home: Media, httpserver: HTTPServer):
    sent = 0

    def endless(request: Request) -> Response:
        def pieces():
            nonlocal sent
            yield cover("a", 250)
            for _ in range(1600):
                sent += 65_536
                yield bytes(65_536)

        return Response(pieces(), content_type="image/png")

    httpserver.expect_request("/a").respond_with_handler(endless)
    with pytest.raises(UnreadableAnswer, match="larger than 2 MiB"):
        await at_home.picture(httpserver.url_for("/a"))
    # What the sockets hold between the two ends comes on top.
    assert sent < 5 * MOST_BYTES


async def test_who_is_silent_is_not_waited_for(
    at_home: Media, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(media, "SLOWEST_S", 0.2)

    def slow(request: Request) -> Response:
        import time

        time.sleep(0.6)
        return Response(b"late")

    httpserver.expect_request("/a").respond_with_handler(slow)
    with pytest.raises(ProviderUnavailable):
        await at_home.picture(httpserver.url_for("/a"))


async def test_a_foreign_address_at_home_is_not_spoken_to(httpserver: HTTPServer):
    elsewhere = Media("art", "https://api.example.org")
    for address in (
        httpserver.url_for("/a"),
        "http://169.254.169.254/latest",
        "http://[::1]:1/",
        "http://2130706433/",
    ):
        with pytest.raises(MissingResource, match="not spoken to"):
            await elsewhere.picture(address)
    assert httpserver.log == []


async def test_a_name_that_leads_home_is_not_spoken_to(httpserver: HTTPServer):
    async def names(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    elsewhere = Media("art", "https://api.example.org", resolve=names)
    with pytest.raises(MissingResource, match="not spoken to"):
        await elsewhere.picture(f"http://cover.example:{httpserver.port}/a")
    assert httpserver.log == []


async def test_a_redirect_to_another_place_at_home_is_not_followed(at_home: Media, httpserver: HTTPServer):
    where = f"http://127.0.0.2:{httpserver.port}/secret"
    httpserver.expect_request("/a").respond_with_data("", status=302, headers={"Location": where})
    with pytest.raises(ProviderError):
        await at_home.picture(httpserver.url_for("/a"))
    assert {request.path for request, _ in httpserver.log} == {"/a"}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "file:///etc/passwd",
        "//cover.example",
        "http://",
        "http://u:p@cover.example/",
        "http://[",
        "http://a:99999/",
    ],
)
async def test_what_is_no_address_of_the_web_is_refused(at_home: Media, address: str):
    with pytest.raises(UnreadableAnswer, match="cannot be used"):
        await at_home.picture(address)
