"""A real server, as somebody who watches it sees it: /metrics, request numbers, the log's file."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Brainarr
from tests.cli.test_serve import serve

pytestmark = pytest.mark.loopback


def test_a_served_brainarr_can_be_scraped_and_its_requests_found_in_its_log_file(
    brainarr: Brainarr, tmp_path: Path
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    settings = {"server": {"url_base": "/music"}, "log": {"file": "brainarr.log"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    with serve(folder) as served:
        key = brainarr("api-key").stdout.strip()
        assert served.client.get("/music/metrics").status_code == 401
        answer = served.client.get("/music/api/v1/lists", headers={"X-Api-Key": key, "X-Request-Id": "seven"})
        assert answer.headers["x-request-id"] == "seven"
        shown = served.client.get("/music/metrics", params={"apikey": key})
    assert shown.status_code == 200
    assert "brainarr_database_up 1.0" in shown.text
    counted = 'brainarr_http_request_duration_seconds_count{method="GET",route="/api/v1/lists",status="2xx"}'
    assert f"{counted} 1.0" in shown.text
    in_file = [json.loads(line) for line in (folder / "brainarr.log").read_text().splitlines()]
    assert [line["target"] for line in in_file if line.get("request") == "seven"] == ["/music/api/v1/lists"]
    # stderr has the same lines, the last of both among them.
    assert [line["event"] for line in served.log][-len(in_file) :] == [line["event"] for line in in_file]
    assert key not in (folder / "brainarr.log").read_text()
