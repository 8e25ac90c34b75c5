"""The image, as far as it runs without Docker: who it runs as, what it owns, how it starts and stops."""

import json
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.packaging.compose import FOLDER, brainarrs
from tests.packaging.container import Container, can_contain, docker_run, image
from tests.servers import RedisServer, free_port

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(not can_contain(), reason="needs root and Linux's namespaces"),
]
HEALTHCHECK: list[str] = json.loads(image().last("HEALTHCHECK").text.removeprefix("CMD"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """As Docker makes the folder of a bind mount: root's."""
    folder = tmp_path / "config"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "built"
    folder.mkdir()
    yield folder


def up(container: Container, port: int) -> bool:
    """Once it answers; False where it ended instead."""
    for _ in range(600):
        if container.process.poll() is not None:
            return False
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/ping", trust_env=False)
            return answer.json() == {"status": "OK"}
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("it did not answer within a minute")


def told(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


def owners(folder: Path) -> set[tuple[int, int]]:
    found = [file.lstat() for file in (folder, *folder.rglob("*"))]
    return {(one.st_uid, one.st_gid) for one in found}


def of(pid: int, key: str) -> list[str]:
    """A line of /proc/PID/status."""
    return re.findall(rf"^{key}:[^\S\n]*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[
        0
    ].split()


def test_it_serves_as_puid_and_pgid_without_a_right_left_and_stops_when_told(config: Path, built: Path):
    port, beyond = free_port(), built / "beyond"
    beyond.write_text("not ours")
    (config / "backups").mkdir(mode=0o700)
    (config / "backups/linked").symlink_to(beyond)
    environ = {
        "PUID": "1234",
        "PGID": "1235",
        "UMASK": "027",
        "TZ": "Europe/Berlin",
        "BRAINARR__SERVER__PORT": str(port),
        "BRAINARR__LOG__FILE": "brainarr.log",
    }
    with docker_run(built, config, environ=environ) as container:
        assert up(container, port), container.process.communicate()
        assert container.execute(*HEALTHCHECK).returncode == 0
        elsewhere = container.execute(*HEALTHCHECK, str(free_port()))
        assert (elsewhere.returncode, "refused" in elsewhere.stderr) == (1, True)

        first = container.first
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        server = int(children[0]) if Path(f"/proc/{first}/exe").readlink().name == "tini" else first
        assert of(server, "Uid") == ["1234"] * 4
        assert (of(server, "Gid"), of(server, "Groups")) == (["1235"] * 4, [])
        assert (of(server, "CapEff"), of(server, "NoNewPrivs")) == (["0" * 16], ["1"])

        asked = container.execute("brainarr", "api-key")
        assert (asked.returncode, len(asked.stdout.strip()) > 30) == (0, True), asked
        code, said = container.stop()
    assert code == 0
    assert owners(config) == {(1234, 1235)}
    assert beyond.stat().st_uid == 0
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in config.iterdir()}
    assert (modes["brainarr.db"], modes["secret.key"], modes["brainarr.log"]) == (0o600, 0o600, 0o640)
    lines = told(said)
    assert [line["level"] for line in lines if line["level"] != "info"] == []
    (start,) = (line for line in lines if str(line["event"]).startswith("first start"))
    assert start["address"] == f"http://localhost:{port}/"
    assert asked.stdout.strip() not in said


def test_a_worker_is_healthy_where_its_compose_file_asks(config: Path, built: Path, redis: RedisServer):
    worker = brainarrs(FOLDER / "scaled.yaml", {"POSTGRES_PASSWORD": "-", "REDIS_PASSWORD": "-"})["worker"]
    assert worker.command and worker.healthcheck
    port = str(free_port())
    environ = {"BRAINARR__REDIS__URL": redis.url, "BRAINARR__METRICS__WORKER_PORT": port}
    check = [*worker.healthcheck.test[1:-1], port]
    with docker_run(built, config, *worker.command, environ=environ) as container:
        assert up(container, int(port)), container.process.communicate()
        assert container.execute(*check).returncode == 0
        code, said = container.stop()
    assert (code, told(said)[-1]["event"]) == (0, "the worker stopped")


def test_it_needs_no_root_at_all(config: Path, built: Path):
    port = free_port()
    os.chown(config, 1500, 1500)
    environ = {"PUID": "1000", "BRAINARR__SERVER__PORT": str(port)}
    with docker_run(built, config, environ=environ, user="1500:1500", capabilities=()) as container:
        assert up(container, port), container.process.communicate()
        code, said = container.stop()
    assert code == 0
    assert owners(config) == {(1500, 1500)}
    assert "PUID is 1000, but the container was started as 1500" in said


def test_a_folder_that_is_not_ours_to_write_is_named_with_what_to_do(config: Path, built: Path):
    # To be read by anybody, whatever umask an earlier test has left: what cannot be read is another fault.
    config.chmod(0o755)
    with docker_run(built, config, user="1500:1500", capabilities=()) as container:
        said, _ = container.process.communicate(timeout=60)
    assert container.process.returncode == 1, said
    assert "/config is not writable for 1500:1500: give them the folder" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PUID": "nobody"}, "PUID: 'nobody' is not usable; allowed: the number"),
        ({"PGID": "-1"}, "PGID: '-1' is not usable"),
        # Both would be root: the first is (uid_t) -1, the second 2³².
        ({"PUID": "4294967295"}, "PUID: '4294967295' is not usable"),
        ({"PGID": "4294967296"}, "PGID: '4294967296' is not usable"),
        ({"PUID": "$(id)"}, "PUID: '$(id)' is not usable"),
        ({"PUID": 'x", "level": "info'}, "PUID: 'x, level: info' is not usable"),
        ({"UMASK": "777"}, "BRAINARR_UMASK: '777' is not usable; allowed: three octal digits"),
    ],
)
def test_variables_that_cannot_be_used_are_a_message_and_exit_code_2(
    environ: dict[str, str], words: str, config: Path, built: Path
):
    with docker_run(built, config, "api-key", environ=environ) as container:
        said, _ = container.process.communicate(timeout=60)
    assert (container.process.returncode, words in said) == (2, True), said
