"""What was approved reaches Lidarr soon: it is asked to fetch the list, once people have stopped deciding."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Clock, Importer
from brainarr.service.instances import together
from brainarr.store import lists
from brainarr.store.session import Database

QUIET = timedelta(seconds=20)
"""After the last approval: who goes through thirty cards causes one sync."""

log = structlog.get_logger(__name__)


async def next_sync(connection: AsyncConnection) -> datetime | None:
    """When Lidarr is to be asked; None: nothing was approved since it was."""
    wanted = await lists.earliest_sync(connection)
    return None if wanted is None else wanted + QUIET


async def sync_approved(db: Database, importers: Mapping[str, Importer], *, clock: Clock) -> int:
    """Asks each list's Lidarr to fetch it now; how many import lists do. `importers`: by instance.

    A Lidarr that does not answer is not asked again: it comes by itself. Raises `instances.together` then,
    when all others are asked.
    """
    async with db.transaction() as connection:
        wanted = await lists.take_wanted_syncs(connection, clock() - QUIET)
    asked, failures = 0, list[ProviderError]()
    for one in wanted:
        if (importer := importers.get(one.instance)) is None:
            continue
        try:
            asked += await importer.sync_lists(f"/lists/{one.slug}")
        except ProviderError as error:
            failures.append(error)
    if failures:
        raise together(failures)
    log.info("Lidarr was asked to fetch what was approved", lists=[one.slug for one in wanted], asked=asked)
    return asked
