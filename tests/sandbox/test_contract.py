"""The sandbox Lidarr's answers have the form that Lidarr's own OpenAPI document describes."""

import json
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft7Validator

from brainarr.sandbox.lidarr import downloads
from tests.sandbox.conftest import make_list, make_webhook

pytestmark = pytest.mark.loopback

BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "contracts"


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    folder = Path(os.environ.get("BRAINARR_CONTRACTS", BESIDE_THE_CHECKOUT))
    document = folder / "lidarr-openapi.json"
    if not document.is_file():
        pytest.skip(f"Lidarr's OpenAPI document is not at {document}: set BRAINARR_CONTRACTS to its folder")
    return _with_nulls(json.loads(document.read_text(encoding="utf-8")))


def _with_nulls(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable: true` where JSON Schema says a type may be null."""
    if isinstance(node, list):
        return [_with_nulls(element) for element in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _with_nulls(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") and "type" in node:
        changed["type"] = [node["type"], "null"]
    return changed


def check(openapi: dict[str, Any], resource: str, body: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{resource}", "components": openapi["components"]}
    errors = [f"{e.json_path}: {e.message}" for e in Draft7Validator(schema).iter_errors(body)]
    assert errors == []


LISTS = {
    "/api/v1/artist": "ArtistResource",
    "/api/v1/album": "AlbumResource",
    "/api/v1/tag": "TagResource",
    "/api/v1/importlistexclusion": "ImportListExclusionResource",
    "/api/v1/rootfolder": "RootFolderResource",
    "/api/v1/qualityprofile": "QualityProfileResource",
    "/api/v1/metadataprofile": "MetadataProfileResource",
    "/api/v1/importlist": "ImportListResource",
    "/api/v1/importlist/schema": "ImportListResource",
    "/api/v1/health": "HealthResource",
    "/api/v1/tag/detail": "TagDetailsResource",
    "/api/v1/notification": "NotificationResource",
    "/api/v1/notification/schema": "NotificationResource",
    "/api/v1/history/since?includeArtist=true&includeAlbum=true": "HistoryResource",
    "/api/v1/command": "CommandResource",
}


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_the_documented_form(openapi, lidarr, holdings, clock, path) -> None:
    holdings.tag("Discovery")
    holdings.exclude(holdings.world.named("Oasis").mbid, "Oasis")
    make_list(holdings, "http://127.0.0.1:1/x").blocked_until = clock().replace(year=2030)
    make_webhook(holdings, "http://127.0.0.1:1/x")
    album = next(iter(holdings.albums.values()))
    downloads.import_(holdings, album, downloads.grab(holdings, album))
    await lidarr.post("/api/v1/command", json={"name": "RssSync"})
    rows = (await lidarr.get(path)).json()
    assert rows
    for row in rows:
        check(openapi, LISTS[path], row)


async def test_status_history_and_commands_have_the_documented_form(openapi, lidarr, holdings) -> None:
    status = (await lidarr.get("/api/v1/system/status")).json()
    # The document wants all fields of SystemResource typed, not present: what is there must fit.
    check(openapi, "SystemResource", status)
    album = next(iter(holdings.albums.values()))
    downloads.fail(holdings, album, downloads.grab(holdings, album))
    page = (await lidarr.get("/api/v1/history")).json()
    assert [row["eventType"] for row in page["records"]] == ["downloadFailed", "grabbed"]
    check(openapi, "HistoryResourcePagingResource", page)
    command = await lidarr.post("/api/v1/command", json={"name": "RefreshArtist"})
    assert command.status_code == httpx2.codes.CREATED
    check(openapi, "CommandResource", command.json())
    check(openapi, "CommandResource", (await lidarr.get(f"/api/v1/command/{command.json()['id']}")).json())


async def test_lookups_and_additions_have_the_documented_form(openapi, lidarr, world) -> None:
    artist = world.named("Plaid")
    album = world.discography(artist.mbid)[0]
    found = (await lidarr.get("/api/v1/artist/lookup", params={"term": f"lidarr:{artist.mbid}"})).json()
    check(openapi, "ArtistResource", found[0])
    found = (await lidarr.get("/api/v1/album/lookup", params={"term": f"lidarr:{album.mbid}"})).json()
    check(openapi, "AlbumResource", found[0])
    added = await lidarr.post(
        "/api/v1/album",
        json={
            "foreignAlbumId": album.mbid,
            "monitored": True,
            "artist": {
                "foreignArtistId": artist.mbid,
                "artistName": artist.name,
                "qualityProfileId": 1,
                "metadataProfileId": 2,
                "rootFolderPath": "/music",
                "monitored": True,
            },
        },
    )
    assert added.status_code == httpx2.codes.CREATED
    check(openapi, "AlbumResource", added.json())


def test_the_check_itself_notices_a_wrong_form(openapi) -> None:
    with pytest.raises(AssertionError, match="is not of type 'integer'"):
        check(openapi, "TagResource", {"id": "seven", "label": "recs"})
