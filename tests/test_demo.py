"""`brainarr demo`, run for real as a person would: one process, no keys, no network."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.loopback


def run_demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """In an empty home, without terminal, with settings in the environment that must not matter."""
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "BRAINARR_CONFIG": str(folder / "config"),
        "BRAINARR__LIDARR__URL": "http://lidarr.invalid:8686",
        "BRAINARR__DATABASE__URL": "sqlite:///must-not-exist.db",
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, "-m", "brainarr", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environ, cwd=folder)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = run_demo(tmp_path_factory.mktemp("demo"), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_person_reads_recommendations_reasons_and_what_lidarr_took(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "identifiers and popularity are invented" in done.stdout
    assert "Because you have" in done.stdout
    assert "Import List Sync Completed. Items found: 8" in done.stdout
    assert "8 imported, 4 pending" in done.stdout
    assert "brainarr serve" in done.stdout
    assert "Verifying" in done.stderr  # progress, a line for each stage without a terminal
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []  # nothing is left behind, nothing configured was touched


def test_every_recommendation_is_verified_scored_and_explained(story: dict[str, Any]) -> None:
    found = story["run"]["recommendations"]
    assert len(found) == 12
    for item in found:
        assert item["album"] and item["reason"]
        assert 0 < item["score"] <= 1
        # Version 5: an invented identifier, never one of MusicBrainz.
        assert item["artist_mbid"][14] == item["release_group_mbid"][14] == "5"


def test_lidarr_fetched_the_album_feed_and_took_exactly_the_approved_albums(story: dict[str, Any]) -> None:
    assert story["sync"]["requests"] == [
        "GET /lists/default/api/v1/album",
        "GET /lists/default/api/v1/artist",
    ]
    approved = story["run"]["recommendations"][: story["approved"]]
    assert {(item["artist"], item["album"]) for item in story["imported"]} == {
        (item["artist"], f"{item['album']} ({item['year']})") for item in approved
    }
    assert all(item["monitored"] for item in story["imported"])
    assert all(item["status"] == "imported" for item in approved)
    before, after = story["lidarr"]["before"], story["lidarr"]["after"]
    assert after["albums"] == before["albums"] + story["approved"]


def test_the_music_suits_the_library(story: dict[str, Any]) -> None:
    """Its owner loves electronics, trip hop, dream pop and post-rock."""
    loved = {"electronic", "downtempo", "trip hop", "ambient", "idm", "shoegaze", "dream pop", "post-rock"}
    fitting = [item for item in story["run"]["recommendations"] if loved & set(item["genres"])]
    assert len(fitting) >= 9
