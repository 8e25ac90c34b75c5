"""Symptoms: one function for each thing that may be amiss. Each says what to do about it."""

import ipaddress
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.circuit import Cause, Circuit, State, explained
from brainarr.domain.health import Issue, Severity
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.money import Limits, dollars
from brainarr.domain.recommendation import Outcome, ProviderReport, Status
from brainarr.service.alerts import alerts_of
from brainarr.service.backup import TASK as BACKUP
from brainarr.service.troubles import Troubles
from brainarr.store import figures, jobs, library, notices
from brainarr.store.install import installed_at
from brainarr.store.left_off import LeftOff, all_left_off
from brainarr.store.lists import StoredList, lists_of
from brainarr.store.runs import RunRow, RunStatus
from brainarr.store.usage import spent_since, start_of_month

STALE_AFTER = timedelta(days=8)
"""A weekly run reads the library every seven days."""
MISSED_READS = 3
"""So many in a row, and Lidarr is away rather than restarting."""
MISSED_BACKUPS = 2
PATIENCE = timedelta(minutes=5)
"""A run that waits longer is executed by nobody: a worker looks twice a minute."""
ALIVE = timedelta(minutes=2)
"""A run whose last sign of life is older does not hold up those that wait."""
AHEAD = timedelta(minutes=5)
"""Clocks of machines that ask the time of somebody differ by less."""
NEARLY_SPENT = 0.8
LOW_DISK, FULL_DISK = 1024 * 2**20, 128 * 2**20
"""Bytes. An upgrade copies the database; a full disk stops everything."""
SHORTEST_KEY = 16
"""Characters: a shorter API key can be found by trying."""

_ANSWERED = (Outcome.OK, Outcome.EMPTY, Outcome.NOT_NEEDED)
_AT_HOME = ("local", "lan", "home", "internal", "home.arpa", "localdomain", "localhost", "ts.net")


async def library_issues(
    connection: AsyncConnection, now: datetime, instances: Sequence[str], every: timedelta | None
) -> list[Issue]:
    """`every`: how often each Lidarr is read; None: not by itself."""
    issues: list[Issue] = []
    # Also before one is configured: the first thing that is missing.
    for instance in instances or (DEFAULT_INSTANCE,):
        first = instance == DEFAULT_INSTANCE
        lidarr, of = ("Lidarr", "") if first else (f"The Lidarr {instance}", f" of the Lidarr {instance}")
        about = "" if first else instance
        state = await library.read_state(connection, instance)
        if state is None:
            remedy = "Set lidarr.url and lidarr.api_key, then start a run." if first else "Start a run."
            message = f"The library{of} has not been read yet."
            issues.append(Issue("Library", Severity.NOTICE, message, remedy, about=about))
            continue
        age = now - state.read_at
        remedy = "Check that Lidarr can be reached: `brainarr doctor`."
        if age > STALE_AFTER:
            message = f"The library{of} was last read {age.days} days ago."
            issues.append(Issue("Library", Severity.WARNING, message, remedy, about=about))
        elif every is not None and age > MISSED_READS * every:
            message = f"{lidarr} could not be read for {_lasted(age)}; runs use what was read before."
            issues.append(Issue("Lidarr", Severity.WARNING, message, remedy, about=about))
    return issues


async def instance_issues(connection: AsyncConnection, instances: Collection[str]) -> list[Issue]:
    """Lists for a Lidarr that is not configured: nothing is found for them."""
    known = {*instances, DEFAULT_INSTANCE}
    return [
        Issue(
            "Lidarr",
            Severity.ERROR,
            f"The list {one.name} is for the Lidarr {one.instance}, which is not configured.",
            "Add it to lidarrs under that name, or let the list be for another one.",
            about=one.slug,
        )
        for one in await lists_of(connection)
        if one.instance not in known
    ]


async def notification_issues(connection: AsyncConnection, now: datetime) -> list[Issue]:
    return [
        Issue(
            "Notification",
            Severity.WARNING,
            f"This month's cost alert could not be sent; it is tried again. {notice.failure}",
            "Check notifications.urls: POST /api/v1/notifications/test sends a test.",
            about=notice.key,
        )
        for notice in await notices.failed_notices(connection, alerts_of(now))
    ]


def run_issues(run: RunRow | None) -> list[Issue]:
    if run is None or run.status is not RunStatus.FAILED:
        return []
    return [Issue("Run", Severity.ERROR, f"Run {run.id} failed: {run.error}", run.remedy or "")]


