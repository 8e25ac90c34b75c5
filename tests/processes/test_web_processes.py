"""`server.workers`: several web processes behind one port, and one parent that looks after them."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.cli.conftest import Brainarr
from tests.cli.conftest import brainarr as brainarr_here
from tests.processes.town import KEY, PATIENCE_S, Member, brainarr, environment, serving
from tests.servers import RedisServer, free_port

__all__ = ["brainarr_here"]

pytestmark = pytest.mark.loopback

SQLITE = "sqlite:///brainarr.db"


def wait_for(come_true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if come_true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come true")


def ping(member: Member) -> int:
    try:
        return httpx2.get(f"{member.address}/ping", trust_env=False, timeout=5).status_code
    except httpx2.TransportError:
        return 0


def test_more_than_one_process_needs_redis(brainarr_here: Brainarr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINARR__SERVER__WORKERS", "4")
    said = brainarr_here("serve")
    assert said.exit_code == 2
    assert "server.workers" in said.stderr
    assert "redis.url" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("given", ["0", "33", "many"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(
    brainarr_here: Brainarr, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("BRAINARR__SERVER__WORKERS", given)
    said = brainarr_here("serve")
    assert said.exit_code == 2
    assert "server.workers" in said.stderr


@pytest.mark.thorough
def test_a_process_that_dies_is_started_again_and_all_end_politely(
    tmp_path: Path, redis: RedisServer
) -> None:
    with serving(environment(tmp_path, SQLITE, redis.url, SERVER__WORKERS="2")) as member:
        first, second = member.children()
        first.kill()
        wait_for(lambda: first not in member.children() and len(member.children()) == 2)
        assert second in member.children()
        (said,) = [line for line in member.log if "started again" in line["event"]]
        assert said["code"] == -signal.SIGKILL
        for child in member.children():
            child.kill()
        wait_for(lambda: ping(member) == 200 and len(member.children()) == 2)
        children = member.children()
        assert member.stop() == 0
        assert not any(child.is_running() for child in children)
        assert member.events[-1] == "Brainarr stopped"


@pytest.mark.thorough
def test_children_end_with_a_parent_that_was_killed_even_one_that_hangs(
    tmp_path: Path, redis: RedisServer
) -> None:
    environ = environment(tmp_path, SQLITE, redis.url, SERVER__WORKERS="2")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    # Python runs it at its start. The handler runs where the event loop does, and lets it go no further.
    (hooks / "sitecustomize.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: time.sleep(600))\n"
    )
    environ["PYTHONPATH"] = f"{hooks}{os.pathsep}{environ['PYTHONPATH']}"
    with serving(environ) as member:
        wait_for(lambda: ping(member) == 200)
        children = member.children()
        children[0].send_signal(signal.SIGUSR1)
        member.process.kill()
        psutil.wait_procs(children, PATIENCE_S)
        assert not any(child.is_running() for child in children)
        port = int(member.address.rpartition(":")[2])
        # The port is free again.
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.thorough
def test_ctrl_c_reaches_the_parent_alone_and_a_request_under_way_is_answered(
    tmp_path: Path, redis: RedisServer
) -> None:
    with serving(environment(tmp_path, SQLITE, redis.url, SERVER__WORKERS="2")) as member:
        assert {os.getsid(child.pid) for child in member.children()} == {
            child.pid for child in member.children()
        }
        with socket.create_connection(("127.0.0.1", int(member.address.rpartition(":")[2]))) as slow:
            slow.sendall(b"POST /api/v1/runs HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n")
            slow.sendall(f"X-Api-Key: {KEY}\r\nContent-Type: application/json\r\n\r\n".encode())
            time.sleep(0.3)
            member.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            slow.sendall(b"{}")
            assert slow.recv(100).startswith(b"HTTP/1.1 202")
        assert member.process.wait(PATIENCE_S) == 0


@pytest.mark.thorough
def test_a_process_that_hangs_is_killed_and_a_second_signal_waits_for_no_answer(
    tmp_path: Path, redis: RedisServer
) -> None:
    with serving(environment(tmp_path, SQLITE, redis.url, SERVER__WORKERS="2")) as member:
        wait_for(lambda: ping(member) == 200)
        stuck, other = member.children()
        stuck.suspend()
        port = int(member.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"POST /api/v1/runs HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n")
            slow.sendall(f"X-Api-Key: {KEY}\r\n\r\n".encode())
            time.sleep(0.3)
            member.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            began = time.monotonic()
            member.process.send_signal(signal.SIGTERM)
            # Sooner than the five seconds that an answer under way may take.
            wait_for(lambda: not other.is_running())
            assert time.monotonic() - began < 4
        assert member.process.wait(PATIENCE_S) == 0
        assert not stuck.is_running()
        assert not other.is_running()
        assert any("killed" in event for event in member.events)


def test_a_taken_port_is_a_message_and_starts_nobody(tmp_path: Path, redis: RedisServer) -> None:
    environ = environment(tmp_path, SQLITE, redis.url, SERVER__WORKERS="2")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = brainarr({**environ, "BRAINARR__SERVER__PORT": str(taken.getsockname()[1])}, "serve")
    assert said.returncode == 1
    assert "server.port" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.thorough
def test_without_redis_running_several_processes_start_and_serve_all_the_same(tmp_path: Path) -> None:
    gone = f"redis://127.0.0.1:{free_port()}/0"
    with serving(environment(tmp_path, SQLITE, gone, SERVER__WORKERS="2")) as member:
        wait_for(lambda: ping(member) == 200)
        answer = httpx2.post(
            f"{member.address}/api/v1/runs", json={}, headers={"X-Api-Key": KEY}, trust_env=False
        )
        assert answer.status_code == 202
        assert any("Redis is away" in event for event in member.events)
        assert member.stop() == 0
