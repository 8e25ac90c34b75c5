"""Rounds: every few minutes, and after approvals, what is to go out to a Lidarr is looked after.

What its list syncs came to is read; what is due is looked up; a search for a culprit goes on; an outage is
waited out.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from brainarr.domain import outage as outages
from brainarr.domain.deliveries import DeliveryState
from brainarr.domain.list_syncs import ListSync
from brainarr.domain.music import Mbid
from brainarr.errors import BrainarrError, ProviderError
from brainarr.pipeline.ports import Recipient
from brainarr.service.delivery import trials
from brainarr.service.delivery.asking import ask_for_a_sync, tell_of_outage
from brainarr.service.delivery.clearing import clear_items, first_known, wait_out
from brainarr.service.delivery.lookups import EVERYBODY_KNOWS, WITNESSES, Lookups
from brainarr.service.delivery.remembering import RoundDeps, change_state, log_change
from brainarr.service.instances import together
from brainarr.store import deliveries, library, recommendations

WITNESSES_SINCE = timedelta(days=90)


async def tend_deliveries(deps: RoundDeps) -> None:
    """One round for each Lidarr, all at once: one that does not answer must not hold up the others.

    Raises `instances.together` at the end.
    """
    rounds = (_tend(deps, instance, lidarr) for instance, lidarr in deps.lidarrs.items())
    ended = await asyncio.gather(*rounds, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, BaseException) and not isinstance(fault, BrainarrError):
            raise fault
    if failures := [error for error in ended if isinstance(error, BrainarrError)]:
        raise together(failures)


async def _tend(deps: RoundDeps, instance: str, lidarr: Recipient) -> None:
    try:
        syncs = await lidarr.read_list_syncs()
    except ProviderError as error:
        said = error.message
        await change_state(deps, instance, lambda state: replace(state, unreachable=said))
        raise
    await change_state(deps, instance, lambda state: replace(state, unreachable=None))
    lookups = Lookups(lidarr, await _witnesses(deps, instance))
    state = await _settle(deps, instance, syncs, lookups)
    if state.outage is not None:
        state = await wait_out(deps, instance, lookups)
    if state.outage is None:
        state = await clear_items(deps, instance, lookups)
    if state.outage is None and state.quarantine.groups:
        await ask_for_a_sync(deps, instance, lidarr)
    if state.outage is not None:
        await tell_of_outage(deps, instance, state.outage)


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
        state = await trials.drop_decided(connection, state, instance)
        state = await trials.drop_abandoned(connection, state, now)
        state = await trials.add_probation(connection, state, instance, now)
        if state != before:
            await deliveries.write_state(connection, instance, state)
    log_change(instance, before, state)
    return state


async def _was_away(deps: RoundDeps, receipts: trials.Receipts, lookups: Lookups) -> str | None:
    """Whether the metadata server is away, which explains any failure."""
    if (away := await lookups.is_away()) is None:
        return None
    async with deps.db.reading() as connection:
        carried = await recommendations.by_ids(connection, receipts.carried)
    return None if await first_known(lookups, carried) else away
