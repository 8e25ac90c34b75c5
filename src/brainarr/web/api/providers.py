"""providers: who is asked, how they did last, whether they answer now."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from brainarr.domain.circuit import Circuit, State
from brainarr.domain.recommendation import Outcome
from brainarr.errors import NotFound
from brainarr.service.doctor import Health, examine
from brainarr.service.health import read_last_reports
from brainarr.service.monitor import read_breakers
from brainarr.web.api.models import ModelDocument
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, problems

router = APIRouter(prefix="/providers", tags=["providers"])


class BreakerDocument(Document):
    """Whether a model is asked at all. While its breaker is open, it is not, and costs a run nothing."""

    state: State
    since: datetime | None = Field(description="null: it never changed.")
    reason: str = Field(examples=["home: no answer within 15 s."])
    next_try: datetime | None = Field(
        description="null while closed, and after a refused key: that waits for another key, or a test."
    )

    @classmethod
    def of(cls, circuit: Circuit | None) -> "BreakerDocument":
        if circuit is None:
            return cls(state=State.CLOSED, since=None, reason="", next_try=None)
        return cls(state=circuit.state, since=circuit.since, reason=circuit.reason, next_try=circuit.try_at)


class ProviderDocument(Document):
    """One remote service or model, in the order in which they are asked."""

    name: str = Field(examples=["home"])
    kind: str = Field(examples=["ollama"])
    role: str = Field(examples=["model"], description="model, similarity, catalogue or library.")
    model: str | None = Field(examples=["qwen3:8b"])
    capabilities: ModelDocument | None = Field(
        description="Of the model that is asked; null where only its server knows, and was not asked yet."
    )
    breaker: BreakerDocument | None = Field(description="null for what is no model.")
    last_run: int | None = Field(description="The run that `last_outcome` is of.", examples=[3])
    last_outcome: Outcome | None
    last_detail: str = Field(description="What went wrong, and what to do about it.")


class TestDocument(Document):
    """Whether a provider answers now."""

    name: str = Field(examples=["home"])
    health: Health
    detail: str = Field(examples=["qwen3:8b answers"])
    remedy: str


@router.get("")
async def providers(deps: Deps) -> list[ProviderDocument]:
    """The provider chain in failover order, then every other service."""
    run, reports = await read_last_reports(deps.db)
    circuits = await read_breakers(deps.db, deps.setups)
    last = {report.name: report for report in reports}
    cards = await asyncio.to_thread(lambda: [provider.card() for provider in deps.providers])
    return [
        ProviderDocument(
            name=provider.name,
            kind=provider.kind,
            role=provider.check.role,
            model=card.model if card else provider.model,
            capabilities=ModelDocument.model_validate(card) if card else None,
            breaker=BreakerDocument.of(circuits.get(provider.name)) if provider.setup else None,
            last_run=run.id if run and provider.name in last else None,
            last_outcome=last[provider.name].outcome if provider.name in last else None,
            last_detail=last[provider.name].detail if provider.name in last else "",
        )
        for provider, card in zip(deps.providers, cards, strict=True)
    ]


@router.post("/{name}/test", responses=problems(NOT_FOUND))
async def test_provider(name: Annotated[str, Path(max_length=200)], deps: Deps) -> TestDocument:
    """Asks a provider now. That it is down is an answer, not an error."""
    wanted = next((provider for provider in deps.providers if provider.name == name), None)
    if wanted is None:
        raise NotFound("There is no provider of that name.", remedy="GET /api/v1/providers names them.")
    (finding,) = await examine([wanted.check])
    return TestDocument.model_validate(finding)
