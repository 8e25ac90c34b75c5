"""The chain's strategies, its reports and its budget, over hand-written models."""

import asyncio
from collections.abc import Sequence

import pytest

from brainarr.domain.money import Limits
from brainarr.domain.prompt import Answer, ChainAnswer, Completion, ModelCard, Prompt, Usage
from brainarr.domain.recommendation import Outcome
from brainarr.errors import (
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    StorageError,
    UnreadableAnswer,
)
from brainarr.llm.chain import Chain, Strategy
from brainarr.llm.models import Link, open_links
from tests.llm.given import GOOD, MemoryLedger, ask, entry, guarded, read, write

BROKEN = ProviderUnavailable("radio", "it is down.")
AWAY = ProviderUnavailable("radio", "nobody listens.", reached=False)
OVERLOADED = ProviderUnavailable("radio", "it is overloaded.", status=503, retry_after=60)


class ScriptedModel:
    """pipeline.ports.ChatModel that answers `answer`, or raises it, once `ready` is set."""

    kind = "openai_compatible"
    card: ModelCard | None = None

    def __init__(self, name: str, answer: str | ProviderError = GOOD, *, ready: bool = True) -> None:
        self.name = name
        self.answer = answer
        self.ready = asyncio.Event()
        self.asked = asyncio.Event()
        self.cancelled = False
        self.counts = True
        if ready:
            self.ready.set()

    async def describe(self) -> ModelCard:
        return ModelCard(self.name, self.kind, f"model of {self.name}", context_window=8192)

    async def complete(self, prompt: Prompt) -> Completion:
        self.asked.set()
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if isinstance(self.answer, ProviderError):
            raise self.answer
        if not self.counts:
            return Completion(self.answer, prompt_tokens=0, completion_tokens=0)
        return Completion(self.answer, prompt_tokens=1_000, completion_tokens=100)

    async def list_models(self) -> tuple[ModelCard, ...]:
        return (await self.describe(),)

    async def probe(self) -> str:
        return "is here"

    async def aclose(self) -> None:
        pass


PAID = {"prices": {"input": 1, "output": 5}}
# 1,000 tokens in and at most 500 out at these prices.
DEAREST = 1_000 + 2_500
USUAL = 1_000 + 500
BUILTIN = open_links([entry(kind="builtin", name="builtin")])[0]


def link(model: ScriptedModel, **settings: object) -> Link:
    return Link(entry(name=model.name, base_url="http://127.0.0.1:1/v1", **settings), model)


def cloud(model: ScriptedModel, **settings: object) -> Link:
    return Link(entry(name=model.name, base_url="https://models.example.com/v1", **settings), model)


def chain_of(
    *links: Link,
    strategy: Strategy = "failover",
    budget: int | None = None,
    per_run: int | None = None,
    ledger: MemoryLedger | None = None,
) -> Chain:
    return Chain(
        links,
        ledger or MemoryLedger(),
        guarded(links),
        strategy=strategy,
        limits=Limits(budget, per_run),
        hedge_after=0.01,
    )


def outcomes(answer: ChainAnswer) -> list[Outcome]:
    return [report.outcome for report in answer.reports]


async def test_failover_stops_at_the_first_that_answers() -> None:
    models = [ScriptedModel("a", BROKEN), ScriptedModel("b"), ScriptedModel("c")]
    answer = await ask(chain_of(*map(link, models), BUILTIN))
    assert outcomes(answer) == [Outcome.UNAVAILABLE, Outcome.OK, Outcome.NOT_NEEDED, Outcome.NOT_NEEDED]
    assert [report.name for report in answer.reports] == ["a", "b", "c", "builtin"]
    assert [model.asked.is_set() for model in models] == [True, True, False]
    assert [candidate.source for candidate in answer.answers[0].candidates] == ["b"]
    assert answer.prompt is not None


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (BROKEN, Outcome.UNAVAILABLE),
        (ProviderRejected("radio", "wrong key."), Outcome.REJECTED),
        (UnreadableAnswer("radio", "a web page came.", excerpt="<html>"), Outcome.UNREADABLE),
        ("no music here", Outcome.UNREADABLE),
        ('{"recommendations": []}', Outcome.UNREADABLE),
        ("", Outcome.UNREADABLE),
    ],
)
async def test_every_kind_of_failure_falls_over_to_builtin(
    failure: str | ProviderError, outcome: Outcome
) -> None:
    answer = await ask(chain_of(link(ScriptedModel("a", failure)), BUILTIN))
    assert outcomes(answer) == [outcome, Outcome.OK]
    assert answer.answers == ()
    assert answer.reports[0].detail
    assert answer.prompt is not None


async def test_builtin_alone_needs_no_prompt() -> None:
    answer = await ask(chain_of(BUILTIN))
    assert (outcomes(answer), answer.prompt, answer.answers) == ([Outcome.OK], None, ())
    assert answer.reports[0].cost_microdollars == 0


