"""brainarr serve: web app and worker in one process, from the first start to the last request."""

import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from brainarr.sandbox.faults import Fault
from brainarr.wiring.allocator import ARENAS
from tests.cli.conftest import Brainarr, World, runs_in

pytestmark = pytest.mark.loopback


@dataclass
class Served:
    client: httpx2.Client
    process: "subprocess.Popen[str]"
    log: list[dict[str, Any]] = field(default_factory=list)
    """Filled when it has stopped."""

    def events(self) -> list[str]:
        return [line["event"] for line in self.log]


@contextmanager
def serve(folder: Path, port: int | None = None) -> Iterator[Served]:
    """A server of its own process, told to stop at the end."""
    port = port or free_port()
    environ = os.environ | {"BRAINARR__SERVER__PORT": str(port), "BRAINARR_CONFIG": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "brainarr", "serve"], env=environ, stderr=subprocess.PIPE, text=True
    )
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        served = Served(client, process)
        try:
            wait_for(lambda: process.poll() is not None or answers(client))
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
            served.log += [json.loads(line) for line in err.splitlines()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/ping").json() == {"status": "OK"}
    except httpx2.TransportError:
        return False


def wait_for(come_true: Callable[[], bool]) -> None:
    for _ in range(600):
        if come_true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true within half a minute")


def test_a_first_start_with_nothing_configured_works_and_stops_politely(brainarr: Brainarr, tmp_path: Path):
    folder = tmp_path / "config"
    with serve(folder) as served:
        assert served.client.get("/api/v1/system/status").status_code == 401
        key = brainarr("api-key").stdout.strip()
        status = served.client.get("/api/v1/system/status", headers={"X-Api-Key": key})
        assert status.json()["lidarr"] is False
    assert served.process.returncode == 0
    assert served.events()[-1] == "Brainarr stopped"
    (first,) = (line for line in served.log if "first start" in line["event"])
    assert first["address"] == str(served.client.base_url) + "/"
    assert key not in json.dumps(served.log)


def test_from_a_run_to_the_feed_that_lidarr_reads(brainarr: Brainarr, outside: World, tmp_path: Path):
    with serve(tmp_path / "config") as served:
        api = served.client
        api.headers["X-Api-Key"] = brainarr("api-key").stdout.strip()
        asked = api.post("/api/v1/runs", json={})
        assert asked.status_code == 202
        run = f"/api/v1/runs/{asked.json()['id']}"
        wait_for(lambda: api.get(run).json()["status"] not in ("queued", "running"))
        found = api.get(run).json()
        assert (found["status"], len(found["recommendations"])) == ("done", 3), found
        for item in found["recommendations"]:
            assert api.post(f"/api/v1/recommendations/{item['id']}/approve").status_code == 200
        (feed,) = api.get("/api/v1/lists").json()
        albums = api.get("/lists/default/api/v1/album", headers={"X-Api-Key": feed["key"]}).json()
        assert {album["foreignAlbumId"] for album in albums} == {
            item["release_group_mbid"] for item in found["recommendations"]
        }
    assert served.process.returncode == 0


def test_a_run_under_way_ends_as_cancelled_when_the_server_is_stopped(
    brainarr: Brainarr, outside: World, tmp_path: Path
):
    outside.lidarr.inject(Fault("/artist", delay=60))
    with serve(tmp_path / "config") as served:
        headers = {"X-Api-Key": brainarr("api-key").stdout.strip()}
        run = served.client.post("/api/v1/runs", json={}, headers=headers).json()["id"]
        wait_for(
            lambda: served.client.get(f"/api/v1/runs/{run}", headers=headers).json()["status"] == "running"
        )
    assert served.process.returncode == 0
    assert runs_in(tmp_path / "config") == [("cancelled", None)]


def test_an_older_database_is_upgraded_at_start_after_a_backup(brainarr: Brainarr, tmp_path: Path):
    folder = tmp_path / "config"
    brainarr("db", "upgrade")
    brainarr("db", "downgrade", "0001")
    for copy in (folder / "backups").glob("*.zip"):
        copy.unlink()
    with serve(folder) as served:
        assert answers(served.client)
    assert "database upgraded" in served.events()
    assert len(list((folder / "backups").glob("brainarr-before-change-*.zip"))) == 1


def test_a_taken_port_is_a_message(outside: World, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = os.environ | {"BRAINARR__SERVER__PORT": str(taken.getsockname()[1])}
        command = [sys.executable, "-m", "brainarr", "--config", str(tmp_path), "serve"]
        said = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=30)
    assert said.returncode == 1
    assert "server.port" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(
    ("theirs", "least", "most"), [({}, 1, ARENAS), ({"MALLOC_ARENA_MAX": "12"}, ARENAS + 1, 12)]
)
def test_threads_share_one_arena_unless_somebody_wants_it_otherwise(
    theirs: dict[str, str],
    least: int,
    most: int,
    brainarr: Brainarr,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """What a thread frees stays in its arena: with one for each connection, memory grew while it served."""
    for name in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    with serve(tmp_path / "config") as served, ThreadPoolExecutor(12) as callers:
        headers = {"X-Api-Key": brainarr("api-key").stdout.strip()}
        ask = lambda _: served.client.get("/api/v1/recommendations", headers=headers).status_code  # noqa: E731
        assert set(callers.map(ask, range(60))) == {200}
        assert least <= arenas_of(served.process.pid) <= most


def arenas_of(pid: int) -> int:
    """The main one, and those of threads: each has 64 MiB of addresses, the upper part only reserved."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    found = re.findall(r"^(\w+)-(\w+) rw-p 0+ 00:00 0 *\n\2-(\w+) ---p", maps, re.MULTILINE)
    return 1 + sum(int(end, 16) - int(begin, 16) == 2**26 for begin, _, end in found)
