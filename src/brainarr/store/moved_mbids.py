"""Moved identifiers: what MusicBrainz has merged into another is called by that one.

As far as a Lidarr's word for it goes, which is in all that is for that Lidarr: each is asked for itself, none
renames what another receives, and none lifts a block.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.store import recommendations as rows
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.tables import (
    blocks,
    history,
    likings,
    lists,
    moved_mbids,
    recommendations,
    runs,
    verdicts,
)
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


async def move(
    connection: AsyncConnection, moved: Move, at: datetime, instance: str
) -> tuple[RecommendationRow, ...]:
    """Replaces it in the recommendations for this Lidarr with their facts, history, likings and verdicts.

    What was blocked under the old one is under both. Answers the recommendations, as they are now.
    """
    column = _COLUMNS[moved.kind]
    row = {"old": moved.old, "kind": moved.kind, "new": moved.new, "at": at}
    await connection.execute(upsert(connection, moved_mbids, ("new", "at")), row)
    # What was merged into the old one goes on to the new one.
    earlier = (moved_mbids.c.kind == moved.kind, moved_mbids.c.new == moved.old)
    await connection.execute(update(moved_mbids).where(*earlier).values(new=moved.new))
    found = await connection.execute(
        select(recommendations.c.id, recommendations.c.facts)
        .where(recommendations.c[column] == moved.old, recommendations.c.list_id.in_(_lists_for(instance)))
        .with_for_update()
    )
    ids: list[int] = []
    for recommendation_id, facts in found.all():
        ids.append(recommendation_id)
        changes = {column: moved.new, "facts": msgspec.structs.replace(facts, **{column: moved.new})}
        mine = recommendations.c.id == recommendation_id
        await connection.execute(update(recommendations).where(mine).values(changes))
    await _replace(connection, history, column, moved, history.c.recommendation_id.in_(ids))
    if moved.kind is Kind.ARTIST:
        its_runs = select(runs.c.id).where(runs.c.list_id.in_(_lists_for(instance)))
        await _replace(connection, verdicts, "mbid", moved, verdicts.c.run_id.in_(its_runs))
        await _block_both(connection, moved)
        await _merge_likings(connection, moved, ids)
    return await rows.by_ids(connection, ids)


async def merged_into(connection: AsyncConnection, kind: Kind, present: Collection[Mbid]) -> frozenset[Mbid]:
    """What has become one of these."""
    query = select(moved_mbids.c.old).where(moved_mbids.c.kind == kind, moved_mbids.c.new.in_(present))
    return frozenset(Mbid(mbid) for mbid in (await connection.execute(query)).scalars())


def _lists_for(instance: str) -> Select[tuple[int]]:
    return select(lists.c.id).where(lists.c.instance == instance)


async def _replace(
    connection: AsyncConnection, table: Table, column: str, moved: Move, within: ColumnElement[bool]
) -> None:
    old = table.c[column] == moved.old
    await connection.execute(update(table).where(old, within).values({column: moved.new}))


async def _block_both(connection: AsyncConnection, moved: Move) -> None:
    same = blocks.alias()
    both = exists().where(
        same.c.owner == blocks.c.owner, same.c.kind == blocks.c.kind, same.c.key == moved.new
    )
    old = select(blocks).where(blocks.c.kind == "artist", blocks.c.key == moved.old, ~both)
    for row in (await connection.execute(old)).mappings().all():
        copied = {name: value for name, value in row.items() if name != "id"}
        await connection.execute(blocks.insert().values({**copied, "key": moved.new}))


async def _merge_likings(connection: AsyncConnection, moved: Move, ids: Collection[int]) -> None:
    """The later wish for the two of them counts. `ids`: recommendations that were just renamed."""
    for owner, wishes in (await _wishes(connection, moved)).items():
        if not any(wish["artist_mbid"] == moved.old and wish["recommendation_id"] in ids for wish in wishes):
            continue
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
