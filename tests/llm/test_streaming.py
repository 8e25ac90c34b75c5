"""Answers read while they are written, over OpenAI's protocol and Ollama's: assembly, and silences."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.llm.capabilities import card_of
from brainarr.llm.installed import Installed
from tests.llm.conftest import OpenChain
from tests.llm.given import GOOD, IN_WORDS, SLINT, MemoryLedger, ask, entry
from tests.llm.scripted import answering
from tests.llm.test_openai_chat import completion, error
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback

CHAT = "/v1/chat/completions"
LONG = 30.0
SHORT = 0.15
USAGE = {
    "prompt_tokens": 900,
    "completion_tokens": 100,
    "total_tokens": 1000,
    "prompt_tokens_details": {"cached_tokens": 400},
}
DONE = "[DONE]"


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/chat-streaming"""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        "usage": None,
    }


def last(usage: Any = USAGE) -> dict[str, Any]:
    return {**chunk(), "choices": [], "usage": usage}


def words(text: str = GOOD) -> list[dict[str, Any]]:
    return [chunk(content=text[at : at + 7]) for at in range(0, len(text), 7)]


ROLE = chunk(role="assistant", content="")
STOP = chunk("stop")


def events(*given: Mapping[str, Any] | str) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in given]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def sse(*given: Mapping[str, Any] | str) -> Response:
    return Response(events(*given), mimetype="text/event-stream")


def line(text: str = "", **fields: Any) -> dict[str, Any]:
    """https://docs.ollama.com/api/streaming"""
    return {"model": "qwen3:8b", "message": {"role": "assistant", "content": text}, "done": False, **fields}


END = line(done=True, done_reason="stop", prompt_eval_count=900, eval_count=100)


def ndjson(*lines: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in lines).encode()


@pytest.fixture
def url(httpserver: HTTPServer) -> str:
    return httpserver.url_for("/v1")


async def report_of(open_chain: OpenChain, url: str, **settings: Any) -> ProviderReport:
    return (await ask(open_chain(entry(base_url=url, model="m", context_window=8192, **settings)))).reports[0]


async def test_a_streamed_answer_is_put_together_with_its_counts(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    asked = answering(httpserver, CHAT, sse(ROLE, *words(), STOP, last(), DONE))
    report = await report_of(open_chain, url)
    assert (report.outcome, report.candidates, report.detail) == (Outcome.OK, 1, "")
    (usage,) = ledger.recorded
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (900, 100, 400)
    assert asked[0]["stream"] is True
    assert asked[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (sse(ROLE, *words(), STOP, last()), ""),
        (sse(ROLE, *words(), DONE), ""),
        (Response(events(*words(), STOP).rstrip(), mimetype="text/plain"), ""),
        (Response(events(*words(), STOP).replace(b"\n", b"\r\n"), mimetype="text/event-stream"), ""),
        (sse(chunk(reasoning_content='[{"artist": "No"}]'), *words(), STOP, DONE), ""),
        (
            sse(chunk(content=[{"type": "thinking", "thinking": []}, {"type": "text", "text": GOOD}]), STOP),
            "",
        ),
        (sse(completion(GOOD), DONE), ""),
        (sse("half {", "7", "[]", {"choices": 7}, {"choices": [7]}, *words(), chunk("eos")), ""),
        (sse(ROLE, *words(), last("many"), STOP, DONE), ""),
        (sse(*words(GOOD[:60]), chunk("length"), DONE), "cut off"),
        (sse(*words(GOOD[:60])), "cut off"),
        (Response(json.dumps(completion(GOOD), indent=2)), ""),
    ],
    ids=[
        "no end mark",
        "no reason to stop",
        "no last line",
        "CRLF",
        "thought",
        "parts",
        "one message",
        "nonsense between",
        "odd usage",
        "length",
        "broken off",
        "not streamed",
    ],
)
async def test_a_stream_is_read_however_its_server_writes_it(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, answer: Response, told: str
) -> None:
    answering(httpserver, CHAT, answer)
    asked = await ask(open_chain(entry(base_url=url, model="m", context_window=8192)))
    assert [candidate.artist for candidate in asked.answers[0].candidates] == ["Slint"]
    assert told in asked.reports[0].detail and bool(told) is bool(asked.reports[0].detail)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (sse(DONE), "not JSON"),
        (
            sse(ROLE, *words()[:3], {"error": {"message": "KV cache is full", "code": 500}}),
            "KV cache is full",
        ),
        (sse(ROLE, STOP, last(), DONE), "empty answer"),
        (sse(ROLE, chunk(reasoning_content="Hm."), chunk("length"), DONE), "before its first word"),
        (Response(events(*words("x" * 200_000)), mimetype="text/event-stream"), "larger"),
    ],
    ids=["nothing", "error", "empty", "only thought", "too long"],
)
async def test_a_stream_that_cannot_be_used_is_a_result_with_its_reason(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, answer: Response, told: str
) -> None:
    answering(httpserver, CHAT, answer)
    report = await report_of(open_chain, url)
    assert report.outcome is Outcome.UNREADABLE
    assert told in report.detail


