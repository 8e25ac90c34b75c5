"""Blocks: never again. Enforced where candidates are verified, and on what waits already."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.genres import canonical_genre, of_a_style
from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.exclusions import take_exclusions_back, want_exclusions
from brainarr.service.retiring import rehome
from brainarr.store import blocks as rows
from brainarr.store import recommendations
from brainarr.store.blocks import Block, BlockKind
from brainarr.store.history import write_history
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

# What Lidarr has taken in is its own affair; what it was only told of is not told again.
_OPEN = (Status.PENDING, Status.APPROVED, Status.DELIVERED)


async def list_blocks(db: Database) -> tuple[Block, ...]:
    """The newest first."""
    async with db.reading() as connection:
        return await rows.blocks_of(connection)


async def block_artist(
    db: Database,
    mbid: Mbid,
    name: str,
    *,
    clock: Clock,
    actor: Actor = Actor.PERSON,
    exclude_in: Collection[str] = (),
) -> Block:
    """Answers the old block where there is one. `exclude_in`: Lidarrs whose exclusions are to name it too."""
    async with db.transaction() as connection:
        return await never_again(connection, mbid, name, clock(), actor, exclude_in)


async def block_style(db: Database, style: str, *, clock: Clock, actor: Actor = Actor.PERSON) -> Block:
    """A genre with everything below it in the tree; a name that the tree does not know blocks that tag."""
    genre = canonical_genre(style)
    async with db.transaction() as connection:
        block = await rows.insert_block(connection, BlockKind.STYLE, genre, genre, clock())
        await _close(connection, [block], clock(), actor)
    return block


async def never_again(
    connection: AsyncConnection,
    mbid: Mbid,
    name: str,
    now: datetime,
    actor: Actor,
    exclude_in: Collection[str] = (),
) -> Block:
    """Blocks an artist within a transaction; `exclude_in` as in `block_artist`."""
    block = await rows.insert_block(connection, BlockKind.ARTIST, mbid, name, now)
    await _close(connection, [block], now, actor)
    await want_exclusions(connection, exclude_in, {mbid: name}, now)
    return block


async def revoke_block(db: Database, block_id: int, *, clock: Clock, actor: Actor = Actor.PERSON) -> Block:
    """What it alone had blocked waits for a decision again. Raises NotFound."""
    async with db.transaction() as connection:
        present = await rows.blocks_of(connection)
        found = next((block for block in present if block.id == block_id), None)
        if found is None:
            raise NotFound(f"There is no block {block_id}.", remedy="GET /api/v1/blocks names them.")
        await revoke(connection, [found], clock(), actor)
    return found


async def revoke(
    connection: AsyncConnection, revoked: Sequence[Block], now: datetime, actor: Actor
) -> list[RecommendationRow]:
    """The same within a transaction, for several; answers what waits again, as it was before."""
    for block in revoked:
        await rows.delete_block(connection, block.id)
    await take_exclusions_back(connection, revoked, now)
    remaining = await rows.blocks_of(connection)
    blocked = await recommendations.in_status(connection, [Status.BLOCKED], artists=_artists(revoked))
    free = [
        row
        for row in blocked
        if _cover(revoked, row.recommendation) and not _cover(remaining, row.recommendation)
    ]
    if free:
        ids = [row.id for row in free]
        await recommendations.set_status(connection, ids, Status.PENDING, decided_at=None, note="")
        await write_history(connection, free, Event.UNBLOCKED, now, actor=actor)
        await rehome(connection, now, actor)
    return free


async def release(
    connection: AsyncConnection, row: RecommendationRow, now: datetime, actor: Actor
) -> list[RecommendationRow]:
    """Lifts the block of its artist within a transaction; answers all that waits again, as it was before.

    Raises Conflict where a style forbids it: that block is of much else too.
    """
    present = await rows.blocks_of(connection)
    its = [
        one for one in present if (one.kind, one.key) == (BlockKind.ARTIST, row.recommendation.artist_mbid)
    ]
    if other := _cover([one for one in present if one not in its], row.recommendation):
        raise Conflict(f"The style {other.name} is blocked.", remedy="Revoke that block first.")
    if its:
        return await revoke(connection, its, now, actor)
    await recommendations.set_status(connection, [row.id], Status.PENDING, decided_at=None, note="")
    await write_history(connection, [row], Event.UNBLOCKED, now, actor=actor)
    return [row]


async def covering(connection: AsyncConnection, item: Recommendation) -> Block | None:
    """A block that forbids it."""
    return _cover(await rows.blocks_of(connection), item)


async def enforce(connection: AsyncConnection, now: datetime) -> None:
    """On everything that waits: a run that was under way did not know the latest blocks."""
    await _close(connection, await rows.blocks_of(connection), now, Actor.AUTOMATIC)


async def _close(connection: AsyncConnection, blocks: Sequence[Block], now: datetime, actor: Actor) -> None:
    if not blocks:
        return
    waiting = await recommendations.in_status(connection, _OPEN, artists=_artists(blocks))
    for block in blocks:
        covered = [row for row in waiting if _cover([block], row.recommendation) is not None]
        waiting = tuple(row for row in waiting if row not in covered)
        if covered:
            note = f"{block.name} is blocked"
            ids = [row.id for row in covered]
            await recommendations.set_status(connection, ids, Status.BLOCKED, decided_at=now, note=note)
            await write_history(connection, covered, Event.BLOCKED, now, actor=actor, note=note)


def _artists(blocks: Sequence[Block]) -> list[str] | None:
    """Of whom recommendations can be covered at all; None: of anybody, for a style is among the blocks."""
    if any(block.kind is not BlockKind.ARTIST for block in blocks):
        return None
    return [block.key for block in blocks]


def _cover(blocks: Sequence[Block], item: Recommendation) -> Block | None:
    votes = tuple((genre, 1.0) for genre in item.genres)
    for block in blocks:
        if block.kind is BlockKind.ARTIST and block.key == item.artist_mbid:
            return block
        if block.kind is BlockKind.STYLE and of_a_style(votes, (block.key,)):
            return block
    return None
