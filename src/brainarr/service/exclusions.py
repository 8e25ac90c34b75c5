"""Exclusions: "never again" may write one into every Lidarr, and takes back what it wrote.

Asked for and carried out apart: no request waits for a Lidarr, and one that is away gets it later.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.errors import ProviderRejected
from brainarr.pipeline.ports import Clock, WatchedLibrary
from brainarr.store import exclusions as rows
from brainarr.store import jobs, moved_mbids
from brainarr.store.blocks import Block, BlockKind
from brainarr.store.exclusions import Intent
from brainarr.store.moved_mbids import Kind
from brainarr.store.session import Database

MOST_AT_ONCE = 50
"""Written or lifted in one Lidarr in one round."""

BLOCK = "block"
"""The trigger of a job that a block asked for."""

log = structlog.get_logger(__name__)


async def want_exclusions(
    connection: AsyncConnection, instances: Collection[str], artists: Mapping[Mbid, str], now: datetime
) -> None:
    """Within a transaction: these artists, each with its name, are to be excluded there."""
    if instances and artists:
        await rows.want(connection, instances, artists, now)
        await _ask(connection, now)


async def take_exclusions_back(
    connection: AsyncConnection, revoked: Collection[Block], now: datetime
) -> None:
    """Within a transaction: what these blocks wrote is to be lifted. What somebody else excluded stays."""
    artists = {Mbid(block.key) for block in revoked if block.kind is BlockKind.ARTIST}
    # Lidarr keeps the identifier that it was given, whatever MusicBrainz has merged that into since.
    artists |= await moved_mbids.merged_into(connection, Kind.ARTIST, artists)
    if artists and await rows.take_back(connection, artists, now):
        await _ask(connection, now)


async def carry_out_exclusions(db: Database, source: WatchedLibrary, instance: str, clock: Clock) -> bool:
    """Writes and lifts what is to be; whether anything was. Raises ProviderUnavailable: the rest waits."""
    async with db.reading() as connection:
        waiting = await rows.to_do(connection, instance, MOST_AT_ONCE)
    changed = False
    for one in waiting:
        state: Intent | None = None
        failure: str | None = None
        try:
            if one.state is Intent.LIFTING:
                await source.lift_exclusion(one.mbid)
            elif await source.exclude(one.mbid, one.name):
                state = Intent.WRITTEN
            # Else somebody else has excluded it, and it is theirs to lift.
            changed = True
        except ProviderRejected as error:
            state, failure = one.state, error.message
            log.warning("an exclusion was refused", instance=instance, artist=one.name, error=error.message)
        async with db.transaction() as connection:
            await rows.settle(connection, one, state, failure)
    return changed


async def _ask(connection: AsyncConnection, now: datetime) -> None:
    await jobs.insert_job(connection, jobs.FOLLOW, trigger=BLOCK, at=now, due_at=now)
