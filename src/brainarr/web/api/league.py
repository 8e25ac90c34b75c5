"""providers/league: whose proposals stay, and what a kept one has cost."""

from fastapi import APIRouter
from pydantic import Field

from brainarr.service.league import Standing, read_league
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, dollars

router = APIRouter(prefix="/providers/league", tags=["providers"])

_SHARED = "Shared: of what n voices agreed on, each gets 1/n."


class StandingDocument(Document):
    """One provider. Counts are shared: of what n voices agreed on, each gets 1/n."""

    provider: str = Field(examples=["listenbrainz"])
    proposed: float = Field(description=_SHARED, examples=[412.5])
    verified: float = Field(description="Exists and was new to the library.", examples=[120.0])
    owned: float
    unknown: float
    duplicate: float
    approved: float
    delivered: float
    imported: float
    kept: float = Field(description="Still in the library 30 days after the import.")
    judged: float = Field(description="Of those delivered, the ones whose end is known.")
    success_rate: float | None = Field(description="kept of judged, 0 to 1; null: nothing is known yet.")
    waste_rate: float | None = Field(description="owned, unknown or repeated of those proposed, 0 to 1.")
    cost: float | None = Field(description="US dollars, of the calls whose price is known.")
    unpriced_calls: int
    cost_per_kept: float | None = Field(
        description="US dollars, at least, where some calls are unpriced; null: nothing was kept yet."
    )

    @classmethod
    def of(cls, standing: Standing) -> "StandingDocument":
        same = {
            name: getattr(standing, name)
            for name in cls.model_fields
            if name not in ("cost", "cost_per_kept")
        }
        return cls(
            **same, cost=dollars(standing.cost_microdollars), cost_per_kept=dollars(standing.cost_per_kept)
        )


@router.get("")
async def league(deps: Deps) -> list[StandingDocument]:
    """Every provider that proposed something or was paid: most successful first, the unknown last."""
    return [StandingDocument.of(standing) for standing in await read_league(deps.db, clock=deps.clock)]
