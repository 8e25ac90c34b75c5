"""The Dockerfile: what no image builder would notice, or only somewhere else."""

import json
import re

import pytest

from brainarr import __version__
from brainarr.wiring.configuration import ServerSettings
from tests.packaging.clone import ROOT, tracked
from tests.packaging.dockerfile import Stage, reaches_the_build, read_dockerfile

TEXT = (ROOT / "Dockerfile").read_text()
STAGES = read_dockerfile(TEXT)
BUILD, IMAGE = STAGES
IGNORED = (ROOT / ".dockerignore").read_text()


def test_what_is_copied_exists_and_reaches_the_build():
    for stage in STAGES:
        for copy in stage.all("COPY"):
            for source in copy.words[:-1]:
                if "from" not in copy.flags:
                    assert (ROOT / source).exists(), source
                    assert reaches_the_build(source, IGNORED), source


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "config/config.yaml",
        "secret.key",
        "brainarr.db",
        "tests/conftest.py",
        "docs/api.md",
        ".venv/bin/python",
        "requirements/dev.txt",
        "src/brainarr/__pycache__/x.pyc",
        "deploy/compose/.env",
    ],
)
def test_what_has_no_business_in_an_image_does_not_reach_the_build(path: str):
    assert not reaches_the_build(path, IGNORED)


def test_everything_of_the_package_reaches_the_build():
    files = tracked("src")
    assert len(files) > 300
    assert [path for path in files if not reaches_the_build(path, IGNORED)] == []


def test_only_what_was_reviewed_is_installed():
    installs = [run.text for run in BUILD.all("RUN") for _ in re.findall("pip install|install --", run.text)]
    assert installs
    commands = [part for run in BUILD.all("RUN") for part in run.text.split("&&") if " install " in part]
    for command in commands:
        assert "--require-hashes --only-binary :all:" in command or "--no-deps --no-index" in command, command
    # One place says which Python, for both.
    assert {stage.base for stage in STAGES} == {"python:3.11-slim-bookworm"}
    assert not re.search(r"^ADD|curl|wget|http", TEXT, re.MULTILINE)


def test_the_image_starts_no_shell_that_stays():
    for word in ("ENTRYPOINT", "CMD"):
        assert IMAGE.last(word).is_exec_form
    entry = IMAGE.last("ENTRYPOINT").words
    assert entry[:2] == ["/usr/bin/tini", "--"]
    target = next(copy.words[-1] for copy in IMAGE.all("COPY") if "entrypoint" in copy.text)
    assert entry[2] == target
    lines = (ROOT / "deploy/docker/entrypoint.sh").read_text().splitlines()
    assert all(line.strip().startswith("exec ") for line in lines if '"$@"' in line)


def test_the_health_check_is_python_and_where_it_is_said_to_be():
    health = IMAGE.last("HEALTHCHECK").text
    words = json.loads(health.removeprefix("CMD"))
    assert words[0].startswith("/opt/brainarr/bin/python")
    assert words[-1] in [copy.words[-1] for copy in IMAGE.all("COPY")]


def test_the_image_listens_where_it_says():
    environ = IMAGE.environ
    assert environ["BRAINARR__SERVER__HOST"] == "0.0.0.0"
    default = str(ServerSettings().port)
    assert environ["BRAINARR__SERVER__PORT"] == IMAGE.last("EXPOSE").text == default
    assert environ["BRAINARR_CONFIG"] == IMAGE.last("VOLUME").text == "/config"
    # What a volume takes over from the image is made before it is declared.
    about = [step.word for step in IMAGE.instructions if "/config" in step.text and step.word != "ENV"]
    assert about == ["RUN", "WORKDIR", "VOLUME"]


def test_the_labels_tell_this_version():
    version = next(arg.text for arg in IMAGE.all("ARG") if arg.text.startswith("VERSION="))
    assert version == f"VERSION={__version__}"
    labels = IMAGE.last("LABEL").pairs
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert labels["org.opencontainers.image.version"] == "${VERSION}"


def test_a_package_list_does_not_stay_in_a_layer():
    for run in IMAGE.all("RUN"):
        if "apt-get" in run.text:
            assert "--no-install-recommends" in run.text
            assert run.text.endswith("rm -rf /var/lib/apt/lists/*")


def test_an_instruction_that_this_reader_does_not_know_is_refused():
    with pytest.raises(ValueError, match="USERR"):
        read_dockerfile("FROM python:3\nUSERR root\n")
    assert isinstance(read_dockerfile("FROM python:3\n")[0], Stage)
