"""The log's file and its form: as redacted as stderr, bounded, and safe to share between processes."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from brainarr import log
from brainarr.cli.start import CLOSED
from brainarr.errors import ConfigurationError
from tests.cli.conftest import Brainarr
from tests.cli.conftest import brainarr as brainarr
from tests.log_lines import logging_to_stderr


def said(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_goes_into_the_file_as_well_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "brainarr.log"
    log.hide(["sesame-open"])
    before = os.umask(CLOSED)
    try:
        with logging_to_stderr(file=path):
            structlog.get_logger().info("asked", api_key="abc", answer="sesame-open\nforged")
    finally:
        os.umask(before)
    assert path.read_text() == capsys.readouterr().err
    (line,) = said(path)
    assert (line["api_key"], line["answer"]) == ("***", "***\\nforged")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("form", "is_json"), [("auto", True), ("json", True), ("console", False)])
def test_the_form_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: log.Format, is_json: bool
) -> None:
    path = tmp_path / "brainarr.log"
    with logging_to_stderr(format=form, file=path):
        structlog.get_logger().info("asked", run=7)
    for text in (capsys.readouterr().err, path.read_text()):
        assert text.startswith("{") is is_json
        assert "\x1b" not in text and "asked" in text and "7" in text


def test_a_full_file_is_set_aside_and_only_so_many_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "brainarr.log"
    with logging_to_stderr(file=path, file_size=2_000, file_count=2):
        for number in range(100):
            structlog.get_logger().info("line", number=number)
    kept = [Path(f"{path}.2"), Path(f"{path}.1"), path]
    assert sorted(tmp_path.glob("*.log*")) == sorted([*kept, Path(f"{path}.lock")])
    numbers = [line["number"] for each in kept for line in said(each)]
    assert numbers == list(range(100 - len(numbers), 100))
    assert all(each.stat().st_size < 2_200 for each in kept)


def test_processes_that_share_a_file_lose_no_line_when_it_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "brainarr.log"
    program = (
        "import sys, structlog; from pathlib import Path; from brainarr import log\n"
        "log.configure(file=Path(sys.argv[1]), file_size=4000, file_count=100)\n"
        "for number in range(200): structlog.get_logger().info('line', of=sys.argv[2], number=number)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(one)], stderr=subprocess.DEVNULL)
        for one in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    files = [path, *tmp_path.glob("brainarr.log.[0-9]*")]
    found = sorted((line["of"], line["number"]) for each in files if each.exists() for line in said(each))
    assert found == [(str(one), number) for one in range(4) for number in range(200)]


def test_a_file_that_somebody_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "brainarr.log"
    with logging_to_stderr(file=path):
        structlog.get_logger().info("before")
        path.rename(tmp_path / "moved")
        structlog.get_logger().info("after")
    assert [line["event"] for line in said(path)] == ["after"]


def test_a_full_disk_costs_lines_and_not_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full, which Linux has")
    with logging_to_stderr(file=Path("/dev/full")):
        for number in range(3):
            structlog.get_logger().info("went on", number=number)
    shown = capsys.readouterr().err
    assert shown.count("went on") == 3
    assert shown.count("the log file cannot be written: No space left on device") == 1


def test_a_file_that_cannot_be_opened_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        log.configure(file=tmp_path / "nowhere" / "x.log")
    (fault,) = caught.value.faults
    assert fault.key == "log.file"


def test_the_settings_name_the_file_relative_to_the_folder(
    brainarr: Brainarr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINARR__LOG__FILE", "logs.txt")
    monkeypatch.setenv("BRAINARR__LOG__FORMAT", "json")
    monkeypatch.setenv("BRAINARR__LOG__LEVEL", "debug")
    assert brainarr("run").exit_code == 2
    assert "database upgraded" in {line["event"] for line in said(tmp_path / "config" / "logs.txt")}
    monkeypatch.setenv("BRAINARR__LOG__FILE", "no/such/folder/x")
    refused = brainarr("run")
    assert refused.exit_code == 2
    assert "log.file" in refused.stderr
