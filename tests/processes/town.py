"""A Brainarr of several processes: each a real `brainarr` of its own, on one database and one Redis."""

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2
import psutil

from tests.planted import ADMIN_PASSWORD
from tests.servers import free_port

PATIENCE_S = 90.0
KEY = "the-key-of-the-town"
ADMIN = "Ada"
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass
class Member:
    """One `brainarr` process that serves, with the web processes below it."""

    process: "subprocess.Popen[bytes]"
    address: str
    log_file: IO[bytes]
    environ: Mapping[str, str]

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it and its children have logged so far."""
        os.fsync(self.log_file.fileno())
        lines = Path(self.log_file.name).read_text().splitlines()
        return [json.loads(line) if line.startswith("{") else {"event": line} for line in lines]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.log]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def wait_until_it_answers(self) -> None:
        with httpx2.Client(base_url=self.address, trust_env=False) as client:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                assert self.process.poll() is None, self.events
                with suppress(httpx2.TransportError):
                    if client.get("/ping").status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError(f"no answer from {self.address}: {self.events}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def environment(folder: Path, database: str, redis: str | None, **settings: str) -> dict[str, str]:
    """The variables of one process; settings as `SERVER__WORKERS="4"`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BRAINARR__")}
    given = {
        "DATABASE__URL": database,
        "SERVER__API_KEY": KEY,
        **({"REDIS__URL": redis} if redis else {}),
        **settings,
    }
    return inherited | {
        "BRAINARR_CONFIG": str(folder),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **{f"BRAINARR__{name}": value for name, value in given.items()},
    }


def brainarr(environ: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "brainarr", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def serving(environ: Mapping[str, str], *, wait: bool = True) -> Iterator[Member]:
    """`brainarr serve` on a free port; stopped at the end, whatever is left of it."""
    port = free_port()
    environ = {**environ, "BRAINARR__SERVER__PORT": str(port)}
    with tempfile.NamedTemporaryFile("wb", suffix=".log") as log:
        process = subprocess.Popen([sys.executable, "-m", "brainarr", "serve"], env=environ, stderr=log)
        member = Member(process, f"http://127.0.0.1:{port}", log, environ)
        try:
            if wait:
                member.wait_until_it_answers()
            yield member
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def sign_in(member: Member, base: str = "") -> httpx2.Cookies:
    """The administrator's, through the front door; the first visitor becomes one. `base` is the URL base."""
    with httpx2.Client(base_url=member.address, trust_env=False, timeout=PATIENCE_S) as client:
        client.headers["Accept"] = "text/html"
        page = client.get(f"{base}/sign-in", follow_redirects=True)
        token = _CSRF.search(page.text)
        assert token is not None, page.text
        form = {"csrf": token[1], "name": ADMIN, "password": ADMIN_PASSWORD, "again": ADMIN_PASSWORD}
        went = client.post(page.url.path, data=form | {"keep": "true"})
        assert went.status_code == 303, went.text
        return client.cookies


@dataclass
class Crowd:
    """Clients who speak to the addresses in turn, over fresh connections, so that every process answers."""

    addresses: list[str]
    clients: list[httpx2.AsyncClient] = field(default_factory=list)
    _next: Iterator[httpx2.AsyncClient] | None = None

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        assert self._next is not None
        return await next(self._next).request(method, path, **options)

    async def get(self, path: str, **options: Any) -> Any:
        answer = await self.request("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.request("POST", path, json=body)

    async def until_over(self, run_id: int) -> dict[str, Any]:
        for _ in range(int(PATIENCE_S * 10)):
            run = await self.get(f"/api/v1/runs/{run_id}")
            if run["status"] not in ("queued", "running"):
                return run
            await asyncio.sleep(0.1)
        raise AssertionError(f"run {run_id} does not end")


@asynccontextmanager
async def crowd(*members: Member, clients: int = 12) -> AsyncIterator[Crowd]:
    """`clients` persons in front of each member, who take turns."""
    people = Crowd([member.address for member in members])
    for _ in range(clients):
        for address in people.addresses:
            people.clients.append(
                httpx2.AsyncClient(
                    base_url=address,
                    headers={"X-Api-Key": KEY, "Connection": "close"},
                    timeout=PATIENCE_S,
                    trust_env=False,
                )
            )
    people._next = itertools.cycle(people.clients)
    try:
        yield people
    finally:
        for client in people.clients:
            await client.aclose()
