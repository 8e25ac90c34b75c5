"""What the runs must know of what was recommended before."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Blocks, Memory
from brainarr.store.blocks import BlockKind, blocks_of
from brainarr.store.recommendations import OF_NEWCOMERS, UNDECIDED_OR_ON_THE_WAY, UNWANTED
from brainarr.store.tables import FIRST_PERSON, recommendations

NAMES_REMEMBERED = 200
"""More would only crowd a prompt; identifiers are all remembered."""

GENRES_REMEMBERED = 500
"""Recommendations; older ones were found close to another library than today's."""


async def genres_found(
    connection: AsyncConnection, *, owner: int = FIRST_PERSON
) -> tuple[tuple[str, ...], ...]:
    """The genres of each artist that waits or is on its way: found close to the library, not owned, not
    refused. The latest first."""
    table = recommendations
    query = (
        select(table.c.artist_mbid, table.c.facts)
        .where(
            table.c.owner == owner,
            table.c.status.in_(UNDECIDED_OR_ON_THE_WAY),
            table.c.list_id.in_(OF_NEWCOMERS),
        )
        .order_by(table.c.id.desc())
        .limit(GENRES_REMEMBERED)
    )
    found: dict[str, tuple[str, ...]] = {}
    for mbid, facts in await connection.execute(query):
        found.setdefault(mbid, facts.genres)
    return tuple(found.values())


async def first_recommended(
    connection: AsyncConnection, *, owner: int = FIRST_PERSON
) -> dict[Mbid, datetime]:
    """When each artist was recommended for the first time, whatever became of it."""
    table = recommendations
    query = select(table.c.artist_mbid, func.min(table.c.created_at)).where(table.c.owner == owner)
    found = await connection.execute(query.group_by(table.c.artist_mbid))
    return {Mbid(mbid): first for mbid, first in found}


async def read_memory(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> Memory:
    """What the next run must know of the earlier ones; what they taught is not in it."""
    never = await blocks_of(connection, owner=owner)
    table = recommendations
    remembered = (*UNWANTED, *UNDECIDED_OR_ON_THE_WAY)
    newcomer = table.c.list_id.in_(OF_NEWCOMERS)
    query = (
        select(table.c.artist, newcomer, table.c.artist_mbid, table.c.release_group_mbid, table.c.status)
        .where(table.c.owner == owner, or_(table.c.status.in_(remembered), table.c.given_up_at.is_not(None)))
        .order_by(table.c.id.desc())
    )
    rejected: set[Mbid] = set()
    waiting: set[Mbid] = set()
    artists = {Mbid(block.key): block.name for block in never if block.kind is BlockKind.ARTIST}
    names: dict[str, None] = dict.fromkeys(artists.values())
    for artist, is_newcomer, *mbids, status in await connection.execute(query):
        # What was given up is wanted still, but not to be had: as good as on its way.
        (rejected if status in UNWANTED else waiting).update(Mbid(mbid) for mbid in mbids if mbid)
        # Models learn of owned artists in their own way, and are to propose nothing of theirs anyhow.
        if is_newcomer:
            names.setdefault(artist)
    return Memory(
        frozenset(rejected),
        frozenset(waiting),
        tuple(names)[:NAMES_REMEMBERED],
        blocks=Blocks(artists, tuple(block.key for block in never if block.kind is BlockKind.STYLE)),
    )