def chain_issues(lists: Iterable[StoredList], chain: Collection[str]) -> list[Issue]:
    """Lists that want providers which the chain does not have any more."""
    return [
        Issue(
            "List",
            Severity.WARNING,
            f"The list {one.name} names providers that the chain does not have: {missing}.",
            f"Change who it asks, under Lists or by PATCH /api/v1/lists/{one.slug}.",
            about=one.slug,
        )
        for one in lists
        if (missing := one.terms.providers_missing(chain))
    ]


def provider_issues(circuits: Mapping[str, Circuit], reports: Sequence[ProviderReport]) -> list[Issue]:
    """Open breakers, and who else failed in the last run."""
    broken = {name: circuit for name, circuit in circuits.items() if circuit.state is not State.CLOSED}
    return [
        *(_breaker_issue(name, circuit) for name, circuit in broken.items()),
        *(
            Issue(
                "Provider",
                Severity.ERROR if report.outcome is Outcome.REJECTED else Severity.WARNING,
                f"{report.name} was {report.outcome} in the last run. {report.detail}".strip(),
                f"Ask it again: POST /api/v1/providers/{report.name}/test",
                about=report.name,
            )
            for report in reports
            if report.outcome not in _ANSWERED and report.name not in broken
        ),
    ]


def _breaker_issue(name: str, circuit: Circuit) -> Issue:
    needs_user = circuit.cause is Cause.KEY
    return Issue(
        "Provider",
        Severity.ERROR if needs_user else Severity.WARNING,
        f"{name} is not asked: {explained(circuit)}",
        f"{'Configure another key, or ask' if needs_user else 'Ask'} it again: "
        f"POST /api/v1/providers/{name}/test",
        about=name,
    )


async def worker_issues(connection: AsyncConnection, now: datetime) -> list[Issue]:
    """Work that waits while nobody works. What the schedule asked for may wait in a pause."""
    queue = await figures.queue_figures(connection)
    waiting = [kind.oldest for kind in queue if kind.oldest is not None]
    if not waiting or now - min(waiting) <= PATIENCE:
        return []
    if any(kind.heard is not None and now - kind.heard <= ALIVE for kind in queue):
        return []
    message = f"Work has waited for {_lasted(now - min(waiting))}, and nobody works."
    remedy = "Start `brainarr serve`, which works by itself, or `brainarr worker`; their logs say why not."
    return [Issue("Worker", Severity.ERROR, message, remedy)]


async def budget_issues(connection: AsyncConnection, now: datetime, limits: Limits) -> list[Issue]:
    if not limits.month:
        # Nothing may be spent: that is a decision, and no surprise.
        return []
    spent = await spent_since(connection, start_of_month(now))
    if spent < limits.month * NEARLY_SPENT:
        return []
    amounts = f"{dollars(spent)} of this month's {dollars(limits.month)}"
    remedy = "Raise costs.monthly_budget, or wait for the first of the month (UTC)."
    if spent >= limits.month:
        message = f"{amounts} are spent: paid models are not asked any more."
        return [Issue("Budget", Severity.WARNING, message, remedy)]
    return [Issue("Budget", Severity.NOTICE, f"{amounts} are spent.", remedy)]


async def feed_issues(connection: AsyncConnection, run: RunRow | None) -> list[Issue]:
    """Lists that deliver nothing although something was found."""
    if run is None:
        return []
    waiting: dict[str, int] = {}
    filled: set[str] = set()
    for (slug, status), count in (await figures.recommendation_figures(connection)).items():
        if status == Status.PENDING:
            waiting[slug] = count
        elif status in (Status.APPROVED, Status.DELIVERED):
            filled.add(slug)
    return [
        Issue(
            "Feed",
            Severity.NOTICE,
            f"The list {slug} delivers nothing: {count} wait{'s' if count == 1 else ''} for your review.",
            "Approve what you like: Discover shows them. With recommend.approval: auto nothing waits.",
            about=slug,
        )
        for slug, count in sorted(waiting.items())
        if slug not in filled
    ]


async def link_issues(connection: AsyncConnection) -> list[Issue]:
    """What stands in a Lidarr switched off because that could not reach us."""
    waiting: dict[tuple[str, str], list[LeftOff]] = {}
    for one in await all_left_off(connection):
        waiting.setdefault((one.instance, one.address), []).append(one)
    return [
        Issue(
            "Connection",
            Severity.WARNING,
            f"{_lidarr(instance)} cannot reach Brainarr at {address}, so {_counted(ones)} switched off. "
            f"It says: {ones[0].said}",
            f"{ones[0].remedy} It is tried again every ten minutes.",
            about=instance,
        )
        for (instance, address), ones in waiting.items()
    ]


