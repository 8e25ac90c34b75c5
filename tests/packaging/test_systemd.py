"""The systemd units: only directives that exist, a tight sandbox, and the same one for server and worker."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.clone import ROOT

FOLDER = ROOT / "deploy/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
EXPOSED = 20
"""At most, out of 100, as `systemd-analyze security` counts."""

analysed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")


def verify(unit: Path) -> str:
    """What systemd has to say against it."""
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stderr


@analysed
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_has_nothing_against_a_unit(unit: Path, tmp_path: Path):
    # Where the package is not installed under /opt, something that can be executed stands in.
    text = unit.read_text().replace("/opt/brainarr/bin/brainarr", "/bin/true")
    placed = tmp_path / unit.name.replace("@.", "@1.")
    placed.write_text(text)
    assert verify(placed) == ""
    placed.write_text(text.replace("Restart=", "Restrat="))
    assert "Restrat" in verify(placed)


@analysed
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_leaves_little_open(unit: Path):
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSED}",
        "--no-pager",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_server_and_worker_differ_in_what_they_do_alone():
    server, worker = (
        {line for line in path.read_text().splitlines() if re.match(r"\w+=", line)}
        for path in (FOLDER / "brainarr.service", FOLDER / "brainarr-worker@.service")
    )
    differing = {line.partition("=")[0] for line in server ^ worker}
    assert differing == {"Description", "After", "ExecStart"}


def test_the_units_run_as_a_user_that_is_made():
    (user,) = re.findall(r"^u (\w+) - ", (FOLDER / "brainarr.sysusers").read_text(), re.MULTILINE)
    for unit in UNITS:
        assert {f"User={user}", f"StateDirectory={user}"} <= set(unit.read_text().splitlines())
