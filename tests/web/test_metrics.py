"""/metrics: who may read it, in which form, and that it says what is true."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from sqlalchemy import insert

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause
from brainarr.domain.deliveries import DeliveryState
from brainarr.domain.money import Limits
from brainarr.domain.outage import begun
from brainarr.domain.prompt import Usage
from brainarr.domain.quarantine import OPEN, Group, passed, suspect
from brainarr.domain.recommendation import Judged, Outcome, ProviderReport, RunResult, Status, Verdict
from brainarr.service.doctor import Check
from brainarr.service.figures import FigureReader
from brainarr.service.health import Surroundings
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.liveness import this_process
from brainarr.service.runs import request_run
from brainarr.store import deliveries, findings, runs, tables
from brainarr.store.breakers import StoredBreakers
from brainarr.store.usage import StoredLedger
from brainarr.web.app import WiredProvider
from tests.store.given import recommended
from tests.web.conftest import House

Labels = Mapping[str, str]


async def scraped(
    client: httpx2.AsyncClient, path: str = "/metrics"
) -> dict[tuple[str, frozenset[Any]], float]:
    answer = await client.get(path)
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in read_text(answer.text)
        for sample in family.samples
    }


def value(found: Mapping[tuple[str, frozenset[Any]], float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def series(found: Mapping[tuple[str, frozenset[Any]], float], name: str) -> set[frozenset[Any]]:
    return {labels for known, labels in found if known == name}


async def finished(house: House, *judged: Judged, trigger: str = "manual", **result: Any) -> None:
    db, now = house.deps.db, house.deps.clock()
    asked = await request_run(db, DEFAULT_LIST, clock=house.deps.clock, trigger=trigger)
    async with db.transaction() as connection:
        await runs.claim(connection, asked.id, this_process(), now)
        made = RunResult((), judged, result.get("providers", ()))
        await runs.finish_run(connection, asked.id, made, now, dry_run=False)
        await findings.insert_findings(connection, asked.id, made)


async def test_it_needs_the_key_however_the_key_comes(house: House) -> None:
    key = house.deps.api_key()
    async with house.door() as client:
        refused = await client.get("/metrics")
        assert refused.status_code == 401
        assert refused.json()["type"] == "urn:brainarr:problem:unauthorized"
        for given in (
            {"headers": {"X-Api-Key": key}},
            {"headers": {"Authorization": f"Bearer {key}"}},
            {"params": {"apikey": key}},
        ):
            assert (await client.get("/metrics", **given)).status_code == 200  # type: ignore[arg-type]
        assert (await client.get("/metrics", headers={"X-Api-Key": "wrong"})).status_code == 401


async def test_it_is_open_where_the_settings_say_so(house: House) -> None:
    async with house.door(metrics_open=True) as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/api/v1/health")).status_code == 401


async def test_it_lies_under_the_url_base(house: House) -> None:
    async with house.door(house.deps.api_key(), url_base="/music") as client:
        found = await scraped(client, "/music/metrics")
        again = await scraped(client, "/music/metrics")
    assert value(found, "brainarr_database_up") == 1
    # Its own requests are counted under the template of the route, wherever the app lies.
    labels = {"method": "GET", "route": "/metrics", "status": "2xx"}
    assert value(again, "brainarr_http_request_duration_seconds_count", **labels) >= 1


@pytest.mark.parametrize(
    ("accept", "media_type", "read"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", read_text),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", read_text),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            read_openmetrics,
        ),
    ],
)
async def test_the_format_is_the_one_that_is_asked_for_and_never_cached(
    house: House, accept: str, media_type: str, read: Any
) -> None:
    await finished(house, Judged("A", None, Verdict.KEPT))
    async with house.door(house.deps.api_key()) as client:
        answer = await client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "no-store"
    kinds = {family.name: family.type for family in read(answer.text)}
    assert kinds["brainarr_http_request_duration_seconds"] == "histogram"
    assert kinds["brainarr_database_up"] == "gauge"


async def test_what_the_database_knows_is_told_from_it(house: House) -> None:
    db, clock = house.deps.db, house.deps.clock
    await finished(
        house,
        Judged("A", None, Verdict.KEPT),
        Judged("B", None, Verdict.OWNED),
        Judged("C", None, Verdict.OWNED),
        trigger="schedule",
        providers=(ProviderReport("home", "ollama", Outcome.OK, candidates=7),),
    )
    await house.recommend(recommended(1), recommended(2))
    ledger = StoredLedger(db, clock)
    await ledger.record(Usage("cloud", "gpt", 1000, 50, 400, 1_500_000, 2.0, "ok"))
    await ledger.record(Usage("cloud", "gpt", 10, 0, 0, None, 2.0, "unavailable"))
    limits = Limits(month=2_000_000)
    async with house.door(house.deps.api_key(), around=Surroundings(limits=limits)) as client:
        found = await scraped(client)
    assert value(found, "brainarr_runs_started_total", trigger="schedule") == 1
    assert value(found, "brainarr_runs_ended_total", outcome="done", trigger="schedule") == 1
    ended = value(found, "brainarr_run_last_ended_timestamp_seconds", list="default", outcome="done")
    assert ended == clock().timestamp()
    assert value(found, "brainarr_verdicts_total", verdict="owned") == 2
    assert value(found, "brainarr_recommendations", list="default", status="pending") == 2
    assert value(found, "brainarr_queue_jobs", kind="recommend", state="waiting") == 1
    assert value(found, "brainarr_provider_runs_total", provider="home", outcome="ok") == 1
    assert value(found, "brainarr_provider_candidates_total", provider="home") == 7
    assert value(found, "brainarr_provider_requests_total", provider="cloud", outcome="unavailable") == 1
    assert value(found, "brainarr_provider_tokens_total", provider="cloud", direction="prompt") == 1010
    assert value(found, "brainarr_provider_tokens_total", provider="cloud", direction="cached") == 400
    assert value(found, "brainarr_provider_cost_dollars_total", provider="cloud") == 1.5
    assert value(found, "brainarr_provider_unpriced_requests_total", provider="cloud") == 1
    assert value(found, "brainarr_budget_left_dollars", period="month") == 0.5
    assert value(found, "brainarr_health_issues", source="Library", severity="notice") == 1


async def test_what_is_kept_back_from_lidarr_is_counted_by_list_and_reason(house: House) -> None:
    await house.recommend(recommended(1), recommended(2), status=Status.APPROVED, cleared=False)
    await house.recommend(recommended(3), status=Status.APPROVED)

    async def held() -> dict[str, float]:
        async with house.door(house.deps.api_key()) as client:
            found = await scraped(client)
        return {
            reason: value(found, "brainarr_deliveries_held", list="default", reason=reason)
            for reason in ("lookup", "search", "outage")
        }

    assert await held() == {"lookup": 2, "search": 0, "outage": 0}
    quarantine = suspect(OPEN, [Group(1, "artists", (1, 2))])
    away = begun("away", house.clock())
    for state, counted in (
        (DeliveryState(quarantine=quarantine), {"lookup": 0, "search": 3, "outage": 0}),
        (DeliveryState(quarantine=passed(quarantine).quarantine), {"lookup": 0, "search": 2, "outage": 0}),
        (DeliveryState(outage=away), {"lookup": 0, "search": 0, "outage": 3}),
    ):
        async with house.deps.db.transaction() as connection:
            await deliveries.lock_state(connection, "default")
            await deliveries.write_state(connection, "default", state)
        assert await held() == counted


async def test_a_breaker_is_a_set_of_states_of_which_one_holds(house: House) -> None:
    wired = WiredProvider("openai", Check("cloud", "model", _alive), model="gpt", setup="setup")
    now = house.deps.clock()
    await StoredBreakers(house.deps.db).change(
        "cloud", lambda _: rules.unproved(rules.closed("setup", now), now, "away", Cause.PROBE)
    )
    async with house.door(house.deps.api_key(), providers=(wired,)) as client:
        found = await scraped(client)
    name = "brainarr_provider_breaker_state"
    assert {
        state: value(found, name, provider="cloud", **{name: state}) for state in map(str, rules.State)
    } == {
        "closed": 0,
        "open": 1,
        "half open": 0,
    }


async def _alive() -> str:
    return "answers"


async def test_a_run_that_waits_grows_old_in_the_queue(house: House) -> None:
    await request_run(house.deps.db, DEFAULT_LIST, clock=house.deps.clock)
    later = house.deps.clock() + timedelta(minutes=9)
    async with house.door(house.deps.api_key(), clock=lambda: later) as client:
        found = await scraped(client)
    assert value(found, "brainarr_queue_oldest_seconds", kind="recommend") == 540


async def test_without_the_database_it_still_answers_and_says_so(house: House) -> None:
    async with house.deps.db.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
    async with house.door(house.deps.api_key()) as client:
        await client.get("/ping")
        found = await scraped(client)
    assert value(found, "brainarr_database_up") == 0
    assert not series(found, "brainarr_runs_started_total")
    labels = {"method": "GET", "route": "/ping", "status": "2xx"}
    assert value(found, "brainarr_http_request_duration_seconds_count", **labels) >= 1


async def test_many_who_ask_at_once_cost_one_reading(house: House) -> None:
    reader = FigureReader(house.deps.db, house.deps.clock, {}, good_for=600, patience=60)
    first, *others = await asyncio.gather(*(reader.read() for _ in range(20)))
    assert first is not None
    assert all(figures is first for figures in others)


async def test_a_poll_is_counted_with_what_it_carried(house: House) -> None:
    await house.recommend(recommended(1), recommended(2), recommended(3, album=4), status=Status.APPROVED)
    key = house.deps.api_key()
    async with house.door(key) as client:
        before = await scraped(client)
        feed = {"X-Api-Key": await house.feed_key()}
        await client.get("/lists/default/artists", headers=feed)
        await client.get("/lists/default/api/v1/album", headers=feed)
        await client.get("/lists/default/artists", headers={"X-Api-Key": "wrong"})
        after = await scraped(client)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - before.get((name, frozenset(labels.items())), 0)

    artists = {"list": "default", "channel": "artists"}
    assert grown("brainarr_feed_polls_total", **artists, outcome="carried") == 1
    assert grown("brainarr_feed_items_total", **artists) == 2
    assert grown("brainarr_feed_items_total", list="default", channel="albums") == 1
    assert grown("brainarr_feed_polls_total", list="unknown", channel="any", outcome="refused") == 1


async def test_hostile_input_cannot_make_new_series(house: House) -> None:
    """Whatever comes in an address, a method, a header, or stands in old rows: the names are known before."""
    key = house.deps.api_key()
    db, clock = house.deps.db, house.deps.clock

    async def attack(start: int) -> None:
        for number in range(start, start + 40):
            await client.get(f"/nobody/{number}")
            await client.get(f"/api/v1/runs/{number}")
            await client.get(f"/api/v1/providers/p{number}/models")
            await client.get(f"/lists/l{number}/artists", params={"apikey": f"k{number}"})
            await client.request(f"M{number}", "/ping")
            await client.get("/ping", headers={"X-Request-Id": f"r{number}", "User-Agent": f"u{number}"})
        ledger = StoredLedger(db, clock)
        rows = [
            {
                "name": f"L{n}",
                "slug": f"slug-{n}",
                "feed_key": "x",
                "created_at": clock(),
                "key_made_at": clock(),
            }
            for n in range(start, start + 40)
        ]
        async with db.transaction() as connection:
            numbers = (
                await connection.execute(insert(tables.lists).returning(tables.lists.c.id), rows)
            ).scalars()
            for number in numbers.all():
                await connection.execute(
                    insert(tables.runs).values(
                        list_id=number,
                        status="done",
                        dry_run=False,
                        trigger=f"trigger-{number}",
                        requested_at=clock(),
                        finished_at=clock(),
                    )
                )
        for number in range(start, start + 40):
            await ledger.record(Usage(f"once-{number}", "m", 1, 1, 0, 1, 1.0, f"outcome-{number}"))

    async with house.door(key) as client:
        await attack(1_000)
        await attack(2_000)
    async with house.door(key) as client:
        before = await scraped(client)
        await attack(3_000)
    async with house.door(key) as client:
        after = await scraped(client)
    assert {name for name in after.keys() - before.keys() if name[0].startswith("brainarr_")} == set()
    assert len(series(after, "brainarr_run_last_ended_timestamp_seconds")) <= 51
    text = str(sorted(name for name, _ in after)) + str([labels for _, labels in after])
    assert "once-" not in text and "nobody" not in text and "trigger-" not in text
