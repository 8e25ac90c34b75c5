"""A sample of what `make chaos` does in full: each kind of fault a few times, against a real server."""

import pytest

from tests.chaos.kills import kill_at_random
from tests.chaos.topology import SQLITE

pytestmark = pytest.mark.loopback


async def test_killed_at_random_moments_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "LONGEST_WORK_S", 2.0)
    row = await kill_at_random(SQLITE, seed=7, times=2)
    assert (row.times, row.losses) == (2, [])
