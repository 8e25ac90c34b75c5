"""What every test may rely on: no network, but loopback for those marked so; a clock that stands still."""

import os
from collections.abc import Generator
from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("loopback"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where everything is installed (.ci/run), "skipped: needs …" would hide that a test did not run."""
    if os.environ.get("BRAINARR_REQUIRE_SERVERS") == "1" and isinstance(report.longrepr, tuple):
        *_, reason = report.longrepr
        if report.skipped and "needs" in reason.lower():
            report.outcome = "failed"
            report.longrepr = f"{reason} (BRAINARR_REQUIRE_SERVERS=1 allows no such skip)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture
def now() -> datetime:
    return NOW
