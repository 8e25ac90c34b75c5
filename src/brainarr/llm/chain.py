"""The provider chain: who is asked, in which order, and whose answer counts."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from brainarr import tracing
from brainarr.domain.money import NO_LIMITS, Limits
from brainarr.domain.prompt import ChainAnswer
from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.llm.budget import Budget
from brainarr.llm.call import Attempt, Call
from brainarr.llm.guard import Guard
from brainarr.llm.models import Link
from brainarr.pipeline.ports import Ledger, ReadAnswer, WritePrompt

Strategy = Literal["failover", "parallel", "race"]

# Shorter than anybody's patience, longer than a good cloud answer usually takes to come.
HEDGE_AFTER_S = 20.0


class Chain:
    """Asks language models by one strategy, for one run: `ledger` is on that run's account.

    failover: in order, until one answers. parallel: all at once, every answer counts. race: in order too, but
    the next one starts when the one before fails or says nothing for `hedge_after` seconds; the first answer
    wins and the others are cancelled. `builtin` is no model: in its turn it ends a failover; it wins no race.

    A model whose dearest answer would break one of the `limits` is not asked.
    """

    def __init__(
        self,
        links: Sequence[Link],
        ledger: Ledger,
        guards: Mapping[str, Guard],
        *,
        strategy: Strategy = "failover",
        limits: Limits = NO_LIMITS,
        hedge_after: float = HEDGE_AFTER_S,
    ) -> None:
        self.links = tuple(links)
        self._ledger = ledger
        self.guards = guards
        self._budget = Budget(ledger, limits)
        self._strategy = strategy
        self._hedge_after = hedge_after

    async def ask(self, write: WritePrompt, read: ReadAnswer) -> ChainAnswer:
        """Answers, and one report for every entry in the chain's order; never raises ProviderError.

        An answer that `read` finds no candidate in is a failure like any other. `write` and `read` run in
        threads: both take long for a large library or answer.
        """
        strategies = {"failover": self._failover, "parallel": self._parallel, "race": self._race}
        attempts = await strategies[self._strategy](write, read)
        return ChainAnswer(
            answers=tuple(attempt.answer for attempt in attempts if attempt.answer),
            reports=tuple(attempt.report for attempt in attempts),
            prompt=next((attempt.prompt for attempt in attempts if attempt.prompt), None),
            exchanges=tuple(attempt.exchange for attempt in attempts if attempt.exchange),
        )

    async def aclose(self) -> None:
        for link in self.links:
            if link.model is not None:
                await link.model.aclose()

    async def _failover(self, write: WritePrompt, read: ReadAnswer) -> list[Attempt]:
        attempts: list[Attempt] = []
        for link in self.links:
            if any(_answered(attempt) for attempt in attempts):
                attempts.append(_not_needed(link))
            else:
                attempts.append(await self._attempt(link, write, read))
        return attempts

    async def _parallel(self, write: WritePrompt, read: ReadAnswer) -> list[Attempt]:
        tasks = [asyncio.create_task(self._attempt(link, write, read)) for link in self.links]
        try:
            # No TaskGroup: a full disk must come out as StorageError, not as a group of errors.
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _race(self, write: WritePrompt, read: ReadAnswer) -> list[Attempt]:
        finished: dict[int, Attempt] = {}
        running: dict[asyncio.Task[Attempt], int] = {}
        waiting = [place for place, link in enumerate(self.links) if link.model is not None]
        try:
            while (waiting or running) and not any(map(_answered, finished.values())):
                if waiting:
                    place = waiting.pop(0)
                    running[asyncio.create_task(self._attempt(self.links[place], write, read))] = place
                done, _ = await asyncio.wait(
                    running,
                    timeout=self._hedge_after if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                finished |= {running.pop(task): task.result() for task in done}
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        for place in running.values():
            finished[place] = _not_needed(self.links[place], "another was faster; it was told to stop")
        for place, link in enumerate(self.links):
            if place not in finished:
                nobody = not any(map(_answered, finished.values()))
                finished[place] = _builtin(link) if link.model is None and nobody else _not_needed(link)
        return [finished[place] for place in range(len(self.links))]

    async def _attempt(self, link: Link, write: WritePrompt, read: ReadAnswer) -> Attempt:
        if link.model is None:
            return _builtin(link)
        guard = self.guards[link.entry.name]
        with tracing.span("ask model", provider=link.entry.name):
            return await Call(link.entry, link.model, guard, self._ledger, self._budget, write, read).run()


def _answered(attempt: Attempt) -> bool:
    return attempt.report.outcome in (Outcome.OK, Outcome.EMPTY)


def _not_needed(link: Link, detail: str = "") -> Attempt:
    return Attempt(ProviderReport(link.entry.name, link.entry.kind, Outcome.NOT_NEEDED, detail))


def _builtin(link: Link) -> Attempt:
    detail = "similarity sources propose, templates explain"
    return Attempt(ProviderReport(link.entry.name, link.entry.kind, Outcome.OK, detail))
