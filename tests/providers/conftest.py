"""Adapters under test speak to servers on this machine; pauses between attempts take no time."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import stamina

from brainarr.http import Http

Adopt = Callable[[Http], Http]


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
async def adopt() -> AsyncIterator[Adopt]:
    """Takes charge of a client and closes it after the test."""
    clients: list[Http] = []

    def keep(http: Http) -> Http:
        clients.append(http)
        return http

    yield keep
    for http in clients:
        await http.aclose()
