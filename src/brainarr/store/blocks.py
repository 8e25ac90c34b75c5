"""Blocks: artists and styles that must never be recommended again."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.tables import FIRST_PERSON, blocks
from brainarr.store.upsert import insert_new


class BlockKind(StrEnum):
    ARTIST = "artist"
    STYLE = "style"


class Block(msgspec.Struct, frozen=True):
    id: int
    kind: BlockKind
    key: str
    """The artist's MBID, or the canonical genre."""
    name: str
    at: datetime


_ROW = select(*(blocks.c[name] for name in Block.__struct_fields__))


async def insert_block(
    connection: AsyncConnection,
    kind: BlockKind,
    key: str,
    name: str,
    at: datetime,
    *,
    owner: int = FIRST_PERSON,
) -> Block:
    """The block; the old one where there is one of the same key already."""
    values = {"owner": owner, "kind": kind, "key": key, "name": name, "at": at}
    await connection.execute(insert_new(connection, blocks, ("owner", "kind", "key")), values)
    mine = (blocks.c.owner == owner, blocks.c.kind == kind, blocks.c.key == key)
    return _read((await connection.execute(_ROW.where(*mine))).one())


async def blocks_of(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> tuple[Block, ...]:
    """The newest first."""
    query = _ROW.where(blocks.c.owner == owner).order_by(blocks.c.id.desc())
    return tuple(_read(row) for row in await connection.execute(query))


async def delete_block(connection: AsyncConnection, block_id: int) -> None:
    await connection.execute(delete(blocks).where(blocks.c.id == block_id))


def _read(row: Row[Any]) -> Block:
    return Block(row.id, BlockKind(row.kind), row.key, row.name, row.at)
