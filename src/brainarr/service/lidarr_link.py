"""What was set up in a Lidarr before it could reach us: remembered, and switched on by itself once it can."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.import_lists import Channel, Unreached
from brainarr.errors import NotFound, ProviderError
from brainarr.pipeline.ports import Clock, ImportLists
from brainarr.service.lidarr_setup import Placed, Wanted, read_setup, set_up, take_down
from brainarr.service.lidarr_webhook import (
    WebhookPlaced,
    place_webhook,
    read_webhook,
    remove_webhook,
)
from brainarr.service.lists import ListRow, read_list
from brainarr.service.webhook_keys import forget_webhook_key, webhook_key
from brainarr.store import left_off as rows
from brainarr.store.left_off import LeftOff
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

WEBHOOK = "webhook"
"""The channel beside those of lists by which a Lidarr and this Brainarr are linked."""

PAUSE = timedelta(minutes=10)
"""Between two tries."""

log = structlog.get_logger(__name__)


async def link_list(
    db: Database, lidarr: ImportLists, row: ListRow, address: str, wanted: Wanted, *, clock: Clock
) -> tuple[Placed, ...]:
    """`lidarr_setup.set_up`, and what is left switched off is remembered. Raises ProviderError."""
    placed = await set_up(lidarr, row, address, wanted)
    outcome = {one.channel.value: one.unreached for one in placed}
    await _remember(db, row.instance, row.slug, address, outcome, clock)
    return placed


async def link_webhook(
    db: Database, secrets: Secrets, lidarr: ImportLists, instance: str, address: str, *, clock: Clock
) -> WebhookPlaced:
    """`lidarr_webhook.place_webhook`, and one left switched off is remembered. Raises ProviderError."""
    key = await webhook_key(db, secrets, instance, clock=clock)
    placed = await place_webhook(lidarr.webhooks, instance, address, key)
    await _remember(db, instance, "", address, {WEBHOOK: placed.unreached}, clock)
    return placed


async def unlink_list(
    db: Database, lidarr: ImportLists, row: ListRow, address: str, channels: Sequence[Channel]
) -> int:
    """Removes its import lists from Lidarr; how many there were. Raises ProviderError."""
    gone = await take_down(lidarr, row, address, channels)
    async with db.transaction() as connection:
        for channel in channels:
            await rows.forget_left_off(connection, row.instance, channel, row.slug)
    return gone


async def unlink_webhook(db: Database, lidarr: ImportLists, instance: str, address: str) -> bool:
    """Removes the webhook from Lidarr; whether there was one. Its key opens nothing from then on: one that
    leaked is replaced by removing the webhook and setting it up again. Raises ProviderError."""
    gone = await remove_webhook(lidarr.webhooks, instance, address)
    await forget_webhook_key(db, instance)
    async with db.transaction() as connection:
        await rows.forget_left_off(connection, instance, WEBHOOK, "")
    return gone


async def read_left_off(db: Database) -> tuple[LeftOff, ...]:
    async with db.reading() as connection:
        return await rows.all_left_off(connection)


async def next_try(connection: AsyncConnection) -> datetime | None:
    """When what is left off is tested again; None: nothing is."""
    tried = await rows.longest_untried(connection)
    return None if tried is None else tried + PAUSE


async def switch_on(
    db: Database,
    secrets: Secrets,
    lidarrs: Mapping[str, ImportLists],
    external: str | None,
    *,
    clock: Clock,
) -> int:
    """Tests once more what was left off, and switches on what Lidarr can reach by now; how many that are.

    `external`: how Lidarr reaches us by now; None: as it was told. What a person switched on or removed
    meanwhile is forgotten. Raises ProviderError where a Lidarr did not answer, when all others are done.
    """
    on, failure = 0, None
    for one in await read_left_off(db):
        lidarr = lidarrs.get(one.instance)
        if lidarr is None:
            await _forget(db, one)
            continue
        try:
            on += await _try(db, secrets, lidarr, one, external or one.address, clock)
        except NotFound:
            # The list was deleted here.
            await _forget(db, one)
        except ProviderError as error:
            failure = error
            still = {one.channel: Unreached(error.message.rstrip("."), error.remedy)}
            await _remember(db, one.instance, one.slug, one.address, still, clock)
    if failure is not None:
        raise failure
    return on


async def _try(
    db: Database, secrets: Secrets, lidarr: ImportLists, one: LeftOff, address: str, clock: Clock
) -> bool:
    """Whether it is on now, and by us."""
    if one.channel == WEBHOOK:
        key = await webhook_key(db, secrets, one.instance, clock=clock)
        hook = (await read_webhook(lidarr.webhooks, one.instance, address, key)).found
        if hook is None or hook.enabled:
            await _forget(db, one)
            return False
        placed = await link_webhook(db, secrets, lidarr, one.instance, address, clock=clock)
        return _told(one, placed.unreached)
    row = await read_list(db, secrets, one.slug)
    if row.instance != one.instance:
        # It is for another Lidarr by now.
        await _forget(db, one)
        return False
    channel = Channel(one.channel)
    standings = {standing.channel: standing for standing in await read_setup(lidarr, row, address)}
    listed = standings[channel].found
    if listed is None or listed.enabled:
        await _forget(db, one)
        return False
    done, *_ = await link_list(db, lidarr, row, address, Wanted(channels=(channel,)), clock=clock)
    return _told(one, done.unreached)


def _told(one: LeftOff, unreached: Unreached | None) -> bool:
    if unreached is None:
        log.info("Lidarr reaches Brainarr by now", switched_on=one.channel, list=one.slug or None)
    return unreached is None


async def _forget(db: Database, one: LeftOff) -> None:
    async with db.transaction() as connection:
        await rows.forget_left_off(connection, one.instance, one.channel, one.slug)


async def _remember(
    db: Database,
    instance: str,
    slug: str,
    address: str,
    outcome: Mapping[str, Unreached | None],
    clock: Clock,
) -> None:
    """By channel: what is still in the way, or None where it is on."""
    async with db.transaction() as connection:
        for channel, unreached in outcome.items():
            if unreached is None:
                await rows.forget_left_off(connection, instance, channel, slug)
                continue
            row = LeftOff(
                instance=instance,
                channel=channel,
                slug=slug,
                address=address,
                said=unreached.said[:1_000],
                remedy=unreached.remedy[:1_000],
                tried_at=clock(),
            )
            await rows.note_left_off(connection, row)
