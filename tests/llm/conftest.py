"""Chains that are closed after the test, and one real model server for the whole session."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brainarr.llm.chain import Chain
from brainarr.llm.models import open_links
from brainarr.llm.registry import ProviderEntry
from tests.llm.given import MemoryLedger, guarded

OpenChain = Callable[..., Chain]


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
async def open_chain(ledger: MemoryLedger) -> AsyncIterator[OpenChain]:
    opened: list[Chain] = []

    def open_one(*entries: ProviderEntry, **options: Any) -> Chain:
        links = open_links(entries)
        guards = guarded(links, options.pop("circuits", None), options.pop("clock", None))
        opened.append(Chain(links, options.pop("ledger", ledger), guards, **options))
        return opened[-1]

    yield open_one
    for chain in opened:
        await chain.aclose()


@pytest.fixture(scope="session")
def local_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of llama.cpp serving the tiny model."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    folder = tmp_path_factory.mktemp("model")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).with_name("tiny_model.py")
    log = folder / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, str(script), str(folder / "tiny.gguf"), str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            _await_health(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def _await_health(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the model server did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
