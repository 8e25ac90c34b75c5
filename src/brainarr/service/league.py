"""The league table: what became of each provider's proposals, and what a kept one has cost; and the same of
each run and list."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from types import MappingProxyType

import msgspec

from brainarr.domain.presence import KEPT_AFTER
from brainarr.domain.recommendation import Verdict
from brainarr.domain.shares import Share, wilson
from brainarr.pipeline.ports import Clock
from brainarr.store import league as rows
from brainarr.store import runs
from brainarr.store.league import By, Fate, Judgement, ProviderCost, Reason, Stage, Wait
from brainarr.store.page import PageOf
from brainarr.store.session import Database

NEVER_ARRIVED = KEPT_AFTER
"""What Lidarr has not taken in so long after its approval counts as a failure."""

RUNS_TOLD = 50
"""Runs whose outcomes are told one by one: the latest."""

_DAY_S = 86_400
_VERIFIED = (Verdict.KEPT, Verdict.NOT_CHOSEN)
_WASTED = (Verdict.OWNED, Verdict.UNKNOWN, Verdict.DUPLICATE)


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """How far recommendations came: proposed → approved → delivered → imported → kept.

    The share of a stage is of those that came to the one before it and whose step is known: they took it, or
    never will. What still waits counts to neither, so that nothing is a made-up 0 %; None: nothing is known.
    """

    recommended: float = 0.0
    approved: float = 0.0
    delivered: float = 0.0
    imported: float = 0.0
    kept: float = 0.0
    approval: Share | None = None
    """approved, of those decided on."""
    delivery: Share | None = None
    arrival: Share | None = None
    keeping: Share | None = None
    judged: float = 0.0
    """Of those delivered, the ones whose end is known."""
    success: Share | None = None
    """Imported and still kept after 30 days, of those judged."""
    days_to_import: float | None = None
    """Median, from the approval to the day the library had it."""
    failures: tuple[Reason, ...] = ()
    """Why Lidarr did not take something, the most frequent first."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. Counts are shared: of what n voices agreed on, each gets 1/n, so that columns add up."""

    provider: str
    outcomes: Outcomes = Outcomes()
    proposed: float = 0.0
    verified: float = 0.0
    """Exists and was new to the library."""
    owned: float = 0.0
    unknown: float = 0.0
    duplicate: float = 0.0
    waste: Share | None = None
    """Owned, unknown or repeated, of those proposed. None: it has proposed nothing."""
    cost_microdollars: int = 0
    """Of its priced calls."""
    unpriced_calls: int = 0
    cost_per_kept: int | None = None
    """Micro-dollars; at least, where some calls are unpriced. None: nothing was kept yet, or no call has a
    price."""


class GroupOutcomes(msgspec.Struct, frozen=True):
    of: str
    """The run's number, or the list's slug."""
    outcomes: Outcomes


_Tally = Mapping[tuple[Stage, bool], Fraction]
_NO_TALLY: _Tally = MappingProxyType({})


def outcomes_of(tally: _Tally, waited: float | None = None, failed: Iterable[Reason] = ()) -> Outcomes:
    """Of how many came how far, and whether they are over; `waited` is the median in seconds."""
    reached = [_sum(count for (stage, _), count in tally.items() if stage >= least) for least in Stage]
    over = [tally.get((stage, True), Fraction()) for stage in Stage]
    approval, delivery, arrival, keeping = (
        wilson(float(reached[stage]), float(reached[stage] + over[stage - 1])) for stage in list(Stage)[1:]
    )
    judged = _sum(over[Stage.DELIVERED :])
    recommended, approved, delivered, imported, kept = map(float, reached)
    return Outcomes(
        recommended=recommended,
        approved=approved,
        delivered=delivered,
        imported=imported,
        kept=kept,
        approval=approval,
        delivery=delivery,
        arrival=arrival,
        keeping=keeping,
        judged=float(judged),
        success=wilson(kept, float(judged)),
        days_to_import=None if waited is None else waited / _DAY_S,
        failures=tuple(failed),
    )


