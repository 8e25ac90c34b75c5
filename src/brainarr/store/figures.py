"""Figures: sums over what is stored, each by one query, for whoever measures Brainarr from outside."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Executable, Table, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.jobs import RECOMMEND
from brainarr.store.runs import OPEN, RunStatus, may_start
from brainarr.store.tables import (
    jobs,
    library_artists,
    library_state,
    lists,
    provider_reports,
    recommendations,
    reservations,
    runs,
    tallies,
    usage,
    verdicts,
)
from brainarr.store.upsert import upsert


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
    """Work of one kind that is not over."""

    kind: str
    waiting: int
    running: int
    oldest: datetime | None
    """Since when the one waits that has waited longest; in a pause, of what may start in spite of it."""
    heard: datetime | None
    """The last sign of life of one that is executed."""


class Sum(msgspec.Struct, frozen=True):
    """What the rows of a table come to, for each of its labels. It never falls: see `keep`."""

    name: str
    table: Table
    labels: tuple[ColumnElement[Any], ...]
    amounts: tuple[ColumnElement[Any], ...]


RUNS = Sum("runs", runs, (runs.c.trigger, runs.c.status), (func.count(), func.count(runs.c.started_at)))
VERDICTS = Sum("verdicts", verdicts, (verdicts.c.verdict,), (func.count(),))
REPORTS = Sum(
    "reports",
    provider_reports,
    (provider_reports.c.name, provider_reports.c.outcome),
    (func.count(), func.sum(provider_reports.c.candidates)),
)
USAGE = Sum(
    "usage",
    usage,
    (usage.c.provider, usage.c.outcome),
    (
        func.count(),
        func.sum(usage.c.prompt_tokens),
        func.sum(usage.c.completion_tokens),
        func.sum(usage.c.cached_tokens),
        func.coalesce(func.sum(usage.c.cost_microdollars), 0),
        func.sum(case((usage.c.cost_microdollars.is_(None), 1), else_=0)),
    ),
)
SUMS = (RUNS, VERDICTS, REPORTS, USAGE)


async def keep(connection: AsyncConnection, table: Table, *which: ColumnElement[bool]) -> None:
    """Call before deleting rows of `table`: what they came to stays in the sums.

    A sum that falls looks, to whoever watches it from outside, like one that began anew: all that is left
    would count as new.
    """
    for figure in SUMS:
        if figure.table is not table:
            continue
        kept = await _kept(connection, figure)
        for labels, amounts in (await _summed(connection, figure, *which)).items():
            row = {"name": figure.name, "labels": labels, "amounts": _added(kept.get(labels), amounts)}
            await connection.execute(upsert(connection, tallies, ("amounts",)), row)


async def run_figures(connection: AsyncConnection) -> tuple[RunFigure, ...]:
    return tuple(RunFigure(*row) for row in await _total(connection, RUNS))


async def verdict_figures(connection: AsyncConnection) -> dict[str, int]:
    return {verdict: count for verdict, count in await _total(connection, VERDICTS)}


async def model_figures(connection: AsyncConnection) -> tuple[ModelFigure, ...]:
    return tuple(ModelFigure(*row) for row in await _total(connection, USAGE))


async def source_figures(connection: AsyncConnection) -> tuple[SourceFigure, ...]:
    return tuple(SourceFigure(*row) for row in await _total(connection, REPORTS))


async def last_runs(connection: AsyncConnection) -> tuple[LastRun, ...]:
    ended = func.max(runs.c.finished_at)
    query = (
        select(lists.c.slug, runs.c.status, ended)
        .join(lists, lists.c.id == runs.c.list_id)
        .where(runs.c.finished_at.is_not(None))
        .group_by(lists.c.slug, runs.c.status)
    )
    return tuple(LastRun(*row) for row in await _rows(connection, query))


async def queue_figures(connection: AsyncConnection) -> tuple[QueueFigure, ...]:
    """Of runs, also when there are none, and of every other kind of job that is open."""
    (row,) = await _rows(
        connection, select(*_queued(runs, runs.c.requested_at)).where(runs.c.status.in_(OPEN))
    )
    others = select(jobs.c.kind, *_queued(jobs, jobs.c.due_at)).where(jobs.c.status.in_(OPEN))
    rest = await _rows(connection, others.group_by(jobs.c.kind).order_by(jobs.c.kind))
    return (QueueFigure(RECOMMEND, *row), *(QueueFigure(*each) for each in rest))


def _queued(table: Table, since: Column[datetime]) -> tuple[ColumnElement[Any], ...]:
    waits = table.c.status == RunStatus.QUEUED
    return (
        func.coalesce(func.sum(case((waits, 1), else_=0)), 0),
        func.coalesce(func.sum(case((waits, 0), else_=1)), 0),
        func.min(case((and_(waits, may_start(table.c.trigger)), since))),
        func.max(table.c.heartbeat_at),
    )


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


async def _total(connection: AsyncConnection, figure: Sum) -> list[tuple[Any, ...]]:
    """Each row: the labels, then the amounts of the rows that are there and of those that were."""
    kept = await _kept(connection, figure)
    there = await _summed(connection, figure)
    return [
        (*labels, *_added(kept.get(labels), there.get(labels)))
        for labels in sorted(kept.keys() | there.keys())
    ]


async def _kept(connection: AsyncConnection, figure: Sum) -> dict[tuple[str, ...], tuple[int, ...]]:
    query = select(tallies.c.labels, tallies.c.amounts).where(tallies.c.name == figure.name)
    return {tuple(labels): tuple(amounts) for labels, amounts in await _rows(connection, query)}


async def _summed(
    connection: AsyncConnection, figure: Sum, *which: ColumnElement[bool]
) -> dict[tuple[str, ...], tuple[int, ...]]:
    query = select(*figure.labels, *figure.amounts).where(*which).group_by(*figure.labels)
    split = len(figure.labels)
    return {row[:split]: tuple(map(int, row[split:])) for row in await _rows(connection, query)}


def _added(*amounts: tuple[int, ...] | None) -> tuple[int, ...]:
    return tuple(map(sum, zip(*filter(None, amounts), strict=True)))


async def _rows(connection: AsyncConnection, query: Executable) -> list[Any]:
    return [tuple(row) for row in await connection.execute(query)]
