"""usage: what the language models were asked for this month, and what that cost."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import Field

from brainarr.service.usage import read_usage
from brainarr.store.usage import Totals
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, dollars

router = APIRouter(prefix="/usage", tags=["usage"])


class ModelUsageDocument(Document):
    provider: str = Field(examples=["cloud"])
    model: str = Field(examples=["gpt-5-mini"])
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int


class TotalsDocument(Document):
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = Field(description="Of the prompt tokens, those billed at the cached rate.")
    cost: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int

    @classmethod
    def of_totals(cls, totals: Totals) -> "TotalsDocument":
        return cls(
            calls=totals.calls,
            prompt_tokens=totals.prompt_tokens,
            completion_tokens=totals.completion_tokens,
            cached_tokens=totals.cached_tokens,
            cost=dollars(totals.cost_microdollars),
            unpriced_calls=totals.unpriced_calls,
        )


class ProviderUsageDocument(Document):
    provider: str = Field(examples=["cloud"])
    today: TotalsDocument
    month: TotalsDocument


class DayUsageDocument(Document):
    day: date = Field(description="UTC.")
    provider: str = Field(examples=["cloud"])
    totals: TotalsDocument


class UsageDocument(Document):
    since: datetime = Field(description="First of the month, UTC.")
    spent: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int
    monthly_budget: float | None = Field(description="US dollars; null: none is set.")
    left: float | None = Field(description="Of the monthly budget.")
    run_budget: float | None = Field(description="US dollars for one run; null: none is set.")
    models: tuple[ModelUsageDocument, ...]
    providers: tuple[ProviderUsageDocument, ...]
    days: tuple[DayUsageDocument, ...] = Field(description="Days without a call are left out.")


@router.get("")
async def usage(deps: Deps) -> UsageDocument:
    """This month: by model, dearest first; by provider, today and in the month; by day."""
    summary = await read_usage(deps.db, clock=deps.clock, limits=deps.limits)
    models = tuple(
        ModelUsageDocument(
            provider=used.provider,
            model=used.model,
            calls=used.calls,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            cost=dollars(used.cost_microdollars),
            unpriced_calls=used.unpriced_calls,
        )
        for used in summary.models
    )
    return UsageDocument(
        since=summary.since,
        spent=dollars(summary.spent_microdollars),
        unpriced_calls=summary.unpriced_calls,
        monthly_budget=dollars(summary.limits.month),
        left=dollars(summary.left_microdollars),
        run_budget=dollars(summary.limits.run),
        models=models,
        providers=tuple(
            ProviderUsageDocument(
                provider=used.provider,
                today=TotalsDocument.of_totals(used.today),
                month=TotalsDocument.of_totals(used.month),
            )
            for used in summary.providers
        ),
        days=tuple(
            DayUsageDocument(
                day=used.day, provider=used.provider, totals=TotalsDocument.of_totals(used.totals)
            )
            for used in summary.days
        ),
    )
