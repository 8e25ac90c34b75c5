"""What artists brought out lately, asked of MusicBrainz' search for many of them at once."""

import json
from datetime import date
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.music import Mbid, ReleaseGroup
from brainarr.errors import ProviderUnavailable, UnreadableAnswer
from brainarr.providers.musicbrainz import MusicBrainzReleases, MusicBrainzSettings, connect
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, mbid

pytestmark = pytest.mark.loopback

DAY = date(2025, 11, 26)
PLAID, SLINT = mbid(1), mbid(2)


@pytest.fixture
def releases(httpserver: HTTPServer, adopt: Adopt) -> MusicBrainzReleases:
    settings = MusicBrainzSettings(base_url=httpserver.url_for("/ws/2"), requests_per_second=1000)
    return MusicBrainzReleases(adopt(connect(settings)))


def row(number: int, title: str, *by: Mbid, released: str = "2026-05-08", **more: Any) -> dict[str, Any]:
    """A release group as a search shows it."""
    credit = [{"name": "?", "artist": {"id": artist, "name": "?", "sort-name": "?"}} for artist in by]
    return {
        "id": mbid(number),
        "score": 100,
        "title": title,
        "first-release-date": released,
        "primary-type": "Album",
        "artist-credit": credit,
        "tags": [{"count": 3, "name": "idm"}],
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def answer(*rows: dict[str, Any], count: int | None = None, offset: int = 0) -> dict[str, Any]:
    return {"count": len(rows) if count is None else count, "offset": offset, "release-groups": list(rows)}


async def test_one_question_tells_the_albums_of_each_artist(
    releases: MusicBrainzReleases, httpserver: HTTPServer
) -> None:
    rows = (row(10, "Feorm Falorx", PLAID), row(11, "Live", SLINT, secondary_types=["Live"]))
    httpserver.expect_request("/ws/2/release-group").respond_with_json(answer(*rows))
    assert await releases.released_since([PLAID, SLINT, mbid(3)], DAY) == {
        PLAID: (
            ReleaseGroup(
                mbid(10), "Feorm Falorx", PLAID, 2026, genres=(("idm", 3.0),), released="2026-05-08"
            ),
        ),
        SLINT: (
            ReleaseGroup(
                mbid(11),
                "Live",
                SLINT,
                2026,
                secondary_kinds=("live",),
                genres=(("idm", 3.0),),
                released="2026-05-08",
            ),
        ),
        mbid(3): (),
    }
    ((request, _),) = httpserver.log
    assert request.args["query"] == (
        f"(arid:{PLAID} OR arid:{SLINT} OR arid:{mbid(3)}) AND firstreleasedate:[2025-11-26 TO *] "
        "AND (primarytype:album OR primarytype:ep) AND status:official"
    )


async def test_an_album_of_two_artists_is_the_first_ones_and_one_of_strangers_is_left_out(
    releases: MusicBrainzReleases, httpserver: HTTPServer
) -> None:
    rows = (row(10, "Together", mbid(9), SLINT, PLAID), row(11, "Strangers", mbid(9)))
    httpserver.expect_request("/ws/2/release-group").respond_with_json(answer(*rows))
    found = await releases.released_since([PLAID, SLINT], DAY)
    assert [album.title for album in found[SLINT]] == ["Together"] and found[PLAID] == ()


@pytest.mark.parametrize(
    ("given", "kept", "year"),
    [
        ("2026-05-08", "2026-05-08", 2026),
        ("2026-05", "2026-05", 2026),
        ("2026", "2026", 2026),
        ("2026-13", "2026", 2026),
        ("????-05", None, None),
        ("", None, None),
    ],
)
async def test_as_much_of_a_date_is_kept_as_is_known(
    releases: MusicBrainzReleases, httpserver: HTTPServer, given: str, kept: str | None, year: int | None
) -> None:
    httpserver.expect_request("/ws/2/release-group").respond_with_json(
        answer(row(10, "LP", PLAID, released=given))
    )
    (album,) = (await releases.released_since([PLAID], DAY))[PLAID]
    assert (album.released, album.year) == (kept, year)


async def test_long_answers_come_in_pages_and_end(
    releases: MusicBrainzReleases, httpserver: HTTPServer
) -> None:
    def page(request: Request) -> Response:
        offset = int(request.args["offset"])
        rows = [row(1_000 + offset + n, f"LP {offset + n}", PLAID) for n in range(100)]
        return Response(
            json.dumps(answer(*rows, count=10_000, offset=offset)), content_type="application/json"
        )

    httpserver.expect_request("/ws/2/release-group").respond_with_handler(page)
    found = await releases.released_since([PLAID], DAY)
    assert len(found[PLAID]) == 500 and len(httpserver.log) == 5


async def test_nobody_is_no_question(releases: MusicBrainzReleases, httpserver: HTTPServer) -> None:
    assert await releases.released_since([], DAY) == {} and httpserver.log == []


async def test_away_is_said(releases: MusicBrainzReleases, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/ws/2/release-group").respond_with_data("", status=502)
    with pytest.raises(ProviderUnavailable):
        await releases.released_since([PLAID], DAY)


@pytest.mark.parametrize("body", ["[]", "{}", "<html>", '{"count": 1, "release-groups": 7}', "", "null"])
async def test_nonsense_is_an_error(releases: MusicBrainzReleases, httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request("/ws/2/release-group").respond_with_data(body, content_type="application/json")
    with pytest.raises(UnreadableAnswer):
        await releases.released_since([PLAID], DAY)


async def test_what_is_no_album_is_left_out_and_hostile_text_is_cleaned(
    releases: MusicBrainzReleases, httpserver: HTTPServer
) -> None:
    rows = (
        row(10, HOSTILE, PLAID),
        row(11, "No identifier", PLAID, id="?"),
        {"title": 7},
        row(12, "", PLAID),
    )
    httpserver.expect_request("/ws/2/release-group").respond_with_json(answer(*rows))
    (album,) = (await releases.released_since([PLAID], DAY))[PLAID]
    assert album.mbid == mbid(10) and len(album.title) < 1000 and not {"\0", "\n"} & set(album.title)
