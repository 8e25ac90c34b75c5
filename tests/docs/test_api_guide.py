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


def answers_to(examples: list[str], folder: Path) -> list[str]:
    """What each example prints, all of them in one shell."""
    with town_in(folder) as town:
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
    return said


@pytest.mark.thorough
def test_every_example_can_be_run_and_prints_what_the_guide_shows(tmp_path: Path):
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: apt-get install {tool}")
    examples = [text for kind, text in BLOCKS if kind == "sh"]
    answers = dict(zip(examples, answers_to(examples, tmp_path), strict=True))
    shown = [
        (example, text)
        for (kind, example), (following, text) in pairwise(BLOCKS)
        if (kind, following) == ("sh", "json")
    ]
    for example, text in shown:
        assert alike(json.loads(text), documents(answers[example])[-1]), (text, answers[example])
    assert (len(answers), len(shown)) > (15, 8)
    # What is sent twice is done once.
    (twice,) = [answer for example, answer in answers.items() if "Idempotency-Key" in example]
    first, again = documents(twice)
    assert first == again
