"""Traces, proved against a collector that decodes what it receives."""

import asyncio
import builtins
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pytest_httpserver import HTTPServer

from brainarr import metrics, tracing
from brainarr.domain.recommendation import Progress, RunResult
from brainarr.errors import ConfigurationError, ProviderRejected
from brainarr.http import Http
from brainarr.service.execution import execute_run
from brainarr.service.progress import OnProgress
from brainarr.service.runs import request_run
from tests.collector import Collector, attributes
from tests.servers import free_port
from tests.service.given import deps, result
from tests.store.given import installed, recommended

pytestmark = pytest.mark.loopback

SECRET = "sk-planted-4711"
PROMPT = "the prompt with my whole library"


@pytest.fixture
def collector(httpserver: HTTPServer) -> Collector:
    return Collector(httpserver)


async def test_a_run_is_one_trace_from_the_run_over_its_stages_to_who_was_asked(
    httpserver: HTTPServer, collector: Collector, tmp_path: Path
) -> None:
    httpserver.expect_request("/artist").respond_with_json({"ok": True})
    httpserver.expect_request("/refused").respond_with_data(f"no {SECRET}", 401)

    async def recommend(run: Any, library: Any, memory: Any, on_progress: OnProgress) -> RunResult:
        on_progress(Progress("candidates", PROMPT))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(remote.get_json("artist", {"api_key": SECRET, "q": PROMPT}))
            tasks.create_task(refused())
        on_progress(Progress("verify", PROMPT))
        with tracing.span("ask model", provider="home"):
            pass
        return result(recommended(1))

    async def refused() -> None:
        with pytest.raises(ProviderRejected):
            await remote.get_json("refused", {"api_key": SECRET})

    remote = Http("musicbrainz", httpserver.url_for(""), headers={"X-Api-Key": SECRET}, secrets=[SECRET])
    async with installed(tmp_path) as house:
        asked = await request_run(house.db, "default", clock=house.clock)
        with tracing.exporting_to(collector.url):
            await execute_run(deps(house, recommend), asked.id)
    await remote.aclose()

    run, verify = collector.named("run"), collector.named("stage verify")
    candidates = collector.named("stage candidates")
    asks = [span for span in collector.spans if span.name == "ask musicbrainz"]
    assert {span.trace_id for span in collector.spans} == {run.trace_id}
    assert candidates.parent_span_id == verify.parent_span_id == run.span_id
    assert [ask.parent_span_id for ask in asks] == [candidates.span_id] * 2
    assert collector.named("ask model").parent_span_id == verify.span_id
    assert attributes(run) == {
        "brainarr.run": asked.id,
        "brainarr.list": "default",
        "brainarr.outcome": "done",
    }
    assert attributes(verify)["brainarr.run"] == asked.id
    assert sorted(ask.status.message for ask in asks) == ["", "ProviderRejected"]
    everything = b"".join(collector.raw)
    assert b"musicbrainz" in everything
    for private in (SECRET, PROMPT, "api_key"):
        assert private.encode() not in everything


def test_a_failed_run_is_marked_so_without_its_text(collector: Collector) -> None:
    with (
        tracing.exporting_to(collector.url),
        pytest.raises(ValueError),
        metrics.RunWatch(7, "default") as watch,
    ):
        watch.step("library")
        raise ValueError(SECRET)
    run = collector.named("run")
    assert (run.status.code, run.status.message) == (run.status.STATUS_CODE_ERROR, "ValueError")
    assert not run.events
    assert SECRET.encode() not in b"".join(collector.raw)


def test_two_runs_at_once_are_two_traces(collector: Collector) -> None:
    async def run(number: int) -> None:
        with metrics.RunWatch(number, "default") as watch:
            for stage in ("library", "verify"):
                watch.step(stage)
                await asyncio.sleep(0.01)
                with tracing.span(f"work of {number} in {stage}"):
                    await asyncio.sleep(0.01)
            watch.ended("done")

    async def both() -> None:
        await asyncio.gather(run(1), run(2))

    with tracing.exporting_to(collector.url):
        asyncio.run(both())
    by_id = {span.span_id: span for span in collector.spans}
    for number in (1, 2):
        for stage in ("library", "verify"):
            parent = by_id[collector.named(f"work of {number} in {stage}").parent_span_id]
            assert parent.name == f"stage {stage}"
            assert attributes(parent)["brainarr.run"] == number


def test_off_nothing_is_imported_and_a_span_is_nothing() -> None:
    program = (
        "import sys; from brainarr import tracing\n"
        "with tracing.exporting_to(None), tracing.span('x', a=1) as span: assert span is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_the_packages_the_fault_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError) as caught, tracing.exporting_to("http://127.0.0.1:4318"):
        pass
    (fault,) = caught.value.faults
    assert fault.key == "tracing.endpoint"
    assert "pip install 'brainarr[otel]'" in fault.allowed


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    yield caplog
    structlog.reset_defaults()


def test_a_collector_that_is_away_costs_a_line_in_the_log_and_no_time(
    logged: pytest.LogCaptureFixture,
) -> None:
    began = time.monotonic()
    with tracing.exporting_to(f"http://127.0.0.1:{free_port()}"):
        made = time.monotonic()
        for _ in range(3 * tracing.WAITING):
            with tracing.span("work"):
                pass
        spent = time.monotonic() - made
    assert spent < 2
    assert time.monotonic() - began < tracing.TIMEOUT_S + 3
    about = [record for record in logged.records if "traces are lost" in record.getMessage()]
    assert len(about) == 1
    assert not [record for record in logged.records if record.name.startswith("opentelemetry")]
