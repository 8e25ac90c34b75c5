"""MusicBrainz as a similarity source: who plays with whom, who is tagged alike, and how little it asks."""

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.taste import Seed
from brainarr.errors import ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.providers.musicbrainz import MusicBrainzNeighbours, MusicBrainzSettings, connect
from tests.providers.conftest import Adopt
from tests.providers.payloads import HOSTILE, mbid, musicbrainz_artist

pytestmark = pytest.mark.loopback

RADIOHEAD = Seed(mbid=mbid(1), name="Radiohead", weight=1.0, cluster="rock")
VARIOUS = "89ad4ac3-39f7-470e-963a-56509c546377"
GENRES = [
    {"name": "rock", "count": 9},
    {"name": "art rock", "count": 12},
    {"name": "space rock", "count": 4},
    {"name": "electronic", "count": 3},
]


def relation(kind: str, number: int, name: str, **fields: Any) -> dict[str, Any]:
    """https://musicbrainz.org/doc/MusicBrainz_API/Examples: artist with inc=artist-rels"""
    target = {"id": mbid(number), "name": name, "sort-name": name, "type": "Person", "disambiguation": ""}
    return {
        "type": kind,
        "type-id": "5be4c609-9afa-4ea0-910b-12ffb71e3821",
        "target-type": "artist",
        "direction": "backward",
        "artist": target | fields,
        "attributes": [],
        "begin": "1985",
        "end": None,
        "ended": False,
    }


class Encyclopaedia:
    """Answers the look-up and the search with what it is told."""

    def __init__(self, server: HTTPServer) -> None:
        self.artist: Any = musicbrainz_artist(1, "Radiohead", genres=GENRES, relations=[])
        self.found: Any = {"artists": [], "count": 0}
        self.status = {"lookup": 200, "search": 200}
        self.asked: list[Request] = []
        server.expect_request("/ws/2/artist").respond_with_handler(self._search)
        server.expect_request(f"/ws/2/artist/{RADIOHEAD.mbid}").respond_with_handler(self._lookup)

    def _lookup(self, request: Request) -> Response:
        return self._answer(request, self.artist, self.status["lookup"])

    def _search(self, request: Request) -> Response:
        return self._answer(request, self.found, self.status["search"])

    def _answer(self, request: Request, body: Any, status: int) -> Response:
        self.asked.append(request)
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, content_type="application/json")


@pytest.fixture
def encyclopaedia(httpserver: HTTPServer) -> Encyclopaedia:
    return Encyclopaedia(httpserver)


@pytest.fixture
def source(httpserver: HTTPServer, adopt: Adopt) -> MusicBrainzNeighbours:
    settings = MusicBrainzSettings(base_url=httpserver.url_for("/ws/2"), requests_per_second=500)
    return MusicBrainzNeighbours(settings, adopt(connect(settings)))


async def names(source: MusicBrainzNeighbours) -> list[str]:
    return [candidate.artist for candidate in await source.similar(RADIOHEAD)]


def tagged(number: int, name: str, **tags: int) -> dict[str, Any]:
    votes = [{"name": tag.replace("_", " "), "count": count} for tag, count in tags.items()]
    row = musicbrainz_artist(number, name, tags=votes)
    del row["genres"]  # search results have tags only
    return row | {"score": 80}


