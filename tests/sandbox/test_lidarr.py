"""The sandbox Lidarr's REST API: who gets in, what is refused and how, what additions do (contract C)."""

import json

import httpx2
import pytest

from brainarr.sandbox.faults import Fault
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.world import World
from tests.sandbox.conftest import API_KEY, make_list

pytestmark = pytest.mark.loopback


def artist_body(world: World, name: str, **changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "artistName": name,
        "foreignArtistId": world.named(name).mbid,
        "qualityProfileId": 1,
        "metadataProfileId": 1,
        "rootFolderPath": "/music",
        "monitored": True,
        "monitorNewItems": "none",
        "tags": [],
        "addOptions": {"monitor": "all", "albumsToMonitor": [], "searchForMissingAlbums": False},
    }
    return body | changes


def client_of(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"X-Api-Key": API_KEY}, trust_env=False)


def refusals(response: httpx2.Response) -> list[tuple[str, str]]:
    assert response.status_code == httpx2.codes.BAD_REQUEST
    return [(row["propertyName"], row["errorMessage"]) for row in response.json()]


async def test_keys_open_by_query_header_or_bearer_and_the_query_wins(lidarr) -> None:
    bare = {"X-Api-Key": ""}
    status = "/api/v1/system/status"
    assert (await lidarr.get(status, headers=bare)).status_code == 401
    assert (await lidarr.get(status, headers=bare)).content == b""
    assert (await lidarr.get(status, params={"apikey": API_KEY}, headers=bare)).status_code == 200
    assert (
        await lidarr.get(status, headers=bare | {"Authorization": f"Bearer {API_KEY}"})
    ).status_code == 200
    assert (await lidarr.get(status, params={"apikey": "wrong"})).status_code == 401
    assert (await lidarr.get("/ping", headers=bare)).json() == {"status": "OK"}


async def test_a_missing_url_base_is_a_307_to_the_right_address(holdings) -> None:
    async with serve(create_lidarr(holdings, API_KEY, "/lidarr")) as url, client_of(url) as client:
        moved = await client.get("/api/v1/tag?x=1")
        assert (moved.status_code, moved.headers["location"]) == (307, "/lidarr/api/v1/tag?x=1")
        status = await client.get("/lidarr/api/v1/system/status")
        assert status.json()["urlBase"] == "/lidarr"


async def test_the_library_is_one_gzipped_array(lidarr, holdings) -> None:
    answer = await lidarr.get("/api/v1/artist")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()) == len(holdings.artists)


async def test_an_empty_library_is_an_empty_array(world, clock) -> None:
    async with serve(create_lidarr(Holdings(world, clock), API_KEY)) as url, client_of(url) as client:
        assert (await client.get("/api/v1/artist")).json() == []


async def test_albums_come_by_artist_by_number_and_by_identifier(lidarr, holdings, world) -> None:
    artist = holdings.find_artist(world.named("Autechre").mbid)
    by_artist = (await lidarr.get("/api/v1/album", params={"artistId": artist.id})).json()
    assert [a["title"] for a in by_artist] == [
        a.title for a in world.discography(artist.mbid) if a.kind == "Album" and not a.secondary_kinds
    ]
    first, second = by_artist[0], by_artist[1]
    numbers = {"albumIds": [first["id"], second["id"]]}
    assert len((await lidarr.get("/api/v1/album", params=numbers)).json()) == 2
    named = {"foreignAlbumId": first["foreignAlbumId"]}
    assert [a["id"] for a in (await lidarr.get("/api/v1/album", params=named)).json()] == [first["id"]]
    everything = named | {"includeAllArtistAlbums": "true"}
    assert len((await lidarr.get("/api/v1/album", params=everything)).json()) == len(by_artist)


async def test_lookups_answer_with_the_canonical_id_and_503_when_metadata_is_away(
    lidarr, holdings, world
) -> None:
    old = "22222222-2222-4222-8222-222222222222"
    plaid = world.named("Plaid").mbid
    world.merged = {old: plaid}
    found = (await lidarr.get("/api/v1/artist/lookup", params={"term": f"lidarr:{old}"})).json()
    assert found[0]["foreignArtistId"] == plaid
    for term in ("lidarr:nonsense", "lidarr:00000000-0000-4000-8000-000000000000"):
        assert (await lidarr.get("/api/v1/artist/lookup", params={"term": term})).json() == []
    holdings.metadata.failing = 502
    away = await lidarr.get("/api/v1/artist/lookup", params={"term": f"lidarr:{plaid}"})
    assert away.status_code == 503 and "message" in away.json()


