"""What the providers of a run reported, one report for each, however often it was asked."""

import msgspec

from brainarr.domain.prompt import ChainAnswer, Prompt
from brainarr.domain.recommendation import Outcome, ProviderReport

_ASKED = (Outcome.OK, Outcome.EMPTY)


class Reports:
    """Grows while a run goes on."""

    def __init__(self) -> None:
        self._models: dict[str, ProviderReport] = {}
        self._sources: list[ProviderReport] = []
        self.prompt: Prompt | None = None
        """The first that was sent."""
        self.answered = False
        """Whether a model answered the latest question."""
        self.any_answered = False

    def hear(self, report: ProviderReport) -> None:
        self._sources.append(report)

    def add(self, answer: ChainAnswer, *, proposed: bool = True) -> None:
        """`proposed`: False where its candidates are none, but words on what was chosen already."""
        self.prompt = self.prompt or answer.prompt
        self.answered = any(reply.candidates for reply in answer.answers)
        self.any_answered |= self.answered
        for heard in answer.reports:
            report = heard if proposed else msgspec.structs.replace(heard, candidates=0)
            before = self._models.get(report.name)
            self._models[report.name] = report if before is None else _both(before, report)

    @property
    def models(self) -> tuple[ProviderReport, ...]:
        """In the chain's order."""
        return tuple(self._models.values())

    @property
    def all(self) -> tuple[ProviderReport, ...]:
        return (*self.models, *self._sources)


def _both(before: ProviderReport, after: ProviderReport) -> ProviderReport:
    """The sums, under the outcome of the latest question that was really asked; an answer outweighs both."""
    telling = before if after.outcome is Outcome.NOT_NEEDED or before.outcome in _ASKED else after
    costs = (before.cost_microdollars, after.cost_microdollars)
    return msgspec.structs.replace(
        telling,
        candidates=before.candidates + after.candidates,
        prompt_tokens=before.prompt_tokens + after.prompt_tokens,
        completion_tokens=before.completion_tokens + after.completion_tokens,
        cost_microdollars=None if None in costs else sum(cost or 0 for cost in costs),
        seconds=before.seconds + after.seconds,
    )
