"""Ollama's native protocol against scripted servers (https://docs.ollama.com/api/chat)."""

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.llm.call import ATTEMPTS
from tests.llm.conftest import OpenChain
from tests.llm.given import GOOD, IN_WORDS, SCHEMA, MemoryLedger, ask, entry
from tests.llm.scripted import answering

pytestmark = pytest.mark.loopback

CHAT = "/api/chat"


def message(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "model": "qwen3:8b",
        "created_at": "2026-11-22T12:00:00.1Z",
        "message": {"role": "assistant", "content": text},
        "done_reason": "stop",
        "done": True,
        "total_duration": 5_191_566_416,
        "load_duration": 2_154_458,
        "prompt_eval_count": 900,
        "eval_count": 100,
        **fields,
    }


def installed(server: HTTPServer, *models: dict[str, Any]) -> None:
    server.expect_request("/api/tags").respond_with_json({"models": list(models)})


def shown(server: HTTPServer, *capabilities: str, family: str = "qwen3", window: int = 40_960) -> None:
    server.expect_request("/api/show", method="POST").respond_with_json(
        {
            "license": "…" * 1_000,
            "model_info": {"general.architecture": family, f"{family}.context_length": window},
            "capabilities": ["completion", *capabilities],
        }
    )


@pytest.fixture
def url(httpserver: HTTPServer) -> str:
    return httpserver.url_for("/").rstrip("/")


async def report_of(open_chain: OpenChain, url: str, **settings: Any) -> ProviderReport:
    chain = open_chain(entry(kind="ollama", base_url=url, model="qwen3:8b", **settings))
    return (await ask(chain)).reports[0]


async def test_the_context_window_is_set_to_what_the_prompt_needs(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    shown(httpserver)
    asked = answering(httpserver, CHAT, message(GOOD))
    report = await report_of(open_chain, url)
    assert (report.outcome, report.candidates) == (Outcome.OK, 1)
    (body,) = asked
    assert body["model"] == "qwen3:8b"
    assert body["stream"] is True
    assert body["format"] == SCHEMA
    assert body["options"] == {"num_ctx": 2048, "num_predict": 500}
    assert body["keep_alive"] == "10m"
    assert "think" not in body
    assert [part["role"] for part in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(("family", "think"), [("qwen3", False), ("gptoss", "low")])
async def test_a_thinking_model_thinks_as_little_as_it_can_and_gets_room_for_it(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, family: str, think: bool | str
) -> None:
    shown(httpserver, "thinking", family=family)
    asked = answering(
        httpserver, CHAT, message(GOOD, message={"content": GOOD, "thinking": '[{"artist": "No"}]'})
    )
    report = await report_of(open_chain, url)
    assert report.candidates == 1
    assert asked[0]["think"] == think
    assert asked[0]["options"]["num_predict"] == 500 + 4096
    assert asked[0]["options"]["num_ctx"] >= 1_000 + 500 + 4096


@pytest.mark.parametrize(
    ("settings", "models", "window"),
    [({}, 131_072, 16_384), ({}, 4_096, 4_096), ({"context_window": 65_536}, 131_072, 65_536)],
    ids=["bounded for a home box", "small model", "the user's word"],
)
async def test_the_card_names_a_window_that_a_home_box_bears(
    httpserver: HTTPServer,
    url: str,
    open_chain: OpenChain,
    settings: dict[str, Any],
    models: int,
    window: int,
) -> None:
    shown(httpserver, window=models)
    (link,) = open_chain(entry(kind="ollama", base_url=url, model="m", **settings)).links
    assert link.model is not None
    card = await link.model.describe()
    assert (card.context_window, card.local, card.output) == (window, True, "native")


async def test_tokens_are_read_and_a_model_at_home_costs_nothing(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    shown(httpserver)
    answering(httpserver, CHAT, message(GOOD))
    report = await report_of(open_chain, url)
    assert (report.prompt_tokens, report.completion_tokens, report.cost_microdollars) == (900, 100, 0)
    assert [(usage.cost_microdollars, usage.local) for usage in ledger.recorded] == [(0, True)]


@pytest.mark.parametrize(
    ("answer", "candidates", "told"),
    [
        (message(f"```json\n{GOOD}\n```"), 1, ""),
        (message(f"<think>hm</think>{GOOD}"), 1, ""),
        (message(GOOD[:60], done_reason="length"), 1, "cut off"),
        (message("1. Slint"), 1, ""),
        (message(""), 0, "empty answer"),
        (message("", done_reason="length"), 0, "cut off before its first word"),
        (message("As an AI, I have no taste."), 0, "no taste"),
        ({"done": True}, 0, "no chat message"),
        ({"error": "model runner has stopped"}, 0, "model runner has stopped"),
        ([], 0, "no chat message"),
        (Response("<html>nginx</html>", mimetype="text/html"), 0, "web page"),
        (Response(json.dumps(message("x" * 10_000_000))), 0, "larger"),
        (Response(json.dumps(message(GOOD))[:-9]), 0, "not JSON"),
    ],
    ids=[
        "fence",
        "think",
        "cut off",
        "lines",
        "empty",
        "only thought",
        "prose",
        "no message",
        "error",
        "list",
        "html",
        "10 MB",
        "half",
    ],
)
async def test_any_answer_is_read_or_is_a_result_with_its_reason(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, answer: Any, candidates: int, told: str
) -> None:
    shown(httpserver)
    answering(httpserver, CHAT, answer)
    report = await report_of(open_chain, url)
    assert report.outcome is (Outcome.OK if candidates else Outcome.UNREADABLE)
    assert report.candidates == candidates
    assert told in report.detail


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, {"error": "invalid options: num_ctx"}, Outcome.REJECTED),
        (401, {"error": "unauthorized"}, Outcome.REJECTED),
        (429, {"error": "too many requests"}, Outcome.UNAVAILABLE),
        (
            500,
            {"error": "model requires more system memory (9.1 GiB) than is available"},
            Outcome.UNAVAILABLE,
        ),
        (
            503,
            {"error": "server busy, please try again. maximum pending requests exceeded"},
            Outcome.UNAVAILABLE,
        ),
    ],
)
async def test_a_refusal_is_shown_in_ollamas_own_words(
    httpserver: HTTPServer,
    url: str,
    open_chain: OpenChain,
    status: int,
    body: dict[str, str],
    outcome: Outcome,
) -> None:
    shown(httpserver)
    asked = answering(httpserver, CHAT, Response(json.dumps(body), status, mimetype="application/json"))
    report = await report_of(open_chain, url)
    assert report.outcome is outcome
    assert status == 401 or body["error"][:40] in report.detail
    assert len(asked) == (ATTEMPTS if outcome is Outcome.UNAVAILABLE else 1)


