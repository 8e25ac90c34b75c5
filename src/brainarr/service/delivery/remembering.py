"""What a round needs, and how it changes what is remembered of a Lidarr."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from brainarr.domain.deliveries import DeliveryState
from brainarr.pipeline.ports import Clock, Messenger, Recipient
from brainarr.store import deliveries
from brainarr.store.session import Database

log = structlog.get_logger(__name__)


class RoundDeps(msgspec.Struct, frozen=True):
    """What a round needs; wiring fills it."""

    db: Database
    clock: Clock
    lidarrs: Mapping[str, Recipient]
    """By instance."""
    messengers: Sequence[Messenger] = ()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def change_state(
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
    log_change(instance, before, state)
    return state


def log_change(instance: str, before: DeliveryState, after: DeliveryState) -> None:
    if before.mode is after.mode:
        return
    reason = after.outage.reason if after.outage else after.failure.message if after.failure else ""
    log.warning("deliveries changed", instance=instance, was=before.mode, now=after.mode, reason=reason)
