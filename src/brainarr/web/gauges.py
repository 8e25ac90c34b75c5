"""The figures of the database as metric families; label values only out of sets that are known beforehand."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector

from brainarr import __version__
from brainarr.domain.circuit import State
from brainarr.domain.recommendation import Outcome, Status, Verdict
from brainarr.metrics.labels import OTHER, one_of
from brainarr.metrics.meters import MOST_LISTS
from brainarr.service.figures import Figures
from brainarr.store.runs import RunStatus

TRIGGERS = ("manual", "schedule", "cli", "api")
ENDS = (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)
OUTCOMES = (*Outcome, "cancelled")
DOLLAR = 1_000_000

Figured = Mapping[tuple[str, ...], float]
"""Amounts by label values."""


class StoredFigures(Collector):
    """`figures` None: the database does not answer, which is then all that is said.

    `providers` are the names that are configured: what is remembered of others is summed up as "other".
    """

    def __init__(self, figures: Figures | None, providers: Collection[str], database: str) -> None:
        self._figures = figures
        self._providers = frozenset(providers)
        self._database = database

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "brainarr_build",
            "What runs here.",
            {"version": __version__, "database": self._database},
        )
        yield GaugeMetricFamily(
            "brainarr_database_up", "Whether the database answers.", int(self._figures is not None)
        )
        if self._figures is None:
            return
        yield from self._runs(self._figures)
        yield from self._findings(self._figures)
        yield from self._providers_of(self._figures)
        yield from self._money(self._figures)
        yield from self._state(self._figures)

    def _runs(self, figures: Figures) -> Iterator[Metric]:
        started: Counter[tuple[str, ...]] = Counter()
        ended: Counter[tuple[str, ...]] = Counter()
        for run in figures.runs:
            trigger = one_of(TRIGGERS, run.trigger)
            started[trigger,] += run.started
            if run.status in ENDS:
                ended[str(run.status), trigger] += run.asked
        yield _counter("brainarr_runs_started", "Runs that began.", ("trigger",), started)
        yield _counter("brainarr_runs_ended", "Runs that are over.", ("outcome", "trigger"), ended)
        # What a list's name is turned into may stand for several.
        last: dict[tuple[str, ...], float] = {}
        named = self._lists(run.list for run in figures.last_runs)
        for run in figures.last_runs:
            key = (named[run.list], one_of(ENDS, run.status))
            last[key] = max(last.get(key, 0.0), run.at.timestamp())
        yield _gauge(
            "brainarr_run_last_ended_timestamp_seconds",
            "When a run last ended so.",
            ("list", "outcome"),
            last,
        )
        queued: dict[tuple[str, ...], float] = {}
        oldest: dict[tuple[str, ...], float] = {}
        for kind in figures.queue:
            queued[kind.kind, "waiting"], queued[kind.kind, "running"] = kind.waiting, kind.running
            waited = (figures.at - kind.oldest).total_seconds() if kind.oldest else 0.0
            oldest[kind.kind,] = max(0.0, waited)
        yield _gauge("brainarr_queue_jobs", "Work that waits or is done.", ("kind", "state"), queued)
        yield _gauge("brainarr_queue_oldest_seconds", "How long the oldest waits.", ("kind",), oldest)

    def _findings(self, figures: Figures) -> Iterator[Metric]:
        verdicts: Counter[tuple[str, ...]] = Counter()
        for verdict, count in figures.verdicts.items():
            verdicts[one_of(tuple(Verdict), verdict),] += count
        yield _counter("brainarr_verdicts", "Candidates by what was judged.", ("verdict",), verdicts)
        found: Counter[tuple[str, ...]] = Counter()
        named = self._lists(slug for slug, _ in (*figures.recommendations, *figures.held))
        for (slug, status), count in figures.recommendations.items():
            found[named[slug], one_of(tuple(Status), status)] += count
        yield _gauge(
            "brainarr_recommendations", "Recommendations by their present state.", ("list", "status"), found
        )
        held: Counter[tuple[str, ...]] = Counter()
        for (slug, reason), count in figures.held.items():
            held[named[slug], str(reason)] += count
        yield _gauge(
            "brainarr_deliveries_held",
            "Approved items that are kept back from Lidarr.",
            ("list", "reason"),
            held,
        )

    def _providers_of(self, figures: Figures) -> Iterator[Metric]:
        reports: Counter[tuple[str, ...]] = Counter()
        proposed: Counter[tuple[str, ...]] = Counter()
        for source in figures.sources:
            name = self._provider(source.provider)
            reports[name, one_of(OUTCOMES, source.outcome)] += source.runs
            proposed[name,] += source.candidates
        labels = ("provider", "outcome")
        yield _counter(
            "brainarr_provider_runs",
            "How providers of every kind ended the runs they were in.",
            labels,
            reports,
        )
        yield _counter("brainarr_provider_candidates", "What they proposed.", ("provider",), proposed)
        requests: Counter[tuple[str, ...]] = Counter()
        tokens: Counter[tuple[str, ...]] = Counter()
        cost: Counter[tuple[str, ...]] = Counter()
        unpriced: Counter[tuple[str, ...]] = Counter()
        for model in figures.models:
            name = self._provider(model.provider)
            requests[name, one_of(OUTCOMES, model.outcome)] += model.calls
            tokens[name, "prompt"] += model.prompt_tokens
            tokens[name, "completion"] += model.completion_tokens
            tokens[name, "cached"] += model.cached_tokens
            cost[name,] += model.microdollars
            unpriced[name,] += model.unpriced
        yield _counter("brainarr_provider_requests", "Questions to language models.", labels, requests)
        yield _counter(
            "brainarr_provider_tokens",
            "Tokens of language models; cached ones are among those of the prompt.",
            ("provider", "direction"),
            tokens,
        )
        yield _counter(
            "brainarr_provider_cost_dollars",
            "What they cost, as far as their prices are known.",
            ("provider",),
            {key: amount / DOLLAR for key, amount in cost.items()},
        )
        yield _counter(
            "brainarr_provider_unpriced_requests", "Questions of unknown price.", ("provider",), unpriced
        )
        breakers = StateSetMetricFamily(
            "brainarr_provider_breaker_state", "Circuit breakers of the chain.", labels=("provider",)
        )
        for name, state in sorted(figures.breakers.items()):
            breakers.add_metric((name,), {str(each): each is state for each in State})
        yield breakers

    def _money(self, figures: Figures) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "brainarr_budget_spent_dollars", "Spent this month (UTC).", figures.spent / DOLLAR
        )
        yield GaugeMetricFamily(
            "brainarr_budget_reserved_dollars", "Kept aside by calls under way.", figures.reserved / DOLLAR
        )
        # Without a budget these have no sample: nothing is not the same as no limit.
        limit = figures.limits.month
        of_month: dict[tuple[str, ...], float] = {} if limit is None else {("month",): limit / DOLLAR}
        left = {key: max(0.0, (total * DOLLAR - figures.spent) / DOLLAR) for key, total in of_month.items()}
        yield _gauge("brainarr_budget_limit_dollars", "The budget.", ("period",), of_month)
        yield _gauge("brainarr_budget_left_dollars", "What is left of it.", ("period",), left)

    def _state(self, figures: Figures) -> Iterator[Metric]:
        yield GaugeMetricFamily("brainarr_library_artists", "Artists in the library.", figures.artists)
        read_at = figures.library_read_at
        yield GaugeMetricFamily(
            "brainarr_library_read_timestamp_seconds",
            "When the library was last read; 0: never.",
            read_at.timestamp() if read_at else 0,
        )
        issues: Counter[tuple[str, ...]] = Counter(
            (issue.source, str(issue.type)) for issue in figures.issues
        )
        yield _gauge("brainarr_health_issues", "What /api/v1/health says.", ("source", "severity"), issues)

    def _provider(self, name: str) -> str:
        return one_of(self._providers, name)

    def _lists(self, slugs: Iterable[str]) -> dict[str, str]:
        """By what name each list goes: the first in the alphabet by their own, so that it does not change."""
        ordered = sorted(set(slugs))
        return {slug: slug if place < MOST_LISTS else OTHER for place, slug in enumerate(ordered)}


def _counter(name: str, meaning: str, labels: tuple[str, ...], found: Figured) -> Metric:
    return _filled(CounterMetricFamily(name, meaning, labels=labels), found)


def _gauge(name: str, meaning: str, labels: tuple[str, ...], found: Figured) -> Metric:
    return _filled(GaugeMetricFamily(name, meaning, labels=labels), found)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, found: Figured) -> Metric:
    for key in sorted(found):
        family.add_metric(key, found[key])
    return family
