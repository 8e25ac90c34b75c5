"""What every test may rely on: no network, but loopback for those marked so; a clock that stands still."""

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("loopback"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


@pytest.fixture
def now() -> datetime:
    return NOW
