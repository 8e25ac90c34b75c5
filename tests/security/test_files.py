"""Files: closed to others, and none read outside of where it belongs."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from brainarr.errors import StorageError
from brainarr.similarity.artifact import FORMAT, HEADER, Header, read_header
from brainarr.similarity.recipe import Recipe
from tests.cli.conftest import Brainarr
from tests.conftest import NOW


def open_to_others(folder: Path) -> list[str]:
    """What others than its owner may do anything with."""
    return [
        file.name
        for file in (folder, *folder.rglob("*"))
        if not file.is_symlink() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]


def test_whatever_a_command_makes_is_closed_to_others(brainarr: Brainarr, tmp_path: Path):
    before = os.umask(0)
    try:
        assert brainarr("db", "upgrade").exit_code == 0
        assert brainarr("api-key").exit_code == 0
        # An upgrade leaves a copy.
        assert brainarr("db", "downgrade", "0001").exit_code == 0
        assert brainarr("api-key").exit_code == 0
        assert open_to_others(tmp_path / "config") == []
    finally:
        os.umask(before)


def test_what_an_older_version_left_open_is_closed_at_the_next_start(brainarr: Brainarr, tmp_path: Path):
    folder = tmp_path / "config"
    brainarr("api-key")
    (folder / "brainarr.db.before-0001-20260101-000000").write_bytes(b"")
    for file in folder.iterdir():
        file.chmod(0o644)
    assert brainarr("api-key").exit_code == 0
    assert open_to_others(folder) == []


def test_a_umask_of_your_own_opens_the_log_and_no_secret(
    brainarr: Brainarr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR_UMASK", "027")
    monkeypatch.setenv("BRAINARR__LOG__FILE", "brainarr.log")
    before = os.umask(0o022)
    try:
        for command in (("api-key",), ("db", "backup")):
            assert brainarr(*command).exit_code == 0
    finally:
        os.umask(before)
    modes = {
        file.suffix or file.name: stat.S_IMODE(file.stat().st_mode)
        for file in (tmp_path / "config").rglob("*")
        if file.is_file()
    }
    assert modes == {".db": 0o600, ".key": 0o600, ".zip": 0o600, ".log": 0o640}


@pytest.mark.parametrize("given", ["777", "0o77", "77", "000", "0177", "public"])
def test_a_umask_that_shuts_the_owner_out_or_lets_others_write_is_refused(
    given: str, brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR_UMASK", given)
    said = brainarr("api-key")
    assert (said.exit_code, f"BRAINARR_UMASK: '{given}' is not usable" in said.output) == (2, True)


@pytest.mark.parametrize(
    "generation",
    [".new-/../../elsewhere", "../elsewhere", "/etc", ".new-1", "", "0123456789abcde/", "a" * 16 + "/.."],
)
def test_a_filter_from_somebody_else_names_no_folder_outside_of_its_own(tmp_path: Path, generation: str):
    header = Header(FORMAT, generation, NOW, "", 1, 1, 1, Recipe(), (), {})
    (tmp_path / HEADER).write_bytes(msgspec.json.encode(header))
    with pytest.raises(StorageError, match="outside of its folder"):
        read_header(tmp_path)
