"""Breakers as the API shows them."""

from collections.abc import Callable

import httpx2
import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause, Circuit
from brainarr.service.doctor import Check
from brainarr.store.breakers import StoredBreakers
from brainarr.web.app import WiredProvider
from tests.web.conftest import House
from tests.web.test_house import read_the_library


async def alive() -> str:
    return "answers"


WIRED = (
    WiredProvider("ollama", Check("home", "model", alive), model="qwen3:8b", setup="setup"),
    WiredProvider("openai", Check("cloud", "model", alive), model="gpt-5-mini", setup="setup"),
    WiredProvider("lidarr", Check("lidarr", "library", alive)),
)


async def become(house: House, rule: Callable[[Circuit], Circuit], *, setup: str = "setup") -> None:
    fresh = rules.closed(setup, house.deps.clock())
    await StoredBreakers(house.deps.db).change("cloud", lambda _: rule(fresh))


async def shown(house: House) -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    """The providers and the health issues, as a person with the key sees them."""
    async with house.door(house.deps.api_key(), providers=WIRED) as client:
        providers: httpx2.Response = await client.get("/api/v1/providers")
        return providers.json(), (await client.get("/api/v1/health")).json()


async def test_a_model_that_never_failed_is_closed_and_what_is_no_model_has_no_breaker(house: House) -> None:
    await read_the_library(house)
    (home, _, lidarr), issues = await shown(house)
    assert home["breaker"] == {"state": "closed", "since": None, "reason": "", "next_try": None}
    assert lidarr["breaker"] is None
    assert issues == []


@pytest.mark.parametrize(
    ("cause", "next_try", "severity", "told"),
    [
        (Cause.PROBE, "2026-11-22T12:00:30Z", "warning", "tried again at 2026-11-22 12:00:30 UTC"),
        (Cause.KEY, None, "error", "tried again with another key"),
    ],
)
async def test_an_open_breaker_is_shown_with_its_reason_and_is_an_issue(
    house: House, cause: Cause, next_try: str | None, severity: str, told: str
) -> None:
    await read_the_library(house)
    await become(house, lambda circuit: rules.unproved(circuit, circuit.since, "cloud: it is away.", cause))
    (_, cloud, _), (issue,) = await shown(house)
    assert cloud["breaker"] == {
        "state": "open",
        "since": "2026-11-22T12:00:00Z",
        "reason": "cloud: it is away.",
        "next_try": next_try,
    }
    assert (issue["source"], issue["type"]) == ("Provider", severity)
    assert told in issue["message"]
    assert "/providers/cloud/test" in issue["remedy"]


async def test_the_past_of_another_key_is_not_shown(house: House) -> None:
    await read_the_library(house)
    await become(
        house, lambda circuit: rules.unproved(circuit, circuit.since, "no.", Cause.KEY), setup="old key"
    )
    (_, cloud, _), issues = await shown(house)
    assert cloud["breaker"] == {"state": "closed", "since": None, "reason": "", "next_try": None}
    assert issues == []
