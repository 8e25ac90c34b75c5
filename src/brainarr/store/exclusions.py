"""Exclusions that "never again" has written into a Lidarr, or is to write there, or to lift again."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.store.tables import lidarr_exclusions
from brainarr.store.upsert import insert_new, upsert


class Intent(StrEnum):
    """How far one is."""

    WANTED = "wanted"
    """To be written."""
    WRITTEN = "written"
    """By us: with its block it is lifted."""
    LIFTING = "lifting"
    """To be lifted."""


class StoredExclusion(msgspec.Struct, frozen=True):
    instance: str
    mbid: Mbid
    name: str
    state: Intent
    at: datetime
    failure: str | None
    """What Lidarr had against it."""


_TABLE = lidarr_exclusions
_ROW = select(*(_TABLE.c[name] for name in StoredExclusion.__struct_fields__))


async def want(
    connection: AsyncConnection, instances: Collection[str], artists: Mapping[Mbid, str], at: datetime
) -> None:
    """`artists`: the name of each. What is about to be lifted is written already, and stays."""
    for instance in instances:
        for mbid, name in artists.items():
            kept = update(_TABLE).where(_TABLE.c.instance == instance, _TABLE.c.mbid == mbid)
            there = await connection.execute(
                kept.where(_TABLE.c.state == Intent.LIFTING).values(state=Intent.WRITTEN, at=at, failure=None)
            )
            written = select(_TABLE.c.mbid).where(_TABLE.c.instance == instance, _TABLE.c.mbid == mbid)
            if there.rowcount or (await connection.execute(written)).first():
                continue
            row = {"instance": instance, "mbid": mbid, "name": name, "state": Intent.WANTED, "at": at}
            await connection.execute(upsert(connection, _TABLE, ("name", "state", "at")), row)


async def take_back(connection: AsyncConnection, artists: Collection[Mbid], at: datetime) -> int:
    """What is not written yet never will be, what is will be lifted; how many those are."""
    ours = _TABLE.c.mbid.in_(artists)
    await connection.execute(delete(_TABLE).where(ours, _TABLE.c.state == Intent.WANTED))
    lifting = update(_TABLE).where(ours, _TABLE.c.state == Intent.WRITTEN)
    return (await connection.execute(lifting.values(state=Intent.LIFTING, at=at, failure=None))).rowcount


async def to_do(connection: AsyncConnection, instance: str, limit: int) -> tuple[StoredExclusion, ...]:
    """What is to be written or lifted there, the oldest first; last what Lidarr has refused before."""
    query = _ROW.where(_TABLE.c.instance == instance, _TABLE.c.state != Intent.WRITTEN)
    rows = await connection.execute(
        query.order_by(_TABLE.c.failure.is_not(None), _TABLE.c.at, _TABLE.c.mbid).limit(limit)
    )
    return tuple(StoredExclusion(**{**row._mapping, "state": Intent(row.state)}) for row in rows)


async def being_lifted(connection: AsyncConnection, instance: str) -> frozenset[Mbid]:
    """What Lidarr may still show as excluded, though nobody wants that any more."""
    query = select(_TABLE.c.mbid).where(_TABLE.c.instance == instance, _TABLE.c.state == Intent.LIFTING)
    return frozenset(Mbid(mbid) for mbid in (await connection.execute(query)).scalars())


async def settle(
    connection: AsyncConnection, done: StoredExclusion, state: Intent | None, failure: str | None = None
) -> None:
    """What became of it; None: nothing of ours is there any more. Nothing happens when it was thought over
    meanwhile, but that what was written for nothing will be lifted."""
    mine = (_TABLE.c.instance == done.instance, _TABLE.c.mbid == done.mbid, _TABLE.c.state == done.state)
    if state is None:
        await connection.execute(delete(_TABLE).where(*mine))
        return
    settled = await connection.execute(update(_TABLE).where(*mine).values(state=state, failure=failure))
    if state is Intent.WRITTEN and not settled.rowcount:
        unwanted = {"instance": done.instance, "mbid": done.mbid, "name": done.name, "at": done.at}
        await connection.execute(
            insert_new(connection, _TABLE, ("instance", "mbid")), {**unwanted, "state": Intent.LIFTING}
        )
