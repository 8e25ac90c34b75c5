"""Forgetting: deletes what is past its time, some at a time, and never what is open or counts for ever."""

from datetime import datetime

import msgspec
from sqlalchemy import (
    ColumnElement,
    Delete,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import ENDS
from brainarr.domain.recommendation import Evidence
from brainarr.store import figures
from brainarr.store.runs import OPEN
from brainarr.store.tables import (
    deliveries,
    history,
    prompts,
    provider_reports,
    recommendations,
    runs,
    usage,
    verdict_counts,
    verdicts,
)

LIVES = 200
"""Recommendations whose history goes at one time: some ten events each."""


async def forget_lives(connection: AsyncConnection, before: datetime) -> int:
    """The history of some recommendations that came to their end, and had their last event, before then.

    The recommendation stays: whether it was wanted, its score's parts, genres, sources and dates are what
    learning, the league and "rejected before" are made of. What only explained it goes. Answers how many
    events are gone.
    """
    later = history.alias()
    lives = (
        select(history.c.recommendation_id)
        .join(recommendations, recommendations.c.id == history.c.recommendation_id)
        .where(
            history.c.at < before,
            recommendations.c.status.in_(ENDS),
            ~exists().where(later.c.recommendation_id == history.c.recommendation_id, later.c.at >= before),
        )
        .distinct()
        .limit(LIVES)
    )
    ids = (await connection.execute(lives)).scalars().all()
    if not ids:
        return 0
    query = select(recommendations.c.id, recommendations.c.facts).where(recommendations.c.id.in_(ids))
    briefs = [
        {
            "number": number,
            "brief": msgspec.structs.replace(facts, voices=(), evidence=_brief(facts.evidence)),
        }
        for number, facts in await connection.execute(query)
    ]
    shorten = update(recommendations).where(recommendations.c.id == bindparam("number"))
    await connection.execute(shorten.values(facts=bindparam("brief")), briefs)
    gone = await connection.execute(delete(history).where(history.c.recommendation_id.in_(ids)))
    return gone.rowcount


def _brief(evidence: Evidence) -> Evidence:
    return Evidence(sources=evidence.sources)


async def forget_verdicts(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Of runs that ended before then; how often each verdict was given stays counted."""
    wanted = verdicts.c.run_id.in_(select(runs.c.id).where(_ended(before)))
    return await _some(connection, verdicts, wanted, limit)


async def forget_prompts(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Of runs that ended before then, with their answers."""
    wanted = prompts.c.run_id.in_(select(runs.c.id).where(_ended(before)))
    return await _some(connection, prompts, wanted, limit)


async def forget_runs(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """That ended before then and have no recommendations. The newest of all stays: its number must not be
    given again, and the schedule counts from it."""
    named = exists().where(recommendations.c.run_id == runs.c.id)
    newest = select(func.max(runs.c.id)).scalar_subquery()
    # With verdicts left, the next slice of those must go first: a run can have thousands.
    judged = exists().where(verdicts.c.run_id == runs.c.id)
    wanted = and_(_ended(before), ~named, ~judged, runs.c.id < newest)
    ids = (await connection.execute(select(runs.c.id).where(wanted).limit(limit))).scalars().all()
    if not ids:
        return 0
    dry = and_(verdict_counts.c.dry_run, verdict_counts.c.run_id.in_(ids))
    await connection.execute(delete(verdict_counts).where(dry))
    for table, which in ((provider_reports, provider_reports.c.run_id.in_(ids)), (runs, runs.c.id.in_(ids))):
        await figures.keep(connection, table, which)
    for told in (provider_reports, prompts):
        await connection.execute(delete(told).where(told.c.run_id.in_(ids)))
    return (await connection.execute(delete(runs).where(runs.c.id.in_(ids)))).rowcount


async def forget_reports(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """How the providers did in runs that ended before then; the newest run keeps its own."""
    newest = select(func.max(runs.c.id)).scalar_subquery()
    old = select(runs.c.id).where(_ended(before), runs.c.id < newest)
    return await _some(connection, provider_reports, provider_reports.c.run_id.in_(old), limit)


async def forget_deliveries(connection: AsyncConnection, before: datetime, limit: int) -> int:
    return await _some(connection, deliveries, deliveries.c.at < before, limit)


async def forget_usage(connection: AsyncConnection, before: datetime, limit: int) -> int:
    return await _some(connection, usage, usage.c.at < before, limit)


async def free_bytes(connection: AsyncConnection) -> int | None:
    """Room within SQLite's file that the next rows take; None on PostgreSQL, which sees to its own."""
    if connection.dialect.name != "sqlite":
        return None
    pages = (await connection.execute(text("PRAGMA freelist_count"))).scalar_one()
    size = (await connection.execute(text("PRAGMA page_size"))).scalar_one()
    return pages * size


def _ended(before: datetime) -> ColumnElement[bool]:
    ended = func.coalesce(runs.c.finished_at, runs.c.requested_at)
    return and_(runs.c.status.not_in(OPEN), ended < before)


async def _some(connection: AsyncConnection, table: Table, wanted: ColumnElement[bool], limit: int) -> int:
    """Named first: what `figures.keep` counts and what goes must be the same rows."""
    ids = (await connection.execute(select(table.c.id).where(wanted).limit(limit))).scalars().all()
    if not ids:
        return 0
    old = table.c.id.in_(ids)
    await figures.keep(connection, table, old)
    return await _delete(connection, delete(table).where(old))


async def _delete(connection: AsyncConnection, statement: Delete) -> int:
    return (await connection.execute(statement)).rowcount