async def test_parallel_asks_all_at_once_and_keeps_every_answer() -> None:
    models = [ScriptedModel("a", ready=False), ScriptedModel("b", BROKEN), ScriptedModel("c", ready=False)]
    task = asyncio.create_task(ask(chain_of(*map(link, models), BUILTIN, strategy="parallel")))
    for model in models:
        await model.asked.wait()
        model.ready.set()
    answer = await task
    assert outcomes(answer) == [Outcome.OK, Outcome.UNAVAILABLE, Outcome.OK, Outcome.OK]
    assert [reply.candidates[0].source for reply in answer.answers] == ["a", "c"]


async def test_a_race_is_won_by_the_first_answer_and_the_others_are_told_to_stop() -> None:
    slow, fast, unasked = ScriptedModel("slow", ready=False), ScriptedModel("fast"), ScriptedModel("unasked")
    ledger = MemoryLedger()
    answer = await ask(chain_of(BUILTIN, *map(link, (slow, fast, unasked)), strategy="race", ledger=ledger))
    assert outcomes(answer) == [Outcome.NOT_NEEDED, Outcome.NOT_NEEDED, Outcome.OK, Outcome.NOT_NEEDED]
    assert slow.cancelled and not unasked.asked.is_set()
    assert {(usage.provider, usage.outcome) for usage in ledger.recorded} == {
        ("slow", "cancelled"),
        ("fast", "ok"),
    }


async def test_a_race_starts_the_next_at_once_when_one_fails_and_ends_with_builtin() -> None:
    links = [link(ScriptedModel(name, BROKEN)) for name in "ab"]
    answer = await ask(chain_of(BUILTIN, *links, strategy="race"))
    assert outcomes(answer) == [Outcome.OK, Outcome.UNAVAILABLE, Outcome.UNAVAILABLE]


@pytest.mark.parametrize("strategy", ["failover", "parallel", "race"])
async def test_cancelling_the_question_cancels_every_model(strategy: Strategy) -> None:
    models = [ScriptedModel(name, ready=False) for name in "ab"]
    task = asyncio.create_task(ask(chain_of(*map(link, models), strategy=strategy)))
    await models[0].asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(model.cancelled == model.asked.is_set() for model in models)


@pytest.mark.parametrize("strategy", ["failover", "parallel", "race"])
async def test_a_full_disk_is_said_as_such_and_no_model_goes_on(strategy: Strategy) -> None:
    class FullLedger(MemoryLedger):
        async def record(self, usage: Usage, settles: int | None = None, /) -> None:
            raise StorageError("The disk is full.")

    models = [ScriptedModel("a"), ScriptedModel("b", ready=False)]
    with pytest.raises(StorageError, match="disk is full"):
        await ask(chain_of(*map(link, models), strategy=strategy, ledger=FullLedger()))
    assert models[1].cancelled == models[1].asked.is_set()


@pytest.mark.parametrize("strategy", ["failover", "parallel", "race"])
async def test_a_bug_is_not_taken_for_a_provider_failure(strategy: Strategy) -> None:
    def broken_reader(card: ModelCard, text: str) -> Answer:
        raise LookupError(text)

    with pytest.raises(LookupError):
        await chain_of(link(ScriptedModel("a")), strategy=strategy).ask(write, broken_reader)


async def test_a_paid_model_stops_where_its_dearest_answer_would_break_the_budget() -> None:
    ledger = MemoryLedger(already=10_000)
    paid, home = ScriptedModel("paid"), ScriptedModel("home")
    chain = chain_of(link(paid, **PAID), link(home), budget=10_000 + DEAREST, ledger=ledger)
    first, second = await ask(chain), await ask(chain)
    assert outcomes(first) == [Outcome.OK, Outcome.NOT_NEEDED]
    assert first.reports[0].cost_microdollars == USUAL
    assert outcomes(second) == [Outcome.OVER_BUDGET, Outcome.OK]
    assert "$0.0115 of this month's $0.0135" in second.reports[0].detail
    assert sum(usage.cost_microdollars or 0 for usage in ledger.recorded) == USUAL


async def test_a_run_may_not_cost_more_than_its_own_cap_whatever_the_month_still_bears() -> None:
    paid, home = ScriptedModel("paid"), ScriptedModel("home")
    chain = chain_of(link(paid, **PAID), link(home), budget=10**9, per_run=DEAREST)
    assert outcomes(await ask(chain)) == [Outcome.OK, Outcome.NOT_NEEDED]
    over = await ask(chain)
    assert outcomes(over) == [Outcome.OVER_BUDGET, Outcome.OK]
    assert (
        over.reports[0].detail
        == "$0.0015 of the $0.0035 for one run are spent, and this call may cost $0.0035"
    )


