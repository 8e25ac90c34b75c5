"""Several processes behind one address: what they measure adds up, however they were started."""

import subprocess
import sys

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

SHOW = """
from brainarr.metrics.sharing import measured
from brainarr.web.metrics import exposed
print(exposed(measured(), "")[0].decode())
"""

# What the children counted is shown by the parent, who counts too; "ended": it says of each that it ended.
SPAWNED = f"""
import subprocess, sys, tempfile
from pathlib import Path
from brainarr import metrics
from brainarr.metrics.sharing import process_ended, shared_between_processes
metrics.feed_polled("default", "artists", 99)     # before: forgotten
with shared_between_processes(Path(tempfile.gettempdir())):
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", {COUNTS!r}])
        assert child.wait() == 0
        if "ended" in sys.argv:
            process_ended(child.pid)
    exec({COUNTS!r})
    exec({SHOW!r})
"""

FORKED = f"""
import os, tempfile
from pathlib import Path
from brainarr import metrics
from brainarr.metrics.sharing import shared_between_processes
metrics.feed_polled("default", "artists", 99)
with shared_between_processes(Path(tempfile.gettempdir())):
    for _ in range(2):
        child = os.fork()
        if not child:
            exec({COUNTS!r})
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    exec({COUNTS!r})
    exec({SHOW!r})
"""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def shown(program: str, *words: str) -> Samples:
    """What a process that executes `program` prints in the end."""
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
    }


POLLS = ("brainarr_feed_items_total", frozenset({"list": "default", "channel": "artists"}.items()))
MEMORY = ("brainarr_cache_entries", frozenset({("level", "memory")}))


@pytest.mark.parametrize("program", [SPAWNED, FORKED], ids=["spawned", "forked"])
def test_what_three_processes_counted_is_one_sum(program: str) -> None:
    found = shown(program)
    assert found[POLLS] == 9
    answered = {"method": "GET", "route": "/ping", "status": "2xx"}
    name = "brainarr_http_request_duration_seconds"
    assert found[f"{name}_count", frozenset(answered.items())] == 3
    assert found[f"{name}_bucket", frozenset({**answered, "le": "0.005"}.items())] == 3
    assert found[f"{name}_bucket", frozenset({**answered, "le": "0.0025"}.items())] == 0
    asked = frozenset({"service": "lidarr", "outcome": "ok"}.items())
    assert found["brainarr_remote_request_duration_seconds_count", asked] == 3


def test_a_process_that_ended_keeps_its_counts_but_holds_nothing_any_more() -> None:
    assert shown(SPAWNED)[MEMORY] == 30
    after = shown(SPAWNED, "ended")
    assert (after[POLLS], after[MEMORY]) == (9, 10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_memory_and_processor_time_are_told_for_each_process_that_lives() -> None:
    found = shown(SPAWNED)
    (memory,) = [labels for name, labels in found if name == "process_resident_memory_bytes"]
    assert {label for label, _ in memory} == {"pid"}
    assert found["process_resident_memory_bytes", memory] > 10 * 2**20


def test_one_process_alone_needs_no_files() -> None:
    found = shown(COUNTS + SHOW)
    assert found[POLLS] == 3
    if sys.platform == "linux":
        assert ("process_resident_memory_bytes", frozenset()) in found