def standings(
    judgements: Iterable[Judgement],
    fates: Iterable[Fate],
    costs: Iterable[ProviderCost],
    waits: Iterable[Wait] = (),
    reasons: Iterable[Reason] = (),
) -> tuple[Standing, ...]:
    """Most successful first; those of whom nothing is known yet after them, the most verified first."""
    judged: dict[str, dict[Verdict, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for judgement in judgements:
        for name, share in _shares(judgement.sources, judgement.count):
            judged[name][judgement.verdict] += share
    tallies, waited, failed = _tallies(fates), {wait.of: wait.seconds for wait in waits}, _by_name(reasons)
    spent = {cost.provider: cost for cost in costs}
    table = [
        _standing(
            name,
            judged.get(name, {}),
            tallies.get(name, _NO_TALLY),
            outcomes_of(tallies.get(name, _NO_TALLY), waited.get(name), failed.get(name, ())),
            spent.get(name),
        )
        for name in {*judged, *tallies, *spent}
    ]
    return tuple(sorted(table, key=_place))


async def read_league(db: Database, *, clock: Clock) -> tuple[Standing, ...]:
    """Over everything that was ever stored. Dry runs propose nothing, but what they cost is counted."""
    async with db.reading() as connection:
        return standings(
            await rows.judgements(connection),
            await rows.fates(connection, clock() - NEVER_ARRIVED),
            await rows.costs(connection),
            await rows.waits(connection, By.SOURCE),
            await rows.reasons(connection, By.SOURCE),
        )


async def read_outcomes(db: Database, by: By, *, clock: Clock) -> tuple[GroupOutcomes, ...]:
    """Of each of the latest runs, newest first; or of each list, by name. By source it is the league's."""
    async with db.reading() as connection:
        first: int | None = None
        if by is By.RUN:
            latest = await runs.page_of_runs(connection, PageOf(page_size=RUNS_TOLD))
            first = min((run.id for run in latest.items), default=0)
        tallies = _tallies(await rows.fates(connection, clock() - NEVER_ARRIVED, by, runs_from=first))
        waited = {wait.of: wait.seconds for wait in await rows.waits(connection, by, runs_from=first)}
        failed = _by_name(await rows.reasons(connection, by, runs_from=first))
    names = sorted(tallies, key=int, reverse=True) if by is By.RUN else sorted(tallies)
    return tuple(
        GroupOutcomes(name, outcomes_of(tallies[name], waited.get(name), failed.get(name, ())))
        for name in names
    )


def _tallies(fates: Iterable[Fate]) -> dict[str, dict[tuple[Stage, bool], Fraction]]:
    tallies: dict[str, dict[tuple[Stage, bool], Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for fate in fates:
        for name, share in _shares(fate.of, fate.count):
            tallies[name][fate.reached, fate.over] += share
    return tallies


def _shares(voices: Iterable[str], count: int) -> Iterable[tuple[str, Fraction]]:
    """Exact: thirds of a recommendation must add up to whole ones."""
    names = set(voices)
    return ((name, Fraction(count, len(names))) for name in names)


def _by_name(reasons: Iterable[Reason]) -> dict[str, list[Reason]]:
    found: dict[str, list[Reason]] = defaultdict(list)
    for reason in reasons:
        found[reason.of].append(reason)
    return found


def _standing(
    name: str,
    judged: Mapping[Verdict, Fraction],
    tally: _Tally,
    outcomes: Outcomes,
    cost: ProviderCost | None,
) -> Standing:
    by_verdict = {verdict: judged.get(verdict, Fraction()) for verdict in Verdict}
    proposed = _sum(judged.values())
    kept = _sum(count for (stage, _), count in tally.items() if stage is Stage.KEPT)
    paid = cost.cost_microdollars if cost else 0
    unpriced = cost.unpriced_calls if cost else 0
    return Standing(
        provider=name,
        outcomes=outcomes,
        proposed=float(proposed),
        verified=float(_sum(by_verdict[verdict] for verdict in _VERIFIED)),
        owned=float(by_verdict[Verdict.OWNED]),
        unknown=float(by_verdict[Verdict.UNKNOWN]),
        duplicate=float(by_verdict[Verdict.DUPLICATE]),
        waste=wilson(float(_sum(by_verdict[verdict] for verdict in _WASTED)), float(proposed)),
        cost_microdollars=paid,
        unpriced_calls=unpriced,
        cost_per_kept=ceil(paid / kept) if kept and (paid or not unpriced) else None,
    )


def _sum(counts: Iterable[Fraction]) -> Fraction:
    return sum(counts, Fraction())


def _place(standing: Standing) -> tuple[bool, float, float, float, str]:
    outcomes = standing.outcomes
    rate = outcomes.success.rate if outcomes.success else None
    return (rate is None, -(rate or 0.0), -outcomes.kept, -standing.verified, standing.provider)
