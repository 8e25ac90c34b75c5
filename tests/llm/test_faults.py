"""Chaos: servers that flap, storm, stall, hang and hang up; and what a broken one costs the next run."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause, State
from brainarr.domain.prompt import ChainAnswer
from brainarr.domain.recommendation import Outcome
from brainarr.llm.call import ATTEMPTS
from tests.llm.conftest import OpenChain
from tests.llm.given import GOOD, MemoryBreakers, MemoryLedger, ask, entry
from tests.llm.scripted import answering
from tests.llm.test_openai_chat import CHAT, completion, error
from tests.store.given import StandingClock
from tests.wire import head, raw_server

pytestmark = pytest.mark.loopback

BUILTIN = entry(kind="builtin", name="builtin")
Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def breakers() -> MemoryBreakers:
    return MemoryBreakers()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def url(httpserver: HTTPServer) -> str:
    return httpserver.url_for("/v1")


def model(url: str, **settings: Any) -> Any:
    return entry(base_url=url, model="m", context_window=8192, **settings)


def outcomes(answer: ChainAnswer) -> list[Outcome]:
    return [report.outcome for report in answer.reports]


async def test_a_server_that_stumbles_once_is_asked_again_and_answers(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    asked = answering(httpserver, CHAT, error(503, "overloaded"), completion(GOOD))
    answer = await ask(open_chain(model(url)))
    assert outcomes(answer) == [Outcome.OK]
    assert (len(asked), [usage.outcome for usage in ledger.recorded]) == (2, ["unavailable", "ok"])


async def test_a_broken_server_costs_the_next_run_nothing(
    httpserver: HTTPServer,
    url: str,
    open_chain: OpenChain,
    ledger: MemoryLedger,
    breakers: MemoryBreakers,
    clock: StandingClock,
) -> None:
    asked = answering(httpserver, CHAT, error(500, "CUDA error"))
    chain = open_chain(model(url), BUILTIN, circuits=breakers, clock=clock)
    assert outcomes(await ask(chain)) == [Outcome.UNAVAILABLE, Outcome.OK]
    spent = len(asked), len(ledger.recorded)
    clock.advance(seconds=10)
    report = (await ask(chain)).reports[0]
    assert (report.outcome, report.cost_microdollars) == (Outcome.BREAKER_OPEN, 0)
    assert "open since 2026-11-22 12:00:00 UTC" in report.detail
    assert "CUDA error" in report.detail
    assert "tried again at 2026-11-22 12:00:30 UTC" in report.detail
    assert (len(asked), len(ledger.recorded)) == spent == (ATTEMPTS, ATTEMPTS)


async def test_after_its_rest_one_question_tries_and_a_good_answer_closes_it(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    asked = answering(httpserver, CHAT, *[error(500, "no")] * (ATTEMPTS + 1), completion(GOOD))
    chain = open_chain(model(url), circuits=breakers, clock=clock)
    await ask(chain)
    clock.advance(seconds=31)
    assert outcomes(await ask(chain)) == [Outcome.UNAVAILABLE]
    assert len(asked) == ATTEMPTS + 1, "a trial is one request, not three"
    clock.advance(seconds=31)
    assert outcomes(await ask(chain)) == [Outcome.BREAKER_OPEN]
    clock.advance(seconds=31)
    assert outcomes(await ask(chain)) == [Outcome.OK]
    assert breakers.circuits["home"].state is State.CLOSED


async def test_another_process_knows_what_this_one_learnt(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    asked = answering(httpserver, CHAT, error(500, "no"))
    await ask(open_chain(model(url), circuits=breakers, clock=clock))
    again = await ask(open_chain(model(url), circuits=breakers, clock=clock))
    assert outcomes(again) == [Outcome.BREAKER_OPEN]
    assert len(asked) == ATTEMPTS


async def test_of_many_questions_after_its_rest_only_one_goes_through(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    asked = answering(httpserver, CHAT, *[error(500, "no")] * ATTEMPTS, completion(GOOD))
    chain = open_chain(model(url), circuits=breakers, clock=clock)
    await ask(chain)
    clock.advance(seconds=31)
    seen = [outcomes(answer)[0] for answer in await asyncio.gather(*(ask(chain) for _ in range(10)))]
    assert (seen.count(Outcome.OK), seen.count(Outcome.BREAKER_OPEN)) == (1, 9)
    assert len(asked) == ATTEMPTS + 1


async def test_a_trial_that_is_cancelled_leaves_the_next_one_free(
    open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    heard = 0
    hanging = asyncio.Event()

    async def fail_then_hang(writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        if heard <= ATTEMPTS:
            writer.write(head(500, Content_Length="0"))
        else:
            hanging.set()
            await asyncio.Event().wait()

    async with raw_server(fail_then_hang) as address:
        chain = open_chain(model(f"{address}/v1"), circuits=breakers, clock=clock)
        await ask(chain)
        clock.advance(seconds=31)
        task = asyncio.create_task(ask(chain))
        await hanging.wait()
        assert breakers.circuits["home"].state is State.HALF_OPEN
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert breakers.circuits["home"].state is State.OPEN
    assert not rules.refuses(breakers.circuits["home"], clock())


async def test_a_flapping_server_is_rested_and_comes_back(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    up = False

    def flap(request: Request) -> Response:
        good = Response(json.dumps(completion(GOOD)), mimetype="application/json")
        return good if up else error(502, "bad gateway")

    httpserver.expect_request(CHAT).respond_with_handler(flap)
    chain = open_chain(model(url), BUILTIN, circuits=breakers, clock=clock)
    for round_ in range(6):
        up = round_ % 2 == 1
        answer = await ask(chain)
        assert outcomes(answer)[0] is (Outcome.OK if up else Outcome.UNAVAILABLE)
        clock.advance(minutes=2)


async def test_a_storm_of_429_with_a_short_retry_after_is_waited_out(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    storm = [error(429, "slow down", **{"Retry-After": "3"})] * (ATTEMPTS - 1)
    answering(httpserver, CHAT, *storm, completion(GOOD))
    assert outcomes(await ask(open_chain(model(url)))) == [Outcome.OK]


async def test_a_storm_of_429_with_a_long_retry_after_rests_until_then(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    asked = answering(httpserver, CHAT, error(429, "quota", **{"Retry-After": "600"}), completion(GOOD))
    chain = open_chain(model(url), circuits=breakers, clock=clock)
    assert outcomes(await ask(chain)) == [Outcome.UNAVAILABLE]
    clock.advance(seconds=599)
    assert outcomes(await ask(chain)) == [Outcome.BREAKER_OPEN]
    assert len(asked) == 1
    assert breakers.circuits["home"].cause is Cause.PAUSE


async def test_more_requests_than_the_entry_allows_are_reported_not_sent(
    httpserver: HTTPServer, url: str, open_chain: OpenChain
) -> None:
    asked = answering(httpserver, CHAT, completion(GOOD))
    chain = open_chain(model(url, requests_per_minute=1), BUILTIN)
    assert outcomes(await ask(chain)) == [Outcome.OK, Outcome.NOT_NEEDED]
    second = await ask(chain)
    assert outcomes(second) == [Outcome.RATE_LIMITED, Outcome.OK]
    assert "its turn would come in" in second.reports[0].detail
    assert len(asked) == 1


async def test_a_wrong_key_is_refused_once_and_a_new_key_is_asked_at_once(
    httpserver: HTTPServer, url: str, open_chain: OpenChain, breakers: MemoryBreakers, clock: StandingClock
) -> None:
    def check(request: Request) -> Response:
        if request.headers.get("Authorization") == "Bearer right":
            return Response(json.dumps(completion(GOOD)), mimetype="application/json")
        return error(401, "Incorrect API key provided")

    httpserver.expect_request(CHAT).respond_with_handler(check)
    wrong = open_chain(model(url, api_key="wrong-key-4242"), circuits=breakers, clock=clock)
    assert outcomes(await ask(wrong)) == [Outcome.REJECTED]
    clock.advance(days=300)
    latched = (await ask(wrong)).reports[0]
    assert latched.outcome is Outcome.BREAKER_OPEN
    assert "another key" in latched.detail
    assert len(httpserver.log) == 1
    assert "4242" not in repr(breakers.circuits)
    fixed = open_chain(model(url, api_key="right"), circuits=breakers, clock=clock)
    assert outcomes(await ask(fixed)) == [Outcome.OK]
    assert breakers.circuits["home"].state is State.CLOSED


async def never(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def half(writer: asyncio.StreamWriter) -> None:
    body = json.dumps(completion(GOOD)).encode()
    writer.write(head(Content_Type="application/json", Content_Length=str(len(body))) + body[:80])
    await asyncio.Event().wait()


async def drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def half_closed(writer: asyncio.StreamWriter) -> None:
    body = json.dumps(completion(GOOD)).encode()
    writer.write(head(Content_Type="application/json", Content_Length=str(len(body))) + body[:80])
    writer.write_eof()
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (never, Outcome.UNAVAILABLE),
        (half, Outcome.UNAVAILABLE),
        (drop, Outcome.UNAVAILABLE),
        (half_closed, Outcome.UNREADABLE),
    ],
    ids=["slow first byte", "hangs mid-body", "drops", "half-closed"],
)
async def test_a_faulty_line_is_given_up_in_time_falls_over_and_opens_the_breaker(
    open_chain: OpenChain, breakers: MemoryBreakers, fault: Speak, outcome: Outcome
) -> None:
    async with raw_server(fault) as address:
        chain = open_chain(model(f"{address}/v1", timeout=0.2), BUILTIN, circuits=breakers)
        for _ in range(rules.LEAST_FAILURES):
            assert outcomes(await ask(chain)) == [outcome, Outcome.OK]
        assert outcomes(await ask(chain)) == [Outcome.BREAKER_OPEN, Outcome.OK]


async def test_a_silent_server_is_not_asked_twice_for_what_it_may_have_billed(open_chain: OpenChain) -> None:
    heard = 0

    async def listen(writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        await asyncio.Event().wait()

    async with raw_server(listen) as address:
        await ask(open_chain(model(f"{address}/v1", timeout=0.2)))
    assert heard == 1


async def test_parallel_takes_as_long_as_the_slowest_not_as_all_together(open_chain: OpenChain) -> None:
    body = json.dumps(completion(GOOD)).encode()
    arrived = 0
    all_here = asyncio.Event()

    async def answer_when_all_are_here(writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 3:
            all_here.set()
        await all_here.wait()
        writer.write(head(Content_Type="application/json", Content_Length=str(len(body))) + body)

    async with raw_server(answer_when_all_are_here) as address:
        entries = [model(f"{address}/{name}", name=name) for name in "abc"]
        answer = await ask(open_chain(*entries, strategy="parallel"))
    assert outcomes(answer) == [Outcome.OK] * 3
