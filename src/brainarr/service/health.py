"""Health: everything that needs the user, without asking anybody outside."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import msgspec

from brainarr.domain.health import Issue, Severity
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.money import NO_LIMITS, Limits
from brainarr.domain.recommendation import ProviderReport
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Clock
from brainarr.service.delivery.standing import read_delivery_issues
from brainarr.service.monitor import read_breakers
from brainarr.service.symptoms import (
    backup_issues,
    budget_issues,
    chain_issues,
    clock_issues,
    delivery_issues,
    disk_issues,
    feed_issues,
    instance_issues,
    library_issues,
    link_issues,
    notification_issues,
    provider_issues,
    redis_issues,
    run_issues,
    worker_issues,
)
from brainarr.service.troubles import count_troubles
from brainarr.store import findings, runs
from brainarr.store.lists import lists_of
from brainarr.store.page import PageOf
from brainarr.store.runs import RunRow, RunStatus
from brainarr.store.session import Database

NOBODY: Mapping[str, str] = MappingProxyType({})

_RECENT = PageOf(page_size=20)


class Surroundings(msgspec.Struct, frozen=True):
    """What health looks at beside the rows of the database."""

    folders: tuple[Path, ...] = ()
    """Where things are written: each must have room."""
    limits: Limits = NO_LIMITS
    library_every: timedelta | None = None
    """How often the library is read; None: nobody reads it by itself."""
    instances: tuple[str, ...] = (DEFAULT_INSTANCE,)
    """The Lidarrs that are configured."""
    settings: tuple[Issue, ...] = ()
    """What is wrong with how it is set up; that does not change while it runs."""
    redis_away: Callable[[], bool] | None = None
    """Whether Redis was away when it was last needed; None: none is configured."""
    backup_every: timedelta | None = None
    """How often a backup is made; None: not by itself."""
    chain: tuple[str, ...] = ()
    """The names of the provider chain."""


NOTHING_ELSE = Surroundings()


async def read_health(
    db: Database,
    *,
    clock: Clock,
    setups: Mapping[str, str] = NOBODY,
    around: Surroundings = NOTHING_ELSE,
) -> tuple[Issue, ...]:
    """Everything amiss; empty when all is well. `setups`: the models of the chain, as in `read_breakers`."""
    # A sleeping disk takes seconds to answer.
    disks = await asyncio.to_thread(disk_issues, around.folders)
    redis = redis_issues(around.redis_away is not None and around.redis_away())
    outside = (*disks, *redis, *around.settings)
    try:
        return (*await _within(db, clock, setups, around), *outside)
    except StorageError as error:
        return (Issue("Database", Severity.ERROR, error.message, error.remedy), *outside)


async def _within(
    db: Database, clock: Clock, setups: Mapping[str, str], around: Surroundings
) -> tuple[Issue, ...]:
    now = clock()
    run, reports = await read_last_reports(db)
    circuits = await read_breakers(db, setups)
    troubles = await count_troubles(db, clock=clock)
    held = await read_delivery_issues(db, around.instances, clock=clock)
    async with db.reading() as connection:
        return (
            *await library_issues(connection, now, around.instances, around.library_every),
            *await instance_issues(connection, around.instances),
            *await notification_issues(connection, now),
            *run_issues(run),
            *provider_issues(circuits, reports),
            *await worker_issues(connection, now),
            *await budget_issues(connection, now, around.limits),
            *await feed_issues(connection, run),
            *await link_issues(connection),
            *delivery_issues(troubles),
            *held,
            *chain_issues(await lists_of(connection), around.chain),
            *await backup_issues(connection, now, around.backup_every),
            *await clock_issues(connection, now),
        )


async def read_last_reports(db: Database) -> tuple[RunRow | None, tuple[ProviderReport, ...]]:
    """The newest run that ended by itself, and how each provider did in it."""
    async with db.reading() as connection:
        recent = await runs.page_of_runs(connection, _RECENT)
        ended = (row for row in recent.items if row.status in (RunStatus.DONE, RunStatus.FAILED))
        last = next(ended, None)
        return last, await findings.reports_of(connection, last.id) if last else ()
