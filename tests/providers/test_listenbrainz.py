"""ListenBrainz: neighbours from labs, else from the radio; a person's listens."""

import re
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from brainarr.domain.music import Plays
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.listenbrainz import ListenBrainz, ListenBrainzSettings, connect, connect_labs
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, labs_row, mbid, radio_row

pytestmark = pytest.mark.loopback

SEED = Seed(mbid=mbid(1), name="Slowdive", weight=1.0, cluster="shoegaze")
LABS = "/labs/similar-artists/json"
RADIO = f"/api/1/lb-radio/artist/{mbid(1)}"
STATISTICS = "/api/1/stats/user/ann%20b%2Fc/artists"


def listenbrainz(httpserver: HTTPServer, adopt: Adopt, **settings: Any) -> ListenBrainz:
    chosen = ListenBrainzSettings(
        base_url=httpserver.url_for("/api"), labs_url=httpserver.url_for("/labs"), **settings
    )
    # Without the pace that the public servers want.
    http, labs = Http("listenbrainz", f"{chosen.base_url}/1"), Http("listenbrainz labs", chosen.labs_url)
    return ListenBrainz(chosen, adopt(http), adopt(labs))


def paths(httpserver: HTTPServer) -> list[str]:
    return [request.path for request, _ in httpserver.log]


async def test_labs_gives_neighbours_strongest_first_with_their_identifiers(
    httpserver: HTTPServer, adopt: Adopt
) -> None:
    httpserver.expect_request(LABS, method="POST").respond_with_json(
        [
            labs_row(3, "Lush", 120, SEED.mbid),
            labs_row(2, "Ride", 900, SEED.mbid),
            labs_row(1, "Slowdive", 5000, SEED.mbid),
            labs_row(2, "Ride again", 10, SEED.mbid),
        ]
    )
    found = await listenbrainz(httpserver, adopt, algorithm="some_table").similar(SEED)
    assert [(one.artist, one.mbid, one.rank, one.strength) for one in found] == [
        ("Ride", mbid(2), 1, 900.0),
        ("Lush", mbid(3), 2, 120.0),
    ]
    assert {(one.source, one.seed, one.popularity) for one in found} == {("listenbrainz", SEED.mbid, None)}
    assert httpserver.log[0][0].get_json() == [{"artist_mbids": [SEED.mbid], "algorithm": "some_table"}]


async def test_with_a_token_the_neighbours_carry_their_listeners(
    httpserver: HTTPServer, adopt: Adopt
) -> None:
    httpserver.expect_request(LABS).respond_with_json(
        [labs_row(2, "Ride", 9, SEED.mbid), labs_row(3, "Lush", 8, SEED.mbid)]
    )
    httpserver.expect_request(
        "/api/1/popularity/artist", method="POST", json={"artist_mbids": [mbid(2), mbid(3)]}
    ).respond_with_json(
        [
            {"artist_mbid": mbid(2), "total_listen_count": 5000, "total_user_count": 40},
            {"artist_mbid": mbid(3), "total_listen_count": None, "total_user_count": None},
        ]
    )
    settings = ListenBrainzSettings(
        base_url=httpserver.url_for("/api"), labs_url=httpserver.url_for("/labs"), token=SecretStr("s3cret")
    )
    source = ListenBrainz(settings, adopt(connect(settings)), adopt(connect_labs(settings)))
    found = await source.similar(SEED)
    assert [one.popularity for one in found] == [40.0, None]
    assert httpserver.log[1][0].headers["Authorization"] == "Token s3cret"
    assert "Authorization" not in httpserver.log[0][0].headers


async def test_popularity_that_is_away_costs_no_neighbour_and_is_not_asked_for_each_seed(
    httpserver: HTTPServer, adopt: Adopt
) -> None:
    httpserver.expect_request(LABS).respond_with_json([labs_row(2, "Ride", 9, SEED.mbid)])
    httpserver.expect_request("/api/1/popularity/artist").respond_with_json({"error": "no"}, status=401)
    source = listenbrainz(httpserver, adopt, token=SecretStr("s3cret"))
    for _ in range(2):
        assert [one.popularity for one in await source.similar(SEED)] == [None]
    assert paths(httpserver) == [LABS, "/api/1/popularity/artist", LABS]


