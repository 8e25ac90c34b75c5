"""Anthropic's Messages API against scripted servers, its events as documented.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.llm.streams import read_events
from tests.conftest import examples
from tests.llm.conftest import OpenChain
from tests.llm.given import GOOD, IN_WORDS, MemoryLedger, ask, entry
from tests.llm.scripted import answering

pytestmark = pytest.mark.loopback

KEY = "sk-ant-api03-4242424242"
MODEL = "claude-haiku-5-5"
MESSAGES = "/v1/messages"


def sse(*events: dict[str, Any]) -> Response:
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Response(body, mimetype="text/event-stream")


def start(**usage: int) -> dict[str, Any]:
    return {
        "type": "message_start",
        "message": {
            "id": "msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": MODEL,
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 25, "output_tokens": 1, **usage},
        },
    }


def delta(**what: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": what}


def stop(reason: str = "end_turn", tokens: int = 100) -> tuple[dict[str, Any], ...]:
    return (
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": tokens},
        },
        {"type": "message_stop"},
    )


def block(kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": {"type": kind, **more}}


def message(text: str = GOOD, reason: str = "end_turn") -> Response:
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    written = [delta(type="text_delta", text=piece) for piece in pieces]
    return sse(start(), block(text=""), {"type": "ping"}, *written, *stop(reason))


def refusal(status: int, kind: str, said: str, **headers: str) -> Response:
    body = {"type": "error", "error": {"type": kind, "message": said}, "request_id": "req_011CSHoEe"}
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def listed(server: HTTPServer, *, schema: bool = True, effort: bool = True, name: str = MODEL) -> None:
    """https://platform.claude.com/docs/en/api/models/retrieve"""
    row = {
        "type": "model",
        "id": name,
        "display_name": "Claude Haiku 5.5",
        "created_at": "2026-10-07T00:00:00Z",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {"structured_outputs": {"supported": schema}, "effort": {"supported": effort}},
    }
    server.expect_request(f"/v1/models/{name}").respond_with_json(row)
    server.expect_request("/v1/models").respond_with_json(
        {"data": [row], "has_more": False, "first_id": name, "last_id": name}
    )


@pytest.fixture
def url(httpserver: HTTPServer) -> str:
    return httpserver.url_for("/").rstrip("/")


def settings_for(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "anthropic", "base_url": url, "api_key": KEY, "location": "cloud", **more}


async def report_of(open_chain: OpenChain, url: str, **more: Any) -> ProviderReport:
    return (await ask(open_chain(entry(**settings_for(url, **more))))).reports[0]


async def test_the_question_is_as_the_messages_api_documents_it(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver)
    asked = answering(httpserver, MESSAGES, message())
    report = await report_of(open_chain, url)
    assert (report.outcome, report.candidates) == (Outcome.OK, 1)
    (body,) = asked
    assert body["model"] == MODEL and body["stream"] is True
    assert body["system"] == "You recommend music."
    assert body["messages"] == [{"role": "user", "content": "<library>Low; Codeine</library>"}]
    # It may think before it answers, and is told to think little.
    assert body["max_tokens"] == 500 + 4096
    assert body["output_config"]["effort"] == "low"
    form = body["output_config"]["format"]
    assert form["type"] == "json_schema"
    assert form["schema"]["additionalProperties"] is False
    assert "tools" not in body
    headers = httpserver.log[-1][0].headers
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "Authorization" not in headers


async def test_bounds_that_its_schemas_do_not_know_are_left_out(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver)
    asked = answering(httpserver, MESSAGES, message())
    await report_of(open_chain, url)
    sent = json.dumps(asked[0]["output_config"]["format"]["schema"])
    assert not any(bound in sent for bound in ("minItems", "maxItems", "minLength", "maxLength"))
    assert '"required": ["artist", "confidence"]' in sent