def _lidarr(instance: str) -> str:
    return "Lidarr" if instance == DEFAULT_INSTANCE else f"The Lidarr {instance}"


def _counted(ones: Sequence[LeftOff]) -> str:
    names = [f"{one.channel} of {one.slug}" if one.slug else "the webhook" for one in ones]
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def delivery_issues(troubles: Troubles) -> list[Issue]:
    """What was approved and did not arrive in Lidarr."""
    remedy = "History, failures only, says of each why, and what to do about it."
    told = (
        ("failed", troubles.failed, "could not be delivered to Lidarr"),
        ("stuck", troubles.stuck, "went to Lidarr again and again and did not arrive there"),
    )
    return [
        Issue("Delivery", Severity.WARNING, f"Of what you approved, {count} {what}.", remedy, about=about)
        for about, count, what in told
        if count
    ]


def redis_issues(away: bool) -> list[Issue]:
    if not away:
        return []
    message = "Redis is away: processes hear of each other late, and remember less."
    return [Issue("Redis", Severity.WARNING, message, "Check redis.url, and that Redis runs.")]


async def backup_issues(connection: AsyncConnection, now: datetime, every: timedelta | None) -> list[Issue]:
    """`every`: how often one is made; None: not by itself. Whichever machine made it, the jobs tell of it."""
    if every is None:
        return []
    newest = await jobs.last_done(connection, BACKUP)
    since = newest or await installed_at(connection)
    if since is None or now - since <= MISSED_BACKUPS * every:
        return []
    ago = _lasted(now - since)
    message = (
        f"The last scheduled backup was made {ago} ago."
        if newest
        else f"No scheduled backup was made in the {ago} since the installation."
    )
    remedy = f"POST /api/v1/system/tasks/{BACKUP} makes one; System, Tasks says what was in its way."
    return [Issue("Backup", Severity.WARNING, message, remedy)]


async def clock_issues(connection: AsyncConnection, now: datetime) -> list[Issue]:
    newest = await figures.newest_moment(connection)
    if newest is None or newest - now <= AHEAD:
        return []
    message = (
        f"The database tells of something {_lasted(newest - now)} from now: "
        "this clock is slow, or another was fast."
    )
    remedy = "Set the clocks of all machines by a time server (NTP); budgets and schedules go by them."
    return [Issue("Clock", Severity.WARNING, message, remedy)]


def disk_issues(folders: Iterable[Path]) -> list[Issue]:
    """Disks that are nearly full, by the first folder on each, and folders that are gone. Asks the disks."""
    issues: list[Issue] = []
    looked_at: set[int] = set()
    for folder in folders:
        try:
            device = folder.stat().st_dev
            if device in looked_at:
                continue
            looked_at.add(device)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            message = f"{folder} cannot be looked at: {error.strerror}."
            issues.append(
                Issue("Disk", Severity.ERROR, message, "Check the disk or the share.", about=str(folder))
            )
            continue
        if free < LOW_DISK:
            severity = Severity.ERROR if free < FULL_DISK else Severity.WARNING
            message = f"{free // 2**20} MiB are free where {folder} is."
            issues.append(Issue("Disk", severity, message, "Free some space.", about=str(folder)))
    return issues


def exposure_issues(host: str, external_url: str | None, key: str) -> Iterator[Issue]:
    """How it is reached from outside. To listen on every interface alone is none: all containers do, and the
    key guards it."""
    if not _is_loopback(host) and len(key) < SHORTEST_KEY:
        yield Issue(
            "Exposure",
            Severity.WARNING,
            f"The API key has only {len(key)} characters, and other machines reach this one.",
            "Take server.api_key out of the settings: a long one was made at the first start.",
            about="key",
        )
    if external_url and urlsplit(external_url).scheme == "http" and _is_public(external_url):
        yield Issue(
            "Exposure",
            Severity.WARNING,
            "server.external_url goes over the internet without encryption, and keys with it.",
            "Put a reverse proxy with a certificate before Brainarr, and give its https:// address.",
            about="external_url",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not any(host.endswith(f".{suffix}") for suffix in _AT_HOME)


def _lasted(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
