"""The whole layer against a real llama.cpp server, its model's content being noise."""

import asyncio

import pytest

from brainarr.domain.money import Limits
from brainarr.domain.prompt import Answer, ModelCard
from brainarr.domain.recommendation import Outcome
from brainarr.llm.openai_stream import OpenAIStream
from brainarr.llm.wire import open_http
from tests.llm.conftest import OpenChain
from tests.llm.given import MemoryLedger, ask, entry, read, write

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("local model")]


async def test_a_real_server_enforces_the_schema_and_counts_its_tokens(
    local_model: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    raw: list[str] = []

    def keep(card: ModelCard, text: str) -> Answer:
        raw.append(text)
        return read(card, text)

    answer = await open_chain(entry(base_url=local_model)).ask(write, keep)
    (report,) = answer.reports
    assert report.outcome is Outcome.OK, report.detail
    assert raw[0].lstrip().startswith("{") and '"recommendations"' in raw[0]
    assert 1 <= report.candidates <= 3
    assert report.prompt_tokens > 10 and report.completion_tokens > 10
    assert report.cost_microdollars == 0
    assert [(usage.model, usage.outcome, usage.local) for usage in ledger.recorded] == [
        ("tiny-random", "ok", True)
    ]


async def test_its_answer_is_streamed_and_counted(local_model: str) -> None:
    asked = entry(base_url=local_model, first_token_timeout=60, idle_timeout=60)
    http = open_http(asked)
    stream = OpenAIStream(http, "/chat/completions", asked)
    messages = [{"role": "user", "content": "Name artists."}]
    # Beside it as a server tells it whole: only what is put together here bears no date.
    streamed = await stream.ask({"messages": messages, "max_tokens": 8})
    assert stream.manner == "counted"
    stream.manner = "whole"
    whole = await stream.ask({"messages": messages, "max_tokens": 8})
    await http.aclose()
    assert streamed["created"] == 0 < whole["created"]
    assert streamed["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"] == 8
    assert streamed["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"] == "length"


async def test_its_model_and_context_window_are_found_without_being_configured(
    local_model: str, open_chain: OpenChain
) -> None:
    (link,) = open_chain(entry(base_url=local_model)).links
    assert link.model is not None
    card = await link.model.describe()
    assert card.model == "tiny-random"
    # What one of its two slots has, not what the model was trained for.
    assert card.context_window == 4096


async def test_as_the_kind_llamacpp_it_is_asked_for_its_own_facts_and_answers(
    local_model: str, open_chain: OpenChain
) -> None:
    # With and without the path of the API, as people write it.
    for base in (local_model, local_model.removesuffix("/v1")):
        chain = open_chain(entry(kind="llamacpp", base_url=base))
        (link,) = chain.links
        assert link.model is not None
        card = await link.model.describe()
        assert (card.model, card.context_window, card.local, card.output) == (
            "tiny-random",
            4096,
            True,
            "native",
        )
        assert [listed.model for listed in await link.model.list_models()] == ["tiny-random"]
        assert await link.model.probe() == "has 1 model; tiny-random is taken"
    assert (await ask(chain)).reports[0].outcome is Outcome.OK


async def test_a_tool_is_called_and_read_by_a_real_server(local_model: str, open_chain: OpenChain) -> None:
    chain = open_chain(entry(kind="llamacpp", base_url=local_model, output="tool"))
    report = (await ask(chain)).reports[0]
    assert report.outcome in (Outcome.OK, Outcome.UNREADABLE), report.detail
    assert report.completion_tokens > 0


async def test_a_probe_says_which_model_answers_and_which_is_missing(
    local_model: str, open_chain: OpenChain
) -> None:
    chain = open_chain(
        entry(base_url=local_model), entry(base_url=local_model, name="b", model="tiny-random")
    )
    said = [await link.model.probe() for link in chain.links if link.model]
    assert said == ["has 1 model; tiny-random is taken", "has tiny-random"]


async def test_free_noise_of_a_real_model_is_read_without_a_fault(
    local_model: str, open_chain: OpenChain
) -> None:
    chain = open_chain(entry(base_url=local_model, output="prompted"))
    answer = await ask(chain)
    assert answer.reports[0].outcome in (Outcome.OK, Outcome.UNREADABLE)
    assert answer.reports[0].completion_tokens > 0


async def test_parallel_questions_to_one_server_are_all_answered(
    local_model: str, open_chain: OpenChain
) -> None:
    chain = open_chain(
        entry(base_url=local_model), entry(base_url=local_model, name="b"), strategy="parallel"
    )
    answers = await asyncio.gather(ask(chain), ask(chain))
    outcomes = [[report.outcome for report in answer.reports] for answer in answers]
    # Its weights are random: now and then one answer makes no sense. None is refused, lost or late.
    assert {one for each in outcomes for one in each} <= {Outcome.OK, Outcome.UNREADABLE}
    assert all(len(each) == 2 and Outcome.OK in each for each in outcomes)


async def test_a_dead_server_costs_nothing_once_its_breaker_is_open_and_the_real_one_answers(
    local_model: str, open_chain: OpenChain, closed_port: int
) -> None:
    dead = entry(base_url=f"http://127.0.0.1:{closed_port}/v1", name="dead", model="m", context_window=8192)
    chain = open_chain(dead, entry(base_url=local_model))
    outcomes = [[report.outcome for report in (await ask(chain)).reports] for _ in range(4)]
    assert outcomes[:3] == [[Outcome.UNAVAILABLE, Outcome.OK]] * 3
    assert outcomes[3] == [Outcome.BREAKER_OPEN, Outcome.OK]


async def test_the_budget_stops_a_priced_model_before_it_is_asked_again(
    local_model: str, open_chain: OpenChain, ledger: MemoryLedger
) -> None:
    priced = entry(base_url=local_model, name="priced", prices={"input": 1_000, "output": 1_000})
    chain = open_chain(priced, entry(base_url=local_model), limits=Limits(month=1_550_000))
    first, second = await ask(chain), await ask(chain)
    assert [report.outcome for report in first.reports] == [Outcome.OK, Outcome.NOT_NEEDED]
    assert (first.reports[0].cost_microdollars or 0) > 0
    assert [report.outcome for report in second.reports] == [Outcome.OVER_BUDGET, Outcome.OK]
    assert sum(usage.cost_microdollars or 0 for usage in ledger.recorded) <= 1_550_000
