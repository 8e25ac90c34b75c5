"""What stands in Lidarr switched off because Lidarr could not reach us when it was set up."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.tables import left_off
from brainarr.store.upsert import upsert


class LeftOff(msgspec.Struct, frozen=True, kw_only=True):
    """One import list or webhook that waits for being switched on."""

    instance: str
    channel: str
    """albums, artists or webhook."""
    slug: str
    """Of the list; "" for the webhook."""
    address: str
    """How Lidarr was told to reach us, URL base included."""
    said: str
    """By Lidarr's test, the last time."""
    remedy: str
    tried_at: datetime


async def note_left_off(connection: AsyncConnection, row: LeftOff) -> None:
    """In place of what is known of the same one."""
    values = msgspec.structs.asdict(row)
    changing = set(values) - {column.name for column in left_off.primary_key}
    await connection.execute(upsert(connection, left_off, changing), values)


async def forget_left_off(connection: AsyncConnection, instance: str, channel: str, slug: str) -> None:
    one = (left_off.c.instance == instance, left_off.c.channel == channel, left_off.c.slug == slug)
    await connection.execute(delete(left_off).where(*one))


async def all_left_off(connection: AsyncConnection) -> tuple[LeftOff, ...]:
    columns = (left_off.c[name] for name in LeftOff.__struct_fields__)
    rows = await connection.execute(select(*columns).order_by(*left_off.primary_key))
    return tuple(LeftOff(**row._mapping) for row in rows)


async def longest_untried(connection: AsyncConnection) -> datetime | None:
    """When the one that has waited longest was tried last; None: nothing is left off."""
    return (await connection.execute(select(func.min(left_off.c.tried_at)))).scalar()