async def test_an_artist_that_labs_does_not_know_has_no_neighbours(
    httpserver: HTTPServer, adopt: Adopt
) -> None:
    httpserver.expect_request(LABS).respond_with_json([])
    assert await listenbrainz(httpserver, adopt).similar(SEED) == ()
    assert paths(httpserver) == [LABS]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (503, "busy", {}),
        (404, "gone", {}),
        (301, "", {"Location": "https://elsewhere.example/similar"}),
        (200, "<html>moved</html>", {}),
        (200, '{"data": []}', {}),
        (200, '[{"artist": "another shape"}]', {}),
    ],
)
async def test_when_labs_fails_or_moves_the_radio_answers_and_labs_is_left_alone_for_a_while(
    httpserver: HTTPServer, adopt: Adopt, status: int, body: str, headers: dict[str, str]
) -> None:
    httpserver.expect_request(LABS).respond_with_data(body, status=status, headers=headers)
    httpserver.expect_request(RADIO).respond_with_json(
        {
            mbid(2): [radio_row(2, "Ride", 70), radio_row(2, "Ride", 900)],
            mbid(1): [radio_row(1, "Slowdive", 9999)],
            mbid(3): [radio_row(3, "Lush", 1200)],
        }
    )
    source = listenbrainz(httpserver, adopt)
    found = await source.similar(SEED)
    assert [(one.artist, one.mbid, one.rank) for one in found] == [("Lush", mbid(3), 1), ("Ride", mbid(2), 2)]
    assert {(one.strength, one.popularity) for one in found} == {(None, None)}
    tried = paths(httpserver).count(LABS)
    assert await source.similar(SEED) == found
    assert paths(httpserver).count(LABS) == tried
    httpserver.expect_request(re.compile("/api/1/lb-radio/artist/.*")).respond_with_json({})
    assert "radio" in await source.check()


async def test_when_both_are_away_the_failure_is_told(httpserver: HTTPServer, adopt: Adopt) -> None:
    httpserver.expect_request(LABS).respond_with_data("busy", status=503)
    httpserver.expect_request(RADIO).respond_with_data("busy", status=429)
    with pytest.raises(ProviderUnavailable) as failure:
        await listenbrainz(httpserver, adopt).similar(SEED)
    assert isinstance(failure.value.__cause__, ProviderError)


async def test_hostile_rows_are_bounded_or_dropped(httpserver: HTTPServer, adopt: Adopt) -> None:
    httpserver.expect_request(LABS).respond_with_json(
        [
            labs_row(2, HOSTILE, 3, SEED.mbid),
            labs_row(3, "Endless", 10**300, SEED.mbid),
            labs_row(4, " \u0000 ", 2, SEED.mbid),
            {**labs_row(5, "No identifier", 1, SEED.mbid), "artist_mbid": "../../etc/passwd"},
            *(labs_row(i, f"Filler {i}", 1, SEED.mbid) for i in range(10, 500)),
        ]
    )
    found = await listenbrainz(httpserver, adopt).similar(SEED)
    assert len(found[0].artist) <= 300
    assert "\n" not in found[0].artist
    assert len(found) <= 100
    assert not {"Endless", "No identifier"} & {one.artist for one in found}


async def test_listens_are_read_page_by_page(httpserver: HTTPServer, adopt: Adopt) -> None:
    def page(start: int, size: int) -> dict[str, Any]:
        rows = [
            {"artist_name": f"Artist {i}", "artist_mbids": [mbid(i)], "listen_count": 1000 - i}
            for i in range(start, start + size)
        ]
        return {"payload": {"artists": rows, "count": size, "offset": start, "range": "all_time"}}

    for start, size in ((0, 100), (100, 30)):
        httpserver.expect_request(
            STATISTICS.replace("%20", " ").replace("%2F", "/"),
            query_string={"range": "all_time", "count": "100", "offset": str(start)},
        ).respond_with_json(page(start, size))
    plays = await listenbrainz(httpserver, adopt).plays("ann b/c")
    assert len(plays) == 130
    assert plays[0] == Plays("Artist 0", 1000, mbid(0))


async def test_listens_of_a_collaboration_belong_to_no_single_artist(
    httpserver: HTTPServer, adopt: Adopt
) -> None:
    rows = [
        {"artist_name": "A & B", "artist_mbids": [mbid(1), mbid(2)], "listen_count": 5},
        {"artist_name": "C", "artist_mbid": mbid(3).upper(), "listen_count": 4},
        {"artist_name": "D", "artist_mbid": None, "artist_mbids": [], "listen_count": 3},
    ]
    httpserver.expect_request("/api/1/stats/user/ann/artists").respond_with_json(
        {"payload": {"artists": rows, "count": 3}}
    )
    plays = await listenbrainz(httpserver, adopt).plays("ann")
    assert plays == (Plays("A & B", 5), Plays("C", 4, mbid(3)), Plays("D", 3))


async def test_no_statistics_yet_is_an_empty_answer(httpserver: HTTPServer, adopt: Adopt) -> None:
    httpserver.expect_request("/api/1/stats/user/ann/artists").respond_with_data("", status=204)
    assert await listenbrainz(httpserver, adopt).plays("ann") == ()


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (404, '{"code": 404, "error": "Cannot find user: ann"}', ProviderRejected),
        (429, "{}", ProviderUnavailable),
        (200, '{"payload": {}}', UnreadableAnswer),
        (200, '{"payload": {"artists": [{"x": 1}]}}', UnreadableAnswer),
    ],
)
async def test_listens_that_cannot_be_read_are_a_failure(
    httpserver: HTTPServer, adopt: Adopt, status: int, body: str, failure: type[ProviderError]
) -> None:
    httpserver.expect_request("/api/1/stats/user/ann/artists").respond_with_data(body, status=status)
    with pytest.raises(failure):
        await listenbrainz(httpserver, adopt).plays("ann")
