"""What a run found out: each candidate's verdict, how each provider did, what the models were asked."""

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import (
    Exchange,
    Judged,
    Outcome,
    ProviderReport,
    Recommendation,
    RunResult,
    Verdict,
)
from brainarr.store.tables import prompts, provider_reports, runs, verdict_counts, verdicts


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
    if result.exchanges:
        asked = [{"run_id": run_id, **_columns(exchange)} for exchange in result.exchanges]
        await connection.execute(insert(prompts), asked)


def _columns(exchange: Exchange) -> dict[str, Any]:
    values = msgspec.structs.asdict(exchange)
    return values | {"system_text": values.pop("system"), "user_text": values.pop("user")}


async def exchanges_of(connection: AsyncConnection, run_id: int) -> tuple[Exchange, ...]:
    """What the run's models were asked and answered, in that order."""
    query = select(prompts).where(prompts.c.run_id == run_id).order_by(prompts.c.id)
    return tuple(
        Exchange(
            row.provider,
            row.model,
            Outcome(row.outcome),
            row.system_text,
            row.user_text,
            row.answer,
            row.purpose,
            row.round,
            row.at,
        )
        for row in await connection.execute(query)
    )


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
    return tuple(
        Judged(
            row.artist,
            row.album,
            Verdict(row.verdict),
            row.detail,
            row.sources,
            Mbid(row.mbid) if row.mbid else None,
        )
        for row in await connection.execute(query)
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
