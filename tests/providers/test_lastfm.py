"""Last.fm: similar artists by identifier, then by name; a key that never shows."""

import logging
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer, RequestHandler

from brainarr.domain.music import Plays
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.lastfm import Lastfm, LastfmSettings, connect
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, lastfm_artist, lastfm_fault, mbid

pytestmark = pytest.mark.loopback

KEY = "0123456789abcdef0123456789abcdef"
SEED = Seed(mbid=mbid(1), name="Slowdive", weight=1.0, cluster="shoegaze")


@pytest.fixture
def lastfm(httpserver: HTTPServer, adopt: Adopt) -> Lastfm:
    settings = LastfmSettings(base_url=httpserver.url_for("/2.0/"), api_key=SecretStr(KEY))
    return Lastfm(settings, adopt(Http("lastfm", settings.base_url, secrets=(KEY,))))


def similar(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"similarartists": {"artist": list(rows), "@attr": {"artist": "Slowdive"}}}


def asked(httpserver: HTTPServer, method: str, **which: str) -> RequestHandler:
    query = {"method": method, "api_key": KEY, "format": "json", **which}
    return httpserver.expect_request("/2.0/", query_string=query)


async def test_neighbours_carry_their_match_and_the_identifier_where_there_is_one(
    lastfm: Lastfm, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(
        similar(
            lastfm_artist("Lush", "0.62"), lastfm_artist("Ride", "1", 2), lastfm_artist("slowdive", "0.5")
        )
    )
    found = await lastfm.similar(SEED)
    assert [(one.artist, one.mbid, one.rank, one.strength) for one in found] == [
        ("Ride", mbid(2), 1, 1.0),
        ("Lush", None, 2, 0.62),
    ]
    assert {(one.source, one.seed, one.popularity) for one in found} == {("lastfm", SEED.mbid, None)}
    query = httpserver.log[0][0].args
    assert (query["method"], query["mbid"], query["autocorrect"]) == ("artist.getSimilar", SEED.mbid, "0")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("miss", "status"),
    [(similar(), 200), (lastfm_fault(6), 200), (lastfm_fault(6), 400), (lastfm_fault(6), 404)],
)
async def test_an_identifier_it_does_not_know_is_asked_again_by_name(
    lastfm: Lastfm, httpserver: HTTPServer, miss: dict[str, Any], status: int
) -> None:
    rest = {"limit": "100", "autocorrect": "0"}
    asked(httpserver, "artist.getSimilar", mbid=SEED.mbid, **rest).respond_with_json(miss, status=status)
    asked(httpserver, "artist.getSimilar", artist="Slowdive", **rest).respond_with_json(
        similar(lastfm_artist("Ride", "0.9"))
    )
    assert [one.artist for one in await lastfm.similar(SEED)] == ["Ride"]


async def test_an_artist_it_does_not_know_at_all_has_no_neighbours(
    lastfm: Lastfm, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(lastfm_fault(6))
    assert await lastfm.similar(SEED) == ()


async def test_a_list_of_one_arrives_without_brackets(lastfm: Lastfm, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(
        {"similarartists": {"artist": lastfm_artist("Ride", "0.9"), "@attr": {"artist": "Slowdive"}}}
    )
    assert [one.artist for one in await lastfm.similar(SEED)] == ["Ride"]


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        (8, 200, ProviderUnavailable),
        (8, 500, ProviderUnavailable),
        (11, 503, ProviderUnavailable),
        (16, 200, ProviderUnavailable),
        (29, 200, ProviderUnavailable),
        (29, 429, ProviderUnavailable),
        (29, 400, ProviderUnavailable),
        (10, 200, ProviderRejected),
        (10, 403, ProviderRejected),
        (26, 200, ProviderRejected),
        (26, 403, ProviderRejected),
        (99, 200, ProviderRejected),
    ],
)
async def test_its_error_codes_say_who_must_act(
    lastfm: Lastfm, httpserver: HTTPServer, code: int, status: int, failure: type[ProviderError]
) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(lastfm_fault(code), status=status)
    with pytest.raises(failure) as told:
        await lastfm.similar(SEED)
    if failure is ProviderRejected:
        assert "lastfm.api_key" in told.value.remedy


