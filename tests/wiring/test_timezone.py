"""The server's time zone: $TZ, else the system's, else UTC."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from brainarr.wiring.timezone import server_zone

SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = Path("/usr/share/zoneinfo/Europe/Berlin")
OFFSETS = [timedelta(hours=1), timedelta(hours=2)]


@pytest.mark.parametrize("given", ["Europe/Berlin", ":Europe/Berlin", str(BERLIN), f":{BERLIN}"])
def test_tz_names_it_with_its_daylight_saving(given: str, tmp_path: Path):
    zone = server_zone({"TZ": given}, tmp_path / "none")
    assert [moment.astimezone(zone).utcoffset() for moment in (WINTER, SUMMER)] == OFFSETS


def test_without_tz_the_system_says_it(tmp_path: Path):
    (tmp_path / "localtime").symlink_to(BERLIN)
    zone = server_zone({}, tmp_path / "localtime")
    assert [moment.astimezone(zone).utcoffset() for moment in (WINTER, SUMMER)] == OFFSETS


@pytest.mark.parametrize("given", ["Middle/Earth", "../../etc/passwd", "CET-1CEST", ":/etc/passwd", "\0"])
def test_a_tz_that_nobody_knows_is_told_and_means_utc(given: str, tmp_path: Path):
    with capture_logs() as logged:
        assert server_zone({"TZ": given}, tmp_path / "none") is UTC
    assert len(logged) == 1 and "Europe/Berlin" in logged[0]["remedy"]


def test_a_system_without_a_time_zone_means_utc(tmp_path: Path):
    with capture_logs() as logged:
        assert server_zone({}, tmp_path / "none") is UTC
    assert logged == []
