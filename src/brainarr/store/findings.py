"""What a run found out: each candidate's verdict, how each provider did, what the models were asked."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row, and_, cast, func, insert, or_, select
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
from brainarr.store.page import Page, PageOf
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


async def reports_by_run(
    connection: AsyncConnection, run_ids: Sequence[int]
) -> dict[int, tuple[ProviderReport, ...]]:
    """How the providers did in each of these runs, in one query."""
    columns = [provider_reports.c[name] for name in ("run_id", *ProviderReport.__struct_fields__)]
    query = select(*columns).where(provider_reports.c.run_id.in_(run_ids)).order_by(provider_reports.c.id)
    found: dict[int, tuple[ProviderReport, ...]] = {}
    for row in await connection.execute(query):
        values = dict(row._mapping)
        run_id = values.pop("run_id")
        report = ProviderReport(**{**values, "outcome": Outcome(row.outcome)})
        found[run_id] = (*found.get(run_id, ()), report)
    return found


class SoughtVerdicts(msgspec.Struct, frozen=True):
    """Which of a run's verdicts are asked for; None: any."""

    verdict: Verdict | None = None
    text: str | None = None
    """Part of the artist's or album's name, of the detail or of a source's name; letter case does not count
    where it is ASCII."""


async def page_of_verdicts(
    connection: AsyncConnection, run_id: int, asked: PageOf, sought: SoughtVerdicts
) -> Page[Judged]:
    """In the order in which they were given."""
    wanted = [verdicts.c.run_id == run_id]
    if sought.verdict is not None:
        wanted.append(verdicts.c.verdict == sought.verdict)
    if sought.text:
        places = (verdicts.c.artist, verdicts.c.album, verdicts.c.detail, cast(verdicts.c.sources, sa.Text))
        wanted.append(or_(*(place.icontains(sought.text, autoescape=True) for place in places)))
    counted = select(func.count()).select_from(verdicts).where(*wanted)
    total = (await connection.execute(counted)).scalar_one()
    query = select(verdicts).where(*wanted).order_by(verdicts.c.id).limit(asked.limit).offset(asked.offset)
    items = tuple(_judged(row) for row in await connection.execute(query))
    return Page(items, total, max(asked.page, 1), asked.limit)


def _judged(row: Row[Any]) -> Judged:
    mbid = Mbid(row.mbid) if row.mbid else None
    return Judged(row.artist, row.album, Verdict(row.verdict), row.detail, row.sources, mbid)


async def verdicts_of(connection: AsyncConnection, run_id: int, limit: int) -> tuple[Judged, ...]:
    query = select(verdicts).where(verdicts.c.run_id == run_id).order_by(verdicts.c.id).limit(limit)
    return tuple(_judged(row) for row in await connection.execute(query))


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
    return (await counted_verdicts_of(connection, [run_id])).get(run_id, {})


async def counted_verdicts_of(
    connection: AsyncConnection, run_ids: Sequence[int]
) -> dict[int, dict[Verdict, int]]:
    """As `counted_verdicts`, by run."""
    table = verdict_counts
    query = (
        select(table.c.run_id, table.c.verdict, func.sum(table.c.count))
        .where(table.c.run_id.in_(run_ids))
        .group_by(table.c.run_id, table.c.verdict)
    )
    counted: dict[int, dict[Verdict, int]] = {}
    for run_id, verdict, count in await connection.execute(query):
        counted.setdefault(run_id, {})[Verdict(verdict)] = int(count)
    return counted
