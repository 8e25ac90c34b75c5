"""The preflight asks Lidarr what its sync would find."""

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderUnavailable, UnreadableAnswer
from brainarr.providers.lidarr import Lidarr
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback

OLD, NEW = mbid(1), mbid(2)


async def test_a_merged_identifier_comes_back_canonical(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    term = {"term": f"lidarr:{OLD}"}
    httpserver.expect_request("/api/v1/artist/lookup", query_string=term).respond_with_json(
        [{"artistName": "Slowdive", "foreignArtistId": NEW.upper(), "genres": [], "id": 0}]
    )
    httpserver.expect_request("/api/v1/album/lookup", query_string=term).respond_with_json(
        [{"title": "Souvlaki", "foreignAlbumId": NEW, "artist": {"foreignArtistId": mbid(3)}}]
    )
    assert await lidarr.artist(OLD) == NEW
    assert await lidarr.album(OLD) == NEW


async def test_what_lidarr_does_not_know_is_none(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/artist/lookup").respond_with_json([])
    httpserver.expect_request("/api/v1/album/lookup").respond_with_json([])
    assert await lidarr.artist(OLD) is None
    assert await lidarr.album(OLD) is None


async def test_an_absent_metadata_server_is_no_verdict(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    body = {
        "message": "Search for 'lidarr:x' failed. Unable to communicate with LidarrAPI.",
        "description": "",
    }
    httpserver.expect_request("/api/v1/album/lookup").respond_with_json(body, status=503)
    with pytest.raises(ProviderUnavailable, match="metadata server is away") as caught:
        await lidarr.album(OLD)
    assert caught.value.status == 503


async def test_a_row_without_identifier_is_unreadable(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/artist/lookup").respond_with_json([{"artistName": "Slowdive"}])
    with pytest.raises(UnreadableAnswer, match="without an identifier"):
        await lidarr.artist(OLD)
