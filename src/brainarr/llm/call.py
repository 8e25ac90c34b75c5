"""One entry of the chain being asked: however it ends, it is reported, and what it cost is recorded."""

import asyncio

import msgspec

from brainarr import metrics
from brainarr.domain.prompt import Answer, Completion, ModelCard, Prompt, Usage
from brainarr.domain.recommendation import Exchange, Outcome, ProviderReport
from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnreadableAnswer,
)
from brainarr.http import excerpt
from brainarr.llm.breaker import BreakerOpen
from brainarr.llm.budget import Budget, OverBudget
from brainarr.llm.guard import Guard
from brainarr.llm.pace import TooBusy, worth_repeating
from brainarr.llm.pricing import cost_of
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.tokens import Characters
from brainarr.llm.wire import SchemaRefused, output_allowance
from brainarr.log import without_secrets
from brainarr.pipeline.ports import ChatModel, Ledger, ReadAnswer, WritePrompt

ATTEMPTS = 3
"""Retries live here only: the HTTP clients of models and their SDKs repeat nothing."""


MOST_TOLD = 64 * 2**10
"""Bytes of a prompt or an answer that are kept for people to read."""

_NOTHING = Completion("", 0, 0)


class Attempt(msgspec.Struct, frozen=True):
    """What became of one entry of the chain."""

    report: ProviderReport
    answer: Answer | None = None
    prompt: Prompt | None = None
    """None when it was not asked."""
    exchange: Exchange | None = None
    """The same with its answer, for people to read."""


class Call:
    """One question to one model, from its card to its answer."""

    def __init__(
        self,
        entry: ProviderEntry,
        model: ChatModel,
        guard: Guard,
        ledger: Ledger,
        budget: Budget,
        write: WritePrompt,
        read: ReadAnswer,
    ) -> None:
        self._entry = entry
        self._model = model
        self._breaker = guard.breaker
        self._pace = guard.pace
        self._ledger = ledger
        self._budget = budget
        self._write = write
        self._read = read
        self._prompt: Prompt | None = None
        self._model_asked = ""
        self._cost: int | None = 0
        self._now = asyncio.get_running_loop().time
        self._started = self._now()

    async def run(self) -> Attempt:
        """Never raises ProviderError; a cancelled call is recorded before it ends."""
        try:
            async with self._breaker.question():
                while True:
                    try:
                        return await self._ask(await self._describe())
                    except SchemaRefused:
                        # The card names a lesser way now, which may have to be part of the prompt's words;
                        # the last one, to ask in words alone, is never refused so.
                        continue
        except BreakerOpen as refusal:
            return self._failed(Outcome.BREAKER_OPEN, str(refusal))
        except TooBusy as refusal:
            return self._failed(Outcome.RATE_LIMITED, str(refusal))
        except OverBudget as stop:
            return self._failed(Outcome.OVER_BUDGET, str(stop))
        except ProviderError as error:
            return self._failed(_outcome(error), _detail(error))

    async def _describe(self) -> ModelCard:
        try:
            return await self._model.describe()
        except ProviderError as error:
            await self._breaker.failed(error)
            raise

    async def _ask(self, card: ModelCard) -> Attempt:
        prompt = await asyncio.to_thread(self._write, card)
        dearest = cost_of(self._entry, card.model, prompt.tokens, output_allowance(card, prompt))
        async with self._budget.hold(dearest) as kept_aside:
            self._prompt, self._model_asked = prompt, card.model
            completion, asked_at = await self._complete(card, prompt)
            answer = await asyncio.to_thread(self._read, card, completion.text)
            outcome = Outcome.OK if answer.candidates else Outcome.UNREADABLE
            cost = self._cost_of(card, prompt, completion)
            await self._record(card, completion, outcome, asked_at, cost, settles=kept_aside)
        if answer.candidates:
            await self._breaker.answered()
        else:
            await self._breaker.failed(UnreadableAnswer(self._entry.name, _remark(completion, answer)))
        report = msgspec.structs.replace(
            self._report(outcome, _remark(completion, answer)),
            candidates=len(answer.candidates),
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
        )
        told = await asyncio.to_thread(self._told, report.outcome, card.model, prompt, completion.text)
        return Attempt(report, answer if answer.candidates else None, prompt, told)

    async def _complete(self, card: ModelCard, prompt: Prompt) -> tuple[Completion, float]:
        """The answer, and when the question for it was asked; asked again while that makes sense."""
        allowance = output_allowance(card, prompt)
        dearest = cost_of(self._entry, card.model, prompt.tokens, allowance)
        refused: ProviderError | None = None
        for attempt in range(1, ATTEMPTS + 1):
            asked_at = self._now()
            sent = False
            try:
                async with self._pace.turn(prompt.tokens + allowance):
                    asked_at = self._now()
                    sent = True
                    return await self._model.complete(prompt), asked_at
            except TooBusy:
                if refused is not None:
                    raise refused from None
                raise
            except asyncio.CancelledError:
                await self._record(card, _NOTHING, "cancelled", asked_at, dearest if sent else 0)
                raise
            except ProviderError as error:
                refused = error
                cost = dearest if _may_be_billed(error) else 0
                await self._record(card, _NOTHING, _outcome(error), asked_at, cost)
                passable = await self._breaker.failed(error)
                if attempt == ATTEMPTS or not passable or not worth_repeating(error):
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _record(
        self,
        card: ModelCard,
        completion: Completion,
        outcome: str,
        asked_at: float,
        cost: int | None,
        *,
        settles: int | None = None,
    ) -> None:
        self._cost = cost
        metrics.model_answered(card.provider, str(outcome), self._now() - asked_at)
        await self._ledger.record(
            Usage(
                provider=card.provider,
                model=card.model,
                prompt_tokens=completion.prompt_tokens,
                completion_tokens=completion.completion_tokens,
                cached_tokens=completion.cached_tokens,
                cost_microdollars=cost,
                seconds=self._now() - asked_at,
                outcome=str(outcome),
                local=card.local,
            ),
            settles,
        )

    def _cost_of(self, card: ModelCard, prompt: Prompt, completion: Completion) -> int | None:
        """By the server's figures; what it did not count is estimated: no budget takes it for free."""
        answered = completion.completion_tokens
        if not answered and completion.truncated:
            answered = output_allowance(card, prompt)
        answered = answered or Characters().count(completion.text)
        asked = completion.prompt_tokens or prompt.tokens
        return cost_of(self._entry, card.model, asked, answered, completion.cached_tokens)

    def _told(self, outcome: Outcome, model: str, prompt: Prompt, answer: str) -> Exchange:
        system, user, said = map(readable, (prompt.system, prompt.user, answer))
        return Exchange(self._entry.name, model, outcome, system, user, said)

    def _failed(self, outcome: Outcome, detail: str) -> Attempt:
        prompt = self._prompt
        told = self._told(outcome, self._model_asked, prompt, "") if prompt else None
        return Attempt(self._report(outcome, detail), prompt=prompt, exchange=told)

    def _report(self, outcome: Outcome, detail: str) -> ProviderReport:
        return ProviderReport(
            self._entry.name,
            self._entry.kind,
            outcome,
            detail,
            cost_microdollars=self._cost,
            seconds=self._now() - self._started,
        )


