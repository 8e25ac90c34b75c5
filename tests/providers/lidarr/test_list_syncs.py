"""Which of Lidarr's commands are list syncs, and what each came to."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderUnavailable
from brainarr.providers.lidarr import Lidarr

pytestmark = pytest.mark.loopback


def command(number: int, **changes: Any) -> dict[str, Any]:
    """As `GET /api/v1/command` shows one, in the resource's documented shape."""
    return {
        "id": number,
        "name": "ImportListSync",
        "commandName": "Import List Sync",
        "message": "Import List Sync Completed. Items found: 12, Artists added: 3, Albums added: 9",
        "body": {"sendUpdatesToClient": True, "trigger": "scheduled", "name": "ImportListSync"},
        "priority": "low",
        "status": "completed",
        "result": "successful",
        "queued": "2026-01-02T03:04:05Z",
        "started": "2026-01-02T03:04:06Z",
        "ended": "2026-01-02T03:04:16.1234567Z",
        "duration": "00:00:10.1234567",
        "trigger": "scheduled",
        "stateChangeTime": "2026-01-02T03:04:06Z",
        "sendUpdatesToClient": True,
        "updateScheduledTask": True,
        "lastExecutionTime": "2026-01-02T02:59:00Z",
    } | changes


FAILURE = (
    "HTTP request failed: [500:InternalServerError] [GET] at "
    "[https://api.lidarr.audio/api/v0.4/artist/00000001-0000-4000-8000-000000000001]"
)


def answers(httpserver: HTTPServer, *commands: dict[str, Any]) -> None:
    httpserver.expect_request("/api/v1/command", "GET").respond_with_json(list(commands))


async def test_a_good_and_a_bad_sync_are_told_apart(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    answers(
        httpserver,
        command(1),
        command(2, status="failed", message=FAILURE, exception=f"x: {FAILURE}\n  at y"),
    )
    good, bad = await lidarr.read_list_syncs()
    assert (good.id, good.failed, good.message) == (1, False, "")
    assert good.started_at == datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
    assert good.ended_at is not None and good.ended_at.second == 17
    assert (bad.failed, bad.ended_at is not None) == (True, True)
    assert FAILURE in bad.message and "at y" not in bad.message


async def test_one_under_way_has_no_end(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    running = command(1, status="started", message="Starting Import List Refresh")
    del running["ended"]
    answers(httpserver, running)
    (sync,) = await lidarr.read_list_syncs()
    assert sync.ended_at is None and not sync.failed


@pytest.mark.parametrize("status", ["queued", "aborted", "cancelled", "orphaned"])
async def test_what_did_not_end_by_itself_says_nothing(
    lidarr: Lidarr, httpserver: HTTPServer, status: str
) -> None:
    answers(httpserver, command(1, status=status), command(2, name="RefreshArtist", status="failed"))
    assert await lidarr.read_list_syncs() == ()


async def test_times_without_a_zone_are_utc(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    answers(httpserver, command(1, started="2026-01-02T03:04:06", ended="2026-01-02T03:04:07"))
    (sync,) = await lidarr.read_list_syncs()
    assert sync.started_at == datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


async def test_a_key_in_the_failure_is_not_shown(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    secret = "failed: [GET] at [http://x/list?apikey=0123456789abcdef0123456789abcdef]"
    answers(httpserver, command(1, status="failed", message=secret))
    (sync,) = await lidarr.read_list_syncs()
    assert "0123456789abcdef" not in sync.message


async def test_a_lidarr_that_is_away_is_an_error(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/command").respond_with_data("no", status=503)
    with pytest.raises(ProviderUnavailable):
        await lidarr.read_list_syncs()


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+12:00"])
async def test_one_at_the_end_of_the_calendar_says_nothing(
    lidarr: Lidarr, httpserver: HTTPServer, moment: str
) -> None:
    answers(httpserver, command(1, ended=moment), command(2, started=moment), command(3))
    assert [sync.id for sync in await lidarr.read_list_syncs()] == [3]
