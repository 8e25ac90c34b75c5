"""Every kind of provider, from its row of the table to the question that its server receives."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Response

from brainarr.domain.prompt import OutputMode
from brainarr.domain.recommendation import Outcome
from brainarr.llm.capabilities import card_of, expected_card
from brainarr.llm.kinds import KINDS, KindName
from brainarr.llm.models import PROTOCOLS, open_links
from brainarr.llm.registry import ProviderEntry
from tests.llm.conftest import OpenChain
from tests.llm.given import GOOD, IN_WORDS, ask, entry
from tests.llm.scripted import answering
from tests.llm.test_openai_chat import completion, error

pytestmark = pytest.mark.loopback

KEY = "key-4242424242"
DOCUMENT = (Path(__file__).parents[2] / "docs/providers.md").read_text()
SPOKEN = [name for name, kind in KINDS.items() if kind.protocol == "openai"]
CLOUD = [name for name, kind in KINDS.items() if kind.needs_key]
DEFAULTS = [(name, kind.default_model) for name, kind in KINDS.items() if kind.default_model]


def of_kind(kind: str, **settings: Any) -> ProviderEntry:
    row = KINDS[kind]
    needed: dict[str, Any] = {"model": "my-model"} if row.needs_model else {}
    if row.needs_key:
        needed["api_key"] = KEY
    if row.protocol and row.base_url is None:
        needed["base_url"] = "https://models.example.com"
    return entry(**{"kind": kind, "name": kind, **needed, **settings})


def test_the_table_has_every_kind_and_its_protocol_an_adapter() -> None:
    assert set(KINDS) == set(get_args(KindName))
    assert {kind.protocol for kind in KINDS.values()} - {None} == set(PROTOCOLS)
    assert all(kind.outputs[-1] is OutputMode.PROMPTED for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_opens_with_nothing_but_what_it_needs(kind: str) -> None:
    (link,) = open_links([of_kind(kind)])
    assert (link.model is None) == (kind == "builtin")
    if link.model is not None:
        await link.model.aclose()


@pytest.mark.parametrize("kind", CLOUD)
def test_a_provider_in_the_cloud_wants_its_key(kind: str) -> None:
    with pytest.raises(ValidationError, match="api_key"):
        of_kind(kind, api_key=None)


@pytest.mark.parametrize(("kind", "model"), DEFAULTS)
def test_every_default_model_has_a_price_and_a_family(kind: str, model: str) -> None:
    card = expected_card(of_kind(kind))
    assert card is not None and card.model == model
    assert card.prompt_price and card.output_price and not card.local
    assert card.context_window >= 8_192
    assert card.family != "generic"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"builtin", "openai_compatible"}))
def test_the_documents_say_of_each_kind_what_the_table_says(kind: str) -> None:
    (row,) = re.findall(rf"^\| `{kind}` \|.*$", DOCUMENT, re.MULTILINE)
    known = KINDS[kind]
    assert ", ".join(known.outputs) in row
    assert known.default_model is None or f"`{known.default_model}`" in row
    assert known.price_list is None or f"`{known.price_list}`" in row
    assert known.needs_key or f"`{known.base_url}`" in row
    assert f"kind: {kind}," in DOCUMENT


@pytest.mark.parametrize("kind", SPOKEN)
async def test_each_openai_kind_is_asked_where_and_how_its_documents_say(
    httpserver: HTTPServer, open_chain: OpenChain, kind: str
) -> None:
    known = KINDS[kind]
    path = f"{known.api_path or '/v1'}/chat/completions"
    asked = answering(httpserver, path, completion(GOOD))
    base = httpserver.url_for("/v1" if not known.api_path else "/").rstrip("/")
    chain = open_chain(of_kind(kind, base_url=base, model="m", api_key=KEY, context_window=8192))
    report = (await ask(chain)).reports[0]
    assert (report.outcome, report.candidates) == (Outcome.OK, 1), report.detail
    (body,) = asked
    form = {OutputMode.NATIVE: "json_schema", OutputMode.JSON: "json_object"}[known.outputs[0]]
    assert body["response_format"]["type"] == form
    assert (IN_WORDS in body["messages"][0]["content"]) == (form == "json_object")
    assert body["messages"][0]["role"] == "system"
    assert ("max_completion_tokens" in body) == (kind in ("openai", "azure_openai"))
    headers = httpserver.log[-1][0].headers
    if known.auth == "api-key":
        assert headers["api-key"] == KEY and headers.get("Authorization") is None
    else:
        assert headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("kind", "model", "sent"),
    [
        ("openai", "gpt-5-mini", {"reasoning_effort": "low"}),
        ("azure_openai", "gpt-5-mini", {"reasoning_effort": "low"}),
        ("gemini", "gemini-flash-lite-latest", {"reasoning_effort": "low"}),
        ("groq", "openai/gpt-oss-120b", {"reasoning_effort": "low"}),
        ("deepseek", "deepseek-flash", {"thinking": {"type": "disabled"}}),
        ("zai", "glm-5.3-flash", {"thinking": {"type": "disabled"}}),
        ("openrouter", "anthropic/claude-haiku-5.5", {"reasoning": {"effort": "low"}}),
        ("openai", "gpt-4o-mini", {}),
        ("azure_openai", "music", {}),
        ("groq", "qwen/qwen3-32b", {}),
        ("openai_compatible", "gpt-oss-20b", {}),
    ],
)
async def test_a_model_that_thinks_is_told_to_think_little_where_its_provider_knows_how(
    httpserver: HTTPServer, open_chain: OpenChain, kind: str, model: str, sent: dict[str, Any]
) -> None:
    asked = answering(httpserver, f"{KINDS[kind].api_path or '/v1'}/chat/completions", completion(GOOD))
    base = httpserver.url_for("/" if KINDS[kind].api_path else "/v1")
    await ask(open_chain(of_kind(kind, base_url=base, model=model, context_window=16_384)))
    told = {key: asked[0][key] for key in ("reasoning_effort", "thinking", "reasoning") if key in asked[0]}
    assert told == sent


async def test_an_azure_deployment_of_any_name_gets_room_to_think(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    asked = answering(httpserver, "/openai/v1/chat/completions", completion(GOOD))
    await ask(open_chain(of_kind("azure_openai", base_url=httpserver.url_for("/"), model="music")))
    assert asked[0]["model"] == "music"
    assert asked[0]["max_completion_tokens"] == 500 + 4096


async def test_azures_older_api_has_deployment_and_version_in_its_address(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    asked: list[str] = []

    def answer(request: Any) -> Response:
        asked.append(request.full_path)
        return Response(json.dumps(completion(GOOD)), mimetype="application/json")

    httpserver.expect_request(
        "/openai/deployments/my music/chat/completions", method="POST"
    ).respond_with_handler(answer)
    httpserver.expect_request("/openai/models", query_string={"api-version": "2024-10-21"}).respond_with_json(
        {"data": [{"id": "gpt-4o-2024-08-06"}]}
    )
    chain = open_chain(
        of_kind(
            "azure_openai",
            base_url=httpserver.url_for("/openai/"),
            model="my music",
            api_version="2024-10-21",
        )
    )
    assert (await ask(chain)).reports[0].outcome is Outcome.OK
    assert asked == ["/openai/deployments/my music/chat/completions?api-version=2024-10-21"]
    assert chain.links[0].model is not None
    # What Azure lists are models, not deployments: the key is proved, the name is not.
    assert await chain.links[0].model.probe() == "answers; my music is configured"


@pytest.mark.parametrize(
    ("settings", "key", "allowed"),
    [
        ({"kind": "azure_openai", "api_key": "k", "model": "m"}, "base_url", "openai.azure.com"),
        (
            {"kind": "azure_openai", "api_key": "k", "base_url": "https://x.example"},
            "model",
            "the name of your deployment",
        ),
        (
            {"kind": "azure_openai", "api_key": "k", "base_url": "https://x.example", "model": "m"}
            | {"api_version": "v1&x=1"},
            "api_version",
            "a date such as 2024-10-21",
        ),
        ({"kind": "ollama", "api_version": "2024-10-21"}, "api_version", "only the kind azure_openai"),
        ({"kind": "ollama", "output": "tool"}, "output", "native, json, prompted"),
        ({"kind": "anthropic", "api_key": "k", "output": "json"}, "output", "native, tool, prompted"),
        ({"kind": "ollama", "family": "lama"}, "family", "'llama'"),
    ],
)
def test_a_fault_names_its_key_and_what_is_allowed(settings: dict[str, Any], key: str, allowed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        entry(**settings)
    (fault,) = refusal.value.errors()
    assert fault["loc"][0] == key
    assert allowed in fault["msg"]


@pytest.mark.parametrize(
    ("kind", "given", "address"),
    [
        ("azure_openai", "https://x.openai.azure.com/openai/v1/", "https://x.openai.azure.com"),
        ("azure_openai", "https://x.openai.azure.com/openai", "https://x.openai.azure.com"),
        ("lmstudio", "http://desk:1234/v1", "http://desk:1234"),
        ("lmstudio", "http://desk:1234", "http://desk:1234"),
        ("anthropic", "https://proxy.example/claude/v1", "https://proxy.example/claude"),
        ("gemini", None, "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("groq", "https://proxy.example", "https://proxy.example/openai/v1"),
        ("openai_compatible", "http://nas:8080/v1/chat/completions", "http://nas:8080/v1"),
    ],
)
def test_an_address_is_taken_with_and_without_the_path_of_its_api(
    kind: str, given: str | None, address: str
) -> None:
    assert of_kind(kind, **({"base_url": given} if given else {})).address == address


async def test_refused_schemas_lead_to_json_and_then_to_words(
    httpserver: HTTPServer, open_chain: OpenChain
) -> None:
    asked = answering(
        httpserver,
        "/v1/chat/completions",
        error(400, "This model does not support response format `json_schema`"),
        error(400, "Failed to generate JSON. Please adjust your prompt. json_validate_failed"),
        completion(GOOD),
    )
    base = httpserver.url_for("/v1")
    chain = open_chain(of_kind("groq", base_url=base, model="m", context_window=8192))
    for _ in range(2):
        assert (await ask(chain)).reports[0].outcome is Outcome.OK
    forms = [body.get("response_format", {}).get("type") for body in asked]
    assert forms == ["json_schema", "json_object", None, None]
    assert [IN_WORDS in body["messages"][0]["content"] for body in asked] == [False, True, True, True]


async def test_the_tool_is_used_where_the_user_says_so(httpserver: HTTPServer, open_chain: OpenChain) -> None:
    """https://platform.openai.com/docs/guides/function-calling"""
    call = {"id": "call_1", "type": "function", "function": {"name": "recommendations", "arguments": GOOD}}
    calling = {"role": "assistant", "content": None, "tool_calls": [call]}
    asked = answering(
        httpserver,
        "/v1/chat/completions",
        completion(None, message=calling, finish_reason="tool_calls"),
    )
    base = httpserver.url_for("/v1")
    chain = open_chain(entry(base_url=base, model="m", context_window=8192, output="tool"))
    report = (await ask(chain)).reports[0]
    assert (report.outcome, report.candidates) == (Outcome.OK, 1), report.detail
    (tool,) = asked[0]["tools"]
    assert tool["function"]["parameters"]["required"] == ["recommendations"]
    assert asked[0]["tool_choice"] in (
        "required",
        {"type": "function", "function": {"name": "recommendations"}},
    )
    assert "response_format" not in asked[0]


def test_the_users_word_goes_before_everything_that_is_known() -> None:
    said = {
        "context_window": 2_048,
        "output": "prompted",
        "family": "mistral",
        "location": "home",
        "prices": {"input": 3, "output": "4.5"},
    }
    card = card_of(of_kind("openai", **said), "gpt-5-mini")
    assert (card.context_window, card.output, card.family, card.local) == (2_048, "prompted", "mistral", True)
    assert (card.prompt_price, card.output_price) == (3, 4.5)


def test_an_unknown_model_gets_safe_values() -> None:
    card = card_of(entry(base_url="https://unheard.example.com"), "something-new")
    assert (card.context_window, card.family, card.local) == (8_192, "generic", False)
    assert card.prompt_price is card.output_price is None
    assert card_of(of_kind("llamacpp"), "something-new").context_window == 4_096
    assert card_of(of_kind("llamacpp"), "something-new").prompt_price == 0
