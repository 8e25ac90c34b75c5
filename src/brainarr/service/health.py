"""Health: what the database knows about things that need the user, without asking anybody outside."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

import msgspec

from brainarr.domain.circuit import Cause, Circuit, State, explained
from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Clock
from brainarr.service.alerts import alerts_of
from brainarr.service.monitor import read_breakers
from brainarr.store import findings, library, notices, runs
from brainarr.store.page import PageOf
from brainarr.store.runs import RunRow, RunStatus
from brainarr.store.session import Database

STALE_AFTER = timedelta(days=8)
"""A weekly run reads the library every seven days."""

NOBODY: Mapping[str, str] = MappingProxyType({})

_ANSWERED = (Outcome.OK, Outcome.EMPTY, Outcome.NOT_NEEDED)
_RECENT = PageOf(page_size=20)


class Severity(StrEnum):
    """As Lidarr grades its own health."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Issue(msgspec.Struct, frozen=True):
    source: str
    type: Severity
    message: str
    remedy: str


async def read_health(
    db: Database, *, clock: Clock, setups: Mapping[str, str] = NOBODY, instance: str = "default"
) -> tuple[Issue, ...]:
    """Everything amiss; empty when all is well. `setups`: the models of the chain, as in `read_breakers`."""
    try:
        async with db.reading() as connection:
            state = await library.read_state(connection, instance)
    except StorageError as error:
        return (Issue("Database", Severity.ERROR, error.message, error.remedy),)
    issues: list[Issue] = []
    if state is None:
        issues.append(
            Issue(
                "Library",
                Severity.NOTICE,
                "The library has not been read yet.",
                "Set lidarr.url and lidarr.api_key, then start a run.",
            )
        )
    elif (age := clock() - state[0]) > STALE_AFTER:
        issues.append(
            Issue(
                "Library",
                Severity.WARNING,
                f"The library was last read {age.days} days ago.",
                "Check that Lidarr can be reached: `brainarr doctor`.",
            )
        )
    async with db.reading() as connection:
        unheard = await notices.failed_notices(connection, alerts_of(clock()))
    issues.extend(
        Issue(
            "Notification",
            Severity.WARNING,
            f"This month's cost alert could not be sent; it is tried again. {notice.failure}",
            "Check notifications.urls: POST /api/v1/notifications/test sends a test.",
        )
        for notice in unheard
    )
    run, reports = await read_last_reports(db)
    if run is not None and run.status is RunStatus.FAILED:
        issues.append(Issue("Run", Severity.ERROR, f"Run {run.id} failed: {run.error}", run.remedy or ""))
    broken = {
        name: circuit
        for name, circuit in (await read_breakers(db, setups)).items()
        if circuit.state is not State.CLOSED
    }
    issues.extend(_breaker_issue(name, circuit) for name, circuit in broken.items())
    issues.extend(
        Issue(
            "Provider",
            Severity.ERROR if report.outcome is Outcome.REJECTED else Severity.WARNING,
            f"{report.name} was {report.outcome} in the last run. {report.detail}".strip(),
            f"Ask it again: POST /api/v1/providers/{report.name}/test",
        )
        for report in reports
        if report.outcome not in _ANSWERED and report.name not in broken
    )
    return tuple(issues)


def _breaker_issue(name: str, circuit: Circuit) -> Issue:
    needs_user = circuit.cause is Cause.KEY
    return Issue(
        "Provider",
        Severity.ERROR if needs_user else Severity.WARNING,
        f"{name} is not asked: {explained(circuit)}",
        f"{'Configure another key, or ask' if needs_user else 'Ask'} it again: "
        f"POST /api/v1/providers/{name}/test",
    )


async def read_last_reports(db: Database) -> tuple[RunRow | None, tuple[ProviderReport, ...]]:
    """The newest run that ended by itself, and how each provider did in it."""
    async with db.reading() as connection:
        recent = await runs.page_of_runs(connection, _RECENT)
        ended = (row for row in recent.items if row.status in (RunStatus.DONE, RunStatus.FAILED))
        last = next(ended, None)
        return last, await findings.reports_of(connection, last.id) if last else ()
