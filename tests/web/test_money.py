"""Money over HTTP: usage by day and provider, the league table, estimates and notifications."""

from brainarr.domain.money import CallEstimate, Limits
from brainarr.domain.music import Library
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Memory, RunOptions, Status
from brainarr.errors import ProviderUnavailable
from brainarr.service.estimate import Estimating
from brainarr.service.library import refresh_library
from brainarr.store.usage import StoredLedger
from tests.store.given import ScriptedLidarr, owned, recommended
from tests.web.conftest import House, both_databases

pytestmark = both_databases


class Postbox:
    """pipeline.ports.Messenger that keeps what it gets, or fails."""

    def __init__(self, name: str, failure: ProviderUnavailable | None = None) -> None:
        self.name = self.fingerprint = name
        self.got: list[str] = []
        self.failure = failure

    async def send(self, title: str, text: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.got.append(title)


async def spend(house: House, microdollars: int | None) -> None:
    usage = Usage("cloud", "large", 100, 10, 40, microdollars, 1.0, "ok")
    await StoredLedger(house.deps.db, house.deps.clock, 7).record(usage)


async def test_usage_tells_each_providers_day_and_month_and_what_is_left(house: House):
    await spend(house, 1_000_000)
    house.deps.clock.advance(days=1)  # type: ignore[attr-defined]
    await spend(house, 250_000)
    await spend(house, None)
    async with house.door(house.deps.api_key(), limits=Limits(month=2_000_000, run=500_000)) as api:
        usage = (await api.get("/api/v1/usage")).json()
    assert (usage["monthly_budget"], usage["left"], usage["run_budget"]) == (2.0, 0.75, 0.5)
    (cloud,) = usage["providers"]
    assert (cloud["today"]["calls"], cloud["today"]["cost"], cloud["today"]["unpriced_calls"]) == (2, 0.25, 1)
    assert (cloud["month"]["calls"], cloud["month"]["cost"], cloud["month"]["cached_tokens"]) == (
        3,
        1.25,
        120,
    )
    days = [(day["day"], day["provider"], day["totals"]["calls"]) for day in usage["days"]]
    assert days == [("2026-11-22", "cloud", 1), ("2026-11-23", "cloud", 2)]


async def test_the_league_knows_no_rate_before_there_is_history(house: House):
    await house.recommend(recommended(1), status=Status.APPROVED)
    await spend(house, 5_000)
    async with house.door(house.deps.api_key()) as api:
        table = (await api.get("/api/v1/providers/league")).json()
    rows = {row["provider"]: row for row in table}
    assert (rows["listenbrainz"]["approved"], rows["listenbrainz"]["success_rate"]) == (1.0, None)
    assert (rows["cloud"]["cost"], rows["cloud"]["cost_per_kept"]) == (0.005, None)


async def test_an_estimate_needs_a_library_and_then_says_what_is_affordable(house: House):
    async def wanted() -> RunOptions:
        return RunOptions()

    async def calls(
        library: Library, options: RunOptions, memory: Memory, wanted: object
    ) -> tuple[CallEstimate, ...]:
        assert len(library.artists) == 1
        dear = CallEstimate("dear", "openai", False, "large", 1_000, 500, 3_500)
        return dear, CallEstimate("odd", "openai_compatible", False, "new", 1_000, 500, None)

    estimate = Estimating("chain", wanted, calls)
    async with house.door(house.deps.api_key(), estimate=estimate, limits=Limits(run=4_000)) as api:
        early = await api.get("/api/v1/runs/estimate")
        assert (early.status_code, early.json()["type"]) == (409, "urn:brainarr:problem:conflict")
        await refresh_library(house.deps.db, ScriptedLidarr([owned(1)]), house.deps.clock)
        answer = (await api.get("/api/v1/runs/estimate")).json()
    assert [(call["name"], call["cost"], call["affordable"]) for call in answer["calls"]] == [
        ("dear", 0.0035, True),
        ("odd", None, False),
    ]
    assert (answer["at_most"], answer["unpriced"], answer["run_budget"]) == (0.0035, ["odd"], 0.004)


async def test_a_test_of_the_notifications_says_who_took_it(house: House):
    good = Postbox("ntfy")
    bad = Postbox("discord", ProviderUnavailable("discord", "it is down.", remedy="Wait."))
    async with house.door(house.deps.api_key(), messengers=(good, bad)) as api:
        answers = (await api.post("/api/v1/notifications/test")).json()
    assert [(answer["target"], answer["ok"]) for answer in answers] == [("ntfy", True), ("discord", False)]
    assert (answers[1]["problem"], answers[1]["remedy"]) == ("discord: it is down.", "Wait.")
    assert len(good.got) == 1
