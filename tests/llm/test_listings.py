"""What servers of the OpenAI protocol say of their models, each in the dialect that it documents."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.domain.prompt import ModelCard
from tests.llm.conftest import OpenChain
from tests.llm.given import entry
from tests.llm.test_detection import LM_STUDIO, listing

pytestmark = pytest.mark.loopback


async def cards(open_chain: OpenChain, **settings: Any) -> dict[str, ModelCard]:
    (link,) = open_chain(entry(**settings)).links
    assert link.model is not None
    return {card.model: card for card in await link.model.list_models()}


@pytest.mark.parametrize(
    ("listed", "name", "window", "most"),
    [
        (listing("Qwen/Qwen3-8B", owned_by="vllm", max_model_len=40_960), "Qwen/Qwen3-8B", 40_960, None),
        (
            listing("gpt-oss", context_window=131_072, max_completion_tokens=65_536),
            "gpt-oss",
            131_072,
            65_536,
        ),
        ([{"id": "m", "type": "chat", "context_length": 32_768}], "m", 32_768, None),
        (listing("models/gemini-flash-lite-latest"), "gemini-flash-lite-latest", 8_192, None),
        (listing("mistral-small", max_context_length=131_072), "mistral-small", 131_072, None),
        (
            listing("m", meta={"n_ctx": 4_096, "n_ctx_train": 131_072}, context_length=0),
            "m",
            4_096,
            None,
        ),
        (listing("m", context_length="many", max_completion_tokens=-1), "m", 8_192, None),
        (
            listing("a/b", context_length=64_000, top_provider={"max_completion_tokens": 8_000}),
            "a/b",
            64_000,
            8_000,
        ),
    ],
    ids=["vLLM", "Groq", "Together AI", "Gemini", "Mistral AI", "llama.cpp", "nonsense", "OpenRouter"],
)
async def test_a_window_and_a_limit_are_read_wherever_they_stand(
    httpserver: HTTPServer, open_chain: OpenChain, listed: Any, name: str, window: int, most: int | None
) -> None:
    httpserver.expect_request("/v1/models").respond_with_json(listed)
    found = await cards(open_chain, base_url=httpserver.url_for("/v1"))
    assert (found[name].context_window, found[name].max_output) == (window, most)


async def test_a_model_that_is_said_to_know_no_schemas_is_not_asked_for_one(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    rows = [
        {"id": "a", "supported_parameters": ["max_tokens", "structured_outputs", "response_format"]},
        {"id": "b", "supported_parameters": ["max_tokens", "response_format"]},
    ]
    httpserver.expect_request("/v1/models").respond_with_json({"data": rows})
    found = await cards(open_chain, kind="openrouter", api_key="k", base_url=httpserver.url_for("/v1"))
    assert (found["a"].output, found["b"].output) == ("native", "json")


async def test_lm_studio_tells_what_is_loaded_and_with_how_much_context(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    for path, answer in LM_STUDIO.items():
        httpserver.expect_request(path).respond_with_json(answer)
    chain = open_chain(entry(kind="lmstudio", base_url=httpserver.url_for("/v1")))
    assert chain.links[0].model is not None
    card = await chain.links[0].model.describe()
    # Loaded, and with what it was given, though the other could have more.
    assert (card.model, card.context_window, card.family) == ("meta-llama-3.1-8b-instruct", 8_192, "llama")
    found = await cards(open_chain, kind="lmstudio", base_url=httpserver.url_for("/v1"))
    assert found["qwen2-vl-7b-instruct"].context_window == 4_096


async def test_an_older_lm_studio_is_asked_for_the_usual_list(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    said = {"error": "Unexpected endpoint or method. (GET /api/v0/models)"}
    httpserver.expect_request("/api/v0/models").respond_with_json(said)
    httpserver.expect_request("/v1/models").respond_with_json(listing("qwen3-8b"))
    assert list(await cards(open_chain, kind="lmstudio", base_url=httpserver.url_for("/"))) == ["qwen3-8b"]


@pytest.mark.parametrize(
    ("props", "window"),
    [
        ({"default_generation_settings": {"n_ctx": 16_384}, "total_slots": 4}, 16_384),
        ({"default_generation_settings": {"n_ctx": 0}}, 2_048),
        ({"error": {"code": 501, "message": "not supported"}}, 2_048),
    ],
)
async def test_llama_cpp_tells_the_window_of_one_slot(
    httpserver: HTTPServer, open_chain: OpenChain, props: Any, window: int
) -> None:
    httpserver.expect_request("/props").respond_with_json(props)
    httpserver.expect_request("/v1/models").respond_with_json(listing("m", meta={"n_ctx": 2_048}))
    found = await cards(open_chain, kind="llamacpp", base_url=httpserver.url_for("/"))
    assert found["m"].context_window == window


async def test_where_no_list_is_of_use_the_configured_model_is_all_there_is(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    httpserver.no_handler_status_code = 404
    base = httpserver.url_for("/")
    perplexity = await cards(open_chain, kind="perplexity", api_key="k", base_url=base)
    azure = await cards(open_chain, kind="azure_openai", api_key="k", model="music", base_url=base)
    unlisted = await cards(open_chain, base_url=base, model="m", name="c")
    assert [list(found) for found in (perplexity, azure, unlisted)] == [["sonar"], ["music"], ["m"]]
