"""How long a start takes, and how much memory a server holds that has nothing to do.

    python -m benchmarks.startup [TIMES]        (default: 5)

Prints one JSON object. Each figure stands beside a baseline of the same run: `brainarr --version` beside
a bare Python, `brainarr serve` up to its first /ping (the set-up of a first start included) beside a
FastAPI app that knows /ping alone, under the same uvicorn. Medians; `cpu_s` says what the processor
worked, which other users of the machine do not lengthen much; the ratios are of it.
"""

import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psutil

from benchmarks.ports import free_port

IDLE_S = 10.0
LIMITS = {"version_s": 0.5, "serving_s": 4.0, "idle_rss_mb": 150}

BARE_SERVER = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"status": "OK"}
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False)
"""


class Took(NamedTuple):
    seconds: float
    cpu: float


def took(command: Sequence[str]) -> Took:
    """A command, from its start to its end."""
    began, before = time.perf_counter(), _cpu_of_children()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Took(time.perf_counter() - began, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, **environ: str) -> Iterator[tuple[Took, psutil.Process]]:
    """What it took to its first answer, and its process."""
    began = time.perf_counter()
    with subprocess.Popen(command, env=os.environ | environ, stderr=subprocess.DEVNULL) as process:
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
                time.sleep(0.005)
            server = psutil.Process(process.pid)
            used = server.cpu_times()
            yield Took(time.perf_counter() - began, used.user + used.system), server
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as answer,
    ):
        return answer.status == 200
    return False


def brainarr(folder: str, *, idle: float = 0.0) -> tuple[Took, float]:
    """What it took until it served, and its resident megabytes `idle` seconds later."""
    port = free_port()
    environ = {"BRAINARR_CONFIG": folder, "BRAINARR__SERVER__PORT": str(port)}
    with serving([sys.executable, "-m", "brainarr", "serve"], port, **environ) as (started, process):
        time.sleep(idle)
        return started, process.memory_info().rss / 2**20


def bare(*, idle: float = 0.0) -> tuple[Took, float]:
    port = free_port()
    with serving([sys.executable, "-c", BARE_SERVER, str(port)], port) as (started, process):
        time.sleep(idle)
        return started, process.memory_info().rss / 2**20


def measure(times: int) -> dict[str, object]:
    version: list[Took] = []
    python: list[Took] = []
    first: list[Took] = []
    again: list[Took] = []
    fastapi: list[Took] = []
    for _ in range(times):
        version.append(took([sys.executable, "-m", "brainarr", "--version"]))
        python.append(took([sys.executable, "-c", "pass"]))
        with tempfile.TemporaryDirectory() as folder:
            first.append(brainarr(folder)[0])
            again.append(brainarr(folder)[0])
        fastapi.append(bare()[0])
    with tempfile.TemporaryDirectory() as folder:
        _, rss = brainarr(folder, idle=IDLE_S)
    _, bare_rss = bare(idle=IDLE_S)
    figures = {"version_s": _middle(version).seconds, "serving_s": _middle(first).seconds, "idle_rss_mb": rss}
    return {
        "benchmark": "startup",
        "times": times,
        **{name: round(value, 3) for name, value in figures.items()},
        "serving_again_s": round(_middle(again).seconds, 3),
        "cpu_s": {
            "version": round(_middle(version).cpu, 3),
            "bare_python": round(_middle(python).cpu, 3),
            "serving": round(_middle(first).cpu, 3),
            "serving_again": round(_middle(again).cpu, 3),
            "bare_fastapi": round(_middle(fastapi).cpu, 3),
        },
        "bare_python_s": round(_middle(python).seconds, 3),
        "bare_fastapi_s": round(_middle(fastapi).seconds, 3),
        "bare_fastapi_rss_mb": round(bare_rss, 1),
        "version_to_bare_python": round(_middle(version).cpu / _middle(python).cpu, 2),
        "serving_to_bare_fastapi": round(_middle(first).cpu / _middle(fastapi).cpu, 2),
        "idle_rss_to_bare_fastapi": round(rss / bare_rss, 2),
        "limits": LIMITS,
        "within": {name: figures[name] < limit for name, limit in LIMITS.items()},
    }


def _middle(taken: Sequence[Took]) -> Took:
    return Took(statistics.median(one.seconds for one in taken), statistics.median(one.cpu for one in taken))


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5), indent=2))
