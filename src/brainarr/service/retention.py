"""Retention: what is forgotten, and when. What a person said yes or no to is not: it counts for ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.pipeline.ports import Clock
from brainarr.store import retention as rows
from brainarr.store.session import Database
from brainarr.store.usage import start_of_month

SLICE = 2_000
"""Rows deleted in one transaction."""


class Retention(msgspec.Struct, frozen=True):
    """For how many days each is kept; None: for ever."""

    history_days: int | None = 730
    """Of recommendations that came to their end; the recommendation itself stays."""
    runs_days: int | None = 365
    """Runs that recommended nothing, and every run's provider reports."""
    verdicts_days: int | None = 90
    """The verdict on each single candidate; how often each was given stays counted."""
    prompts_days: int | None = 30
    """What models were asked, word for word, and what they answered."""
    deliveries_days: int | None = 30
    """What each poll carried; when and how often something was delivered stays."""
    usage_days: int | None = None
    """The books. Never those of this month, by which the budget is reckoned."""


USUAL = Retention()


class Forgotten(msgspec.Struct, frozen=True):
    """How many rows are gone."""

    history: int = 0
    runs: int = 0
    reports: int = 0
    verdicts: int = 0
    prompts: int = 0
    deliveries: int = 0
    usage: int = 0
    free_bytes: int | None = None
    """Room within SQLite's file that the next rows take: it is not given back to the disk."""

    @property
    def rows(self) -> int:
        counts = msgspec.structs.astuple(self)[:-1]
        return sum(counts)


async def clean_up(db: Database, retention: Retention = USUAL, *, clock: Clock) -> Forgotten:
    """Deletes what is past its time, in slices: others write in between. Raises StorageError.

    Stopped half-way it has forgotten a part; the next time goes on from there.
    """
    now = clock()

    async def forget(days: int | None, some: Callable[[AsyncConnection, datetime], Awaitable[int]]) -> int:
        return 0 if days is None else await _in_slices(db, some, now - timedelta(days=days))

    verdicts = await forget(retention.verdicts_days, _sliced(rows.forget_verdicts))
    prompts = await forget(retention.prompts_days, _sliced(rows.forget_prompts))
    reports = await forget(retention.runs_days, _sliced(rows.forget_reports))
    runs = await forget(retention.runs_days, _sliced(rows.forget_runs))
    history = await forget(retention.history_days, rows.forget_lives)
    deliveries = await forget(retention.deliveries_days, _sliced(rows.forget_deliveries))
    usage = 0
    if retention.usage_days is not None:
        before = min(now - timedelta(days=retention.usage_days), start_of_month(now))
        usage = await _in_slices(db, _sliced(rows.forget_usage), before)
    async with db.reading() as connection:
        free = await rows.free_bytes(connection)
    return Forgotten(
        history=history,
        runs=runs,
        reports=reports,
        verdicts=verdicts,
        prompts=prompts,
        deliveries=deliveries,
        usage=usage,
        free_bytes=free,
    )


def _sliced(
    some: Callable[[AsyncConnection, datetime, int], Awaitable[int]],
) -> Callable[[AsyncConnection, datetime], Awaitable[int]]:
    return lambda connection, before: some(connection, before, SLICE)


async def _in_slices(
    db: Database, some: Callable[[AsyncConnection, datetime], Awaitable[int]], before: datetime
) -> int:
    gone = 0
    while True:
        began = time.perf_counter()
        async with db.transaction() as connection:
            count = await some(connection, before)
        if not count:
            return gone
        gone += count
        # As long as it has held the writers' turn, it leaves it to the others: those of other processes only
        # poll for it on SQLite, and would starve.
        await asyncio.sleep(time.perf_counter() - began)
