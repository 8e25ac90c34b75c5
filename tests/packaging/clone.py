"""The clone that these tests stand in."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def tracked(*folders: str) -> set[str]:
    """What git knows, and is there. Skips the test in an unpacked sdist."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a clone: git knows which files are ours")
    command = ["git", "ls-files", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
