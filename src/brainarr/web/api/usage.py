"""usage: what the language models were asked for this month, and what that cost."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from brainarr.service.usage import read_usage
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


class UsageDocument(Document):
    since: datetime = Field(description="First of the month, UTC.")
    spent: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int
    models: tuple[ModelUsageDocument, ...]


@router.get("")
async def usage(deps: Deps) -> UsageDocument:
    """This month, dearest model first."""
    summary = await read_usage(deps.db, clock=deps.clock)
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
        models=models,
    )