async def test_calls_under_way_share_one_budget() -> None:
    models = [ScriptedModel(name, ready=False) for name in "abc"]
    links = [link(model, **PAID) for model in models]
    task = asyncio.create_task(ask(chain_of(*links, strategy="parallel", budget=2 * DEAREST)))
    for model in models[:2]:
        await model.asked.wait()
    for model in models:
        model.ready.set()
    assert sorted(outcomes(await task)) == [Outcome.OK, Outcome.OK, Outcome.OVER_BUDGET]


async def test_what_a_failed_call_held_of_the_budget_is_free_again() -> None:
    model = ScriptedModel("a", AWAY)
    chain = chain_of(link(model, **PAID), budget=DEAREST)
    assert outcomes(await ask(chain)) == [Outcome.UNAVAILABLE]
    model.answer = GOOD
    assert outcomes(await ask(chain)) == [Outcome.OK]


async def test_an_answer_that_cannot_be_booked_leaves_its_money_aside() -> None:
    class FullLedger(MemoryLedger):
        async def record(self, usage: Usage, settles: int | None = None, /) -> None:
            raise StorageError("The database cannot be used: the disk is full.")

    ledger = FullLedger()
    with pytest.raises(StorageError):
        await ask(chain_of(link(ScriptedModel("a"), **PAID), ledger=ledger))
    assert (await ledger.reserve(1, Limits())).month == DEAREST


async def test_a_budget_of_nothing_still_lets_models_at_home_answer() -> None:
    paid, home = ScriptedModel("paid"), ScriptedModel("home")
    answer = await ask(chain_of(link(paid, **PAID), link(home), budget=0))
    assert outcomes(answer) == [Outcome.OVER_BUDGET, Outcome.OK]
    assert not paid.asked.is_set()


async def test_a_model_of_unknown_price_is_not_asked_under_a_budget_but_is_without_one() -> None:
    def unpriced(model: ScriptedModel) -> Link:
        return Link(entry(name=model.name, base_url="https://models.example.com/v1"), model)

    under_budget = await ask(chain_of(unpriced(ScriptedModel("a")), budget=10**9))
    assert outcomes(under_budget) == [Outcome.OVER_BUDGET]
    assert "set `prices`" in under_budget.reports[0].detail
    free = await ask(chain_of(unpriced(ScriptedModel("a"))))
    assert (outcomes(free), free.reports[0].cost_microdollars) == ([Outcome.OK], None)


@pytest.mark.parametrize(
    ("failure", "cost"),
    [
        (BROKEN, DEAREST),
        (UnreadableAnswer("radio", "the answer broke off half-way."), DEAREST),
        (AWAY, 0),
        (OVERLOADED, 0),
        (ProviderRejected("radio", "wrong key."), 0),
    ],
    ids=["silent", "broken off", "away", "overloaded", "refused"],
)
async def test_a_failed_call_counts_the_most_it_may_have_cost_unless_it_was_refused(
    failure: ProviderError, cost: int
) -> None:
    ledger = MemoryLedger()
    answer = await ask(chain_of(cloud(ScriptedModel("a", failure), **PAID), ledger=ledger))
    assert answer.reports[0].cost_microdollars == cost
    usage = ledger.recorded[0]
    assert (usage.cost_microdollars, usage.prompt_tokens, usage.model) == (cost, 0, "model of a")


async def test_a_failed_call_of_unknown_price_stays_unpriced_and_one_at_home_is_free() -> None:
    unpriced = await ask(chain_of(cloud(ScriptedModel("a", BROKEN))))
    home = await ask(chain_of(link(ScriptedModel("a", BROKEN))))
    assert (unpriced.reports[0].cost_microdollars, home.reports[0].cost_microdollars) == (None, 0)


async def test_a_cancelled_call_counts_the_most_it_may_have_cost() -> None:
    ledger = MemoryLedger()
    model = ScriptedModel("a", ready=False)
    task = asyncio.create_task(ask(chain_of(cloud(model, **PAID), ledger=ledger)))
    await model.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(usage.outcome, usage.cost_microdollars) for usage in ledger.recorded] == [("cancelled", DEAREST)]


async def test_answers_without_figures_use_up_the_budget_by_estimate() -> None:
    ledger = MemoryLedger()
    model = ScriptedModel("a")
    model.counts = False
    chain = chain_of(cloud(model, **PAID), budget=2 * DEAREST, ledger=ledger)
    reached = [outcomes(await ask(chain))[0] for _ in range(8)]
    assert (reached[0], reached[-1]) == (Outcome.OK, Outcome.OVER_BUDGET)
    usage = ledger.recorded[0]
    assert usage.prompt_tokens == 0
    assert usage.cost_microdollars is not None and 1_000 < usage.cost_microdollars <= DEAREST


async def test_each_model_gets_a_prompt_written_for_it() -> None:
    cards: list[str] = []

    def note(card: ModelCard) -> Prompt:
        cards.append(card.provider)
        return write(card)

    models: Sequence[ScriptedModel] = [ScriptedModel("a", BROKEN), ScriptedModel("b")]
    await chain_of(*map(link, models)).ask(note, read)
    assert cards == ["a", "b"]
