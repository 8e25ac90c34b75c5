"""Several processes behind one address: what they measure adds up, however they were started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

COUNTS = """
from brainarr import metrics
metrics.feed_polled("default", "artists", 3)
metrics.http_answered("GET", "/ping", 200, 0.004)
metrics.cache_holds("memory", 10, 1000)
with metrics.remote_request("lidarr"):
    pass
"""

SPAWNED = f"""
import subprocess, sys
from pathlib import Path
from brainarr.metrics.sharing import share_through
share_through(Path(sys.argv[1]))
for _ in range(3):
    subprocess.run([sys.executable, "-c", {COUNTS!r}], check=True)
"""

FORKED = f"""
import os, sys
from pathlib import Path
from brainarr import metrics
from brainarr.metrics.sharing import share_through
metrics.feed_polled("default", "artists", 99)     # before: of a process that will not answer
share_through(Path(sys.argv[1]))
for _ in range(3):
    child = os.fork()
    if not child:
        exec({COUNTS!r})
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""

SHOW = """
from brainarr.metrics.sharing import measured, process_ended
import glob, os, sys
for name in glob.glob(os.environ["PROMETHEUS_MULTIPROC_DIR"] + "/counter_*.db"):
    if "end" in sys.argv:
        process_ended(int(name.rpartition("_")[2][:-3]))
from brainarr.web.metrics import exposed
print(exposed(measured(), "")[0].decode())
"""


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "shared"
    folder.mkdir()
    yield folder


def run(program: str, *words: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(folder: Path, *words: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = run(SHOW, *words, PROMETHEUS_MULTIPROC_DIR=str(folder))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("program", [SPAWNED, FORKED], ids=["spawned", "forked"])
def test_what_three_processes_counted_is_one_sum(shared: Path, program: str) -> None:
    run(program, str(shared))
    found = shown(shared)
    polls = frozenset({"list": "default", "channel": "artists"}.items())
    assert found["brainarr_feed_items_total", polls] == 9
    answered = {"method": "GET", "route": "/ping", "status": "2xx"}
    name = "brainarr_http_request_duration_seconds"
    assert found[f"{name}_count", frozenset(answered.items())] == 3
    assert found[f"{name}_bucket", frozenset({**answered, "le": "0.005"}.items())] == 3
    assert found[f"{name}_bucket", frozenset({**answered, "le": "0.0025"}.items())] == 0
    asked = frozenset({"service": "lidarr", "outcome": "ok"}.items())
    assert found["brainarr_remote_request_duration_seconds_count", asked] == 3


def test_a_process_that_ended_keeps_its_counts_but_holds_nothing_any_more(shared: Path) -> None:
    run(SPAWNED, str(shared))
    memory = ("brainarr_cache_entries", frozenset({("level", "memory")}))
    polls = frozenset({"list": "default", "channel": "artists"}.items())
    assert shown(shared)[memory] == 30
    after = shown(shared, "end")
    assert memory not in after
    assert after["brainarr_feed_items_total", polls] == 9


def test_memory_and_processor_time_are_told_for_each_process(shared: Path) -> None:
    program = f"{COUNTS}\n{SHOW}\nimport os; print('# pid', os.getpid())"
    text = run(program, PROMETHEUS_MULTIPROC_DIR=str(shared))
    pid = text.rpartition(" ")[2].strip()
    assert f'process_resident_memory_bytes{{pid="{pid}"}}' in text
    run(COUNTS, PROMETHEUS_MULTIPROC_DIR=str(shared))
    # Those that have ended have none.
    assert not any(
        name.startswith("process_") for name, _ in shown(shared) if not name.startswith("brainarr")
    )


def test_one_process_alone_needs_no_files() -> None:
    text = run(COUNTS + SHOW.replace('os.environ["PROMETHEUS_MULTIPROC_DIR"]', '"/nowhere"'))
    assert 'brainarr_feed_items_total{channel="artists",list="default"} 3.0' in text
    assert "\nprocess_resident_memory_bytes " in text
