"""Deezer: related artists and loved albums of exactly the artist meant, never of a namesake."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.domain.music import CatalogArtist
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.deezer import Deezer, DeezerSettings
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, deezer_album, deezer_artist, mbid

pytestmark = pytest.mark.loopback

SEED = Seed(mbid=mbid(1), name="Slowdive", weight=1.0, cluster="shoegaze")
ARTIST = CatalogArtist(mbid=mbid(1), name="Slowdive")
QUOTA = {"error": {"type": "Exception", "message": "Quota limit exceeded", "code": 4}}


@pytest.fixture
def deezer(httpserver: HTTPServer, adopt: Adopt) -> Deezer:
    settings = DeezerSettings(base_url=httpserver.url_for("/"))
    return Deezer(settings, adopt(Http("deezer", settings.base_url)))  # without the public server's pace


def listing(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "total": len(rows)}


def finds(httpserver: HTTPServer, *rows: dict[str, Any]) -> None:
    httpserver.expect_request("/search/artist").respond_with_json(listing(*rows))


async def test_related_artists_keep_their_order_and_carry_their_fans(
    deezer: Deezer, httpserver: HTTPServer
) -> None:
    finds(httpserver, deezer_artist(7, "DJ Slowdive", 10), deezer_artist(8, "SLOWDIVE", 300_000))
    httpserver.expect_request("/artist/8/related").respond_with_json(
        listing(
            deezer_artist(20, "Ride", 90_000),
            deezer_artist(21, "Lush", 0),
            deezer_artist(22, "Slowdive", 5),
            deezer_artist(20, "Ride", 90_000),
        )
    )
    found = await deezer.similar(SEED)
    assert [(one.artist, one.rank, one.popularity) for one in found] == [
        ("Ride", 1, 90_000.0),
        ("Lush", 2, None),
    ]
    assert {(one.source, one.seed, one.mbid, one.strength) for one in found} == {
        ("deezer", SEED.mbid, None, None)
    }
    assert httpserver.log[0][0].args["q"] == "Slowdive"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [deezer_artist(7, "Slowdive Tribute", 900_000), deezer_artist(8, "Slow Dive Bar", 5)],
        [deezer_artist(7, "Slowdive", 900), deezer_artist(8, "Slowdive", 500)],
        [deezer_artist(7, "Slowdive", 0), deezer_artist(8, "Slowdive", 0)],
    ],
)
async def test_nobody_of_that_name_or_several_equals_are_not_guessed_at(
    deezer: Deezer, httpserver: HTTPServer, rows: list[dict[str, Any]]
) -> None:
    finds(httpserver, *rows)
    assert await deezer.similar(SEED) == ()
    assert await deezer.favourites(ARTIST) == ()
    assert {request.path for request, _ in httpserver.log} == {"/search/artist"}


async def test_an_impostor_with_a_handful_of_fans_does_not_make_a_name_ambiguous(
    deezer: Deezer, httpserver: HTTPServer
) -> None:
    finds(httpserver, deezer_artist(7, "Slowdive", 481), deezer_artist(8, "Slowdive", 4_073_537))
    httpserver.expect_request("/artist/8/related").respond_with_json(listing(deezer_artist(20, "Ride", 9)))
    assert [one.artist for one in await deezer.similar(SEED)] == ["Ride"]


async def test_a_closer_spelling_wins_over_more_fans(deezer: Deezer, httpserver: HTTPServer) -> None:
    finds(httpserver, deezer_artist(7, "The Slowdive", 9_000_000), deezer_artist(8, "Slowdive", 10))
    httpserver.expect_request("/artist/8/related").respond_with_json(listing(deezer_artist(20, "Ride", 9)))
    assert [one.artist for one in await deezer.similar(SEED)] == ["Ride"]


async def test_favourite_albums_come_most_loved_first_without_singles(
    deezer: Deezer, httpserver: HTTPServer
) -> None:
    finds(httpserver, deezer_artist(8, "Slowdive", 10))
    httpserver.expect_request("/artist/8/albums").respond_with_json(
        listing(
            deezer_album(1, "Just for a Day", 900),
            deezer_album(2, "kisses", 99_000, "single"),
            deezer_album(3, "Souvlaki", 40_000),
            deezer_album(4, "Holding Our Breath", 300, "ep"),
            deezer_album(5, "Nobody's", 0),
            deezer_album(6, "Souvlaki", 20),
        )
    )
    assert await deezer.favourites(ARTIST) == ("Souvlaki", "Just for a Day", "Holding Our Breath")


@pytest.mark.parametrize("path", ["/search/artist", "/artist/8/related"])
async def test_an_exceeded_quota_is_unavailable_although_the_status_says_200(
    deezer: Deezer, httpserver: HTTPServer, path: str
) -> None:
    if path != "/search/artist":
        finds(httpserver, deezer_artist(8, "Slowdive", 10))
    httpserver.expect_request(path).respond_with_json(QUOTA)
    with pytest.raises(ProviderUnavailable) as failure:
        await deezer.similar(SEED)
    assert failure.value.retry_after == 5.0


async def test_no_data_is_an_empty_answer(deezer: Deezer, httpserver: HTTPServer) -> None:
    finds(httpserver, deezer_artist(8, "Slowdive", 10))
    httpserver.expect_request("/artist/8/related").respond_with_json(
        {"error": {"type": "DataException", "message": "no data", "code": 800}}
    )
    httpserver.expect_request("/artist/8/albums").respond_with_json({"error": "gone"}, status=404)
    assert await deezer.similar(SEED) == ()
    assert await deezer.favourites(ARTIST) == ()


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (429, "{}", ProviderUnavailable),
        (503, "busy", ProviderUnavailable),
        (200, '{"error": {"type": "Exception", "message": "busy", "code": 700}}', ProviderUnavailable),
        (200, '{"error": {"type": "OAuthException", "message": "no", "code": 200}}', ProviderRejected),
        (403, "{}", ProviderRejected),
        (200, "<html></html>", UnreadableAnswer),
        (200, "{}", UnreadableAnswer),
        (200, '{"data": 7}', UnreadableAnswer),
        (200, '{"data": [{"id": "x"}]}', UnreadableAnswer),
        (200, '{"data": [{"id": -1, "name": "../.."}]}', UnreadableAnswer),
    ],
)
async def test_every_failure_is_told_apart(
    deezer: Deezer, httpserver: HTTPServer, status: int, body: str, failure: type[ProviderError]
) -> None:
    httpserver.expect_request("/search/artist").respond_with_data(body, status=status)
    with pytest.raises(failure):
        await deezer.similar(SEED)
    with pytest.raises(failure):
        await deezer.favourites(ARTIST)


async def test_hostile_names_and_titles_are_bounded(deezer: Deezer, httpserver: HTTPServer) -> None:
    finds(httpserver, deezer_artist(8, "Slowdive", 10))
    rows = [deezer_artist(i, f"{i} {HOSTILE}", 10**14) for i in range(1, 400)]
    httpserver.expect_request("/artist/8/related").respond_with_json(listing(*rows))
    httpserver.expect_request("/artist/8/albums").respond_with_json(
        listing(*(deezer_album(i, f"{i} {HOSTILE}", i) for i in range(400)))
    )
    found, titles = await deezer.similar(SEED), await deezer.favourites(ARTIST)
    assert len(found) == 100
    assert len(titles) == 99  # the one nobody loves is left out
    assert all(len(text) <= 300 and "\n" not in text for text in (*titles, *(one.artist for one in found)))


async def test_the_check_asks_once(deezer: Deezer, httpserver: HTTPServer) -> None:
    finds(httpserver, deezer_artist(399, "Radiohead", 4_000_000))
    assert await deezer.check() == "answers"
