"""providers/league: whose proposals stay, and what a kept one has cost."""

from fastapi import APIRouter
from pydantic import Field

from brainarr.domain.life import Failure
from brainarr.domain.shares import Share
from brainarr.service.league import Standing, read_league
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, dollars

router = APIRouter(prefix="/providers/league", tags=["providers"])

_SHARED = "Shared: of what n voices agreed on, each gets 1/n."


class ShareDocument(Document):
    """A share with the interval in which it lies (Wilson, 95 %), each 0 to 1."""

    count: float = Field(examples=[3])
    of: float = Field(examples=[4])
    rate: float = Field(examples=[0.75])
    low: float = Field(examples=[0.301])
    high: float = Field(examples=[0.954])


class ReasonDocument(Document):
    """How often Lidarr did not take something, for one kind of reason."""

    kind: Failure
    count: int = Field(examples=[2])
    example: str = Field(description="What it said, one of the times.")


class OutcomesDocument(Document):
    """How far recommendations came. A share counts only those whose step is known; null: nothing is known."""

    recommended: float = Field(examples=[20])
    approved: float = Field(examples=[12])
    delivered: float = Field(examples=[12])
    imported: float = Field(examples=[9])
    kept: float = Field(description="Still in the library 30 days after the import.", examples=[7])
    approval: ShareDocument | None = Field(description="approved, of those decided on.")
    delivery: ShareDocument | None = Field(description="delivered, of those approved.")
    arrival: ShareDocument | None = Field(description="imported, of those delivered.")
    keeping: ShareDocument | None = Field(description="kept, of those imported.")
    days_to_import: float | None = Field(description="Median, from the approval to the import.")
    failures: tuple[ReasonDocument, ...]


class StandingDocument(OutcomesDocument):
    """One provider. Counts are shared: of what n voices agreed on, each gets 1/n."""

    provider: str = Field(examples=["listenbrainz"])
    proposed: float = Field(description=f"Candidates. {_SHARED}", examples=[412.5])
    verified: float = Field(description="Exists and was new to the library.", examples=[120.0])
    owned: float
    unknown: float
    duplicate: float
    judged: float = Field(description="Of those delivered, the ones whose end is known.")
    success_rate: float | None = Field(description="kept of judged, 0 to 1; null: nothing is known yet.")
    success: ShareDocument | None = Field(description="The same with its interval.")
    waste_rate: float | None = Field(description="owned, unknown or repeated of those proposed, 0 to 1.")
    waste: ShareDocument | None = Field(description="The same with its interval.")
    cost: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int
    cost_per_kept: float | None = Field(
        description="US dollars, at least, where some calls are unpriced; null: nothing was kept yet."
    )

    @classmethod
    def of(cls, standing: Standing) -> "StandingDocument":
        outcomes = standing.outcomes
        same = ("provider", "proposed", "verified", "owned", "unknown", "duplicate", "unpriced_calls")
        return cls(
            **dict(OutcomesDocument.model_validate(outcomes)),
            **{name: getattr(standing, name) for name in same},
            judged=outcomes.judged,
            success_rate=outcomes.success.rate if outcomes.success else None,
            success=_share(outcomes.success),
            waste_rate=standing.waste.rate if standing.waste else None,
            waste=_share(standing.waste),
            cost=dollars(standing.cost_microdollars),
            cost_per_kept=dollars(standing.cost_per_kept),
        )


def _share(share: Share | None) -> ShareDocument | None:
    return None if share is None else ShareDocument.model_validate(share)


@router.get("")
async def league(deps: Deps) -> list[StandingDocument]:
    """Every provider that proposed something or was paid: most successful first, the unknown last."""
    return [StandingDocument.of(standing) for standing in await read_league(deps.db, clock=deps.clock)]
