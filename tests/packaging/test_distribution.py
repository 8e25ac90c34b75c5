"""Wheel and sdist: whole, the same from either, and of use to somebody who has nothing else of ours."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from brainarr import __version__
from tests.packaging.clone import ROOT, tracked

pytestmark = pytest.mark.loopback
NOWHERE = "http://127.0.0.1:9"
"""The port `discard`: nobody answers."""


def run(*command: str | Path, folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """In `folder`, with nothing of this test run's environment that would lead to our source."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BRAINARR", "PYTHON"))}
    words = list(map(str, command))
    return subprocess.run(
        words, cwd=folder, env=clean | environ, capture_output=True, text=True, timeout=120, check=False
    )


def build(source: Path, target: Path, *kinds: str) -> Path:
    done = run(sys.executable, "-m", "hatchling", "build", "-d", target, *kinds, folder=source)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return built / f"brainarr-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    return built / f"brainarr-{__version__}.tar.gz"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The commands of a new environment with the wheel in it.

    Its dependencies are those of this test run, so that no test needs the network: `make try-dist` gets them.
    """
    venv = tmp_path_factory.mktemp("fresh") / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv, folder=venv.parent).returncode == 0
    python = venv / "bin/python"
    install = ("install", "--no-deps", "--no-index", "--no-compile", wheel)
    done = run(sys.executable, "-m", "pip", "--python", python, *install, folder=venv.parent)
    assert done.returncode == 0, done.stderr
    (site,) = venv.glob("lib/python3*/site-packages")
    # Behind its own; what stands in such a folder's own .pth files, our editable self, is not followed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    yield venv / "bin"


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = {name.removeprefix("src/") for name in tracked("src")}
    assert {f for f in ours if f.endswith((".html", ".css", ".js", ".mako", ".txt"))}
    # A file that git does not know yet is on its way; one that is missing is not.
    assert ours - names == set()
    assert [
        name for name in names if not name.startswith("brainarr/") or name.endswith((".pyc", ".db"))
    ] == []


def test_the_metadata_names_version_licence_and_what_it_needs(wheel: Path):
    info = f"brainarr-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        assert b"brainarr = brainarr.cli:main" in archive.read(f"{info}/entry_points.txt")
        assert b"MIT License" in archive.read(f"{info}/licenses/LICENSE")
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "MIT")
    assert metadata["Requires-Python"] == ">=3.11"
    assert str(metadata.get_payload()).startswith("# Brainarr")


def test_the_sdist_has_all_that_git_knows(sdist: Path):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked() - names == set()


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / f"brainarr-{__version__}", tmp_path / "again", "-t", "wheel") / wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_what_is_installed_is_the_wheel(installed: Path, tmp_path: Path):
    place = run(installed / "python", "-c", "import brainarr; print(brainarr.__file__)", folder=tmp_path)
    assert place.stdout.startswith(str(installed.parent / "lib"))
    said = run(installed / "brainarr", "--version", folder=tmp_path)
    assert (said.returncode, said.stdout) == (0, f"brainarr {__version__}\n")


def test_the_demo_runs_in_an_empty_folder_and_leaves_it_empty(installed: Path, tmp_path: Path):
    done = run(installed / "brainarr", "demo", "--json", folder=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout)
    assert story["approved"] == 8
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_of_a_fresh_installation_says_what_is_missing(installed: Path, tmp_path: Path):
    away = {
        f"BRAINARR__{name}__BASE_URL": NOWHERE for name in ("MUSICBRAINZ", "LISTENBRAINZ", "DEEZER", "LASTFM")
    }
    away |= {f"BRAINARR__{name}__BASE_URL": NOWHERE for name in ("COVERART", "ITUNES")}
    away |= {"BRAINARR__LISTENBRAINZ__LABS_URL": NOWHERE, "BRAINARR_CONFIG": str(tmp_path / "config")}
    done = run(installed / "brainarr", "doctor", "--json", folder=tmp_path, **away)
    assert done.returncode == 1, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert (found["database"]["health"], found["lidarr"]["health"]) == ("ok", "failed")
    assert found["lidarr"]["remedy"] == "Set lidarr.url and lidarr.api_key."
    # It looks, and makes nothing.
    assert list(tmp_path.iterdir()) == []
