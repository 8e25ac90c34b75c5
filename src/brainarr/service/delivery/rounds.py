"""Rounds: every few minutes, and after approvals, what is to go out to a Lidarr is looked after.

What its list syncs came to is read; what is due is looked up; a search for a culprit goes on; an outage is
waited out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from brainarr.domain import outage as outages
from brainarr.domain.deliveries import CYCLE, LOOKED_UP_AFTER, DeliveryState, Mode
from brainarr.domain.list_syncs import PATIENCE, ListSync
from brainarr.domain.music import Mbid
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Clock, Messenger, Recipient
from brainarr.service.alerts import tell_once
from brainarr.service.delivery import trials
from brainarr.service.delivery.lookups import EVERYBODY_KNOWS, WITNESSES, Lookups, Round
from brainarr.service.delivery.verdicts import write_lookups
from brainarr.service.feed_cache import STALE
from brainarr.store import deliveries, library, lists, recommendations
from brainarr.store.history import ALBUMS, ARTISTS
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

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

WITNESSES_SINCE = timedelta(days=90)

FIRST_ASKING_PAUSE = timedelta(minutes=2)
LONGEST_ASKING_PAUSE = timedelta(hours=1)

SPREADS_S = STALE.total_seconds() + 1
"""After so many seconds no process answers a poll with what it knew before."""

log = structlog.get_logger(__name__)


class RoundDeps(msgspec.Struct, frozen=True):
    """What a round needs; wiring fills it."""

    db: Database
    clock: Clock
    lidarrs: Mapping[str, Recipient]
    """By instance."""
    messengers: Sequence[Messenger] = ()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def tend_deliveries(deps: RoundDeps) -> None:
    """One round for each Lidarr, all at once: one that does not answer must not hold up the others."""
    rounds = (_tend(deps, instance, lidarr) for instance, lidarr in deps.lidarrs.items())
    for ended in await asyncio.gather(*rounds, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


async def _tend(deps: RoundDeps, instance: str, lidarr: Recipient) -> None:
    try:
        syncs = await lidarr.read_list_syncs()
    except ProviderError as error:
        said = error.message
        await _change(deps, instance, lambda state: replace(state, unreachable=said))
        log.info("a Lidarr could not be asked about its list syncs", instance=instance, error=said)
        return
    await _change(deps, instance, lambda state: replace(state, unreachable=None))
    lookups = Lookups(lidarr, await _witnesses(deps, instance))
    state = await _settle(deps, instance, syncs, lookups)
    if state.outage is not None:
        state = await _wait_out(deps, instance, lookups)
    if state.outage is None:
        state = await _clear(deps, instance, lookups)
    if state.outage is None and state.quarantine.groups:
        await _ask(deps, instance, lidarr)
    if state.outage is not None:
        await _tell(deps, instance, state.outage)


async def _witnesses(deps: RoundDeps, instance: str) -> tuple[Mbid, ...]:
    async with deps.db.reading() as connection:
        since = deps.clock() - WITNESSES_SINCE
        # One more than are asked: none is a witness for itself.
        known = await deliveries.known_artists(connection, since, WITNESSES + 1)
        owned = await library.owned_among(connection, instance, (*known, *EVERYBODY_KNOWS))
    return tuple(mbid for mbid in (*known, *EVERYBODY_KNOWS) if mbid not in owned)


async def _settle(
    deps: RoundDeps, instance: str, syncs: Sequence[ListSync], lookups: Lookups
) -> DeliveryState:
    """What became of the deliveries since the last round."""
    async with deps.db.reading() as connection:
        before = await deliveries.read_state(connection, instance)
        receipts = await trials.read_receipts(connection, instance, syncs, deps.clock())
        waiting = await deliveries.on_probation(connection, instance)
    if not (receipts.any or before.quarantine.groups or waiting):
        return before
    away = await _was_away(deps, receipts, lookups) if receipts.failed else None
    async with deps.db.transaction() as connection:
        now = deps.clock()
        before = state = await deliveries.lock_state(connection, instance)
        if away is not None:
            await trials.excuse(connection, receipts)
            state = replace(state, outage=state.outage or outages.begun(away, now))
        else:
            state = await trials.apply(connection, state, receipts, now)
        state = await trials.drop_decided(connection, state)
        state = await trials.add_probation(connection, state, instance, now)
        if state != before:
            await deliveries.write_state(connection, instance, state)
    _log(instance, before, state)
    return state


async def _was_away(deps: RoundDeps, receipts: trials.Receipts, lookups: Lookups) -> str | None:
    """Whether the metadata server is away, which explains any failure."""
    if (away := await lookups.is_away()) is None:
        return None
    async with deps.db.reading() as connection:
        carried = await recommendations.by_ids(connection, receipts.carried)
    return None if await _first_known(lookups, carried) else away


async def _wait_out(deps: RoundDeps, instance: str, lookups: Lookups) -> DeliveryState:
    """Whether the metadata server is back, where it is time to see."""
    async with deps.db.reading() as connection:
        state = await deliveries.read_state(connection, instance)
        upcoming = await deliveries.uncleared(connection, instance, deps.clock(), MOST_PROBES)
    if state.outage is None or not state.outage.is_due(deps.clock()):
        return state
    # Where nothing was ever known, the next items themselves are the probes.
    away, known = await lookups.is_away(), None
    if away is not None and (known := await _first_known(lookups, upcoming)):
        away = None
    async with deps.db.transaction() as connection:
        now = deps.clock()
        before = state = await deliveries.lock_state(connection, instance)
        if known is not None:
            await write_lookups(connection, known.looked, now)
        if state.outage is not None:
            state = replace(state, outage=outages.goes_on(state.outage, away, now) if away else None)
            await deliveries.write_state(connection, instance, state)
    _log(instance, before, state)
    return state


async def _first_known(lookups: Lookups, rows: Sequence[RecommendationRow]) -> Round | None:
    """The lookup of the first of some items that is answered; None: none is."""
    for row in rows[:MOST_PROBES]:
        found = await lookups.look_up([row])
        if found.away is None:
            return found
    return None


async def _clear(deps: RoundDeps, instance: str, lookups: Lookups) -> DeliveryState:
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
        state = await trials.drop_decided(connection, state)
        if found.away is not None and state.outage is None:
            state = replace(state, outage=outages.begun(found.away, now))
        if gone & suspects and state.failure is not None:
            # Found at once: the lookup fails over it alone, as the sync did.
            state = replace(state, failure=replace(state.failure, ours=True))
        # Also where nothing of the state changed: what is cleared goes out.
        await deliveries.write_state(connection, instance, state)
    _log(instance, before, state)
    return state


async def _ask(deps: RoundDeps, instance: str, lidarr: Recipient) -> None:
    """Asks Lidarr to sync the list of the present trial at once, once for each trial."""
    now = deps.clock()
    async with deps.db.transaction() as connection:
        state = await deliveries.lock_state(connection, instance)
        if not state.quarantine.groups or state.mode is not Mode.QUARANTINE or not _may_ask(state, now):
            return
        slug = await lists.slug_of(connection, state.quarantine.groups[0].list_id)
        asked = replace(state, asked_at=now, asked_trial=state.quarantine.trial)
        await deliveries.write_state(connection, instance, asked)
    await deps.sleep(SPREADS_S)
    try:
        number = await lidarr.sync_lists(f"/lists/{slug}")
    except ProviderError as error:
        log.info("Lidarr was not asked to sync", instance=instance, error=error.message)
        return
    log.info("asked Lidarr to sync", instance=instance, list=slug, import_lists=number)


def _may_ask(state: DeliveryState, now: datetime) -> bool:
    if state.asked_at is None or state.asked_at > now:
        return True
    if state.asked_trial == state.quarantine.trial:
        # Its sync is under way, or forgotten.
        return now - state.asked_at > PATIENCE
    pause = FIRST_ASKING_PAUSE * 2 ** min(state.controls_failed, 10)
    return not state.controls_failed or now - state.asked_at >= min(pause, LONGEST_ASKING_PAUSE)


async def _tell(deps: RoundDeps, instance: str, outage: outages.Outage) -> None:
    """One notification for an outage that lasts."""
    if not deps.messengers or not outage.lasts(deps.clock()):
        return
    which = "" if instance == "default" else f" of {instance}"
    text = (
        f"Since {outage.since:%d %B %Y %H:%M} UTC Lidarr's metadata server{which} cannot be asked, so "
        f"Brainarr holds back what you approved, and goes on by itself. {outage.reason}"
    )
    key = f"outage {instance} {outage.since:%Y-%m-%dT%H:%M:%S}"
    await tell_once(
        deps.db, key, "Brainarr: deliveries are held back", text, deps.messengers, clock=deps.clock
    )


async def _change(
    deps: RoundDeps, instance: str, to: Callable[[DeliveryState], DeliveryState]
) -> DeliveryState:
    async with deps.db.reading() as connection:
        state = await deliveries.read_state(connection, instance)
    # Most rounds change nothing, and then nobody's turn to write is taken.
    if to(state) == state:
        return state
    async with deps.db.transaction() as connection:
        before = await deliveries.lock_state(connection, instance)
        state = to(before)
        if state != before:
            await deliveries.write_state(connection, instance, state)
    _log(instance, before, state)
    return state


def _log(instance: str, before: DeliveryState, after: DeliveryState) -> None:
    if before.mode is after.mode:
        return
    reason = after.outage.reason if after.outage else after.failure.message if after.failure else ""
    log.warning("deliveries changed", instance=instance, was=before.mode, now=after.mode, reason=reason)