async def test_an_owned_artist_is_looked_up_as_the_library_row(lidarr, holdings) -> None:
    artist = next(iter(holdings.artists.values()))
    found = (await lidarr.get("/api/v1/artist/lookup", params={"term": f"lidarr:{artist.mbid}"})).json()
    assert found[0]["id"] == artist.id


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"artistName": ""}, ("ArtistName", "'Artist Name' must not be empty.")),
        ({"foreignArtistId": ""}, ("ForeignArtistId", "'Foreign Artist Id' must not be empty.")),
        ({"qualityProfileId": 0}, ("QualityProfileId", "'Quality Profile Id' must be greater than '0'.")),
        ({"metadataProfileId": 99}, ("MetadataProfileId", "Metadata Profile does not exist")),
        ({"rootFolderPath": "/else"}, ("RootFolderPath", "Root folder '/else' does not exist")),
        ({"rootFolderPath": None}, ("RootFolderPath", "Invalid Path: ''")),
    ],
)
async def test_an_unusable_artist_is_refused_by_field(lidarr, world, changes, expected) -> None:
    answer = await lidarr.post("/api/v1/artist", json=artist_body(world, "Plaid", **changes))
    assert refusals(answer) == [expected]


async def test_an_artist_is_added_once(lidarr, world) -> None:
    added = await lidarr.post("/api/v1/artist", json=artist_body(world, "Plaid"))
    assert added.status_code == 201 and added.json()["statistics"]["albumCount"] == 4
    again = await lidarr.post("/api/v1/artist", json=artist_body(world, "Plaid"))
    assert refusals(again) == [("ForeignArtistId", "This artist has already been added.")]
    assert again.json()[0]["errorCode"] == "ArtistExistsValidator"


async def test_monitoring_nothing_leaves_the_artist_unmonitored(lidarr, world) -> None:
    body = artist_body(world, "Plaid", addOptions={"monitor": "none"})
    assert (await lidarr.post("/api/v1/artist", json=body)).json()["monitored"] is False


async def test_an_unknown_artist_and_metadata_trouble_are_told_apart(lidarr, holdings, world) -> None:
    body = artist_body(world, "Plaid", foreignArtistId="00000000-0000-4000-8000-000000000000")
    answer = await lidarr.post("/api/v1/artist", json=body)
    assert refusals(answer) == [("MusicbrainzId", "An artist with this ID was not found")]
    holdings.metadata.failing = 503
    assert (await lidarr.post("/api/v1/artist", json=artist_body(world, "Plaid"))).status_code == 503


