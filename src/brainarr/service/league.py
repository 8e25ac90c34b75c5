"""The league table: what became of each provider's proposals, and what a kept one has cost."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from math import ceil

import msgspec

from brainarr.domain.recommendation import Verdict
from brainarr.pipeline.ports import Clock
from brainarr.service.keeping import KEPT_AFTER
from brainarr.store import league as rows
from brainarr.store.league import Fate, Judgement, ProviderCost
from brainarr.store.session import Database

NEVER_ARRIVED = KEPT_AFTER
"""What Lidarr has not taken in so long after its approval counts as a failure."""

_VERIFIED = (Verdict.KEPT, Verdict.NOT_CHOSEN)
_WASTED = (Verdict.OWNED, Verdict.UNKNOWN, Verdict.DUPLICATE)
_STAGES = ("proposed", "verified", *map(str, _WASTED), "approved", "delivered", "imported", "kept", "judged")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. Counts are shared: of what n voices agreed on, each gets 1/n, so that columns add up."""

    provider: str
    proposed: float = 0.0
    verified: float = 0.0
    """Exists and was new to the library."""
    owned: float = 0.0
    unknown: float = 0.0
    duplicate: float = 0.0
    approved: float = 0.0
    delivered: float = 0.0
    imported: float = 0.0
    kept: float = 0.0
    judged: float = 0.0
    """Of those delivered, the ones whose end is known; `success_rate` is out of these."""
    success_rate: float | None = None
    """0 to 1: imported and still kept after 30 days, of those delivered. None: nothing is known yet."""
    waste_rate: float | None = None
    """0 to 1: owned, unknown or repeated, of those proposed. None: it has proposed nothing."""
    cost_microdollars: int = 0
    """Of its priced calls."""
    unpriced_calls: int = 0
    cost_per_kept: int | None = None
    """Micro-dollars; at least, where some calls are unpriced. None: nothing was kept yet, or no call has a
    price."""


def standings(
    judgements: Iterable[Judgement], fates: Iterable[Fate], costs: Iterable[ProviderCost]
) -> tuple[Standing, ...]:
    """Most successful first; those of whom nothing is known yet after them, the most verified first."""
    tallies: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for judgement in judgements:
        stages = ["proposed"]
        if judgement.verdict in _VERIFIED:
            stages.append("verified")
        elif judgement.verdict in _WASTED:
            stages.append(str(judgement.verdict))
        _share(tallies, judgement.sources, stages, judgement.count)
    for fate in fates:
        reached = ("approved", fate.approved), ("delivered", fate.delivered), ("imported", fate.imported)
        known = ("kept", fate.kept), ("judged", fate.judged)
        _share(tallies, fate.sources, [stage for stage, so in (*reached, *known) if so], fate.count)
    spent = {cost.provider: cost for cost in costs}
    table = [_standing(name, tallies[name], spent.get(name)) for name in {*tallies, *spent}]
    return tuple(sorted(table, key=_place))


async def read_league(db: Database, *, clock: Clock) -> tuple[Standing, ...]:
    """Over everything that was ever stored. Dry runs propose nothing, but what they cost is counted."""
    async with db.reading() as connection:
        return standings(
            await rows.judgements(connection),
            await rows.fates(connection, clock() - NEVER_ARRIVED),
            await rows.costs(connection),
        )


def _share(
    tallies: dict[str, dict[str, Fraction]], sources: Iterable[str], stages: Iterable[str], count: int
) -> None:
    voices = set(sources)
    for name in voices:
        for stage in stages:
            # Exact: thirds of a recommendation must add up to whole ones.
            tallies[name][stage] += Fraction(count, len(voices))


def _standing(name: str, tally: dict[str, Fraction], cost: ProviderCost | None) -> Standing:
    kept, judged, proposed = tally["kept"], tally["judged"], tally["proposed"]
    wasted = sum(tally[verdict] for verdict in _WASTED)
    paid = cost.cost_microdollars if cost else 0
    unpriced = cost.unpriced_calls if cost else 0
    return Standing(
        provider=name,
        **{stage: float(tally[stage]) for stage in _STAGES},
        success_rate=float(kept / judged) if judged else None,
        waste_rate=float(wasted / proposed) if proposed else None,
        cost_microdollars=paid,
        unpriced_calls=unpriced,
        cost_per_kept=ceil(paid / kept) if kept and (paid or not unpriced) else None,
    )


def _place(standing: Standing) -> tuple[bool, float, float, float, str]:
    rate = standing.success_rate
    return (rate is None, -(rate or 0.0), -standing.kept, -standing.verified, standing.provider)
