"""The stand-ins for MusicBrainz, ListenBrainz and Deezer, and the starter set they show."""

from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest

from brainarr.domain.music import parse_mbid
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.coverart import has_cover
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist, sandbox_mbid

pytestmark = pytest.mark.loopback


@pytest.fixture
async def catalogue(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    listens = {"ann": {world.named("Plaid").mbid: 7, world.named("Can").mbid: 9}, "new": {}}
    async with (
        serve(create_catalogue(world, listens)) as url,
        httpx2.AsyncClient(base_url=url, headers={"User-Agent": "Test/1 ( t )"}, trust_env=False) as client,
    ):
        yield client


async def search(catalogue: httpx2.AsyncClient, query: str) -> list[tuple[str, int]]:
    answer = await catalogue.get("/ws/2/artist", params={"query": query, "fmt": "json"})
    return [(row["name"], row["score"]) for row in answer.json()["artists"]]


async def test_a_name_is_found_by_itself_by_alias_and_less_surely_by_its_words(catalogue) -> None:
    assert (await search(catalogue, 'artist:"Boards of Canada"'))[0] == ("Boards of Canada", 100)
    assert (await search(catalogue, 'artist:"sigur ros"'))[0] == ("Sigur Rós", 100)
    assert (await search(catalogue, 'alias:"Mu-Ziq"'))[0] == ("μ-Ziq", 95)
    best = (await search(catalogue, 'artist:"Godspeed Black Emperor"'))[0]
    assert best[0] == "Godspeed You! Black Emperor" and best[1] < 90
    assert await search(catalogue, 'artist:"Nobody At All Here"') == []


async def test_escaped_names_are_understood(catalogue) -> None:
    assert (await search(catalogue, r'artist:"AC\/DC" OR (AC AND DC)'))[0][0] == "AC/DC"
    assert (await search(catalogue, r'artist:"Neu\!"'))[0][0] == "Neu!"
    assert (await search(catalogue, "(plaid~1)"))[0] == ("Plaid", 100)


async def test_artists_are_found_by_the_tags_they_must_and_may_have(catalogue, world) -> None:
    found = await search(catalogue, '+tag:"trip hop" +tag:"electronic" tag:"downtempo"')
    named = {artist.name: {genre for genre, _ in artist.genres} for artist in world.artists.values()}
    assert found and all({"trip hop", "electronic"} <= named[name] for name, _ in found)
    yorke, eno = world.named("Thom Yorke").mbid, world.named("Brian Eno").mbid
    both = f'(+tag:"trip hop") OR (+(arid:{yorke} arid:{eno}) +(tag:"ambient" tag:"trip hop"))'
    assert "Brian Eno" in [name for name, _ in await search(catalogue, both)]


async def test_relations_are_told_from_either_end(catalogue, world) -> None:
    asked = (("Thom Yorke", "forward", "Radiohead"), ("Radiohead", "backward", "Thom Yorke"))
    for name, direction, other in asked:
        body = (await catalogue.get(f"/ws/2/artist/{world.named(name).mbid}?inc=artist-rels")).json()
        (relation,) = body["relations"]
        assert (relation["type"], relation["direction"]) == ("member of band", direction)
        assert relation["artist"]["name"] == other


async def test_a_lookup_tells_what_was_asked_for(catalogue, world) -> None:
    plaid = world.named("Plaid")
    plain = (await catalogue.get(f"/ws/2/artist/{plaid.mbid}")).json()
    assert plain["name"] == "Plaid" and "genres" not in plain
    rich = (await catalogue.get(f"/ws/2/artist/{plaid.mbid}?inc=genres+aliases+release-groups")).json()
    assert rich["genres"][0]["name"] == "idm" and len(rich["release-groups"]) == 5


async def test_merged_identifiers_are_301_and_unknown_ones_404(catalogue, world) -> None:
    old, plaid = "33333333-3333-4333-8333-333333333333", world.named("Plaid").mbid
    assert (await catalogue.get(f"/ws/2/artist/{old}")).status_code == 404
    world.merged = {old: plaid}
    moved = await catalogue.get(f"/ws/2/artist/{old}?inc=genres")
    assert moved.status_code == 301
    assert moved.headers["location"].endswith(f"/ws/2/artist/{plaid}?inc=genres")
    assert (await catalogue.get("/ws/2/artist/nonsense")).status_code == 400


async def test_clients_that_do_not_say_who_they_are_get_nothing(catalogue) -> None:
    answer = await catalogue.get("/ws/2/artist?query=x", headers={"User-Agent": "python-httpx/1"})
    assert answer.status_code == 403


async def test_release_groups_are_browsed_by_type_and_page(catalogue, world) -> None:
    plaid = world.named("Plaid").mbid
    params = {"artist": plaid, "type": "album|ep", "limit": 2, "offset": 1, "inc": "ratings"}
    page = (await catalogue.get("/ws/2/release-group", params=params)).json()
    assert page["release-group-count"] == 5 and page["release-group-offset"] == 1
    assert [row["title"] for row in page["release-groups"]] == ["Rest Proof Clockwork", "Trainer"]
    assert page["release-groups"][1]["secondary-types"] == ["Compilation"]
    assert page["release-groups"][0]["rating"]["value"] > 4
    singles = await catalogue.get("/ws/2/release-group", params={"artist": plaid, "type": "single"})
    assert singles.json()["release-groups"] == []


async def test_release_groups_are_found_by_title_and_artist(catalogue, world) -> None:
    portishead = world.named("Portishead").mbid
    query = f'releasegroup:"dummy" AND arid:{portishead}'
    found = (await catalogue.get("/ws/2/release-group", params={"query": query})).json()
    assert found["release-groups"][0]["title"] == "Dummy"
    assert found["release-groups"][0]["artist-credit"][0]["artist"]["id"] == portishead


async def test_the_labs_keep_one_reference_per_artist_of_a_batch(catalogue, world) -> None:
    seeds = [world.named("Slowdive").mbid, world.named("Ride").mbid]
    body = [{"artist_mbids": seeds, "algorithm": "x"}]
    rows = (await catalogue.post("/labs/similar-artists/json", json=body)).json()
    assert max(Counter(row["artist_mbid"] for row in rows).values()) == 1
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    alone = await catalogue.get("/labs/similar-artists/json", params={"artist_mbids": seeds[0]})
    assert alone.json()[0]["name"] == "My Bloody Valentine"
    assert {row["reference_mbid"] for row in alone.json()} == {seeds[0]}


async def test_the_radio_groups_recordings_by_artist_with_the_seed_among_them(catalogue, world) -> None:
    seed = world.named("Slowdive").mbid
    path = f"/listenbrainz/1/lb-radio/artist/{seed}"
    groups = (await catalogue.get(path, params={"mode": "easy", "max_similar_artists": 3})).json()
    assert next(iter(groups)) == seed and len(groups) == 4
    for mbid, recordings in groups.items():
        assert {row["similar_artist_mbid"] for row in recordings} == {mbid}


async def test_a_persons_artists_come_most_played_first(catalogue) -> None:
    answer = await catalogue.get("/listenbrainz/1/stats/user/ann/artists", params={"range": "all_time"})
    artists = answer.json()["payload"]["artists"]
    assert [(row["artist_name"], row["listen_count"]) for row in artists] == [("Can", 9), ("Plaid", 7)]
    assert (await catalogue.get("/listenbrainz/1/stats/user/new/artists")).status_code == 204
    assert (await catalogue.get("/listenbrainz/1/stats/user/nobody/artists")).status_code == 404


async def test_deezer_knows_related_artists_and_the_albums_fans_love(catalogue) -> None:
    found = (await catalogue.get("/deezer/search/artist", params={"q": "Portishead"})).json()["data"]
    number = found[0]["id"]
    related = (await catalogue.get(f"/deezer/artist/{number}/related")).json()["data"]
    assert "Massive Attack" in [row["name"] for row in related[:4]]
    albums = (await catalogue.get(f"/deezer/artist/{number}/albums")).json()["data"]
    assert max(albums, key=lambda row: row["fans"])["title"] == "Dummy"
    unknown = await catalogue.get("/deezer/artist/1/related")
    assert unknown.status_code == 200 and unknown.json()["error"]["code"] == 800


async def test_covers_are_redirected_to_and_some_albums_have_none(catalogue, world) -> None:
    met: dict[int, int] = Counter()
    for album in world.albums.values():
        answer = await catalogue.get(f"/coverart/release-group/{album.mbid}/front-250")
        met[answer.status_code] += 1
    assert set(met) == {307, 404} and met[307] > met[404]
    album = next(album for album in world.albums.values() if has_cover(album.mbid))
    path = f"/coverart/release-group/{album.mbid}/front-500"
    picture = await catalogue.get(path, follow_redirects=True)
    assert picture.content.startswith(b"\x89PNG") and picture.content[16:24] == bytes((0, 0, 1, 244) * 2)
    assert (await catalogue.get("/coverart/release-group/x/front-250")).status_code == 400


async def test_deezer_and_itunes_have_previews_that_play(catalogue, world) -> None:
    asked = {"q": 'artist:"Plaid" album:"Rest Proof Clockwork"'}
    track = (await catalogue.get("/deezer/search", params=asked)).json()["data"][0]
    assert track["album"]["title"] == "Rest Proof Clockwork"
    song = (await catalogue.get("/itunes/search", params={"term": "plaid"})).json()["results"][0]
    for address in (track["preview"], song["previewUrl"]):
        sound = await catalogue.get(address)
        assert sound.headers["content-type"] == "audio/mpeg" and sound.content.startswith(b"\xff\xfb")
    top = (await catalogue.get(f"/deezer/artist/{world.named('Plaid').number}/top")).json()["data"]
    assert top and (await catalogue.get("/deezer/artist/0/top")).json()["error"]["code"] == 800


def test_the_starter_set_is_wide_and_well_formed() -> None:
    world = starter_world()
    assert len(world.artists) >= 220
    assert len({artist.country for artist in world.artists.values()}) >= 25
    assert len({genre for artist in world.artists.values() for genre, _ in artist.genres}) >= 120
    names = Counter(artist.name for artist in world.artists.values())
    assert max(names.values()) == 1
    for artist in world.artists.values():
        albums = world.discography(artist.mbid)
        assert 3 <= len(albums) <= 8, artist.name
        assert artist.genres and artist.country and artist.disambiguation == "sandbox"
        assert all(artist.begin and artist.begin <= (album.year or 0) <= 2026 for album in albums)
        assert world.neighbours[artist.mbid], artist.name
    kinds = Counter(kind for album in world.albums.values() for kind in (album.kind, *album.secondary_kinds))
    assert {"EP", "Compilation", "Live", "Soundtrack"} <= kinds.keys()


def test_identifiers_are_invented_and_the_same_everywhere() -> None:
    world = starter_world()
    identifiers = [*world.artists, *world.albums]
    assert len(set(identifiers)) == len(identifiers)
    assert all(parse_mbid(mbid) == mbid and mbid[14] == "5" for mbid in identifiers)
    assert world.named("Stereolab").mbid == "5af92727-6b6e-585e-b229-d2fa6ee8befe"


def test_the_demo_library_has_a_taste_and_a_tail() -> None:
    world = starter_world()
    library = demo_library(world)
    assert 40 <= len(library) <= 50
    genres = Counter(genre for owned in library for genre, _ in world.artists[owned.artist].genres)
    assert genres["electronic"] >= 12 and genres["post-rock"] >= 5
    assert {"afrobeat", "folk", "jazz", "hip hop"} <= genres.keys()
    assert all(owned.held <= world.albums.keys() for owned in library)


async def test_what_artists_brought_out_since_a_day_is_searched_for_many_at_once() -> None:
    plaid, slint = (WorldArtist(sandbox_mbid(name), name, number) for number, name in enumerate(("P", "S")))

    def album(of: WorldArtist, title: str, released: str, kind: str = "Album") -> WorldAlbum:
        return WorldAlbum(sandbox_mbid(title), title, of.mbid, int(released[:4]), kind, released=released)

    albums = (
        album(plaid, "Before", "2025-11-25"),
        album(plaid, "On the day", "2025-11-26"),
        album(slint, "Announced", "2027-01-01"),
        album(slint, "Single", "2026-01-01", "Single"),
    )
    query = (
        f"(arid:{plaid.mbid} OR arid:{slint.mbid}) AND firstreleasedate:[2025-11-26 TO *] "
        "AND (primarytype:album OR primarytype:ep) AND status:official"
    )
    async with (
        serve(create_catalogue(World((plaid, slint), albums, {}))) as url,
        httpx2.AsyncClient(base_url=url, headers={"User-Agent": "Test/1 ( t )"}, trust_env=False) as client,
    ):
        answer = (await client.get("/ws/2/release-group", params={"query": query, "limit": 100})).json()
    found = {row["title"]: row for row in answer["release-groups"]}
    assert set(found) == {"On the day", "Announced"} and answer["count"] == 2
    assert found["On the day"]["first-release-date"] == "2025-11-26"
    assert found["On the day"]["artist-credit"][0]["artist"]["id"] == plaid.mbid
