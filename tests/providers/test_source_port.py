"""What every similarity source keeps to: the stand-in, a remembered one, and each service."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.http import Http
from brainarr.pipeline.ports import CandidateSource
from brainarr.providers.deezer import Deezer, DeezerSettings
from brainarr.providers.lastfm import Lastfm, LastfmSettings
from brainarr.providers.listenbrainz import ListenBrainz, ListenBrainzSettings
from brainarr.providers.musicbrainz import MusicBrainzNeighbours, MusicBrainzSettings
from brainarr.wiring.caching import CachedSource
from tests.conftest import NOW
from tests.fakes import FakeCache, FakeSource
from tests.providers.conftest import Adopt
from tests.providers.payloads import (
    deezer_artist,
    labs_row,
    lastfm_artist,
    lastfm_fault,
    mbid,
    musicbrainz_artist,
    radio_row,
)

pytestmark = pytest.mark.loopback

SLOWDIVE = Seed(mbid=mbid(1), name="Slowdive", weight=0.5, cluster="shoegaze")
NOBODY = Seed(mbid=mbid(404), name="Nobody at All", weight=0.5, cluster="shoegaze")
NEIGHBOURS = (("Ride", 2), ("Lush", 3), ("Pale Saints", 4))

SetAway = Callable[[bool], None]
Stage = tuple[CandidateSource, SetAway]
Answer = Callable[[Request], Any]


def serve(httpserver: HTTPServer, answer: Answer) -> SetAway:
    """Serves what `answer` gives for each request, and 503 while away."""
    away = False

    def set_away(now_away: bool) -> None:
        nonlocal away
        away = now_away

    def respond(request: Request) -> Response:
        body = None if away else answer(request)
        status = 503 if body is None else 200
        return Response(json.dumps(body), status=status, content_type="application/json")

    httpserver.expect_request(re.compile(".*")).respond_with_handler(respond)
    return set_away


def fake(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    source = FakeSource({SLOWDIVE.mbid: [(name, mbid(number)) for name, number in NEIGHBOURS]})

    def set_away(away: bool) -> None:
        source.failure = ProviderUnavailable("fake", "is away.") if away else None

    return source, set_away


def remembered(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    source, set_away = fake(httpserver, adopt)
    return CachedSource(source, FakeCache(lambda: NOW), lambda: NOW), set_away


def listenbrainz(httpserver: HTTPServer, adopt: Adopt, *, labs_work: bool = True) -> Stage:
    def answer(request: Request) -> Any:
        if request.path.startswith("/labs"):
            (question,) = request.get_json()
            known = question["artist_mbids"] == [SLOWDIVE.mbid]
            rows = [labs_row(number, name, 900 - number, SLOWDIVE.mbid) for name, number in NEIGHBOURS]
            return (rows if known else []) if labs_work else None
        rows = [(number, [radio_row(number, name, 900 - number)]) for name, number in NEIGHBOURS]
        return {mbid(number): row for number, row in rows} if SLOWDIVE.mbid in request.path else {}

    settings = ListenBrainzSettings(base_url=httpserver.url_for(""), labs_url=httpserver.url_for("/labs"))
    http, labs = Http("listenbrainz", f"{settings.base_url}/1"), Http("listenbrainz labs", settings.labs_url)
    return ListenBrainz(settings, adopt(http), adopt(labs)), serve(httpserver, answer)


def listenbrainz_radio(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    return listenbrainz(httpserver, adopt, labs_work=False)


def deezer(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    def answer(request: Request) -> Any:
        if request.path == "/search/artist":
            known = request.args["q"] == SLOWDIVE.name
            rows: Sequence[Any] = [deezer_artist(8, SLOWDIVE.name, 5)] if known else []
        else:
            rows = [deezer_artist(number, name, 100) for name, number in NEIGHBOURS]
        return {"data": rows, "total": len(rows)}

    settings = DeezerSettings(base_url=httpserver.url_for("/"))
    return Deezer(settings, adopt(Http("deezer", settings.base_url))), serve(httpserver, answer)


def lastfm(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    def answer(request: Request) -> Any:
        if request.args.get("mbid") == SLOWDIVE.mbid:
            rows = [lastfm_artist(name, str(1 - number / 10), number) for name, number in NEIGHBOURS]
            return {"similarartists": {"artist": rows, "@attr": {"artist": SLOWDIVE.name}}}
        return lastfm_fault(6)

    settings = LastfmSettings(base_url=httpserver.url_for("/2.0/"), api_key=SecretStr("k" * 32))
    return Lastfm(settings, adopt(Http("lastfm", settings.base_url))), serve(httpserver, answer)


def musicbrainz(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    tags = [{"name": "shoegaze", "count": 9}]

    def answer(request: Request) -> Any:
        if request.path == "/ws/2/artist":
            rows = [
                musicbrainz_artist(n, name, tags=[{"name": "shoegaze", "count": 20 - n}])
                for name, n in NEIGHBOURS
            ]
            return {"artists": rows, "count": len(rows)}
        known = request.path.endswith(SLOWDIVE.mbid)
        return musicbrainz_artist(1, SLOWDIVE.name, genres=tags if known else [], relations=[])

    settings = MusicBrainzSettings(base_url=httpserver.url_for("/ws/2"), requests_per_second=100)
    return MusicBrainzNeighbours(settings, adopt(Http("musicbrainz", settings.base_url))), serve(
        httpserver, answer
    )


@pytest.fixture(
    params=[fake, remembered, listenbrainz, listenbrainz_radio, deezer, lastfm, musicbrainz],
    ids=lambda make: make.__name__,
)
def stage(request: pytest.FixtureRequest, httpserver: HTTPServer, adopt: Adopt) -> Stage:
    return request.param(httpserver, adopt)


async def test_neighbours_are_ranked_from_one_and_say_where_they_come_from(stage: Stage) -> None:
    source, _ = stage
    found = await source.similar(SLOWDIVE)
    assert [one.artist for one in found] == ["Ride", "Lush", "Pale Saints"]
    assert [one.rank for one in found] == [1, 2, 3]
    assert {(one.source, one.seed) for one in found} == {(source.name, SLOWDIVE.mbid)}
    assert all(one.mbid in (None, mbid(number)) for one, (_, number) in zip(found, NEIGHBOURS, strict=True))


async def test_a_similarity_source_claims_no_confidence_and_names_no_album(stage: Stage) -> None:
    source, _ = stage
    assert {(one.confidence, one.album) for one in await source.similar(SLOWDIVE)} == {(None, None)}


async def test_an_artist_it_does_not_know_has_no_neighbours(stage: Stage) -> None:
    source, _ = stage
    assert await source.similar(NOBODY) == ()


async def test_being_away_is_an_error_that_is_over_when_it_is_over(stage: Stage) -> None:
    source, set_away = stage
    set_away(True)
    with pytest.raises(ProviderError):
        await source.similar(SLOWDIVE)
    set_away(False)
    assert len(await source.similar(SLOWDIVE)) == 3


async def test_it_has_a_vote_between_nothing_and_everything(stage: Stage) -> None:
    source, _ = stage
    assert 0 < source.weight <= 1
    assert source.name
    assert source.kind
