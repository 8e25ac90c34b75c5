"""What every catalogue keeps to: the stand-in that other tests use, a remembered one, and MusicBrainz."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.http import Http
from brainarr.pipeline.ports import Catalog
from brainarr.providers.musicbrainz import MusicBrainz, MusicBrainzSettings
from brainarr.wiring.caching import CachedCatalog
from tests.conftest import NOW
from tests.fakes import FakeCache, FakeCatalog
from tests.providers.conftest import Adopt
from tests.providers.payloads import mbid, musicbrainz_artist, musicbrainz_group

pytestmark = pytest.mark.loopback

SLOWDIVE = CatalogArtist(
    mbid=mbid(1),
    name="Slowdive",
    sort_name="Slowdive",
    disambiguation="English shoegaze band",
    country="GB",
    begin=1989,
    genres=(("shoegaze", 12.0), ("dream pop", 5.0)),
)
SHEENA = CatalogArtist(
    mbid=mbid(2),
    name="椎名林檎",
    sort_name="Sheena, Ringo",
    aliases=("Ringo Sheena", "Slowdive!"),
    begin=1978,
)
OLD_ID = mbid(77)
GROUPS = (
    ReleaseGroup(
        mbid(12),
        "Souvlaki",
        mbid(1),
        1993,
        rating=8.7,
        votes=21,
        genres=(("shoegaze", 8.0),),
        released="1993-05-17",
    ),
    ReleaseGroup(mbid(13), "Holding Our Breath", mbid(1), 1991, kind="ep"),
    ReleaseGroup(mbid(14), "Live at Home", mbid(1), 1994, secondary_kinds=("live",)),
    ReleaseGroup(mbid(15), "Unknown Year", mbid(1)),
    ReleaseGroup(mbid(16), "A Single", mbid(1), 1990, kind="single"),
    ReleaseGroup(mbid(17), "Muzai Moratorium", mbid(2), 1999),
)


class Stage:
    """A catalogue over the world above, and a way to make what is behind it go away and come back."""

    def __init__(self, catalog: Catalog, set_away: Callable[[bool], None]) -> None:
        self.catalog = catalog
        self.set_away = set_away


def fake_stage() -> Stage:
    fake = FakeCatalog((SLOWDIVE, SHEENA), GROUPS, {OLD_ID: SLOWDIVE.mbid})

    def set_away(away: bool) -> None:
        fake.failure = ProviderUnavailable("fake", "is away.") if away else None

    return Stage(fake, set_away)


def musicbrainz_stage(httpserver: HTTPServer, adopt: Adopt) -> Stage:
    behind = fake_stage()
    away = False

    def set_away(now_away: bool) -> None:
        nonlocal away
        away = now_away

    def answer(request: Request) -> Response:
        if away:
            return Response("busy", status=503)
        _, _, _, kind, *rest = request.path.split("/")
        world = behind.catalog
        assert isinstance(world, FakeCatalog)
        if kind == "release-group":
            wanted = world.merged.get(Mbid(request.args["artist"]), Mbid(request.args["artist"]))
            kinds = request.args["type"].split("|")
            rows = [_group(group) for group in GROUPS if group.artist == wanted and group.kind in kinds]
            return _json({"release-groups": rows, "release-group-count": len(rows)})
        if rest:
            asked = Mbid(rest[0])
            if asked in world.merged:
                moved = f"/ws/2/artist/{world.merged[asked]}?{request.query_string.decode()}"
                return Response(status=301, headers={"Location": moved})
            return (
                _json(_artist(world.artists[asked])) if asked in world.artists else _json({"error": ""}, 404)
            )
        phrase = re.match(r'artist:"((?:[^"\\]|\\.)*)"', request.args["query"])
        assert phrase is not None
        name = re.sub(r"\\(.)", r"\1", phrase[1])
        found = [artist for artist in (SHEENA, SLOWDIVE) if name in (artist.name, *artist.aliases)]
        exact_first = sorted(found, key=lambda artist: artist.name != name)
        return _json(
            {"artists": [_artist(artist) | {"score": 100 - at} for at, artist in enumerate(exact_first)]}
        )

    httpserver.expect_request(re.compile("/ws/2/.*")).respond_with_handler(answer)
    settings = MusicBrainzSettings(base_url=httpserver.url_for("/ws/2"))
    http = Http("musicbrainz", settings.base_url, follow_redirects_same_host=True)
    return Stage(MusicBrainz(settings, adopt(http)), set_away)


def _artist(artist: CatalogArtist) -> dict[str, Any]:
    return musicbrainz_artist(
        1,
        artist.name,
        id=artist.mbid,
        disambiguation=artist.disambiguation,
        country=artist.country,
        aliases=[{"name": alias, "sort-name": alias} for alias in artist.aliases],
        genres=[{"name": name, "count": int(votes)} for name, votes in artist.genres],
        **{"sort-name": artist.sort_name, "life-span": {"begin": str(artist.begin)}},
    )


def _group(group: ReleaseGroup) -> dict[str, Any]:
    return musicbrainz_group(
        1,
        group.title,
        id=group.mbid,
        genres=[{"name": name, "count": int(votes)} for name, votes in group.genres],
        rating={"value": group.rating and group.rating / 2, "votes-count": group.votes},
        **{
            "primary-type": {"ep": "EP"}.get(group.kind, group.kind.title()),
            "secondary-types": [kind.title() for kind in group.secondary_kinds],
            "first-release-date": group.released or str(group.year or ""),
        },
    )


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture(params=["fake", "remembered", "musicbrainz"])
def stage(request: pytest.FixtureRequest, httpserver: HTTPServer, adopt: Adopt) -> Stage:
    if request.param == "musicbrainz":
        return musicbrainz_stage(httpserver, adopt)
    made = fake_stage()
    if request.param == "fake":
        return made
    return Stage(CachedCatalog(made.catalog, FakeCache(lambda: NOW)), made.set_away)


async def test_an_artist_is_found_by_name_and_by_alias(stage: Stage) -> None:
    assert [artist.mbid for artist in await stage.catalog.find_artists("椎名林檎")] == [SHEENA.mbid]
    (artist,) = await stage.catalog.find_artists("Ringo Sheena")
    assert (artist.mbid, artist.name) == (SHEENA.mbid, "椎名林檎")
    assert "Ringo Sheena" in artist.aliases


async def test_the_best_match_comes_first(stage: Stage) -> None:
    found = await stage.catalog.find_artists("Slowdive")
    assert found[0].mbid == SLOWDIVE.mbid


async def test_a_name_nobody_has_finds_nobody(stage: Stage) -> None:
    assert await stage.catalog.find_artists("Nobody at All") == ()
    assert await stage.catalog.find_artists("") == ()


async def test_a_lookup_gives_every_fact(stage: Stage) -> None:
    assert await stage.catalog.artist(SLOWDIVE.mbid) == SLOWDIVE


async def test_a_merged_identifier_answers_with_the_canonical_one(stage: Stage) -> None:
    artist = await stage.catalog.artist(OLD_ID)
    assert artist is not None
    assert artist.mbid == SLOWDIVE.mbid


async def test_an_identifier_nobody_has_is_none(stage: Stage) -> None:
    assert await stage.catalog.artist(mbid(404)) is None
    assert await stage.catalog.albums(mbid(404)) == ()


async def test_albums_and_eps_come_oldest_first(stage: Stage) -> None:
    albums = await stage.catalog.albums(SLOWDIVE.mbid)
    titles = ["Holding Our Breath", "Souvlaki", "Live at Home", "Unknown Year"]
    assert [album.title for album in albums] == titles
    assert albums[1] == GROUPS[0]
    assert [album.studio_album for album in albums] == [False, True, False, True]


async def test_being_away_is_an_error_that_is_over_when_it_is_over(stage: Stage) -> None:
    stage.set_away(True)
    for question in (
        stage.catalog.find_artists("Slowdive"),
        stage.catalog.artist(SLOWDIVE.mbid),
        stage.catalog.albums(SLOWDIVE.mbid),
    ):
        with pytest.raises(ProviderError):
            await question
    stage.set_away(False)
    assert await stage.catalog.artist(SLOWDIVE.mbid) == SLOWDIVE
    assert await stage.catalog.find_artists("Slowdive")
    assert await stage.catalog.albums(SLOWDIVE.mbid)
