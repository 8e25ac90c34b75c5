"""Asking: Lidarr is asked to sync a list at once in a search, and people are told of outages that last."""

from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from brainarr.domain.deliveries import DeliveryState, Mode
from brainarr.domain.list_syncs import PATIENCE
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.outage import Outage
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Recipient
from brainarr.service.alerts import tell_once
from brainarr.service.delivery.remembering import RoundDeps
from brainarr.service.feed_cache import STALE
from brainarr.store import deliveries, lists

FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)

SPREADS_S = STALE.total_seconds() + 1
"""After so many seconds no process answers a poll with what it knew before."""

log = structlog.get_logger(__name__)


async def ask_for_a_sync(deps: RoundDeps, instance: str, lidarr: Recipient) -> None:
    """Asks Lidarr to sync the list of the present trial at once, once for each trial."""
    now = deps.clock()
    async with deps.db.transaction() as connection:
        state = await deliveries.lock_state(connection, instance)
        if not state.quarantine.groups or state.mode is not Mode.QUARANTINE or not _may_ask(state, now):
            return
        slug = await lists.slug_of(connection, state.quarantine.groups[0].list_id)
        trial, since = state.quarantine.trial, state.trial_since
        since = now if since is None or trial != state.asked_trial else since
        asked = replace(state, asked_at=now, asked_trial=trial, trial_since=since)
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
    pause = FIRST_PAUSE * 2 ** min(state.controls_failed, 10)
    return not state.controls_failed or now - state.asked_at >= min(pause, LONGEST_PAUSE)


async def tell_of_outage(deps: RoundDeps, instance: str, outage: Outage) -> None:
    """One notification for an outage that lasts."""
    if not deps.messengers or not outage.lasts(deps.clock()):
        return
    which = "" if instance == DEFAULT_INSTANCE else f" of {instance}"
    text = (
        f"Since {outage.since:%d %B %Y %H:%M} UTC Lidarr's metadata server{which} cannot be asked, so "
        f"Brainarr holds back what you approved, and goes on by itself. {outage.reason}"
    )
    key = f"outage {instance} {outage.since:%Y-%m-%dT%H:%M:%S}"
    await tell_once(
        deps.db, key, "Brainarr: deliveries are held back", text, deps.messengers, clock=deps.clock
    )
