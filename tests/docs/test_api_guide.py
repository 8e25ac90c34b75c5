"""Every example of docs/api-guide.md is run, in order, by a shell against a real server in the sandbox."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import town_in

pytestmark = pytest.mark.loopback

GUIDE = (Path(__file__).parents[2] / "docs/api-guide.md").read_text()
ADDRESS = "http://localhost:8690"
BLOCKS = re.findall(r"^```(sh|json)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
MARK = "---- the next example ----"


def alike(told: Any, said: Any) -> bool:
    """Whether an answer has what the guide shows: the same names, with values of the same kind."""
    match told, said:
        case dict(), dict():
            return all(name in said and alike(value, said[name]) for name, value in told.items())
        case [first, *_], [other, *_]:
            return alike(first, other)
        case bool(), _:
            return told is said
        case ((int() | float()), (int() | float())):
            return True
    return type(told) is type(said)


def documents(text: str) -> list[Any]:
    """One JSON value after the other."""
    found: list[Any] = []
    while text := text.strip():
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each example printed."""
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: apt-get install {tool}")
    examples = [text for kind, text in BLOCKS if kind == "sh"]
    with town_in(tmp_path_factory.mktemp("guide")) as town:
        script = f"echo '{MARK}'\n".join(examples).replace(ADDRESS, town.address)
        # The command of this checkout, whatever else is installed.
        command = f'brainarr() {{ "{sys.executable}" -m brainarr "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command + script],
            env={**os.environ, **town.member.environ, "no_proxy": "*"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    said = done.stdout.split(f"{MARK}\n")
    assert done.returncode == 0, f"after {said[-1]}: {done.stderr}\n{examples[len(said) - 1]}"
    assert len(said) == len(examples)
    return said


def test_every_example_can_be_run(answers: list[str]):
    assert len(answers) > 15


def test_what_the_guide_shows_is_what_comes(answers: list[str]):
    shown = 0
    number = -1
    for (kind, _), (following, text) in pairwise(BLOCKS):
        number += kind == "sh"
        if kind == "sh" and following == "json":
            shown += 1
            assert alike(json.loads(text), documents(answers[number])[-1]), (text, answers[number])
    assert shown > 8


def test_what_is_sent_twice_is_done_once(answers: list[str]):
    (once,) = [
        documents(answer)
        for (kind, text), answer in zip([block for block in BLOCKS if block[0] == "sh"], answers, strict=True)
        if "Idempotency-Key" in text
    ]
    assert once[0] == once[1]
