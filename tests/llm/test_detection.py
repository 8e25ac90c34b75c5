"""Model servers at home are told apart by their answers, offered, and never used."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.llm.detection import USUAL_PLACES, find_servers
from tests.llm.given import entry
from tests.wire import raw_server

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("local model")]

OpenServer = Callable[..., HTTPServer]


@pytest.fixture
def serve() -> Iterator[OpenServer]:
    """A server that answers these paths, and each other one with 404."""
    with ExitStack() as stack:

        def open_one(answers: dict[str, Any]) -> HTTPServer:
            server = stack.enter_context(HTTPServer())
            server.no_handler_status_code = 404
            for path, answer in answers.items():
                server.expect_request(path).respond_with_json(answer)
            return server

        yield open_one


def listing(*names: str, **fields: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model", **fields} for name in names]}


OLLAMA = {
    "/api/version": {"version": "0.12.6"},
    "/api/tags": {"models": [{"name": "qwen3:8b", "size": 5_000_000_000}]},
    "/api/show": {"capabilities": ["completion"], "model_info": {}},
    "/v1/models": listing("qwen3:8b", owned_by="library"),
}
LM_STUDIO = {
    # https://lmstudio.ai/docs/developer/rest/endpoints
    "/api/v0/models": {
        "object": "list",
        "data": [
            {
                "id": "qwen2-vl-7b-instruct",
                "object": "model",
                "type": "vlm",
                "arch": "qwen2_vl",
                "state": "not-loaded",
                "max_context_length": 32768,
            },
            {
                "id": "meta-llama-3.1-8b-instruct",
                "object": "model",
                "type": "llm",
                "arch": "llama",
                "state": "loaded",
                "max_context_length": 131072,
                "loaded_context_length": 8192,
            },
            {
                "id": "text-embedding-nomic-embed-text-v1.5",
                "object": "model",
                "type": "embeddings",
                "state": "not-loaded",
            },
        ],
    },
    # What it answers for any address that it does not know, with status 200.
    "/api/version": {"error": "Unexpected endpoint or method. (GET /api/version)"},
    "/props": {"error": "Unexpected endpoint or method. (GET /props)"},
    "/system": {"error": "Unexpected endpoint or method. (GET /system)"},
    "/v1/models": listing("meta-llama-3.1-8b-instruct", owned_by="organization_owner"),
}
VLLM = {
    "/version": {"version": "0.11.0"},
    "/v1/models": listing("Qwen/Qwen3-8B", owned_by="vllm", max_model_len=40_960),
}
LOCAL_AI = {
    # https://localai.io/docs/reference/system-info
    "/system": {"backends": ["llama-cpp", "whisper"], "loaded_models": [{"id": "gemma-3-4b-it"}]},
    "/version": {"version": "v3.7.0 (9ecfdc5)"},
    # It imitates Ollama too.
    "/api/version": {"version": "0.12.6"},
    "/v1/models": listing("gemma-3-4b-it", "whisper-1"),
}
LOCAL_AI_WITH_KEYS = {"/.well-known/localai.json": {"version": "v4.9.0", "endpoints": {}}}


@pytest.mark.parametrize(
    ("answers", "kind", "model"),
    [
        (LM_STUDIO, "lmstudio", "meta-llama-3.1-8b-instruct"),
        (VLLM, "vllm", "Qwen/Qwen3-8B"),
        (LOCAL_AI, "localai", "gemma-3-4b-it"),
        (LOCAL_AI_WITH_KEYS, "localai", None),
        (OLLAMA, "ollama", "qwen3:8b"),
    ],
    ids=["LM Studio", "vLLM", "LocalAI", "LocalAI with keys", "Ollama"],
)
async def test_each_is_known_by_its_answers_on_any_port(
    serve: OpenServer, answers: dict[str, Any], kind: str, model: str | None
) -> None:
    server = serve(answers)
    (found,) = await find_servers(places=[("127.0.0.1", server.port)])
    assert (found.kind, found.model) == (kind, model)
    assert found.address == f"http://127.0.0.1:{server.port}"
    assert not found.configured
    assert not any("chat" in request.path for request, _ in server.log), "it is not asked anything"


async def test_the_real_llama_cpp_is_found(local_model: str) -> None:
    port = int(local_model.removesuffix("/v1").rpartition(":")[2])
    (found,) = await find_servers(places=[("127.0.0.1", port)])
    assert (found.kind, found.models, found.model) == ("llamacpp", ("tiny-random",), "tiny-random")


async def test_all_places_are_looked_at_and_each_server_is_found_once(
    serve: OpenServer, closed_port: int
) -> None:
    ollama, vllm = serve(OLLAMA), serve(VLLM)
    places = [
        (host, port)
        for host in ("127.0.0.1", "localhost", "host.invalid")
        for port in (ollama.port, closed_port, vllm.port)
    ]
    found = await find_servers(places=places)
    assert [(server.kind, server.address) for server in found] == [
        ("ollama", f"http://127.0.0.1:{ollama.port}"),
        ("vllm", f"http://127.0.0.1:{vllm.port}"),
    ]


async def test_what_the_chain_names_already_is_marked(serve: OpenServer) -> None:
    ollama, vllm = serve(OLLAMA), serve(VLLM)
    chain = [
        entry(kind="openai_compatible", base_url=f"http://localhost:{vllm.port}/v1"),
        entry(kind="builtin"),
    ]
    places = [("127.0.0.1", ollama.port), ("127.0.0.1", vllm.port)]
    found = await find_servers(chain, places=places)
    assert [(server.kind, server.configured) for server in found] == [("ollama", False), ("vllm", True)]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"/v1/models": listing("gpt-4o", owned_by="openai")},
        {"/api/version": {"release": 7}, "/props": [], "/system": "up", "/api/v0/models": {"data": [{}]}},
    ],
    ids=["silent", "another OpenAI server", "other shapes"],
)
async def test_any_other_server_is_left_alone(serve: OpenServer, answers: dict[str, Any]) -> None:
    assert await find_servers(places=[("127.0.0.1", serve(answers).port)]) == ()


async def test_a_port_that_takes_connections_and_says_nothing_is_given_up() -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(silence) as address:
        port = int(address.rpartition(":")[2])
        assert await find_servers(places=[("127.0.0.1", port)], patience=0.05) == ()


def test_the_usual_ports_are_looked_at_here_and_on_the_containers_host() -> None:
    assert {port for _, port in USUAL_PLACES} == {11434, 1234, 8080, 8000}
    assert {host for host, _ in USUAL_PLACES} == {"127.0.0.1", "host.docker.internal"}
