"""Traces, where the settings name a collector: run → stage → what was asked of whom, and every request.

Off, a span is one comparison, and nothing of OpenTelemetry is imported. A span carries names, outcomes and
times that this module's callers name one by one; no address, no text of an error, no prompt.
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog

from brainarr import __version__
from brainarr.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Span, Tracer

TIMEOUT_S = 3.0
"""How long one delivery may take, its retries included; a stop waits for no more than that."""
PAUSE_S = 30.0
"""So long nothing is sent to a collector that did not answer: the spans of that time are lost."""
REMIND_S = 300.0
"""How often the log says that it does not answer."""
WAITING = 2048
"""Spans that wait at most; more are dropped."""

log = structlog.get_logger(__name__)

Attribute = str | int | float | bool

_tracer: Tracer | None = None
_open: list[Tracer] = []
_run: ContextVar[RunTrace | None] = ContextVar("brainarr_run_trace", default=None)
_OFF: AbstractContextManager[Any] = nullcontext()


@contextmanager
def exporting_to(endpoint: str | None) -> Iterator[None]:
    """While this lasts, spans go to the OTLP/HTTP collector at `endpoint`; with None nothing happens.

    Raises ConfigurationError where the packages for it are missing.
    """
    global _tracer
    if endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        allowed = "null, unless its packages are installed: pip install 'brainarr[otel]'"
        raise ConfigurationError([Fault("tracing.endpoint", endpoint, allowed)]) from None
    address = endpoint.rstrip("/")
    if not address.endswith("/v1/traces"):
        address = f"{address}/v1/traces"
    resource = Resource.create(
        {
            "service.name": "brainarr",
            "service.version": __version__,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = _patient(OTLPSpanExporter(address, timeout=TIMEOUT_S))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=WAITING))
    mine = provider.get_tracer("brainarr", __version__)
    _open.append(mine)
    _tracer = mine
    try:
        yield
    finally:
        # Not always the last one: when the settings change, the next begins before this one ends.
        _open.remove(mine)
        _tracer = _open[-1] if _open else None
        provider.shutdown()


def span(name: str, **attributes: Attribute) -> AbstractContextManager[Span | None]:
    """Around one piece of work. It belongs to the span around it, within a run to the run's present stage."""
    return _OFF if _tracer is None else _Spanned(_tracer, name, attributes)


class _Spanned:
    """A span that says of an exception only which one it was: its text may quote a prompt or a key."""

    def __init__(self, tracer: Tracer, name: str, attributes: dict[str, Attribute]) -> None:
        from opentelemetry import trace

        run = _run.get()
        parent = run.parent(trace.get_current_span()) if run is not None else None
        self._span = tracer.start_span(name, context=parent, attributes=attributes)
        self._use = trace.use_span(self._span, record_exception=False, set_status_on_exception=False)

    def __enter__(self) -> Span:
        self._use.__enter__()
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            _fail(self._span, kind.__name__)
        self._use.__exit__(kind, error, trace)
        self._span.end()


class RunTrace:
    """The trace of one run: a span around it, and one for each stage, told of when it begins."""

    def __init__(self, run_id: int, list_slug: str) -> None:
        self._attributes: dict[str, Attribute] = {"brainarr.run": run_id, "brainarr.list": list_slug}
        self._whole: _Spanned | None = None
        self._root: Span | None = None
        self._stage: Span | None = None
        self._token: Any = None

    def __enter__(self) -> RunTrace:
        if _tracer is not None:
            self._whole = _Spanned(_tracer, "run", self._attributes)
            self._root = self._whole.__enter__()
            self._token = _run.set(self)
        return self

    def stage(self, name: str) -> None:
        if self._root is None or _tracer is None:
            return
        from opentelemetry import trace

        self._end_stage()
        within = trace.set_span_in_context(self._root)
        self._stage = _tracer.start_span(f"stage {name}", context=within, attributes=self._attributes)

    def ended(self, outcome: str) -> None:
        self._end_stage()
        if self._root is not None:
            self._root.set_attribute("brainarr.outcome", outcome)
            if outcome == "failed":
                _fail(self._root, outcome)

    def parent(self, current: Span) -> Any:
        """Where a span that begins now belongs: the tasks of a stage know of its run, not of the stage."""
        from opentelemetry import trace

        stage = self._stage if current is self._root else None
        return trace.set_span_in_context(stage or current)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._whole is not None:
            _run.reset(self._token)
            self._whole.__exit__(kind, error, trace)

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._stage.end()
            self._stage = None


def _fail(span: Span, why: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, why))


def _patient(exporter: SpanExporter) -> SpanExporter:
    """An exporter that leaves a collector alone for a while when it does not answer, and says so seldom."""
    import logging

    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    # It reports every batch that fails, and every span that then finds the queue full.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    class Patient(SpanExporter):
        resting_until = 0.0
        silent_until = 0.0

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            if time.monotonic() < self.resting_until:
                return SpanExportResult.FAILURE
            result = exporter.export(spans)
            if result is SpanExportResult.FAILURE:
                now = time.monotonic()
                self.resting_until = now + PAUSE_S
                if now >= self.silent_until:
                    self.silent_until = now + REMIND_S
                    log.warning("traces are lost: the collector of tracing.endpoint does not take them")
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Patient()
