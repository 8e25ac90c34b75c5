"""The other nouns: system, health, providers, usage, history, lists, profile."""

from datetime import timedelta

import httpx2
import pytest

from brainarr import __version__
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Outcome, ProviderReport, RunResult
from brainarr.errors import ProviderUnavailable
from brainarr.service.library import sync_library
from brainarr.service.liveness import this_process
from brainarr.service.runs import request_run
from brainarr.service.symptoms import STALE_AFTER
from brainarr.store import findings, runs
from brainarr.store.runs import RunStatus
from brainarr.store.usage import StoredLedger
from tests.store.given import ScriptedLidarr, owned, recommended
from tests.web.conftest import House


async def finished_run(house: House, *reports: ProviderReport, failed: str = "") -> int:
    """A run that ended with these reports."""
    db, now = house.deps.db, house.deps.clock()
    asked = await request_run(db, "default", clock=house.deps.clock)
    async with db.transaction() as connection:
        await runs.claim(connection, asked.id, this_process(), now)
        result = RunResult((), (), reports)
        if failed:
            await runs.close_run(
                connection, asked.id, RunStatus.FAILED, now, error=failed, remedy="Try again."
            )
        else:
            await runs.finish_run(connection, asked.id, result, now, dry_run=False)
            await findings.insert_findings(connection, asked.id, result)
    return asked.id


async def read_the_library(house: House) -> None:
    await sync_library(
        house.deps.db, ScriptedLidarr([owned(1), owned(2)]), house.deps.clock, lambda progress: None
    )


async def test_the_status_says_what_runs(house: House, api: httpx2.AsyncClient):
    assert (await api.get("/api/v1/system/status")).json() == {
        "app_name": "Brainarr",
        "version": __version__,
        "started_at": "2026-11-22T12:00:00Z",
        "url_base": "",
        "lidarr": True,
    }


async def test_all_is_well_once_the_library_was_read(house: House, api: httpx2.AsyncClient):
    (issue,) = (await api.get("/api/v1/health")).json()
    assert (issue["source"], issue["type"]) == ("Library", "notice")
    await read_the_library(house)
    assert (await api.get("/api/v1/health")).json() == []


async def test_an_old_snapshot_is_a_warning(house: House):
    await read_the_library(house)
    later = house.deps.clock() + STALE_AFTER + timedelta(hours=1)
    async with house.door(house.deps.api_key(), clock=lambda: later) as client:
        (issue,) = (await client.get("/api/v1/health")).json()
    assert issue["type"] == "warning"
    assert "8 days" in issue["message"]


async def test_a_provider_that_failed_the_last_run_is_an_issue_with_a_remedy(
    house: House, api: httpx2.AsyncClient
):
    await read_the_library(house)
    await finished_run(
        house,
        ProviderReport("home", "ollama", Outcome.OK),
        ProviderReport("cloud", "openai", Outcome.REJECTED, "cloud: the key is not valid"),
        ProviderReport("deezer", "deezer", Outcome.UNAVAILABLE, "deezer: it is away"),
        ProviderReport("spare", "openai", Outcome.NOT_NEEDED),
    )
    issues = (await api.get("/api/v1/health")).json()
    assert [(issue["source"], issue["type"]) for issue in issues] == [
        ("Provider", "error"),
        ("Provider", "warning"),
    ]
    assert "the key is not valid" in issues[0]["message"]
    assert all(issue["remedy"] for issue in issues)


async def test_a_failed_last_run_is_an_issue_until_another_succeeds(house: House, api: httpx2.AsyncClient):
    await read_the_library(house)
    await finished_run(house, failed="Lidarr was away.")
    (issue,) = (await api.get("/api/v1/health")).json()
    assert (issue["source"], issue["type"], issue["remedy"]) == ("Run", "error", "Try again.")
    await finished_run(house)
    assert (await api.get("/api/v1/health")).json() == []


async def test_a_database_that_is_away_is_said_not_hidden(house: House, tmp_path: object):
    async with house.door(house.deps.api_key()) as client:
        async with house.deps.db.transaction() as connection:
            await connection.exec_driver_sql("DROP TABLE library_state")
        (issue,) = (await client.get("/api/v1/health")).json()
    assert (issue["source"], issue["type"]) == ("Database", "error")


async def test_the_chain_is_shown_with_its_last_outcomes(house: House, api: httpx2.AsyncClient):
    run = await finished_run(house, ProviderReport("home", "ollama", Outcome.UNREADABLE, "home: no JSON"))
    home, cloud = (await api.get("/api/v1/providers")).json()
    assert home == {
        "name": "home",
        "kind": "ollama",
        "role": "model",
        "model": "qwen3:8b",
        "capabilities": None,
        "breaker": None,
        "last_run": run,
        "last_outcome": "unreadable",
        "last_detail": "home: no JSON",
    }
    assert (cloud["name"], cloud["last_run"], cloud["last_outcome"]) == ("cloud", None, None)


async def test_a_provider_is_tested_now(api: httpx2.AsyncClient):
    alive = (await api.post("/api/v1/providers/home/test")).json()
    refused = (await api.post("/api/v1/providers/cloud/test")).json()
    assert (alive["health"], alive["detail"]) == ("ok", "answers")
    assert (refused["health"], refused["remedy"]) == ("failed", "Set a valid api_key.")
    assert (await api.post("/api/v1/providers/other/test")).status_code == 404


