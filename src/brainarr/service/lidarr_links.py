"""All that links one Lidarr with this Brainarr, together: how it stands, made, put right, removed."""

from collections.abc import Collection

import msgspec

from brainarr.domain.import_lists import Channel, State, Unreached, version_warning
from brainarr.errors import Conflict
from brainarr.pipeline.ports import Clock, ImportLists
from brainarr.service.left_off import link_list, link_webhook, read_left_off, unlink_list, unlink_webhook
from brainarr.service.lidarr_setup import BOTH, Placed, Standing, Wanted, read_setups
from brainarr.service.lidarr_webhook import WebhookPlaced, WebhookStanding, read_webhook
from brainarr.service.lists import ListRow, no_list, read_lists
from brainarr.service.webhook_keys import known_webhook_key, webhook_key
from brainarr.store.left_off import LeftOff
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """How everything of ours stands in one Lidarr."""

    instance: str
    version: str
    warning: str
    """What a Lidarr of that version cannot do; "": nothing."""
    webhook: WebhookStanding
    lists: tuple[tuple[ListRow, tuple[Standing, ...]], ...]
    """Those that are for this Lidarr."""
    left_off: tuple[LeftOff, ...]
    """What waits until Lidarr can reach us."""

    @property
    def standings(self) -> tuple[Standing, ...]:
        return tuple(standing for _, standings in self.lists for standing in standings)

    @property
    def is_right(self) -> bool:
        """Whether what is there is as it should be, and something is."""
        present = [one.state for one in self.standings if one.state is not State.MISSING]
        return bool(present) and {*present, self.webhook.state} == {State.SET_UP}


class Linked(msgspec.Struct, frozen=True):
    """What was made or put right; nothing: it was right already."""

    lists: tuple[Placed, ...]
    webhook: WebhookPlaced | None

    @property
    def left_off(self) -> tuple[Unreached, ...]:
        """Why Lidarr could not reach us, for each that stands there switched off."""
        parts = (*self.lists, *((self.webhook,) if self.webhook else ()))
        return tuple(one.unreached for one in parts if one.unreached)


async def lists_for(
    db: Database, secrets: Secrets, instance: str, slugs: Collection[str] | None = None
) -> tuple[ListRow, ...]:
    """Those that are for this Lidarr, of `slugs` if given. Raises NotFound and Conflict."""
    rows = await read_lists(db, secrets)
    for slug in slugs or ():
        row = next((row for row in rows if row.slug == slug), None)
        if row is None:
            raise no_list(slug)
        if row.instance != instance:
            raise Conflict(f"The list {slug} is for the Lidarr {row.instance}, not {instance}.")
    return tuple(row for row in rows if row.instance == instance and (slugs is None or row.slug in slugs))


async def read_link(db: Database, secrets: Secrets, lidarr: ImportLists, instance: str, address: str) -> Link:
    """`address`: how that Lidarr reaches this server. Raises ProviderError."""
    rows = await lists_for(db, secrets, instance)
    key = await known_webhook_key(db, secrets, instance)
    version = await lidarr.version()
    setups = await read_setups(lidarr, rows, address)
    return Link(
        instance=instance,
        version=version,
        warning=version_warning(version),
        webhook=await read_webhook(lidarr.webhooks, instance, address, key or ""),
        lists=tuple((row, setups[row.slug]) for row in rows),
        left_off=tuple(one for one in await read_left_off(db) if one.instance == instance),
    )


async def connect_link(
    db: Database,
    secrets: Secrets,
    lidarr: ImportLists,
    instance: str,
    address: str,
    wanted: Wanted,
    *,
    clock: Clock,
    slugs: Collection[str] | None = None,
    webhook: bool = True,
) -> Linked:
    """Makes or corrects everything: asked twice, it is there once. Raises ProviderError, NotFound, Conflict.

    `slugs`: those lists alone, else all that are for this Lidarr.
    """
    lists: list[Placed] = []
    for row in await lists_for(db, secrets, instance, slugs):
        lists += await link_list(db, lidarr, row, address, wanted, clock=clock)
    hook = await link_webhook(db, secrets, lidarr, instance, address, clock=clock) if webhook else None
    return Linked(tuple(lists), hook)


async def repair_link(
    db: Database,
    secrets: Secrets,
    lidarr: ImportLists,
    instance: str,
    address: str,
    *,
    clock: Clock,
    slugs: Collection[str] | None = None,
) -> Linked:
    """Corrects what is there and differs; what is not there is not made. Raises ProviderError, NotFound,
    Conflict.

    `slugs`: those lists alone, and not the webhook.
    """
    rows = await lists_for(db, secrets, instance, slugs)
    setups = await read_setups(lidarr, rows, address)
    lists: list[Placed] = []
    for row in rows:
        if wrong := _wrong(setups[row.slug]):
            lists += await link_list(db, lidarr, row, address, Wanted(channels=wrong), clock=clock)
    if slugs is not None:
        return Linked(tuple(lists), None)
    key = await webhook_key(db, secrets, instance, clock=clock)
    stands = await read_webhook(lidarr.webhooks, instance, address, key)
    if stands.state is not State.DIFFERS:
        return Linked(tuple(lists), None)
    return Linked(tuple(lists), await link_webhook(db, secrets, lidarr, instance, address, clock=clock))


async def remove_link(
    db: Database,
    secrets: Secrets,
    lidarr: ImportLists,
    instance: str,
    address: str,
    slugs: Collection[str] | None = None,
) -> int:
    """Removes what is ours from Lidarr; how much there was. What it brought stays. Raises as `repair_link`.

    `slugs`: those lists alone, and not the webhook.
    """
    rows = await lists_for(db, secrets, instance, slugs)
    gone = sum([await unlink_list(db, lidarr, row, address, BOTH) for row in rows])
    if slugs is None:
        gone += await unlink_webhook(db, lidarr, instance, address)
    return gone


def _wrong(standings: tuple[Standing, ...]) -> tuple[Channel, ...]:
    return tuple(one.channel for one in standings if one.state is State.DIFFERS)