async def test_a_body_that_is_no_json_is_a_problem_document(lidarr) -> None:
    answer = await lidarr.post("/api/v1/artist", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["errors"]


async def test_an_album_brings_its_artist_forgives_exclusions_and_stays_alone(
    lidarr, holdings, world
) -> None:
    artist = world.named("Plaid")
    album = world.discography(artist.mbid)[-1]
    holdings.exclude(artist.mbid, "Plaid")
    holdings.exclude(album.mbid, "Plaid")
    options = {"monitor": "all", "albumsToMonitor": [album.mbid]}
    inner = artist_body(world, "Plaid", metadataProfileId=2, addOptions=options)
    body = {"foreignAlbumId": album.mbid, "monitored": True, "artist": inner}
    added = await lidarr.post("/api/v1/album", json=body)
    assert added.status_code == 201 and added.json()["monitored"] is True
    assert holdings.exclusions == {}
    held = holdings.find_artist(artist.mbid)
    assert held and [a.mbid for a in holdings.albums_of(held.id)] == [album.mbid]
    again = await lidarr.post("/api/v1/album", json=body)
    assert refusals(again) == [("ForeignAlbumId", "This album has already been added.")]


async def test_albums_are_monitored_by_number(lidarr, holdings) -> None:
    number = next(iter(holdings.albums))
    answer = await lidarr.put("/api/v1/album/monitor", json={"albumIds": [number], "monitored": False})
    assert answer.status_code == 202
    assert holdings.albums[number].monitored is False


async def test_deleting_with_an_exclusion_keeps_the_artist_out(lidarr, holdings) -> None:
    artist = next(iter(holdings.artists.values()))
    gone = await lidarr.delete(f"/api/v1/artist/{artist.id}", params={"addImportListExclusion": "true"})
    assert gone.status_code == 200
    assert holdings.excludes(artist.mbid)
    assert not any(album.artist_id == artist.id for album in holdings.albums.values())
    assert (await lidarr.get(f"/api/v1/artist/{artist.id}")).status_code == 404


async def test_tags_are_lower_case_and_made_once(lidarr) -> None:
    first = await lidarr.post("/api/v1/tag", json={"label": "Brainarr"})
    second = await lidarr.post("/api/v1/tag", json={"label": "brainarr"})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json() and first.json()["label"] == "brainarr"


async def test_exclusions_must_be_identifiers_and_new(lidarr, world) -> None:
    body = {"foreignId": world.named("Oasis").mbid, "artistName": "Oasis"}
    assert (await lidarr.post("/api/v1/importlistexclusion", json=body)).status_code == 201
    assert refusals(await lidarr.post("/api/v1/importlistexclusion", json=body))
    assert refusals(await lidarr.post("/api/v1/importlistexclusion", json=body | {"foreignId": "Oasis"}))


def list_body(base_url: str, **changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": "Brainarr AI Recommendations",
        "implementation": "LidarrImport",
        "configContract": "LidarrSettings",
        "enableAutomaticAdd": True,
        "shouldMonitor": "specificAlbum",
        "monitorNewItems": "none",
        "rootFolderPath": "/music",
        "qualityProfileId": 1,
        "metadataProfileId": 2,
        "tags": [],
        "fields": [{"name": "baseUrl", "value": base_url}, {"name": "apiKey", "value": "K"}],
    }
    return body | changes


async def test_an_enabled_list_is_tested_before_it_is_saved(lidarr, holdings, feed) -> None:
    feed.say("/api/v1/artist", "", 401)
    answer = await lidarr.post("/api/v1/importlist", json=list_body(feed.url))
    assert refusals(answer) == [("ApiKey", "API Key is invalid")]
    off = await lidarr.post("/api/v1/importlist", json=list_body(feed.url, enableAutomaticAdd=False))
    assert off.status_code == 201
    # Registering before we are reachable: off first, then on with forceSave.
    number = off.json()["id"]
    forced = await lidarr.put(
        f"/api/v1/importlist/{number}", params={"forceSave": "true"}, json=list_body(feed.url)
    )
    assert forced.status_code == 202 and holdings.lists[number].enable_automatic_add


async def test_list_keys_come_back_masked_and_the_mask_keeps_the_key(lidarr, holdings, feed) -> None:
    feed.say("/api/v1/artist", "[]")
    made = (await lidarr.post("/api/v1/importlist", json=list_body(feed.url))).json()
    fields = {row["name"]: row["value"] for row in made["fields"]}
    assert fields["apiKey"] == "********" and fields["baseUrl"] == feed.url
    saved = await lidarr.put(f"/api/v1/importlist/{made['id']}", json=made)
    assert saved.status_code == 202
    assert holdings.lists[made["id"]].fields["apiKey"] == "K"


@pytest.mark.parametrize(
    "url", ["", " http://x/", "ftp://x/", "http://user:pass@host/", "http://h/a b", "http://ünicode/"]
)
async def test_addresses_lidarr_would_not_take_are_refused(lidarr, url) -> None:
    answer = await lidarr.post("/api/v1/importlist", json=list_body(url, enableAutomaticAdd=False))
    assert ("BaseUrl", "invalid for root url") in refusals(answer)


async def test_a_sync_command_runs_and_tells_how_it_went(lidarr, holdings, feed, world) -> None:
    album = world.discography(world.named("Plaid").mbid)[0]
    row = {"artistId": 1, "title": album.title, "foreignAlbumId": album.mbid, "monitored": True}
    artist = {"id": 1, "artistName": "Plaid", "foreignArtistId": album.artist, "monitored": True}
    feed.say("/api/v1/album", json.dumps([row]))
    feed.say("/api/v1/artist", json.dumps([artist]))
    definition = make_list(holdings, feed.url)
    asked = {"name": "ImportListSync", "definitionId": definition.id}
    queued = (await lidarr.post("/api/v1/command", json=asked)).json()
    assert queued["status"] == "queued"
    command = queued
    while command["status"] in ("queued", "started"):
        command = (await lidarr.get(f"/api/v1/command/{queued['id']}")).json()
    assert command["status"] == "completed"
    assert command["message"].endswith("Albums added: 1")


async def test_a_list_in_back_off_shows_up_in_health(lidarr, holdings, clock) -> None:
    assert (await lidarr.get("/api/v1/health")).json() == []
    make_list(holdings, "http://127.0.0.1:1").blocked_until = clock().replace(year=2030)
    [row] = (await lidarr.get("/api/v1/health")).json()
    assert row["source"] == "ImportListStatusCheck"


async def test_faults_can_be_told_to_any_path(holdings) -> None:
    app = create_lidarr(holdings, API_KEY)
    async with serve(app) as url, client_of(url) as client:
        client.headers["Accept-Encoding"] = ""
        app.inject(Fault("/tag", status=503, headers=(("Retry-After", "2"),), times=1))
        away = await client.get("/api/v1/tag")
        assert (away.status_code, away.headers["retry-after"]) == (503, "2")
        assert (await client.get("/api/v1/tag")).status_code == 200
        app.inject_html("/tag", times=1)
        assert (await client.get("/api/v1/tag")).text.startswith("<!DOCTYPE html>")
        app.inject(Fault("/artist", cut=True, times=1))
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/api/v1/artist")
        app.inject(Fault("/tag", status=500))
        assert [(await client.get("/api/v1/tag")).status_code for _ in range(3)] == [500] * 3
        app.clear()
        assert (await client.get("/api/v1/tag")).status_code == 200
