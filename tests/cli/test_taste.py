"""What was learnt, on the command line."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Brainarr, World

pytestmark = pytest.mark.loopback


def test_before_any_decision_it_says_so(brainarr: Brainarr):
    said = brainarr("taste")
    assert (said.exit_code, said.stdout) == (
        0,
        "Nothing has been learnt yet: the score is as the settings say.\n",
    )


def test_after_refusals_it_says_what_counts_less_until_it_is_reset(
    brainarr: Brainarr, outside: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS", "6")
    run = json.loads(brainarr("run", "--json").stdout)
    assert len(run["recommendations"]) == 6
    assert [item["place"] for item in run["recommendations"]] == [1, 2, 3, 4, 5, 6]
    with sqlite3.connect(tmp_path / "config" / "brainarr.db") as database:
        database.execute("update recommendations set status = 'rejected'")
    database.close()
    found = json.loads(brainarr("taste", "--json").stdout)
    assert found["decisions"] == 6
    assert found["configured"] == {"genre": 0.4, "era": 0.2, "diversity": 0.2, "confidence": 0.2}
    said = brainarr("taste").stdout
    assert said.splitlines() == found["words"]
    assert "suggestions:" in said and "counts less" in said
    reset = brainarr("taste", "--reset")
    assert reset.exit_code == 0
    assert reset.stdout.splitlines() == [
        "Forgotten. History stays as it is.",
        "Nothing has been learnt yet: the score is as the settings say.",
    ]


def test_blocks_are_revoked_with_a_reset_only(brainarr: Brainarr):
    refused = brainarr("taste", "--blocks")
    assert refused.exit_code == 2
    assert "--reset" in refused.stderr
    assert brainarr("taste", "--reset", "--blocks").exit_code == 0
