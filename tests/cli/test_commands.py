"""The commands' doors: versions, folders, exit codes, and messages instead of tracebacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from brainarr import __version__
from brainarr.store.secrets import KEY_FILE
from tests.cli.conftest import Brainarr


def test_the_version_is_said(brainarr: Brainarr):
    said = brainarr("--version")
    assert (said.exit_code, said.output.strip()) == (0, f"brainarr {__version__}")


def test_what_is_slow_to_load_is_not_loaded_before_it_is_needed():
    slow = {
        "pydantic",
        "sqlalchemy",
        "fastapi",
        "uvicorn",
        "numpy",
        "scipy",
        "httpx2",
        "structlog",
        "alembic",
    }
    program = f"import sys, brainarr.cli.app; print(*{slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("args", [("sing",), ("run", "--loud"), ("db", "sideways"), ("--config",)])
def test_unusable_arguments_exit_with_2(brainarr: Brainarr, args: tuple[str, ...]):
    assert brainarr(*args).exit_code == 2


def test_unusable_settings_exit_with_2_and_name_every_key_and_what_is_allowed(
    brainarr: Brainarr, tmp_path: Path
):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("server: {port: 0}\nrecommend: {taget: albums}\n")
    for command in ("run", "doctor", "serve", "api-key"):
        said = brainarr(command)
        assert said.exit_code == 2
        assert said.stdout == ""
        assert "server.port: 0" in said.stderr
        assert "a whole number from 1 to 65535" in said.stderr
        assert "recommend.target" in said.stderr
        assert "Traceback" not in said.output


@pytest.mark.parametrize("place", ["before", "after", "joined"])
def test_the_folder_may_be_named_before_and_after_the_command(brainarr: Brainarr, tmp_path: Path, place: str):
    folder = tmp_path / "elsewhere"
    args = {
        "before": ("--config", str(folder), "db", "upgrade"),
        "after": ("db", "upgrade", "--config", str(folder)),
        "joined": ("db", "upgrade", f"--config={folder}"),
    }[place]
    assert brainarr(*args).exit_code == 0
    assert (folder / "brainarr.db").exists()
    assert not (tmp_path / "config").exists()


def test_a_folder_that_cannot_be_made_is_a_message(brainarr: Brainarr, tmp_path: Path):
    (tmp_path / "file").touch()
    assert brainarr("--config", str(tmp_path / "file"), "db", "upgrade").exit_code == 2
    said = brainarr("--config", str(tmp_path / "file" / "inner"), "db", "upgrade")
    assert said.exit_code == 1
    assert "cannot be made" in said.stderr
    assert "Traceback" not in said.output


def test_the_database_goes_up_and_down_with_a_backup_before(brainarr: Brainarr, tmp_path: Path):
    assert "went from revision base to" in brainarr("db", "upgrade").output
    assert "Nothing to do" in brainarr("db", "upgrade").output
    down = brainarr("db", "downgrade", "base")
    assert down.exit_code == 0
    assert "What was there before lies at" in down.output
    assert list((tmp_path / "config" / "backups").glob("brainarr-before-change-*.zip"))
    assert brainarr("db", "downgrade", "9999").exit_code == 2


def test_the_generated_api_key_stays_the_same_and_a_configured_one_goes_before_it(
    brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch
):
    key = brainarr("api-key").stdout.strip()
    assert len(key) == 32
    assert brainarr("api-key").stdout.strip() == key
    monkeypatch.setenv("BRAINARR__SERVER__API_KEY", "my-own-key")
    assert brainarr("api-key").stdout.strip() == "my-own-key"


def test_a_foreign_secret_key_is_a_message_with_a_remedy(brainarr: Brainarr, tmp_path: Path):
    brainarr("api-key")
    (tmp_path / "config" / KEY_FILE).unlink()
    said = brainarr("api-key")
    assert said.exit_code == 1
    assert KEY_FILE in said.stderr
    assert "Traceback" not in said.output


def test_a_run_without_a_lidarr_exits_with_2_and_names_the_keys(brainarr: Brainarr):
    said = brainarr("run")
    assert said.exit_code == 2
    assert "lidarr.url" in said.stderr
    assert "lidarr.api_key" in said.stderr


def test_a_run_of_an_unknown_list_exits_with_2(brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BRAINARR__LIDARR__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BRAINARR__LIDARR__API_KEY", "x")
    said = brainarr("run", "--list", "nobody")
    assert said.exit_code == 2
    assert "nobody" in said.stderr


@pytest.mark.loopback
def test_the_doctor_says_what_needs_the_user_before_anything_is_configured(
    brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for service in ("MUSICBRAINZ", "LISTENBRAINZ", "DEEZER"):
        monkeypatch.setenv(f"BRAINARR__{service}__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BRAINARR__LISTENBRAINZ__LABS_URL", "http://127.0.0.1:9")
    said = brainarr("doctor", "--json")
    assert said.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(said.stdout)["findings"]}
    assert findings["lidarr"]["health"] == "failed"
    assert "lidarr.url" in findings["lidarr"]["remedy"]
    assert findings["musicbrainz"]["health"] == "failed"
    assert findings["deezer"]["health"] == "note"
    assert findings["builtin"]["health"] == "ok"
    assert findings["configuration folder"]["health"] == "ok"
    assert not (tmp_path / "config").exists()
