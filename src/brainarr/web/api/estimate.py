"""runs/estimate: what a run would cost, before it is started."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from brainarr.service.estimate import RunEstimate, estimate_run
from brainarr.service.lists import DEFAULT_LIST
from brainarr.web.asked import Words
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, dollars
from brainarr.web.problems import CONFLICT, NOT_FOUND, problems

router = APIRouter(prefix="/runs/estimate", tags=["runs"])


class CallEstimateDocument(Document):
    """Asking one entry of the provider chain once."""

    name: str = Field(examples=["cloud"])
    kind: str = Field(examples=["openai"])
    local: bool
    model: str | None = Field(examples=["gpt-5-mini"])
    prompt_tokens: int
    output_tokens: int = Field(description="The longest answer it may give, thinking included.")
    cost: float | None = Field(description="US dollars at most; null is unpriced.")
    affordable: bool = Field(description="Whether the budgets would bear it now.")
    problem: str = Field(description="Why nothing could be found out.")


class EstimateDocument(Document):
    """At most, for asking each entry once; a run that finds too little, or has its reasons worded, asks
    again, within the budgets."""

    calls: tuple[CallEstimateDocument, ...] = Field(description="In the chain's order.")
    at_most: float | None = Field(description="US dollars if every entry is asked, of those with a price.")
    unpriced: tuple[str, ...] = Field(description="Entries whose price is not known.")
    spent: float | None = Field(description="US dollars this month.")
    monthly_budget: float | None
    run_budget: float | None

    @classmethod
    def of(cls, estimate: RunEstimate) -> "EstimateDocument":
        return cls(
            calls=tuple(
                CallEstimateDocument(
                    name=call.name,
                    kind=call.kind,
                    local=call.local,
                    model=call.model,
                    prompt_tokens=call.prompt_tokens,
                    output_tokens=call.output_tokens,
                    cost=dollars(call.cost_microdollars),
                    affordable=estimate.affordable(call),
                    problem=call.problem,
                )
                for call in estimate.calls
            ),
            at_most=dollars(estimate.at_most),
            unpriced=estimate.unpriced,
            spent=dollars(estimate.spent_microdollars),
            monthly_budget=dollars(estimate.limits.month),
            run_budget=dollars(estimate.limits.run),
        )


@router.get("", responses=problems(NOT_FOUND, CONFLICT))
async def run_estimate(
    deps: Deps,
    list: Annotated[Words, Query(description="The list that the run would be for.")] = DEFAULT_LIST,
) -> EstimateDocument:
    """Writes the prompts of a run over the library as it was read last, and asks no model."""
    estimate = await estimate_run(
        deps.db, deps.cache, deps.estimate, list, clock=deps.clock, limits=deps.limits
    )
    return EstimateDocument.of(estimate)