async def test_usage_counts_dollars_and_says_what_is_unpriced(house: House, api: httpx2.AsyncClient):
    ledger = StoredLedger(house.deps.db, house.deps.clock)
    await ledger.record(Usage("cloud", "gpt-5-mini", 1_000, 200, 0, 1_500, 2.0, "ok"))
    await ledger.record(Usage("odd", "unheard-of", 1_000, 200, 0, None, 2.0, "ok"))
    usage = (await api.get("/api/v1/usage")).json()
    assert (usage["since"], usage["spent"], usage["unpriced_calls"]) == ("2026-11-01T00:00:00Z", 0.0015, 1)
    assert [(model["provider"], model["cost"], model["calls"]) for model in usage["models"]] == [
        ("cloud", 0.0015, 1),
        ("odd", 0.0, 1),
    ]


async def test_history_is_filtered_by_event_and_paged(house: House, api: httpx2.AsyncClient):
    one, two = await house.recommend(recommended(1), recommended(2))
    await api.post(f"/api/v1/recommendations/{one}/approve")
    await api.post(f"/api/v1/recommendations/{two}/reject")
    history = await api.get("/api/v1/history", params={"page_size": 1})
    assert [event["event"] for event in history.json()] == ["rejected"]
    assert history.headers["x-total-count"] == "4"
    approved = (await api.get("/api/v1/history", params={"event": "approved"})).json()
    assert [event["recommendation_id"] for event in approved] == [one]


async def test_lists_carry_everything_to_copy_into_lidarr(house: House, api: httpx2.AsyncClient):
    (shown,) = (await api.get("/api/v1/lists")).json()
    key = await house.feed_key()
    assert (shown["slug"], shown["name"], shown["key"]) == ("default", "Brainarr AI Recommendations", key)
    assert shown["artists_url"] == f"http://brainarr:8690/lists/default/artists?apikey={key}"
    assert shown["albums_url"] == "http://brainarr:8690/lists/default"


@pytest.mark.parametrize(
    ("external_url", "url_base", "address"),
    [
        ("http://nas:8690", "", "http://nas:8690"),
        ("http://nas:8690/", "", "http://nas:8690"),
        ("https://home.example", "/brainarr", "https://home.example/brainarr"),
        ("https://home.example/brainarr/", "/brainarr", "https://home.example/brainarr"),
        (None, "/brainarr", "http://brainarr:8690/brainarr"),
    ],
)
async def test_addresses_are_those_that_lidarr_can_reach(
    house: House, external_url: str | None, url_base: str, address: str
):
    async with house.door(house.deps.api_key(), external_url=external_url, url_base=url_base) as client:
        (shown,) = (await client.get("/api/v1/lists")).json()
    assert shown["albums_url"] == f"{address}/lists/default"


@pytest.mark.parametrize(
    "host", ['evil"><script>', "a b", "nas:8690/path", "user:pw@nas", "nas:999999", "", "nas\\@evil"]
)
async def test_a_host_header_that_is_no_host_is_not_written_into_addresses(
    api: httpx2.AsyncClient, host: str
):
    (shown,) = (await api.get("/api/v1/lists", headers={"Host": host})).json()
    assert shown["albums_url"] == "http://brainarr:8690/lists/default"


async def test_a_rotated_key_opens_and_the_old_one_does_not(house: House, api: httpx2.AsyncClient):
    old = await house.feed_key()
    new = (await api.post("/api/v1/lists/default/rotate-key")).json()["key"]
    async with house.door() as client:
        answers = [
            (await client.get("/lists/default/artists", params={"apikey": key})).status_code
            for key in (old, new)
        ]
    assert answers == [401, 200]
    assert (await api.post("/api/v1/lists/other/rotate-key")).status_code == 404


async def test_lidarr_is_asked_to_sync_a_list_at_once(house: House, api: httpx2.AsyncClient):
    assert (await api.post("/api/v1/lists/default/sync")).json() == {"lists": 2}
    assert house.lidarr.synced == ["/lists/default"]
    house.lidarr.failure = ProviderUnavailable("lidarr", "it is away")
    assert (await api.post("/api/v1/lists/default/sync")).status_code == 503
    async with house.door(house.deps.api_key(), importers={}) as client:
        assert (await client.post("/api/v1/lists/default/sync")).status_code == 409


async def test_the_profile_is_that_of_the_remembered_library(house: House, api: httpx2.AsyncClient):
    before = await api.get("/api/v1/profile")
    assert before.status_code == 404
    assert "lidarr.url" in before.json()["remedy"]
    await read_the_library(house)
    profile = (await api.get("/api/v1/profile")).json()
    assert profile["shape"]["artists"] == 2
    assert profile["genres"]["rock"] == pytest.approx(1.0)
    assert profile["gaps"] == []


async def test_the_profile_names_gaps_each_with_the_run_that_would_fill_it(
    house: House, api: httpx2.AsyncClient
):
    await read_the_library(house)
    await house.recommend(*(recommended(number, genres=("slowcore",)) for number in (11, 12)))
    (refused,) = await house.recommend(recommended(13, genres=("grunge",)))
    assert (await api.post(f"/api/v1/recommendations/{refused}/reject")).status_code == 200
    first, *_ = (await api.get("/api/v1/profile")).json()["gaps"]
    assert (first["kind"], first["name"], first["run"]) == (
        "style",
        "slowcore",
        {"styles_include": ["slowcore"]},
    )
    assert "2 of 2 artists found close to your library are of it." in first["reason"]
    assert (await api.post("/api/v1/runs", json=first["run"])).status_code == 202
