"""A real `brainarr serve`, with its workers where the topology has some: started, killed, stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import psutil

from tests.chaos.topology import Ground
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 60.0
"""On a machine that others use too; alone it is two seconds."""
DOWN_WITHIN_S = 20.0

SERVE = ("-m", "brainarr", "serve")


class Brainarr:
    """The processes of one installation. Their standard errors go into one file, `log`."""

    def __init__(self, ground: Ground, environ: dict[str, str], *, serve: Sequence[str] = SERVE) -> None:
        self.ground = ground
        self.port = free_port()
        self.log = ground.folder.parent / f"{ground.folder.name}.log"
        self.environ = environ | ground.environ | {"BRAINARR__SERVER__PORT": str(self.port)}
        self._serve = serve
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return bool(self._processes) and self._processes[0].poll() is None

    @property
    def server(self) -> psutil.Process:
        return psutil.Process(self._processes[0].pid)

    @property
    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(process.pid) for process in self._processes]

    def start(self) -> None:
        """Starts everything, and waits for nothing."""
        commands = [self._serve, *(("-m", "brainarr", "worker") for _ in range(self.ground.shape.workers))]
        with self.log.open("ab") as log:
            self._processes = [self._begin(command, log) for command in commands]

    def wait_until_up(self, within: float = UP_WITHIN_S) -> float:
        """Seconds until it answered; raises AssertionError when it did not, or ended."""
        began = time.monotonic()
        with httpx2.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < began + within:
                assert self.running, f"the server ended at its start: {self.last_words()}"
                with contextlib.suppress(httpx2.HTTPError):
                    if client.get(f"{self.address}/ping").status_code == 200:
                        return time.monotonic() - began
                time.sleep(0.02)
        raise AssertionError(f"no answer within {within:g} s: {self.last_words()}")

    def kill(self) -> None:
        """-9, all of them at one moment."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()

    def stop(self) -> list[str]:
        """SIGTERM to all; what was not clean about their ends."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        faults: list[str] = []
        for process, name in zip(self._processes, ["serve", *["worker"] * 9], strict=False):
            try:
                code = process.wait(DOWN_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                faults.append(f"{name} did not end within {DOWN_WITHIN_S:g} s of SIGTERM")
                continue
            if code != 0:
                faults.append(f"{name} ended with {code} after SIGTERM")
        return faults

    def call(self, *words: str, **further: str) -> str:
        """A command of its own on the same folder; raises AssertionError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "brainarr", *words],
            env=self.whole_environ | further,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=UP_WITHIN_S,
        )
        assert done.returncode == 0, f"brainarr {' '.join(words)}: {done.stderr[-2_000:]}"
        return done.stdout.strip()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1_500:] if self.log.exists() else ""

    def _begin(self, command: Sequence[str], log: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            # Asyncio and the interpreter then complain of what was left open.
            [sys.executable, "-W", "always::ResourceWarning", *command],
            env=self.whole_environ,
            cwd=ROOT,
            stderr=log,  # type: ignore[arg-type]
            stdout=log,  # type: ignore[arg-type]
        )

    @property
    def whole_environ(self) -> dict[str, str]:
        # Nothing of the caller's own Brainarr.
        own = {key: value for key, value in os.environ.items() if not key.startswith("BRAINARR")}
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        return own | {"PYTHONPATH": path} | self.environ
