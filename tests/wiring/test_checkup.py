"""What the doctor is given to ask, and what it is told without asking."""

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from brainarr.service.doctor import Finding, Health
from brainarr.wiring.checkup import open_checkup

pytestmark = pytest.mark.loopback


@pytest.fixture
def ollama(httpserver: HTTPServer) -> HTTPServer:
    httpserver.no_handler_status_code = 404
    answers = {
        "/api/version": {"version": "0.12.6"},
        "/api/tags": {"models": [{"name": "qwen3:8b", "size": 5_000_000_000}]},
        "/api/show": {"capabilities": ["completion"], "model_info": {}},
    }
    for path, answer in answers.items():
        httpserver.expect_request(path).respond_with_json(answer)
    return httpserver


async def found(folder: Path, port: int, **environ: str) -> list[Finding]:
    async with open_checkup(folder, environ, places=[("127.0.0.1", port)]) as checks:
        return [check for check in checks if isinstance(check, Finding) and check.role == "model"]


async def test_a_model_server_at_home_is_offered_with_the_entry_that_would_ask_it(
    ollama: HTTPServer, tmp_path: Path
) -> None:
    (offer,) = await found(tmp_path, ollama.port)
    address = f"http://127.0.0.1:{ollama.port}"
    assert (offer.name, offer.health) == ("Ollama", Health.NOTE)
    assert offer.detail == f"answers at {address} with qwen3:8b, and is not asked"
    assert f"{{kind: ollama, base_url: {address}}}" in offer.remedy


async def test_one_that_the_chain_asks_already_is_not_offered(ollama: HTTPServer, tmp_path: Path) -> None:
    chain = {
        "BRAINARR__PROVIDER_CHAIN__0__KIND": "ollama",
        "BRAINARR__PROVIDER_CHAIN__0__BASE_URL": f"http://localhost:{ollama.port}",
    }
    assert await found(tmp_path, ollama.port, **chain) == []
