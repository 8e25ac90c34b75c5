"""What a run found out: the verdict on every candidate, and how each provider did."""

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Judged, Outcome, ProviderReport, Recommendation, RunResult, Verdict
from brainarr.store.tables import provider_reports, runs, verdict_counts, verdicts


async def insert_findings(
    connection: AsyncConnection, run_id: int, result: RunResult, *, dry_run: bool = False
) -> None:
    if result.judged:
        judged = [{"run_id": run_id, **msgspec.structs.asdict(item)} for item in result.judged]
        await connection.execute(insert(verdicts), judged)
        counts = Counter((item.sources, item.verdict) for item in result.judged)
        counted = [
            {"run_id": run_id, "dry_run": dry_run, "sources": sources, "verdict": verdict, "count": count}
            for (sources, verdict), count in counts.items()
        ]
        await connection.execute(insert(verdict_counts), counted)
    if result.providers:
        reports = [{"run_id": run_id, **msgspec.structs.asdict(report)} for report in result.providers]
        await connection.execute(insert(provider_reports), reports)


async def preview(connection: AsyncConnection, run_id: int) -> tuple[Recommendation, ...]:
    """What a dry run found."""
    return (await connection.execute(select(runs.c.preview).where(runs.c.id == run_id))).scalar() or ()


async def reports_of(connection: AsyncConnection, run_id: int) -> tuple[ProviderReport, ...]:
    columns = [provider_reports.c[name] for name in ProviderReport.__struct_fields__]
    query = select(*columns).where(provider_reports.c.run_id == run_id).order_by(provider_reports.c.id)
    return tuple(
        ProviderReport(**{**row._mapping, "outcome": Outcome(row.outcome)})
        for row in await connection.execute(query)
    )


async def verdicts_of(connection: AsyncConnection, run_id: int, limit: int) -> tuple[Judged, ...]:
    query = select(verdicts).where(verdicts.c.run_id == run_id).order_by(verdicts.c.id).limit(limit)
    return tuple(_judged(row) for row in await connection.execute(query))


def _judged(row: Row[Any]) -> Judged:
    mbid = Mbid(row.mbid) if row.mbid else None
    return Judged(row.artist, row.album, Verdict(row.verdict), row.detail, row.sources, mbid)


class JudgedIn(msgspec.Struct, frozen=True):
    """A verdict, and the run that came to it."""

    run_id: int
    at: datetime
    judged: Judged


async def verdicts_on(
    connection: AsyncConnection, artist: Mbid, name: str, run_id: int, limit: int
) -> tuple[JudgedIn, ...]:
    """What runs made of an artist, the newest first. Of the run `run_id` also by name: a verdict may have
    come before the identifier."""
    table = verdicts
    about = or_(table.c.mbid == artist, and_(table.c.run_id == run_id, table.c.artist == name))
    query = (
        select(table, runs.c.requested_at)
        .join(runs, runs.c.id == table.c.run_id)
        .where(about)
        .order_by(table.c.run_id.desc(), table.c.id)
        .limit(limit)
    )
    return tuple(
        JudgedIn(row.run_id, row.requested_at, _judged(row)) for row in await connection.execute(query)
    )


async def counted_verdicts(connection: AsyncConnection, run_id: int) -> dict[Verdict, int]:
    """How many candidates of a run ended with each, also when the single ones are forgotten."""
    table = verdict_counts
    query = (
        select(table.c.verdict, func.sum(table.c.count))
        .where(table.c.run_id == run_id)
        .group_by(table.c.verdict)
    )
    return {Verdict(verdict): int(count) for verdict, count in await connection.execute(query)}
