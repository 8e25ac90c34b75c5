"""What a server that has nothing to do keeps out of memory, told by the process itself at its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Brainarr
from tests.cli.test_serve import answers, free_port, wait_for

pytestmark = pytest.mark.loopback

SERVE = """
import atexit, sys
from brainarr.cli import main
atexit.register(lambda: print(*sys.modules, sep="\\n"))
sys.argv = ["brainarr", "serve"]
main()
"""

HEAVY = {
    # for runs
    "numpy",
    "scipy",
    "rapidfuzz",
    "brainarr.pipeline.run",
    "brainarr.similarity",
    # for language models
    "anthropic",
    "genai_prices",
    "openai",
    "pydantic_ai",
    "splintr",
    # for work that is due
    "beartype",
    "docket",
    "redis",
    # for changes to the tables, and for the other database
    "alembic",
    "asyncpg",
    "mako",
    # for telling people
    "apprise",
    # for other commands
    "brainarr.sandbox",
    "duckdb",
    "rich.progress",
}


def modules_of_a_server(folder: Path, until: Callable[[httpx2.Client], bool]) -> set[str]:
    """What it had imported when it was stopped, which is when `until` came true."""
    port = free_port()
    places = {"BRAINARR__SERVER__PORT": str(port), "BRAINARR_CONFIG": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env=os.environ | places,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_for(lambda: process.poll() is not None or (answers(client) and until(client)))
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return set(said.split())


def test_an_idle_server_has_not_imported_what_only_work_needs(brainarr: Brainarr, tmp_path: Path):
    def all_done(client: httpx2.Client) -> bool:
        client.headers["X-Api-Key"] = brainarr("api-key").stdout.strip()
        executions = client.get("/api/v1/system/tasks/history").json()
        return bool(executions) and all(one["finished_at"] for one in executions)

    def idle(_: httpx2.Client) -> bool:
        # Long enough for the worker to look for work.
        time.sleep(1)
        return True

    folder = tmp_path / "config"
    # A first start makes the tables, and its chores come through the queue.
    assert HEAVY & modules_of_a_server(folder, all_done) == {"alembic", "mako", "beartype", "docket", "redis"}
    loaded = modules_of_a_server(folder, idle)
    assert {"brainarr.jobs.worker", "brainarr.web.app"} <= loaded
    assert HEAVY & loaded == set()