async def test_tokens_are_counted_with_what_was_read_from_the_cache(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    listed(httpserver)
    usage = {"input_tokens": 100, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 600}
    events = sse(start(**usage), block(), delta(type="text_delta", text=GOOD), *stop(tokens=90))
    answering(httpserver, MESSAGES, events)
    report = await report_of(open_chain, url, prices={"input": 1, "output": 5, "cached_input": "0.1"})
    assert (report.prompt_tokens, report.completion_tokens) == (1_000, 90)
    assert ledger.recorded[0].cached_tokens == 600
    assert report.cost_microdollars == 400 + 60 + 450


async def test_the_card_is_what_the_api_says_of_the_model(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver, schema=False, effort=False, name="claude-sonnet-5-5")
    (link,) = open_chain(entry(**settings_for(url, model="claude-sonnet-5-5"))).links
    assert link.model is not None
    card = await link.model.describe()
    assert (card.context_window, card.max_output, card.output) == (1_000_000, 128_000, "tool")
    assert (card.family, card.thinks, card.local) == ("claude", True, False)
    # Dollars for a million tokens: https://platform.claude.com/docs/en/pricing
    assert (card.prompt_price, card.output_price) == (2, 10)


async def test_a_model_without_schemas_is_made_to_call_a_tool(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver, schema=False)
    called = sse(
        start(),
        block("tool_use", id="toolu_01T1x1fJ34qAmk2tNTrN7Up6", name="recommendations", input={}),
        delta(type="input_json_delta", partial_json=""),
        delta(type="input_json_delta", partial_json=GOOD[:40]),
        delta(type="input_json_delta", partial_json=GOOD[40:]),
        *stop("tool_use"),
    )
    asked = answering(httpserver, MESSAGES, called)
    report = await report_of(open_chain, url)
    assert (report.outcome, report.candidates) == (Outcome.OK, 1)
    assert asked[0]["tool_choice"] == {"type": "tool", "name": asked[0]["tools"][0]["name"]}
    assert "format" not in asked[0]["output_config"]


async def test_each_refused_form_leads_to_the_next_until_words_alone(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    httpserver.no_handler_status_code = 404
    answers = (
        refusal(400, "invalid_request_error", "output_config.format: Extra inputs are not permitted"),
        refusal(400, "invalid_request_error", "tool_choice: forces tool use, which is not supported"),
        message(),
    )
    asked = answering(httpserver, MESSAGES, *answers)
    chain = open_chain(entry(**settings_for(url)))
    for _ in range(2):
        assert (await ask(chain)).reports[0].outcome is Outcome.OK
    assert ["output_config" in body for body in asked] == [True, False, False, False]
    assert ["tools" in body for body in asked] == [False, True, False, False]
    assert [IN_WORDS in body["system"] for body in asked] == [False, False, True, True]


async def test_thought_is_no_part_of_the_answer(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver)
    events = sse(
        start(),
        block("thinking", thinking="", signature=""),
        delta(type="thinking_delta", thinking='[{"artist": "No"}]'),
        delta(type="signature_delta", signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
        {"type": "something_new", "index": 0},
        block(),
        delta(type="text_delta", text=GOOD),
        *stop(),
    )
    answering(httpserver, MESSAGES, events)
    answer = await ask(open_chain(entry(**settings_for(url))))
    assert [candidate.artist for candidate in answer.answers[0].candidates] == ["Slint"]


@pytest.mark.parametrize(
    ("answer", "outcome", "candidates", "told"),
    [
        (message(GOOD[:60], "max_tokens"), Outcome.OK, 1, "cut off"),
        (sse(start(), block(), delta(type="text_delta", text=GOOD[:60])), Outcome.OK, 1, "cut off"),
        (message("", "refusal"), Outcome.UNREADABLE, 0, "empty answer"),
        (message("", "max_tokens"), Outcome.UNREADABLE, 0, "cut off before its first word"),
        (message("As an AI, I have no taste."), Outcome.UNREADABLE, 0, "no taste"),
        (Response("<html>Sign in</html>", mimetype="text/html"), Outcome.UNREADABLE, 0, "no message"),
        (Response("", mimetype="text/event-stream"), Outcome.UNREADABLE, 0, "no message"),
        (Response(f"data: {'x' * 6_000_000}\n\n"), Outcome.UNREADABLE, 0, "larger"),
        (message("x" * 500_000), Outcome.UNREADABLE, 0, "larger"),
        (Response('data: {"type": \n\ndata: 7\n\n'), Outcome.UNREADABLE, 0, "no message"),
        (
            sse(start(), {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            Outcome.UNAVAILABLE,
            0,
            "Overloaded",
        ),
        (
            sse({"type": "error", "error": {"type": "invalid_request_error", "message": "no credit"}}),
            Outcome.REJECTED,
            0,
            "no credit",
        ),
    ],
    ids=[
        "max_tokens",
        "broken off",
        "refusal",
        "only thought",
        "prose",
        "html",
        "nothing",
        "one long event",
        "10 MB",
        "no events",
        "overloaded",
        "error",
    ],
)
async def test_any_answer_is_read_or_is_a_result_with_its_reason(
    httpserver: HTTPServer,
    url: str,
    open_chain: OpenChain,
    answer: Response,
    outcome: Outcome,
    candidates: int,
    told: str,
) -> None:
    listed(httpserver)
    answering(httpserver, MESSAGES, answer)
    report = await report_of(open_chain, url)
    assert (report.outcome, report.candidates) == (outcome, candidates)
    assert told in report.detail


@pytest.mark.parametrize(
    ("answer", "outcome", "told"),
    [
        (refusal(401, "authentication_error", f"invalid x-api-key {KEY}"), Outcome.REJECTED, "Check the key"),
        (
            refusal(400, "invalid_request_error", "Your credit balance is too low"),
            Outcome.REJECTED,
            "credit",
        ),
        (
            refusal(429, "rate_limit_error", "tokens per minute", **{"Retry-After": "99"}),
            Outcome.UNAVAILABLE,
            "tokens per minute",
        ),
        (refusal(529, "overloaded_error", "Overloaded"), Outcome.UNAVAILABLE, "529"),
    ],
    ids=["401", "400", "429", "529"],
)
async def test_a_refusal_says_who_must_act_and_never_shows_the_key(
    httpserver: HTTPServer,
    url: str,
    open_chain: OpenChain,
    answer: Response,
    outcome: Outcome,
    told: str,
) -> None:
    listed(httpserver)
    answering(httpserver, MESSAGES, answer)
    report = await report_of(open_chain, url)
    assert report.outcome is outcome
    assert told in report.detail and KEY not in report.detail


async def test_a_missing_model_is_named_with_those_that_are_there(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver)
    httpserver.no_handler_status_code = 404
    answering(httpserver, MESSAGES, refusal(404, "not_found_error", "model: claude-2"))
    report = await report_of(open_chain, url, model="claude-2")
    assert report.outcome is Outcome.REJECTED
    assert f"'claude-2' is not there; installed: {MODEL}" in report.detail


async def test_a_probe_and_a_list_bill_no_tokens(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    listed(httpserver)
    (link,) = open_chain(entry(**settings_for(url))).links
    assert link.model is not None
    assert await link.model.probe() == f"has {MODEL}"
    assert [card.model for card in await link.model.list_models()] == [MODEL]
    assert {request.path for request, _ in httpserver.log} == {"/v1/models"}


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(1, 40), max_size=30), st.sampled_from(["\n", "\r\n"]), st.text(max_size=30))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int], end: str, text: str) -> None:
    events = [start(), delta(type="text_delta", text=text), *stop()]
    body = "".join(
        f": a comment{end}event: x{end}data: {json.dumps(event)}{end}{end}" for event in events
    ).encode()

    async def pieces() -> AsyncIterator[bytes]:
        rest = body
        for cut in cuts:
            yield rest[:cut]
            rest = rest[cut:]
        yield rest

    async def read() -> list[Any]:
        return [json.loads(data) async for data in read_events(pieces())]

    assert asyncio.run(read()) == events
