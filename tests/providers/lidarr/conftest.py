"""A Lidarr to speak to: its answers are set by the tests, what it receives is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from brainarr.providers.lidarr import Lidarr, LidarrSettings, connect
from tests.providers.conftest import Adopt

KEY = "0123456789abcdef0123456789abcdef"

OpenLidarr = Callable[..., Lidarr]


@pytest.fixture
def open_lidarr(httpserver: HTTPServer, adopt: Adopt) -> OpenLidarr:
    def open_one(**settings: Any) -> Lidarr:
        chosen = LidarrSettings.model_validate({"url": httpserver.url_for(""), "api_key": KEY} | settings)
        return Lidarr(chosen, adopt(connect(chosen)))

    return open_one


@pytest.fixture
def lidarr(open_lidarr: OpenLidarr) -> Lidarr:
    return open_lidarr()


def received(httpserver: HTTPServer, method: str) -> list[tuple[str, Any]]:
    """(path, JSON body) of every request of this method."""
    return [
        (request.path.removeprefix("/api/v1"), request.get_json())
        for request, _ in httpserver.log
        if request.method == method
    ]
