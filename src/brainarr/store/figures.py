"""Figures: sums over what is stored, each by one query, for whoever measures Brainarr from outside."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Executable, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.runs import RunStatus
from brainarr.store.tables import (
    library_artists,
    library_state,
    lists,
    provider_reports,
    recommendations,
    reservations,
    runs,
    usage,
    verdicts,
)


class RunFigure(msgspec.Struct, frozen=True):
    trigger: str
    status: str
    asked: int
    started: int
    """Those of `asked` that somebody began to execute."""


class LastRun(msgspec.Struct, frozen=True):
    """When a run of a list last ended so."""

    list: str
    status: str
    at: datetime


class ModelFigure(msgspec.Struct, frozen=True):
    """What the questions to one provider that ended so came to."""

    provider: str
    outcome: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    microdollars: int
    unpriced: int


class SourceFigure(msgspec.Struct, frozen=True):
    """How often a provider of any kind ended a run so, and what it proposed."""

    provider: str
    outcome: str
    runs: int
    candidates: int


class QueueFigure(msgspec.Struct, frozen=True):
    waiting: int
    running: int
    oldest: datetime | None
    """Since when the one waits that has waited longest."""
    heard: datetime | None
    """The last sign of life of one that is executed."""


async def run_figures(connection: AsyncConnection) -> tuple[RunFigure, ...]:
    query = select(runs.c.trigger, runs.c.status, func.count(), func.count(runs.c.started_at)).group_by(
        runs.c.trigger, runs.c.status
    )
    return tuple(RunFigure(*row) for row in await _rows(connection, query))


async def last_runs(connection: AsyncConnection) -> tuple[LastRun, ...]:
    ended = func.max(runs.c.finished_at)
    query = (
        select(lists.c.slug, runs.c.status, ended)
        .join(lists, lists.c.id == runs.c.list_id)
        .where(runs.c.finished_at.is_not(None))
        .group_by(lists.c.slug, runs.c.status)
    )
    return tuple(LastRun(*row) for row in await _rows(connection, query))


async def queue_figure(connection: AsyncConnection) -> QueueFigure:
    waits = runs.c.status == RunStatus.QUEUED
    query = select(
        func.coalesce(func.sum(case((waits, 1), else_=0)), 0),
        func.coalesce(func.sum(case((waits, 0), else_=1)), 0),
        func.min(case((waits, runs.c.requested_at))),
        func.max(runs.c.heartbeat_at),
    ).where(runs.c.status.in_((RunStatus.QUEUED, RunStatus.RUNNING)))
    (row,) = await _rows(connection, query)
    return QueueFigure(*row)


async def verdict_figures(connection: AsyncConnection) -> dict[str, int]:
    query = select(verdicts.c.verdict, func.count()).group_by(verdicts.c.verdict)
    return {verdict: count for verdict, count in await _rows(connection, query)}


async def recommendation_figures(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """By list and status."""
    # By what the index has: the rows themselves are long.
    counted = (
        select(recommendations.c.list_id, recommendations.c.status, func.count().label("found"))
        .group_by(recommendations.c.list_id, recommendations.c.status)
        .subquery()
    )
    query = select(lists.c.slug, counted.c.status, counted.c.found).join(
        lists, lists.c.id == counted.c.list_id
    )
    return {(slug, status): count for slug, status, count in await _rows(connection, query)}


async def model_figures(connection: AsyncConnection) -> tuple[ModelFigure, ...]:
    sums = [usage.c[name] for name in ("prompt_tokens", "completion_tokens", "cached_tokens")]
    query = select(
        usage.c.provider,
        usage.c.outcome,
        func.count(),
        *(func.sum(column) for column in sums),
        func.coalesce(func.sum(usage.c.cost_microdollars), 0),
        func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0)),
    ).group_by(usage.c.provider, usage.c.outcome)
    return tuple(ModelFigure(*row[:2], *map(int, row[2:])) for row in await _rows(connection, query))


async def source_figures(connection: AsyncConnection) -> tuple[SourceFigure, ...]:
    reports = provider_reports.c
    query = select(reports.name, reports.outcome, func.count(), func.sum(reports.candidates)).group_by(
        reports.name, reports.outcome
    )
    return tuple(SourceFigure(*row[:2], *map(int, row[2:])) for row in await _rows(connection, query))


async def reserved(connection: AsyncConnection) -> int:
    """Micro-dollars that calls under way keep aside."""
    query = select(func.coalesce(func.sum(reservations.c.microdollars), 0))
    return int((await connection.execute(query)).scalar_one())


async def newest_moment(connection: AsyncConnection) -> datetime | None:
    """The latest that something stored is said to have happened."""
    newest = [
        (await connection.execute(select(func.max(column)))).scalar()
        for column in (runs.c.requested_at, usage.c.at, library_state.c.read_at)
    ]
    return max((moment for moment in newest if moment is not None), default=None)


async def artists_owned(connection: AsyncConnection, instance: str) -> int:
    query = select(func.count()).select_from(library_artists).where(library_artists.c.instance == instance)
    return (await connection.execute(query)).scalar_one()


async def _rows(connection: AsyncConnection, query: Executable) -> list[Any]:
    return [tuple(row) for row in await connection.execute(query)]
