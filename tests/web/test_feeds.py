"""What Lidarr's import lists receive, held against what Lidarr's readers can bear."""

import json
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from brainarr.domain.recommendation import Status
from brainarr.sandbox import importlists
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import starter_world
from brainarr.service.library import sync_library
from tests.sandbox.conftest import make_list
from tests.store.given import ScriptedLidarr, mbid, owned, recommended
from tests.web.conftest import House, both_databases
from tests.web.test_doors import FEEDS

pytestmark = both_databases

ALBUM, ARTIST = "/lists/default/api/v1/album", "/lists/default/api/v1/artist"


@pytest.fixture
async def lidarr(house: House):
    """Lidarr, as it calls: no redirects, its own Accept, the list's key in the header."""
    async with house.door(await house.feed_key()) as client:
        client.headers.update({"Accept": "application/json", "User-Agent": "Lidarr/2.14.5.4836 (debian 12)"})
        yield client


def read_strictly(answer: httpx2.Response) -> list[dict[str, Any]]:
    """As Lidarr reads it: status exactly 200, no byte order mark, an array of objects, no null anywhere."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    rows = json.loads(answer.content.decode("utf-8"))
    assert isinstance(rows, list)
    for row in rows:
        assert isinstance(row, dict)
        assert None not in row.values()
    return rows


async def test_an_empty_feed_is_an_empty_array(lidarr: httpx2.AsyncClient):
    for path in ("/lists/default/artists", ALBUM, ARTIST):
        answer = await lidarr.get(path)
        assert answer.content == b"[]"
        assert read_strictly(answer) == []


async def test_the_custom_list_takes_its_key_from_the_query(house: House):
    await house.recommend(recommended(1), status=Status.APPROVED)
    async with house.door() as client:
        answer = await client.get("/lists/default/artists", params={"apikey": await house.feed_key()})
        assert (await client.get("/lists/default/artists?apikey=wrong")).status_code == 401
    assert answer.content == b'[{"MusicBrainzId":"00000001-0000-4000-8000-000000000001"}]'


async def test_only_approved_artists_leave_and_count_as_delivered(house: House, lidarr: httpx2.AsyncClient):
    pending, approved = await house.recommend(recommended(1), recommended(2))
    async with house.door(house.deps.api_key()) as api:
        await api.post(f"/api/v1/recommendations/{approved}/approve")
        rows = read_strictly(await lidarr.get("/lists/default/artists"))
        assert rows == [{"MusicBrainzId": mbid(2)}]
        delivered = (await api.get(f"/api/v1/recommendations/{approved}")).json()
        assert (delivered["status"], delivered["deliveries"]) == ("delivered", 1)
        assert (await api.get(f"/api/v1/recommendations/{pending}")).json()["status"] == "pending"


async def test_albums_leave_through_the_lidarr_list_alone(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(recommended(1, album=11, title="Weezer"), status=Status.APPROVED)
    assert read_strictly(await lidarr.get("/lists/default/artists")) == []
    (album,) = read_strictly(await lidarr.get(ALBUM))
    assert album == {
        "artistId": album["artistId"],
        "title": "Weezer (2001)",
        "foreignAlbumId": mbid(11),
        "monitored": True,
    }
    (artist,) = read_strictly(await lidarr.get(ARTIST))
    assert artist == {
        "id": album["artistId"],
        "artistName": "New 1",
        "foreignArtistId": mbid(1),
        "monitored": True,
        "qualityProfileId": 11,
        "rootFolderPath": "/brainarr/2000s",
        "tags": [1, 13, 10],
    }


async def test_every_album_has_its_artist_and_a_title_of_its_own(house: House, lidarr: httpx2.AsyncClient):
    found = [
        recommended(artist, album=album, title="Weezer", year=year)
        for artist, album, year in [(1, 11, 1994), (1, 12, 2001), (1, 13, 2001), (2, 14, 2001), (3, 15, None)]
    ]
    await house.recommend(*found, status=Status.APPROVED)
    albums = read_strictly(await lidarr.get(ALBUM))
    artists = read_strictly(await lidarr.get(ARTIST))
    mbids = {artist["id"]: artist["foreignArtistId"] for artist in artists}
    assert len(mbids) == len(artists)
    assert {album["artistId"] for album in albums} <= set(mbids)
    titles = [(mbids[album["artistId"]], album["title"]) for album in albums]
    assert len(titles) == len(set(titles)) == 5


async def test_a_poll_carries_fifty_items_at_most_and_the_next_one_others(
    house: House, lidarr: httpx2.AsyncClient
):
    await house.recommend(*(recommended(number) for number in range(1, 71)), status=Status.APPROVED)
    first = {row["MusicBrainzId"] for row in read_strictly(await lidarr.get("/lists/default/artists"))}
    house.clock.advance(minutes=1)
    second = {row["MusicBrainzId"] for row in read_strictly(await lidarr.get("/lists/default/artists"))}
    assert len(first) == 50
    assert len(first | second) == 70


async def test_lidarrs_test_button_delivers_nothing(house: House, lidarr: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=11), status=Status.APPROVED)
    await lidarr.get(ARTIST)
    async with house.door(house.deps.api_key()) as api:
        assert (await api.get(f"/api/v1/recommendations/{number}")).json()["status"] == "approved"


async def test_head_looks_and_takes_nothing(house: House, lidarr: httpx2.AsyncClient):
    numbers = await house.recommend(recommended(1), recommended(2, album=11), status=Status.APPROVED)
    for path in FEEDS:
        answer = await lidarr.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/json"
        assert (await lidarr.head(path, headers={"X-Api-Key": "wrong"})).status_code == 401
    async with house.door(house.deps.api_key()) as api:
        for number in numbers:
            assert (await api.get(f"/api/v1/recommendations/{number}")).json()["status"] == "approved"


async def test_the_pickers_offer_what_artists_carry(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(
        recommended(1, album=11, year=None, genres=()), recommended(2, album=12), status=Status.APPROVED
    )
    artists = read_strictly(await lidarr.get(ARTIST))
    profiles = read_strictly(await lidarr.get("/lists/default/api/v1/qualityprofile"))
    tags = read_strictly(await lidarr.get("/lists/default/api/v1/tag"))
    folders = read_strictly(await lidarr.get("/lists/default/api/v1/rootfolder"))
    assert {artist["qualityProfileId"] for artist in artists} <= {row["id"] for row in profiles}
    assert {tag for artist in artists for tag in artist["tags"]} <= {row["id"] for row in tags}
    assert {artist["rootFolderPath"] for artist in artists} <= {row["path"] for row in folders}
    for offered in (profiles, tags, folders):
        assert len({row["id"] for row in offered}) == len(offered)


PARTS = [
    ({}, {11, 12, 13, 14}),
    ({"tagIds": [1]}, {11, 12, 13, 14}),
    ({"tagIds": [16]}, {12, 13}),
    ({"tagIds": [10, 2]}, {11, 14}),
    ({"profileIds": [11]}, {11, 14}),
    ({"profileIds": [12, 13]}, {12}),
    ({"profileIds": [21]}, {13}),
    ({"rootFolderPaths": ["/brainarr"]}, {11, 12, 13, 14}),
    ({"rootFolderPaths": ["/brainarr/1990s", "/brainarr/before-1950s"]}, {12, 13}),
    ({"tagIds": [16], "profileIds": [11, 12, 13], "rootFolderPaths": ["/brainarr/1990s"]}, {12}),
]


@pytest.mark.loopback
@pytest.mark.parametrize(("picked", "taken"), PARTS)
async def test_one_lidarr_takes_the_parts_that_it_picks(
    house: House, picked: dict[str, Any], taken: set[int]
):
    """By Lidarr's own reader: the sandbox's, which follows its rules row by row."""
    await sync_library(house.deps.db, ScriptedLidarr([owned(3)]), house.clock, lambda _: None)
    unsure = replace(recommended(2, album=12, year=1994, genres=("cool jazz",)), confidence=0.4)
    await house.recommend(
        recommended(1, album=11),
        unsure,
        recommended(3, album=13, year=1949, genres=("bebop",)),
        recommended(1, album=14, year=None, genres=("something else",)),
        status=Status.APPROVED,
    )
    async with serve(house.app()) as address:
        there = make_list(Holdings(starter_world(), house.clock), f"{address}/lists/default")
        there.fields |= {"apiKey": await house.feed_key(), **picked}
        fetched = await importlists.fetch(there)
    assert fetched.failure is None
    assert {item.album_mbid for item in fetched.items} == {mbid(number) for number in taken}


async def test_nothing_ever_redirects(lidarr: httpx2.AsyncClient):
    for path in (*FEEDS, "/ping", "/api/v1/lists", "/", "/lists/default"):
        for target in (path, f"{path}/", f"/{path}", f"{path}//"):
            assert not 300 <= (await lidarr.get(target)).status_code < 400, target


async def test_names_of_every_script_arrive_as_utf_8(house: House, lidarr: httpx2.AsyncClient):
    await house.recommend(
        replace(recommended(1, album=11, title="Ænima é ☃"), artist='坂本龍一 "‡" \u2028'),
        status=Status.APPROVED,
    )
    (album,) = read_strictly(await lidarr.get(ALBUM))
    (artist,) = read_strictly(await lidarr.get(ARTIST))
    assert album["title"] == "Ænima é ☃ (2001)"
    assert artist["artistName"] == '坂本龍一 "‡" \u2028'
