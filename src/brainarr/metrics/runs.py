"""A run as it is measured: how long it took, and each of its stages."""

import asyncio
import time
from types import TracebackType

from prometheus_client import Histogram

from brainarr import tracing
from brainarr.metrics.labels import one_of
from brainarr.metrics.meters import REGISTRY

STAGES = frozenset(
    ("library", "profile", "albums", "candidates", "fuse", "verify", "rank", "score", "word", "done")
)

RUNS = Histogram(
    "brainarr_run_duration_seconds",
    "Time that a run took in the process that executed it.",
    ("outcome",),
    registry=REGISTRY,
    buckets=(1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600),
)
RUN_STAGES = Histogram(
    "brainarr_run_stage_duration_seconds",
    "Time that a run spent in one stage, from its first step to the next stage's.",
    ("stage",),
    registry=REGISTRY,
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200),
)
METERS = (RUNS, RUN_STAGES)


class RunWatch:
    """Around the execution of one run. Whoever leaves it by an exception has failed, or was cancelled."""

    def __init__(self, run_id: int, list_slug: str) -> None:
        self._trace = tracing.RunTrace(run_id, list_slug)
        self._outcome: str | None = None
        self._stage: str | None = None
        self._began = self._stage_began = 0.0

    def __enter__(self) -> "RunWatch":
        self._began = time.perf_counter()
        self._trace.__enter__()
        return self

    def step(self, stage: str) -> None:
        """Where the run is now; a stage begins with its first step."""
        if stage == self._stage:
            return
        self._close_stage()
        self._stage, self._stage_began = stage, time.perf_counter()
        self._trace.stage(stage)

    def ended(self, outcome: str) -> None:
        self._outcome = outcome

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_stage()
        outcome = self._outcome
        if outcome is None:
            outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
        RUNS.labels(outcome).observe(time.perf_counter() - self._began)
        self._trace.ended(outcome)
        self._trace.__exit__(kind, error, trace)

    def _close_stage(self) -> None:
        if self._stage is not None:
            seconds = time.perf_counter() - self._stage_began
            RUN_STAGES.labels(one_of(STAGES, self._stage)).observe(seconds)