async def test_an_old_ollama_without_schemas_is_asked_in_words_from_then_on(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    refusal = {
        "error": "json: cannot unmarshal object into Go struct field ChatRequest.format of type string"
    }
    httpserver.expect_request("/api/show", method="POST").respond_with_json({"modelfile": "FROM x"})
    asked = answering(httpserver, CHAT, Response(json.dumps(refusal), 400), message(GOOD))
    chain = open_chain(entry(kind="ollama", base_url=url, model="qwen3:8b"))
    for _ in range(2):
        assert (await ask(chain)).reports[0].outcome is Outcome.OK
    assert ["format" in body for body in asked] == [True, False, False]
    assert IN_WORDS in asked[1]["messages"][0]["content"]


@pytest.mark.parametrize("removed", ["before", "since"])
async def test_a_model_that_is_not_installed_is_named_with_the_command_that_helps(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, removed: str
) -> None:
    missing = Response('{"error": "model \'qwen3:8b\' not found"}', 404, mimetype="application/json")
    if removed == "before":
        answering(httpserver, "/api/show", missing)
    else:
        shown(httpserver)
        answering(httpserver, CHAT, missing)
    installed(httpserver, {"name": "llama3.2:latest", "size": 2_019_393_189})
    report = await report_of(open_chain, url)
    assert report.outcome is Outcome.REJECTED
    assert "installed: llama3.2:latest" in report.detail
    assert "ollama pull qwen3:8b" in report.detail


async def test_an_address_without_ollama_says_so(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    httpserver.no_handler_status_code = 404
    report = await report_of(open_chain, url)
    assert report.outcome is Outcome.REJECTED
    assert "there is no Ollama at" in report.detail


async def test_without_a_configured_model_the_largest_that_fits_at_home_is_taken(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    giga = 1_000_000_000
    installed(
        httpserver,
        {"name": "nomic-embed-text:latest", "size": giga // 4},
        {"name": "llama3.3:70b", "size": 43 * giga},
        {"name": "gpt-oss:120b-cloud", "size": 384, "remote_host": "https://ollama.com"},
        {"name": "qwen2.5-coder:14b", "size": 9 * giga},
        {"name": "qwen3:8b", "size": 5 * giga},
        {"name": "llama3.2:1b", "size": giga},
    )
    shown(httpserver)
    asked = answering(httpserver, CHAT, message(GOOD))
    await ask(open_chain(entry(kind="ollama", base_url=url)))
    assert asked[0]["model"] == "qwen3:8b"


async def test_a_probe_loads_no_model(httpserver: HTTPServer, url: str, open_chain: OpenChain) -> None:
    installed(httpserver, {"name": "qwen3:8b", "size": 5_000_000_000}, {"name": "llama3.2:latest", "size": 1})
    chain = open_chain(
        entry(kind="ollama", base_url=url, model="llama3.2"), entry(kind="ollama", base_url=url, name="b")
    )
    said = [await link.model.probe() for link in chain.links if link.model]
    assert said == ["has llama3.2:latest", "has 2 models; qwen3:8b is taken"]
    assert {request.path for request, _ in httpserver.log} == {"/api/tags"}


async def test_an_ollama_that_is_not_running_is_unavailable(open_chain: OpenChain, closed_port: int) -> None:
    report = await report_of(open_chain, f"http://127.0.0.1:{closed_port}")
    assert report.outcome is Outcome.UNAVAILABLE
    assert "running and reachable" in report.detail
