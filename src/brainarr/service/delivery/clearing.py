"""Clearing: what is to go out is looked up before, and once more shortly before Lidarr comes for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from brainarr.domain import outage as outages
from brainarr.domain.deliveries import CLEARED_FOR, CYCLE, LOOKED_UP_AFTER, DeliveryState
from brainarr.service.delivery import trials
from brainarr.service.delivery.lookups import Lookups, Round
from brainarr.service.delivery.remembering import RoundDeps, log_change
from brainarr.service.delivery.verdicts import write_lookups
from brainarr.store import deliveries, lists, recommendations
from brainarr.store.history import ALBUMS, ARTISTS
from brainarr.store.recommendations import RecommendationRow

WARM = timedelta(hours=1)
"""So long a lookup keeps an item warm in the caches of the metadata server."""

FETCHED_EVERY = {ALBUMS: timedelta(minutes=15), ARTISTS: timedelta(hours=6)}
"""Lidarr's own intervals for the two types of list."""

SHORTLY = timedelta(minutes=15)

MOST_LOOKUPS = 100
"""Items in one round; and no round takes longer than `LONGEST_ROUND`, for Lidarr forgets its commands."""

MOST_PROBES = 5
SLICE = 10
LONGEST_ROUND = timedelta(seconds=90)


async def clear_items(deps: RoundDeps, instance: str, lookups: Lookups) -> DeliveryState:
    """Looks up what is to go out: suspects first, then what was never looked up, or long ago."""
    began = deps.clock()
    done: set[int] = set()
    while deps.clock() - began < LONGEST_ROUND and len(done) < MOST_LOOKUPS:
        rows, suspects = await _to_look_up(deps, instance, done)
        if not rows:
            break
        found = await lookups.look_up(rows)
        done |= {row.id for row in rows}
        state = await _write_round(deps, instance, found, suspects)
        if state.outage is not None:
            return state
    async with deps.db.reading() as connection:
        return await deliveries.read_state(connection, instance)


async def _to_look_up(
    deps: RoundDeps, instance: str, done: set[int]
) -> tuple[Sequence[RecommendationRow], frozenset[int]]:
    """The next few, and who is a suspect."""
    now = deps.clock()
    async with deps.db.reading() as connection:
        state = await deliveries.read_state(connection, instance)
        suspects = await recommendations.by_ids(connection, state.quarantine.items)
        failed_at = state.failure.at if state.failure else now
        first = [row for row in suspects if row.cleared_at is None or row.cleared_at <= failed_at]
        stale = await deliveries.uncleared(connection, instance, now - LOOKED_UP_AFTER, SLICE + len(done))
        rows = [*first, *stale]
        for feed, (at, _) in (
            await deliveries.polls_since(connection, instance, now - max(FETCHED_EVERY.values()))
        ).items():
            if now >= at + FETCHED_EVERY[feed.channel] - SHORTLY:
                rows += await deliveries.next_in(connection, feed, now - WARM, CYCLE)
    fresh = {row.id: row for row in rows if row.id not in done}
    return list(fresh.values())[:SLICE], state.quarantine.items


async def _write_round(
    deps: RoundDeps, instance: str, found: Round, suspects: frozenset[int]
) -> DeliveryState:
    async with deps.db.transaction() as connection:
        now = deps.clock()
        before = state = await deliveries.lock_state(connection, instance)
        gone = await write_lookups(connection, found.looked, now, suspects)
        # Not those that could go out already: nobody waits for them.
        fresh = [one.row.id for one in found.looked if not _is_cleared(one.row, now)]
        await lists.want_syncs(connection, fresh, now, cleared_since=now)
        state = await trials.drop_decided(connection, state, instance)
        if found.away is not None and state.outage is None:
            state = replace(state, outage=outages.begun(found.away, now))
        if gone & suspects and state.failure is not None:
            # Found at once: the lookup fails over it alone, as the sync did.
            state = replace(state, failure=replace(state.failure, ours=True))
        # Also where nothing of the state changed: what is cleared goes out.
        await deliveries.write_state(connection, instance, state)
    log_change(instance, before, state)
    return state


def _is_cleared(row: RecommendationRow, now: datetime) -> bool:
    return row.cleared_at is not None and row.cleared_at >= now - CLEARED_FOR


async def wait_out(deps: RoundDeps, instance: str, lookups: Lookups) -> DeliveryState:
    """Whether the metadata server is back, where it is time to see."""
    async with deps.db.reading() as connection:
        state = await deliveries.read_state(connection, instance)
        upcoming = await deliveries.uncleared(connection, instance, deps.clock(), MOST_PROBES)
    if state.outage is None or not state.outage.is_due(deps.clock()):
        return state
    # Where nothing was ever known, the next items themselves are the probes.
    away, known = await lookups.is_away(), None
    if away is not None and (known := await first_known(lookups, upcoming)):
        away = None
    async with deps.db.transaction() as connection:
        now = deps.clock()
        before = state = await deliveries.lock_state(connection, instance)
        if known is not None:
            await write_lookups(connection, known.looked, now)
        if state.outage is not None:
            state = replace(state, outage=outages.goes_on(state.outage, away, now) if away else None)
            await deliveries.write_state(connection, instance, state)
    log_change(instance, before, state)
    return state


async def first_known(lookups: Lookups, rows: Sequence[RecommendationRow]) -> Round | None:
    """The lookup of the first of some items that is answered; None: none is."""
    for row in rows[:MOST_PROBES]:
        found = await lookups.look_up([row])
        if found.away is None:
            return found
    return None
