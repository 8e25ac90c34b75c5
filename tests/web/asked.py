"""A house whose probes of services answer what a test says, and whose settings a test may write."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from brainarr.service.probes import LidarrFacts, ModelFacts
from tests.web.configuration import Settings
from tests.web.conftest import House

KEY = "a-lidarr-key-that-is-never-shown"
FACTS = LidarrFacts("2.14.5.4836", "Music", 45, True, "/music/")


class Asked:
    """Probes that answer what a test says, and note what they were asked."""

    def __init__(self, lidarr: Any = FACTS, model: Any = None) -> None:
        self._lidarr = lidarr
        self._model = model
        self.seen: list[Any] = []

    async def lidarr(self, url: str, api_key: str | None, verify_tls: bool) -> LidarrFacts:
        self.seen.append((url, api_key, verify_tls))
        if isinstance(self._lidarr, Exception):
            raise self._lidarr
        return self._lidarr

    async def model(self, values: Any) -> ModelFacts:
        self.seen.append(dict(values))
        if isinstance(self._model, Exception):
            raise self._model
        return self._model


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def house(house: House, asked: Asked) -> House:
    house.deps = replace(house.deps, probes=asked)  # type: ignore[arg-type]
    return house


@pytest.fixture
def settings(house: House) -> Settings:
    return Settings(house)


@pytest.fixture
async def pages(settings: Settings, pages: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """Of the house with those settings."""
    return pages


async def went(answer: httpx2.Response) -> str:
    """Where a form that was taken sends the browser."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]