async def test_who_shares_the_telling_styles_is_ranked_by_likeness_and_votes(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    encyclopaedia.found["artists"] = [
        tagged(2, "One Vote", art_rock=1, space_rock=1),
        tagged(3, "Elsewhere", art_rock=1, space_rock=1, bebop=30),
        tagged(4, "Alike", rock=5, art_rock=9, space_rock=4),
        tagged(1, "Radiohead", rock=9, art_rock=9),
        tagged(5, "[unknown]", art_rock=9) | {"id": VARIOUS},
    ]
    found = await source.similar(RADIOHEAD)
    assert [one.artist for one in found] == ["Alike", "One Vote", "Elsewhere"]
    assert [one.mbid for one in found] == [mbid(4), mbid(2), mbid(3)]
    lookup, search = encyclopaedia.asked
    assert set(lookup.args["inc"].split()) == {"artist-rels", "genres", "tags"}
    assert search.args["query"].startswith('+tag:"art rock" +tag:"space rock" tag:')
    assert search.args["limit"] == "100"


async def test_bands_and_partners_come_first_and_members_only_with_music_of_their_own(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    encyclopaedia.artist["relations"] = [
        relation("member of band", 10, "Thom Yorke"),
        relation("member of band", 11, "A Quiet Member"),
        relation("collaboration", 12, "The Smile", type="Group"),
        relation("collaboration", 12, "The Smile", type="Group"),
        relation("tribute", 13, "Radioheadache", type="Group"),
        relation("married", 14, "Somebody's Love"),
    ]
    encyclopaedia.found["artists"] = [
        tagged(4, "Alike", art_rock=9, space_rock=4),
        tagged(10, "Thom Yorke", electronic=3),
    ]
    assert await names(source) == ["Thom Yorke", "The Smile", "Alike"]
    query = encyclopaedia.asked[1].args["query"]
    assert f"arid:{mbid(10)} arid:{mbid(11)}" in query
    assert str(mbid(12)) not in query and str(mbid(13)) not in query


async def test_without_tags_only_relations_count_and_nothing_is_searched(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    encyclopaedia.artist |= {
        "genres": [],
        "relations": [
            relation("member of band", 10, "Thom Yorke"),
            relation("subgroup", 12, "The Smile", type=None),
        ],
    }
    assert await names(source) == ["The Smile"]
    assert len(encyclopaedia.asked) == 1


async def test_a_tag_is_only_text_in_the_question(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    encyclopaedia.artist["genres"] = [{"name": 'x" OR arid:*', "count": 3}]
    await source.similar(RADIOHEAD)
    assert encyclopaedia.asked[1].args["query"] == r'+tag:"x\" or arid\:\*"'


async def test_an_artist_that_is_gone_has_no_neighbours(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    encyclopaedia.status["lookup"] = 404
    assert await source.similar(RADIOHEAD) == ()


@pytest.mark.parametrize("part", ["lookup", "search"])
@pytest.mark.parametrize(("status", "error"), [(503, ProviderUnavailable), (403, ProviderRejected)])
async def test_a_refusal_or_an_absence_is_an_error_in_either_question(
    source: MusicBrainzNeighbours,
    encyclopaedia: Encyclopaedia,
    part: str,
    status: int,
    error: type[Exception],
) -> None:
    encyclopaedia.status[part] = status
    with pytest.raises(error):
        await source.similar(RADIOHEAD)


@pytest.mark.parametrize(
    ("artist", "found"),
    [
        ("<html>busy</html>", None),
        ({"id": mbid(1), "name": "Radiohead", "genres": "rock"}, None),
        ({"id": mbid(1), "name": "Radiohead", "relations": [{"kind": 7}]}, None),
        (None, {"error": "no index"}),
        (None, {"artists": [{"title": "no artist"}]}),
    ],
)
async def test_nonsense_is_an_error_and_never_an_empty_list(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia, artist: Any, found: Any
) -> None:
    encyclopaedia.artist = artist or encyclopaedia.artist
    encyclopaedia.found = found or encyclopaedia.found
    with pytest.raises(UnreadableAnswer):
        await source.similar(RADIOHEAD)


async def test_hostile_and_huge_answers_are_bounded(
    source: MusicBrainzNeighbours, encyclopaedia: Encyclopaedia
) -> None:
    related = [relation("collaboration", 100 + n, f"{n} {HOSTILE}", type="Group") for n in range(600)]
    encyclopaedia.artist["relations"] = [*related, relation("collaboration", 0, "") | {"artist": None}]
    encyclopaedia.found["artists"] = [tagged(2000 + n, f"Alike {n}", art_rock=3) for n in range(900)]
    found = await source.similar(RADIOHEAD)
    assert len(found) == 100
    assert sum(not one.artist.startswith("Alike") for one in found) == 20
    assert all(len(one.artist) <= 300 and not set(one.artist) & {"\0", "\n"} for one in found)


def test_a_run_may_ask_about_so_many_seeds_and_wait_so_long(httpserver: HTTPServer) -> None:
    settings = MusicBrainzSettings(neighbour_seeds=10)
    allowance = MusicBrainzNeighbours(settings, connect(settings)).allowance
    assert (allowance.seeds, allowance.seconds) == (10, 45)
