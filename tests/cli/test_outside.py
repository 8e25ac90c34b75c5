"""Commands that speak to a Lidarr and a catalogue."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from brainarr.sandbox.faults import Fault
from tests.cli.conftest import LIDARR_KEY, Brainarr, World, runs_in

pytestmark = pytest.mark.loopback

RUN_KEYS = {"run_id", "recommendations", "verdicts", "providers", "prompt"}
RECOMMENDATION_KEYS = {
    "artist",
    "artist_mbid",
    "album",
    "release_group_mbid",
    "year",
    "genres",
    "score",
    "parts",
} | {
    "reason",
    "sources",
    "status",
}


def test_a_run_prints_one_json_object_and_nothing_else_on_stdout(brainarr: Brainarr, outside: World):
    said = brainarr("run", "--json")
    assert said.exit_code == 0
    found = json.loads(said.stdout)
    assert set(found) >= RUN_KEYS
    assert len(found["recommendations"]) == 3
    for item in found["recommendations"]:
        assert set(item) >= RECOMMENDATION_KEYS
        assert set(item["parts"]) == {"genre", "era", "diversity", "confidence"}
        assert item["status"] == "pending"
        assert item["reason"]
    assert found["verdicts"]["kept"] == 3
    assert {"name", "outcome", "prompt_tokens", "completion_tokens", "cost"} <= set(found["providers"][0])
    assert {provider["name"] for provider in found["providers"]} == {
        "builtin",
        "listenbrainz",
        "deezer",
        "musicbrainz",
    }
    assert set(found["prompt"]) == {"tokens", "level", "compression_ratio"}


def test_a_run_shows_its_stages_then_reasons_verdicts_and_providers(brainarr: Brainarr, outside: World):
    said = brainarr("run", "--dry-run")
    assert said.exit_code == 0
    for stage in ("Reading the library", "Learning the taste", "Verifying in MusicBrainz", "Done"):
        assert stage in said.stderr
    assert "Because you have" in said.stdout
    assert "Verdicts: 3 kept" in said.stdout
    assert re.search(r"listenbrainz +ok", said.stdout)
    assert "nothing was stored" in said.stdout


def test_a_run_needs_the_lidarr_of_its_list_and_no_other(
    brainarr: Brainarr, outside: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    brainarr("api-key")
    with closing(sqlite3.connect(tmp_path / "config" / "brainarr.db")) as database, database:
        database.execute("update lists set instance = 'attic'")
    said = brainarr("run", "--json")
    assert said.exit_code == 2
    assert "attic" in said.stderr
    for name, value in {"NAME": "attic", "URL": outside.environ["BRAINARR__LIDARR__URL"]}.items():
        monkeypatch.setenv(f"BRAINARR__LIDARRS__0__{name}", value)
    monkeypatch.setenv("BRAINARR__LIDARRS__0__API_KEY", LIDARR_KEY)
    monkeypatch.delenv("BRAINARR__LIDARR__URL")
    monkeypatch.delenv("BRAINARR__LIDARR__API_KEY")
    said = brainarr("run", "--json")
    assert said.exit_code == 0, said.output
    assert len(json.loads(said.stdout)["recommendations"]) == 3


def test_a_dry_run_leaves_nothing_to_decide(brainarr: Brainarr, outside: World):
    first = json.loads(brainarr("run", "--json", "--dry-run").stdout)
    again = json.loads(brainarr("run", "--json").stdout)
    assert [item["artist"] for item in first["recommendations"]] == [
        item["artist"] for item in again["recommendations"]
    ]
    assert "recommended before" not in again["verdicts"]


def test_a_look_never_becomes_the_run_that_somebody_queued(
    brainarr: Brainarr, outside: World, tmp_path: Path
):
    assert brainarr("run", "--dry-run").exit_code == 0
    with sqlite3.connect(tmp_path / "config" / "brainarr.db") as database:
        database.execute("update runs set status = 'queued', dry_run = 0, finished_at = null")
    database.close()
    said = brainarr("run", "--dry-run")
    assert said.exit_code == 1
    assert "Run 1 of this list is queued and was asked for otherwise" in said.stderr
    assert [status for status, _ in runs_in(tmp_path / "config")] == ["queued"]


def test_automatic_approval_is_wired(brainarr: Brainarr, outside: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BRAINARR__RECOMMEND__APPROVAL", "auto")
    found = json.loads(brainarr("run", "--json").stdout)
    assert {item["status"] for item in found["recommendations"]} == {"approved"}


def test_a_run_that_fails_says_why_and_exits_with_1(brainarr: Brainarr, outside: World):
    outside.lidarr.inject(Fault("/artist", status=401))
    said = brainarr("run")
    assert said.exit_code == 1
    assert "api_key" in said.stderr
    assert LIDARR_KEY not in said.output
    assert "Traceback" not in said.output


def test_a_run_that_fails_is_still_one_json_object(brainarr: Brainarr, outside: World):
    outside.lidarr.inject_html("/artist")
    said = brainarr("run", "--json")
    assert said.exit_code == 1
    found = json.loads(said.stdout)
    assert (found["status"], found["recommendations"]) == ("failed", [])
    assert found["error"]


def test_ctrl_c_ends_the_run_as_cancelled_and_exits_with_130(outside: World, tmp_path: Path):
    outside.lidarr.inject(Fault("/artist", delay=60))
    ended = stopped_by(signal.SIGINT, tmp_path)
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr
    assert runs_in(tmp_path) == [("cancelled", None)]


def test_being_told_to_stop_ends_the_run_as_cancelled_too(outside: World, tmp_path: Path):
    outside.lidarr.inject(Fault("/artist", delay=60))
    ended = stopped_by(signal.SIGTERM, tmp_path)
    assert ended.returncode == 143
    assert "Traceback" not in ended.stderr
    assert runs_in(tmp_path) == [("cancelled", None)]


def test_after_a_kill_the_next_run_is_clean_and_says_what_became_of_the_other(
    brainarr: Brainarr, outside: World, tmp_path: Path
):
    outside.lidarr.inject(Fault("/artist", delay=60))
    stopped_by(signal.SIGKILL, tmp_path / "config")
    outside.lidarr.clear()
    assert brainarr("run").exit_code == 0
    (interrupted, done) = runs_in(tmp_path / "config")
    assert interrupted[0] == "failed"
    assert "nterrupted" in (interrupted[1] or "")
    assert done[0] == "done"


def test_the_doctor_finds_all_well(brainarr: Brainarr, outside: World):
    brainarr("api-key")
    said = brainarr("doctor")
    assert said.exit_code == 0, said.output
    assert "All is well." in said.stdout
    for name in (
        "configuration folder",
        "database",
        "lidarr",
        "musicbrainz",
        "listenbrainz",
        "deezer",
        "builtin",
    ):
        assert re.search(rf"^ok +{name}:", said.stdout, re.MULTILINE)


def test_the_doctor_names_what_needs_the_user_and_what_to_do(
    brainarr: Brainarr, outside: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR__LIDARR__API_KEY", "a-wrong-key")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__NAME", "home")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__KIND", "ollama")
    monkeypatch.setenv("BRAINARR__PROVIDER_CHAIN__0__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BRAINARR__COVERART__BASE_URL", "http://127.0.0.1:9")
    outside.catalogue.inject(Fault("/deezer", status=503))
    said = brainarr("doctor")
    assert said.exit_code == 1
    assert "a-wrong-key" not in said.output
    lines = {line[6:].partition(":")[0]: line for line in said.stdout.splitlines() if ":" in line}
    assert lines["lidarr"].startswith("FAIL")
    assert "lidarr.api_key" in lines["lidarr"]
    assert lines["home"].startswith("FAIL")
    # It passes by itself, and a run goes on without it.
    assert lines["deezer"].startswith("note")
    # Neither do pages need pictures.
    assert lines["coverart"].startswith("note")
    assert lines["musicbrainz"].startswith("ok")


def stopped_by(number: signal.Signals, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A run that was sent a signal while it read the library."""
    command = [sys.executable, "-m", "brainarr", "--config", str(folder), "run"]
    process = subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "Reading the library" in first
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, out, first + err)


def test_a_decade_to_lean_towards_is_asked_for_as_people_write_it(brainarr: Brainarr, outside: World):
    found = json.loads(brainarr("run", "--json", "--dry-run", "--decade", "1990s", "--decade", "2000").stdout)
    assert found["overrides"]["decades_include"] == [1990, 2000]
    for wrong in ("1995", "the nineties", "990s", "9" * 5000):
        said = brainarr("run", "--decade", wrong)
        assert said.exit_code == 2
        assert "1900s to 2090s" in said.stderr and "Traceback" not in said.output
