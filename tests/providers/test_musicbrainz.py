"""MusicBrainz: what exists, asked politely, and never an error taken for "no such artist"."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import ProviderUnavailable, UnreadableAnswer
from brainarr.providers.musicbrainz import MusicBrainz, MusicBrainzSettings, connect, search_query
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, mbid, musicbrainz_artist, musicbrainz_group

pytestmark = pytest.mark.loopback

JSON = "application/json"


@pytest.fixture
def musicbrainz(httpserver: HTTPServer, adopt: Adopt) -> MusicBrainz:
    settings = MusicBrainzSettings(
        base_url=httpserver.url_for("/ws/2"), contact="me@example.org", requests_per_second=50
    )
    return MusicBrainz(settings, adopt(connect(settings)))


def found(*artists: dict[str, object]) -> dict[str, object]:
    return {
        "created": "2026-11-22T12:00:00.000Z",
        "count": len(artists),
        "offset": 0,
        "artists": list(artists),
    }


def groups(*rows: dict[str, object], count: int | None = None, offset: int = 0) -> dict[str, object]:
    total = len(rows) if count is None else count
    return {"release-group-count": total, "release-group-offset": offset, "release-groups": list(rows)}


async def test_it_says_who_asks_and_how_to_reach_them(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/ws/2/artist").respond_with_json(found())
    await musicbrainz.find_artists("Slowdive")
    request, _ = httpserver.log[0]
    assert request.headers["User-Agent"] == "Brainarr/1.0.0 ( me@example.org )"
    assert request.args["fmt"] == "json"


async def test_a_search_gives_artists_with_aliases_tags_and_score(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    row = musicbrainz_artist(
        1,
        "椎名林檎",
        **{"sort-name": "Sheena, Ringo", "score": 100, "country": "JP", "life-span": {"begin": "1978-11-25"}},
        aliases=[{"name": "Ringo Sheena", "locale": "en", "primary": True}, {"name": "Ringo Sheena"}],
        tags=[{"name": "Rock", "count": 3}, {"name": "j-pop", "count": 9}, {"name": "wrong", "count": -1}],
    )
    del row["genres"]
    httpserver.expect_request("/ws/2/artist").respond_with_json(found(row))
    (artist,) = await musicbrainz.find_artists("Shiina Ringo")
    assert artist.mbid == mbid(1)
    assert artist.sort_name == "Sheena, Ringo"
    assert artist.aliases == ("Ringo Sheena",)
    assert artist.genres == (("j-pop", 9.0), ("rock", 3.0))
    assert (artist.country, artist.begin, artist.score) == ("JP", 1978, 100)


async def test_what_means_something_to_lucene_is_only_text_in_a_search(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/ws/2/artist").respond_with_json(found())
    await musicbrainz.find_artists('x" OR (arid:*) AC/DC')
    query = httpserver.log[0][0].args["query"]
    assert query.startswith(r'artist:"x\" OR \(arid\:\*\) AC\/DC" OR alias:')
    assert 'sortname:"' in query


@pytest.mark.parametrize(
    ("name", "clauses"),
    [
        ("Moloko feat. Nobody", ['artist:"moloko"', "(moloko)", "(moloko~1)"]),
        ("Viktor Tsoi", ["(viktor AND tsoi)", "(viktor~1 AND tsoi~1)"]),
        ("Кино", ["(кино)", "(kino~1)"]),
        ("U2", ["(u2)"]),
        ("!!!", []),
    ],
)
def test_a_search_tries_the_bare_name_its_words_and_how_they_sound(name: str, clauses: list[str]) -> None:
    query = search_query(name)
    assert [clause for clause in query.split(" OR ") if clause in clauses] == clauses


@given(st.text(max_size=400))
def test_no_name_breaks_out_of_its_quotes(name: str) -> None:
    bare = search_query(name).replace("\\\\", "").replace('\\"', "")
    assert bare.count('"') in (0, 6, 8)


async def test_a_blank_name_is_not_asked(musicbrainz: MusicBrainz, httpserver: HTTPServer) -> None:
    assert await musicbrainz.find_artists(" \u0000 ") == ()
    assert httpserver.log == []


async def test_a_lookup_asks_for_aliases_and_genres_and_prefers_genres_to_tags(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    row = musicbrainz_artist(
        2, "Slowdive", genres=[{"name": "shoegaze", "count": 12}], tags=[{"name": "seen live", "count": 99}]
    )
    httpserver.expect_request(f"/ws/2/artist/{mbid(2)}").respond_with_json(row)
    artist = await musicbrainz.artist(mbid(2))
    assert artist is not None
    assert artist.genres == (("shoegaze", 12.0),)
    assert artist.score == 100
    assert set(httpserver.log[0][0].args["inc"].split()) == {"aliases", "genres", "tags"}


async def test_a_merged_artist_answers_under_the_identifier_that_is_left(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    new = httpserver.url_for(f"/ws/2/artist/{mbid(4)}?inc=aliases+genres+tags&fmt=json")
    httpserver.expect_request(f"/ws/2/artist/{mbid(3)}").respond_with_response(
        Response(status=301, headers={"Location": new})
    )
    httpserver.expect_request(f"/ws/2/artist/{mbid(4)}").respond_with_json(musicbrainz_artist(4, "Ride"))
    artist = await musicbrainz.artist(mbid(3))
    assert artist is not None
    assert artist.mbid == mbid(4)


async def test_an_identifier_nobody_has_is_no_artist(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(f"/ws/2/artist/{mbid(5)}").respond_with_json({"error": "Not Found"}, status=404)
    httpserver.expect_request("/ws/2/release-group").respond_with_json({"error": "Not Found"}, status=404)
    assert await musicbrainz.artist(mbid(5)) is None
    assert await musicbrainz.albums(mbid(5)) == ()


async def test_albums_come_oldest_first_with_kind_rating_and_genres(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/ws/2/release-group").respond_with_json(
        groups(
            musicbrainz_group(11, "Undated", **{"first-release-date": ""}),
            musicbrainz_group(
                12,
                "Souvlaki",
                **{"first-release-date": "1993", "rating": {"value": 4.35, "votes-count": 21}},
                genres=[{"name": "Shoegaze", "count": 8}],
            ),
            musicbrainz_group(
                13,
                "Live at Home",
                **{"first-release-date": "1991-08", "primary-type": "EP", "secondary-types": ["Live"]},
            ),
        )
    )
    live, souvlaki, undated = await musicbrainz.albums(mbid(2))
    assert (live.kind, live.secondary_kinds, live.year, live.studio_album) == ("ep", ("live",), 1991, False)
    assert (souvlaki.rating, souvlaki.votes, souvlaki.genres) == (8.7, 21, (("shoegaze", 8.0),))
    assert (undated.year, undated.rating, undated.votes) == (None, None, 0)
    asked = httpserver.log[0][0].args
    assert (asked["artist"], asked["type"]) == (mbid(2), "album|ep")
    assert set(asked["inc"].split()) == {"ratings", "genres", "tags"}


async def test_a_long_discography_is_paged_without_doubles(
    musicbrainz: MusicBrainz, httpserver: HTTPServer
) -> None:
    rows = [musicbrainz_group(100 + i, f"Volume {i}") for i in range(130)]

    def page(request: Request) -> Response:
        offset = int(request.args["offset"])
        # One row moved while we turned the page.
        return json_response(groups(*rows[max(0, offset - 1) : offset + 100], count=130, offset=offset))

    httpserver.expect_request("/ws/2/release-group").respond_with_handler(page)
    assert len(await musicbrainz.albums(mbid(2))) == 130
    assert len(httpserver.log) == 2


async def test_an_endless_discography_ends(musicbrainz: MusicBrainz, httpserver: HTTPServer) -> None:
    def page(request: Request) -> Response:
        offset = int(request.args["offset"])
        rows = [musicbrainz_group(10_000 + offset + i, "Bootleg") for i in range(100)]
        return json_response(groups(*rows, count=10**9, offset=offset))

    httpserver.expect_request("/ws/2/release-group").respond_with_handler(page)
    assert len(await musicbrainz.albums(mbid(2))) == 500
    assert len(httpserver.log) == 5


async def test_a_503_waits_and_tries_again(musicbrainz: MusicBrainz, httpserver: HTTPServer) -> None:
    path = f"/ws/2/artist/{mbid(2)}"
    httpserver.expect_ordered_request(path).respond_with_json({"error": "rate limit"}, status=503)
    httpserver.expect_ordered_request(path).respond_with_json({"error": "rate limit"}, status=503)
    httpserver.expect_ordered_request(path).respond_with_json(musicbrainz_artist(2, "Slowdive"))
    artist = await musicbrainz.artist(mbid(2))
    assert artist is not None
    assert artist.name == "Slowdive"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_stays_away_is_unavailable_and_not_an_unknown_artist(
    musicbrainz: MusicBrainz, httpserver: HTTPServer, status: int
) -> None:
    httpserver.expect_request("/ws/2/artist").respond_with_data("busy", status=status)
    httpserver.expect_request(f"/ws/2/artist/{mbid(2)}").respond_with_data("busy", status=status)
    httpserver.expect_request("/ws/2/release-group").respond_with_data("busy", status=status)
    for question in (
        musicbrainz.find_artists("Slowdive"),
        musicbrainz.artist(mbid(2)),
        musicbrainz.albums(mbid(2)),
        musicbrainz.check(),
    ):
        with pytest.raises(ProviderUnavailable):
            await question


@pytest.mark.parametrize(
    "body",
    [
        "<html>maintenance</html>",
        "",
        "{",
        "[]",
        "{}",
        '{"artists": null, "release-groups": 7}',
        '{"artists": [1, 2], "release-groups": ["x"], "release-group-count": 1}',
    ],
)
async def test_an_answer_in_another_shape_is_unreadable(
    musicbrainz: MusicBrainz, httpserver: HTTPServer, body: str
) -> None:
    for path in ("/ws/2/artist", f"/ws/2/artist/{mbid(2)}", "/ws/2/release-group"):
        httpserver.expect_request(path).respond_with_data(body, content_type=JSON)
    for question in (
        musicbrainz.find_artists("Slowdive"),
        musicbrainz.artist(mbid(2)),
        musicbrainz.albums(mbid(2)),
    ):
        with pytest.raises(UnreadableAnswer):
            await question


async def test_one_odd_row_does_not_cost_the_others(musicbrainz: MusicBrainz, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/ws/2/artist").respond_with_json(
        found(
            {"id": 7},
            musicbrainz_artist(8, "Odd", score="87", country=None, aliases=None, **{"life-span": None}),
            musicbrainz_artist(9, "No identifier", id="not-an-mbid"),
            musicbrainz_artist(10, " "),
        )
    )
    (artist,) = await musicbrainz.find_artists("Odd")
    assert (artist.name, artist.score, artist.aliases, artist.begin) == ("Odd", 87, (), None)


async def test_hostile_text_is_bounded_to_one_line(musicbrainz: MusicBrainz, httpserver: HTTPServer) -> None:
    row = musicbrainz_artist(
        2,
        HOSTILE,
        disambiguation=HOSTILE,
        country="x" * 50,
        aliases=[{"name": f"{i} {HOSTILE}"} for i in range(500)],
        tags=[{"name": f"{i} {HOSTILE}", "count": 10**9} for i in range(500)],
        **{"life-span": {"begin": "99999999"}},
    )
    httpserver.expect_request(f"/ws/2/artist/{mbid(2)}").respond_with_json(row)
    artist = await musicbrainz.artist(mbid(2))
    assert artist is not None
    texts = (artist.name, artist.disambiguation, *artist.aliases, *(genre for genre, _ in artist.genres))
    assert max(map(len, texts)) <= 300
    assert not any(ch in text for text in texts for ch in "\n\0")
    assert (len(artist.aliases), len(artist.genres), artist.begin) == (100, 20, None)


async def test_the_check_says_what_is_still_to_be_set(httpserver: HTTPServer, adopt: Adopt) -> None:
    settings = MusicBrainzSettings(base_url=httpserver.url_for("/ws/2"), requests_per_second=50)
    httpserver.expect_request("/ws/2/artist").respond_with_json(found())
    assert "musicbrainz.contact" in await MusicBrainz(settings, adopt(connect(settings))).check()


@pytest.mark.parametrize("contact", ["me\r\nX-Injected: 1", "", "ü@example.org", "x" * 201])
def test_a_contact_that_cannot_stand_in_a_header_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        MusicBrainzSettings(contact=contact)


def json_response(body: object) -> Response:
    return Response(json.dumps(body), content_type=JSON)