async def test_the_argument_of_a_streamed_tool_call_is_the_answer(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    def call(arguments: str, **more: Any) -> dict[str, Any]:
        return chunk(tool_calls=[{"index": 0, "function": {"arguments": arguments}, **more}])

    opening = chunk(
        tool_calls=[{"index": 0, "id": "c1", "function": {"name": "recommendations", "arguments": ""}}]
    )
    calls = [opening, call(GOOD[:30]), call(GOOD[30:]), chunk("tool_calls"), DONE]
    answering(httpserver, CHAT, sse(ROLE, *calls))
    report = await report_of(open_chain, url, output="tool")
    assert (report.outcome, report.candidates) == (Outcome.OK, 1)


@pytest.mark.parametrize(
    ("refusals", "streams"),
    [
        ([error(400, "Unrecognized request argument supplied: stream_options")], [2, 1, 1]),
        ([error(422, "body.stream_options: extra fields not permitted")], [2, 1, 1]),
        ([error(400, "Your organization must be verified to stream this model.")], [2, 0, 0]),
        ([error(400, "unknown: stream_options"), error(400, "no streaming")], [2, 1, 0, 0]),
    ],
    ids=["options", "422", "unverified", "one after the other"],
)
async def test_a_server_that_refuses_to_stream_is_not_asked_to_again(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, refusals: list[Response], streams: list[int]
) -> None:
    asked = answering(httpserver, CHAT, *refusals, completion(GOOD))
    chain = open_chain(entry(base_url=url, model="m", context_window=8192))
    for _ in range(2):
        assert (await ask(chain)).reports[0].outcome is Outcome.OK
    assert [body["stream"] + ("stream_options" in body) for body in asked] == streams
    # It was not the form that was refused.
    assert all("response_format" in body for body in asked)


async def test_of_a_refusal_without_a_reason_first_the_form_is_blamed_then_the_stream(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    asked = answering(
        httpserver, CHAT, Response("Bad Request", 400), Response("Bad Request", 400), completion(GOOD)
    )
    assert (await report_of(open_chain, url)).outcome is Outcome.OK
    assert [("response_format" in body, body["stream"]) for body in asked] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert IN_WORDS in asked[-1]["messages"][0]["content"]


def speaking(kind: str) -> dict[str, Any]:
    """For each protocol: a sign that is no word, a thought, and the beginning of an answer."""
    if kind == "ollama":
        thought = line(message={"role": "assistant", "content": "", "thinking": "Hm."})
        return {"sign": ndjson(line()), "thought": ndjson(thought), "word": ndjson(line(GOOD[:20]))}
    return {
        "sign": b": keep-alive\n\n" + events(ROLE),
        "thought": events(chunk(reasoning_content="Hm.")),
        "word": events(chunk(content=GOOD[:20])),
    }


def configured(kind: str, address: str, **settings: Any) -> Any:
    return entry(kind=kind, base_url=address, model="m", context_window=8192, timeout=LONG, **settings)


@pytest.mark.parametrize("kind", ["openai_compatible", "ollama"])
@pytest.mark.parametrize(
    ("said", "bounds", "told"),
    [
        ([], {"first_token_timeout": SHORT, "idle_timeout": LONG}, "said nothing for 0.15 s"),
        (["sign"], {"first_token_timeout": SHORT, "idle_timeout": LONG}, "said nothing for 0.15 s"),
        (["word"], {"first_token_timeout": LONG, "idle_timeout": SHORT}, "fell silent for 0.15 s"),
        (["thought"], {"first_token_timeout": LONG, "idle_timeout": SHORT}, "fell silent for 0.15 s"),
    ],
    ids=["nothing", "no word", "a word", "a thought"],
)
async def test_each_phase_of_an_answer_has_its_own_bound(
    open_chain: OpenChain, kind: str, said: list[str], bounds: dict[str, float], told: str
) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + b"".join(speaking(kind)[what] for what in said))
        await asyncio.Event().wait()

    async with raw_server(speak) as address:
        settings = configured(kind, address, **bounds)
        chain = open_chain(settings)
        assert chain.links[0].model is not None
        chain.links[0].model.card = card_of(settings, "m", Installed("m"))
        report = (await ask(chain)).reports[0]
    assert report.outcome is Outcome.UNAVAILABLE
    assert told in report.detail


async def test_thought_keeps_an_answer_alive_beyond_the_first_bound(open_chain: OpenChain) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + events(ROLE))
        for _ in range(4):
            writer.write(events(chunk(reasoning_content="Hm.")))
            await writer.drain()
            await asyncio.sleep(SHORT)
        writer.write(events(*words(), STOP, DONE))

    async with raw_server(speak) as address:
        chain = open_chain(
            configured("openai_compatible", address, first_token_timeout=SHORT, idle_timeout=LONG)
        )
        assert (await ask(chain)).reports[0].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("body", "candidates", "told"),
    [
        (ndjson(*(line(GOOD[at : at + 9]) for at in range(0, len(GOOD), 9)), END), 1, ""),
        (ndjson(line(GOOD), END).rstrip(), 1, ""),
        (ndjson(line(message={"thinking": json.dumps([SLINT])}), line(GOOD), END), 1, ""),
        (ndjson(line(GOOD[:60])), 1, "cut off"),
        (ndjson(line(GOOD[:60]), line(done=True, done_reason="length")), 1, "cut off"),
        (json.dumps({**END, "message": {"content": GOOD}}, indent=2).encode(), 1, ""),
        (
            ndjson(line(GOOD[:20]), {"error": "an error was encountered while running the model"}),
            0,
            "broke off",
        ),
        (ndjson(END), 0, "empty answer"),
        (b"\n\n7\n[]\n", 0, "not JSON"),
    ],
    ids=[
        "pieces",
        "no last line",
        "thought",
        "broken off",
        "length",
        "indented",
        "error",
        "empty",
        "nonsense",
    ],
)
async def test_lines_of_ollama_are_one_answer(
    httpserver: HTTPServer, open_chain: OpenChain, body: bytes, candidates: int, told: str
) -> None:
    httpserver.expect_request("/api/show").respond_with_json({})
    answering(httpserver, "/api/chat", Response(body, mimetype="application/x-ndjson"))
    report = (await ask(open_chain(configured("ollama", httpserver.url_for("/"))))).reports[0]
    assert report.candidates == candidates, report.detail
    assert told in report.detail
    if candidates and not told:
        assert (report.prompt_tokens, report.completion_tokens) == (900, 100)