def readable(text: str) -> str:
    """`text` for a person to read later: without secrets, and no longer than `MOST_TOLD` bytes of UTF-8."""
    told = without_secrets(text).replace("\0", "").encode(errors="replace")
    if len(told) <= MOST_TOLD:
        return told.decode()
    return f"{told[:MOST_TOLD].decode(errors='ignore')}\n… and {len(told) - MOST_TOLD:,} bytes more"


def _outcome(error: ProviderError) -> Outcome:
    if isinstance(error, UnreadableAnswer):
        return Outcome.UNREADABLE
    return Outcome.REJECTED if isinstance(error, ProviderRejected) else Outcome.UNAVAILABLE


def _may_be_billed(error: ProviderError) -> bool:
    """Whether an answer may have been written: not where the server refused, or was never reached.

    An HTTP status is the server's own word that it wrote none; silence and a broken answer are not.
    """
    if isinstance(error, ProviderUnavailable):
        return error.reached and error.status is None
    return not isinstance(error, ProviderRejected | MissingResource)


def _detail(error: ProviderError) -> str:
    # A server may repeat in its answer the key that it was asked with.
    start = without_secrets(error.excerpt) if isinstance(error, UnreadableAnswer) else ""
    began = f" It began: {start}" if start else ""
    return f"{error}{began}"[:600]


def _remark(completion: Completion, answer: Answer) -> str:
    if answer.candidates:
        return "its answer was cut off; what came is used." if completion.truncated else ""
    if not completion.text.strip():
        cause = ": it was cut off before its first word" if completion.truncated else ""
        return f"it sent an empty answer{cause}."
    start = without_secrets(excerpt(completion.text.encode("utf-8", "replace"), 200))
    return f"its answer names no artist. It began: {start}"