PAGE = f"<html>https://ws.audioscrobbler.com/2.0/?api_key={KEY}</html>"
ECHO = f'{{"message": "the key {KEY} is unknown"}}'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, PAGE),
        (200, ECHO),
        (200, f'{{"error": 10, "message": "bad key {KEY}"}}'),
        (200, f'{{"error": "{KEY}", "message": "{KEY}"}}'),
        (302, ""),
        (400, ECHO),
        (401, ECHO),
        (403, f'{{"error": 10, "message": "bad key {KEY}"}}'),
        (429, ECHO),
        (500, ECHO),
        (502, PAGE),
    ],
)
async def test_the_key_never_shows_in_an_error_or_a_log(
    httpserver: HTTPServer,
    adopt: Adopt,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    for library in ("httpx2", "httpcore2"):  # as brainarr.log has them
        caplog.set_level(logging.WARNING, logger=library)
    settings = LastfmSettings(base_url=httpserver.url_for("/2.0/"), api_key=SecretStr(KEY))
    httpserver.expect_request("/2.0/").respond_with_data(
        body, status=status, headers={"Location": f"/elsewhere?api_key={KEY}"} if status == 302 else {}
    )
    with pytest.raises(ProviderError) as failure:
        await Lastfm(settings, adopt(connect(settings))).similar(SEED)
    error = failure.value
    shown = (str(error), repr(error), error.remedy, getattr(error, "excerpt", ""))
    assert not any(KEY in text for text in shown)
    logged = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    assert not any(KEY in text for text in (*logged, *capsys.readouterr()))


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"similarartists": {}}', '{"similarartists": {"artist": [{"name": 7}]}}']
)
async def test_an_answer_in_another_shape_is_unreadable(
    lastfm: Lastfm, httpserver: HTTPServer, body: str
) -> None:
    httpserver.expect_request("/2.0/").respond_with_data(body)
    with pytest.raises(UnreadableAnswer):
        await lastfm.similar(SEED)


async def test_hostile_names_are_bounded_and_impossible_matches_dropped(
    lastfm: Lastfm, httpserver: HTTPServer
) -> None:
    rows = [lastfm_artist(f"{i} {HOSTILE}", "0.5") for i in range(300)]
    httpserver.expect_request("/2.0/").respond_with_json(
        similar(lastfm_artist("Too good", "1e9"), lastfm_artist("Not a number", "NaN"), *rows)
    )
    found = await lastfm.similar(SEED)
    assert len(found) == 98
    assert all(len(one.artist) <= 300 and "\n" not in one.artist for one in found)


async def test_without_a_key_it_is_not_asked(httpserver: HTTPServer, adopt: Adopt) -> None:
    settings = LastfmSettings(base_url=httpserver.url_for("/2.0/"))
    with pytest.raises(ProviderRejected, match="API key"):
        await Lastfm(settings, adopt(connect(settings))).similar(SEED)
    assert httpserver.log == []


async def test_listens_come_with_name_count_and_identifier(lastfm: Lastfm, httpserver: HTTPServer) -> None:
    asked(
        httpserver, "user.getTopArtists", user="ann & co", period="overall", limit="1000"
    ).respond_with_json(
        {
            "topartists": {
                "artist": [
                    {"name": "Slowdive", "mbid": mbid(1), "playcount": "812", "@attr": {"rank": "1"}},
                    {"name": "Ride", "mbid": "", "playcount": "33", "@attr": {"rank": "2"}},
                    {"name": "Odd", "mbid": "", "playcount": "many"},
                ],
                "@attr": {"user": "ann", "totalPages": "1", "page": "1", "total": "3"},
            }
        }
    )
    assert await lastfm.plays("ann & co") == (Plays("Slowdive", 812, mbid(1)), Plays("Ride", 33))


async def test_a_person_without_listens_is_an_empty_answer(lastfm: Lastfm, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(
        {"topartists": {"artist": [], "@attr": {"total": "0"}}}
    )
    assert await lastfm.plays("ann") == ()


async def test_a_user_it_does_not_know_is_for_the_user_to_correct(
    lastfm: Lastfm, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(lastfm_fault(6))
    with pytest.raises(ProviderRejected) as failure:
        await lastfm.plays("ann")
    assert "lastfm.user" in failure.value.remedy


async def test_the_check_counts_what_it_got(lastfm: Lastfm, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/2.0/").respond_with_json(similar(lastfm_artist("Ride", "0.9")))
    assert await lastfm.check() == "answers: 1 artists similar to Radiohead"
