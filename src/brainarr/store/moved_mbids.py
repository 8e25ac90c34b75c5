"""Moved identifiers: what MusicBrainz has merged into another is called by that one everywhere."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Table, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.store import recommendations as rows
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.tables import blocks, history, likings, moved_mbids, recommendations, verdicts
from brainarr.store.upsert import upsert


class Kind(StrEnum):
    ARTIST = "artist"
    ALBUM = "album"


class Move(msgspec.Struct, frozen=True):
    """One identifier, and the one that stands for it now."""

    kind: Kind
    old: Mbid
    new: Mbid


_COLUMNS = {Kind.ARTIST: "artist_mbid", Kind.ALBUM: "release_group_mbid"}
"""By which a recommendation and its history are known; its facts call them the same."""


async def move(connection: AsyncConnection, moved: Move, at: datetime) -> tuple[RecommendationRow, ...]:
    """Replaces it in recommendations with their facts, history, blocks, likings and verdicts; answers the
    recommendations, as they are now."""
    column = _COLUMNS[moved.kind]
    row = {"old": moved.old, "kind": moved.kind, "new": moved.new, "at": at}
    await connection.execute(upsert(connection, moved_mbids, ("new", "at")), row)
    # What was merged into the old one goes on to the new one.
    earlier = (moved_mbids.c.kind == moved.kind, moved_mbids.c.new == moved.old)
    await connection.execute(update(moved_mbids).where(*earlier).values(new=moved.new))
    found = await connection.execute(
        select(recommendations.c.id, recommendations.c.facts)
        .where(recommendations.c[column] == moved.old)
        .with_for_update()
    )
    ids: list[int] = []
    for recommendation_id, facts in found.all():
        ids.append(recommendation_id)
        changes = {column: moved.new, "facts": msgspec.structs.replace(facts, **{column: moved.new})}
        mine = recommendations.c.id == recommendation_id
        await connection.execute(update(recommendations).where(mine).values(changes))
    await _replace(connection, history, column, moved)
    if moved.kind is Kind.ARTIST:
        await _replace(connection, verdicts, "mbid", moved)
        await _merge_blocks(connection, moved)
        await _merge_likings(connection, moved)
    return await rows.by_ids(connection, ids)


async def merged_into(connection: AsyncConnection, kind: Kind, present: Collection[Mbid]) -> frozenset[Mbid]:
    """What has become one of these."""
    query = select(moved_mbids.c.old).where(moved_mbids.c.kind == kind, moved_mbids.c.new.in_(present))
    return frozenset(Mbid(mbid) for mbid in (await connection.execute(query)).scalars())


async def _replace(connection: AsyncConnection, table: Table, column: str, moved: Move) -> None:
    old = table.c[column] == moved.old
    await connection.execute(update(table).where(old).values({column: moved.new}))


async def _merge_blocks(connection: AsyncConnection, moved: Move) -> None:
    """Both blocked: one block is enough."""
    same = blocks.alias()
    both = exists().where(
        same.c.owner == blocks.c.owner, same.c.kind == blocks.c.kind, same.c.key == moved.new
    )
    old = (blocks.c.kind == "artist", blocks.c.key == moved.old)
    await connection.execute(delete(blocks).where(*old, both))
    await connection.execute(update(blocks).where(*old).values(key=moved.new))


async def _merge_likings(connection: AsyncConnection, moved: Move) -> None:
    """The later wish for the two of them counts."""
    for owner, wishes in (await _wishes(connection, moved)).items():
        latest = max(wishes, key=lambda wish: wish["at"])
        mine = (likings.c.owner == owner, likings.c.artist_mbid.in_([moved.old, moved.new]))
        await connection.execute(delete(likings).where(*mine))
        await connection.execute(likings.insert().values({**latest, "artist_mbid": moved.new}))


async def _wishes(connection: AsyncConnection, moved: Move) -> dict[int, list[dict[str, Any]]]:
    query = select(likings).where(likings.c.artist_mbid.in_([moved.old, moved.new]))
    wishes: dict[int, list[dict[str, Any]]] = {}
    for row in (await connection.execute(query)).mappings():
        wishes.setdefault(row["owner"], []).append(dict(row))
    return wishes
