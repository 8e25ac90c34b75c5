"""The league table and the estimate as a person sees them."""

import json

import pytest

from tests.cli.conftest import Brainarr, World

pytestmark = pytest.mark.loopback


def test_a_league_without_history_says_what_to_do(brainarr: Brainarr):
    said = brainarr("league")
    assert (said.exit_code, said.stdout) == (
        0,
        "Nothing has been proposed yet. Start a run: `brainarr run`.\n",
    )


def test_after_a_run_the_league_names_the_sources_and_calls_their_success_unknown(
    brainarr: Brainarr, outside: World
):
    assert brainarr("run", "--json").exit_code == 0
    table = json.loads(brainarr("league", "--json").stdout)["league"]
    rows = {row["provider"]: row for row in table}
    assert rows["listenbrainz"]["proposed"] > 0
    assert {row["success_rate"] for row in table} == {None}
    shown = brainarr("league")
    assert shown.exit_code == 0
    assert "listenbrainz" in shown.stdout and "unknown" in shown.stdout


def test_a_dry_run_shows_what_its_models_may_cost_first(
    brainarr: Brainarr, outside: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR__COSTS__RUN_BUDGET", "0.0001")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__KIND", "openai")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__API_KEY", "sk-none")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__MODEL", "gpt-5-mini")
    first = brainarr("run", "--dry-run")
    assert "No estimate of the costs: The library has not been read yet" in first.stderr
    second = brainarr("run", "--dry-run")
    assert second.exit_code == 0
    assert "Estimate  openai:" in second.stderr
    assert "at most $0." in second.stderr and "(over budget)" in second.stderr
    assert "The budget did not bear openai" in second.stdout


def test_doctor_says_when_an_alert_would_reach_nobody(brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch):
    for service in ("LISTENBRAINZ", "DEEZER"):
        monkeypatch.setenv(f"BRAINARR__{service}__ENABLED", "false")
    monkeypatch.setenv("BRAINARR__MUSICBRAINZ__BASE_URL", "http://127.0.0.1:9/ws/2")
    monkeypatch.setenv("BRAINARR__COSTS__COST_ALERT_THRESHOLD", "3")
    findings = json.loads(brainarr("doctor", "--json").stdout)["findings"]
    (note,) = [finding for finding in findings if finding["name"] == "costs.cost_alert_threshold"]
    assert (note["health"], note["detail"]) == ("note", "is set, but nobody is told")
