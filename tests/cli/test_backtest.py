"""`brainarr backtest` as a person calls it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainarr.sandbox.faults import Fault
from tests.backtest_worlds import followed, world_of_scenes
from tests.cli.conftest import Brainarr, World, standing

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def servers() -> Iterator[World]:
    """A library that grew along its scenes, instead of the demo's."""
    with standing(world_of_scenes(), followed()) as servers:
        yield servers


def test_it_says_who_would_have_been_found_and_what_that_rests_on(
    brainarr: Brainarr, outside: World, tmp_path: Path
):
    page = tmp_path / "backtest.html"
    said = brainarr("backtest", "--html", str(page))
    assert said.exit_code == 0, said.output
    out = said.stdout
    assert re.search(r"Of the 12 artists you added last, \d+ would have been among", out)
    assert re.search(r"Would have recommended .+ \(place \d+\) .+ before you added it\.", out)
    assert "ListenBrainz alone" in out and "Most popular" in out and "Recall@20" in out
    assert re.search(r"Deezer: 0 neighbour lists known, \d+ fetched, 0 missing\.", out)
    assert "Language models were not asked" in out
    assert page.read_text().startswith("<!doctype html>") and "<svg" in page.read_text()


def test_json_is_one_object_as_the_api_has_it(brainarr: Brainarr, outside: World):
    said = brainarr("backtest", "--json", "--hide", "12", "--folds", "3")
    found = json.loads(said.stdout)
    assert (said.exit_code, found["hidden"], len(found["cuts"])) == (0, 12, 3)
    assert {system["name"] for system in found["systems"]} >= {"present", "listenbrainz", "popularity"}


def test_better_weights_are_applied_when_asked_for(brainarr: Brainarr, outside: World):
    said = brainarr("backtest", "--apply")
    assert said.exit_code == 0, said.output
    assert "Better weights for your library: ListenBrainz 1, Deezer" in said.stdout
    assert "Applied: ListenBrainz 1, Deezer" in said.stderr
    again = json.loads(brainarr("backtest", "--json").stdout)
    suggested = re.findall(r"Deezer ([\d.]+)", said.stderr)
    assert [system["weights"]["deezer"] for system in again["systems"] if system["name"] == "present"] == [
        float(suggested[0].rstrip("."))
    ]
    assert "default" in {system["name"] for system in again["systems"]}


def test_weights_that_the_environment_fixes_are_shown_and_refused(
    brainarr: Brainarr, outside: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR__RECOMMEND__SOURCE_WEIGHTS", "{deezer: 0.7}")
    said = brainarr("backtest", "--apply")
    assert said.exit_code == 1
    assert "Better weights for your library" in said.stdout
    assert "fixed by the environment" in said.stderr and "Write it there yourself" in said.stderr


def test_with_lidarr_away_the_remembered_library_serves(brainarr: Brainarr, outside: World):
    assert brainarr("backtest", "--json", "--hide", "10", "--folds", "1").exit_code == 0
    outside.lidarr.inject(Fault("/artist", status=503))
    said = brainarr("backtest", "--json")
    assert said.exit_code == 0, said.output
    assert "Lidarr was away" in json.loads(said.stdout)["notes"][0]


def test_with_every_source_away_it_has_failed(brainarr: Brainarr, outside: World):
    for path in ("/labs", "/listenbrainz", "/deezer"):
        outside.catalogue.inject(Fault(path, status=401))
    said = brainarr("backtest", "--hide", "10", "--folds", "1")
    assert said.exit_code == 1
    assert "No similarity source named anybody" in said.stdout
    assert "missing (" in said.stdout


def test_offline_before_the_first_run_says_what_to_do(brainarr: Brainarr, outside: World):
    said = brainarr("backtest", "--offline")
    assert said.exit_code == 1
    assert "The library has not been read yet." in said.stderr and "without --offline" in said.stderr


def test_without_a_lidarr_it_is_unusable(brainarr: Brainarr):
    said = brainarr("backtest")
    assert said.exit_code == 2
    assert "lidarr.url" in said.stderr


@pytest.mark.parametrize("args", [("--hide", "3"), ("--folds", "0"), ("--html", "/nowhere/at/all.html")])
def test_what_cannot_be_done_is_refused_before_anything_is_asked(
    brainarr: Brainarr, outside: World, args: tuple[str, str]
):
    said = brainarr("backtest", *args)
    assert said.exit_code == 2
    assert args[0] in said.stderr
