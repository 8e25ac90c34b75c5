"""brainarr db backup, restore and move, as somebody at a terminal has them."""

import os
import zipfile
from pathlib import Path

import pytest

from brainarr.log import without_secrets
from tests.cli.conftest import Brainarr
from tests.conftest import Place
from tests.servers import PostgresServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config"


def test_a_backup_brings_everything_back(brainarr: Brainarr, folder: Path, tmp_path: Path):
    key = brainarr("api-key").stdout.strip()
    said = brainarr("db", "backup", str(tmp_path / "mine.zip"))
    assert said.exit_code == 0
    assert "mine.zip" in said.output
    for file in (*folder.glob("brainarr.db*"), folder / "secret.key"):
        file.unlink()
    assert brainarr("api-key").stdout.strip() != key
    said = brainarr("db", "restore", str(tmp_path / "mine.zip"))
    assert said.exit_code == 0
    assert "restart every Brainarr" in said.output
    assert "secret.key is the backup's now" in said.output
    assert "What was there before lies at" in said.output
    assert brainarr("api-key").stdout.strip() == key


def test_a_backup_of_the_same_installation_asks_for_no_hurry(brainarr: Brainarr, tmp_path: Path):
    brainarr("api-key")
    brainarr("db", "backup", str(tmp_path / "mine.zip"))
    said = brainarr("db", "restore", str(tmp_path / "mine.zip")).output
    assert "when it is restarted" in said
    assert "secret.key" not in said


def test_only_the_database_and_its_journals_are_closed_to_others(brainarr: Brainarr, folder: Path):
    brainarr("api-key")
    for name in ("brainarr.db", "brainarr.db.bak"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    brainarr("api-key")
    modes = [(folder / name).stat().st_mode & 0o777 for name in ("brainarr.db", "brainarr.db.bak")]
    assert modes == [0o600, 0o644]


def test_without_a_name_it_lies_in_the_folder_of_the_settings(
    brainarr: Brainarr, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR__BACKUP__FOLDER", "safe")
    brainarr("api-key")
    assert brainarr("db", "backup").exit_code == 0
    (made,) = (folder / "safe").glob("brainarr-manual-*.zip")
    assert zipfile.is_zipfile(made)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("restore", "nothing.zip"), 1, "There is no backup"),
        (("restore", __file__), 1, "not a usable backup"),
        (("backup", "."), 2, "FILE"),
        (("move", "nonsense"), 2, "URL"),
        (("move", "postgresql://u:hunter2@h/b?sslmode=always"), 2, "sslmode"),
        (("move", "postgresql://u:hunter2@127.0.0.1:1/b"), 1, "cannot be reached"),
        (("move", "sqlite:///brainarr.db"), 2, "another database"),
    ],
)
@pytest.mark.loopback
def test_what_cannot_be_done_is_a_message(brainarr: Brainarr, words: tuple[str, ...], code: int, said: str):
    brainarr("api-key")
    done = brainarr("db", *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.output
    assert "Traceback" not in done.output
    assert "hunter2" not in done.output


@pytest.mark.loopback
def test_the_password_of_a_target_is_kept_out_of_the_log(brainarr: Brainarr):
    brainarr("api-key")
    brainarr("db", "move", "postgresql://u:of-the-target@127.0.0.1:1/b")
    assert "of-the-target" not in without_secrets("the driver says of-the-target")


def test_a_restore_of_a_damaged_file_changes_nothing(brainarr: Brainarr, folder: Path, tmp_path: Path):
    key = brainarr("api-key").stdout
    brainarr("db", "backup", str(tmp_path / "mine.zip"))
    content = bytearray((tmp_path / "mine.zip").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "mine.zip").write_bytes(content)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert brainarr("db", "restore", str(tmp_path / "mine.zip")).exit_code == 1
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert brainarr("api-key").stdout == key


@pytest.mark.thorough
def test_it_moves_to_postgresql_and_goes_on_there(
    brainarr: Brainarr, empty_postgres: Place, monkeypatch: pytest.MonkeyPatch
):
    key = brainarr("api-key").stdout
    moved = brainarr("db", "move", empty_postgres.url)
    assert moved.exit_code == 0, moved.output
    assert "database.url" in moved.output
    assert PostgresServer.PASSWORD not in moved.output
    assert brainarr("db", "move", empty_postgres.url).exit_code == 1
    monkeypatch.setitem(os.environ, "BRAINARR__DATABASE__URL", empty_postgres.url)
    assert brainarr("api-key").stdout == key
    told = brainarr("doctor")
    assert "PostgreSQL 1" in told.output
    assert "at revision" in told.output
    assert PostgresServer.PASSWORD not in told.output


def test_a_password_in_an_unusable_address_is_not_shown(brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BRAINARR__DATABASE__URL", "postgresql://u:hunter2@h/b?nonsense=1")
    said = brainarr("doctor")
    assert said.exit_code == 2
    assert "database.url" in said.output
    assert "hunter2" not in said.output
