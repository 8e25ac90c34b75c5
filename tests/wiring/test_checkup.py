"""What doctor says of breakers, which it reads and never changes."""

from pathlib import Path

import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause
from brainarr.llm.breaker import setup_of
from brainarr.service.doctor import Finding, Health
from brainarr.store.breakers import StoredBreakers
from brainarr.wiring.build import open_house
from brainarr.wiring.checkup import open_checkup
from tests.conftest import NOW

# Doctor looks for model servers on this machine.
pytestmark = pytest.mark.loopback

CHAIN = {
    "BRAINARR__PROVIDER_CHAIN__0__KIND": "openai_compatible",
    "BRAINARR__PROVIDER_CHAIN__0__NAME": "home",
    "BRAINARR__PROVIDER_CHAIN__0__BASE_URL": "http://127.0.0.1:1/v1",
    "BRAINARR__PROVIDER_CHAIN__0__API_KEY": "wrong",
}


async def findings(folder: Path, **changed: str) -> list[Finding]:
    async with open_checkup(folder, CHAIN | changed) as checks:
        return [check for check in checks if isinstance(check, Finding) and check.role == "breaker"]


async def test_a_latched_key_needs_the_user_until_the_entry_has_another(tmp_path: Path) -> None:
    async with open_house(tmp_path, CHAIN) as house:
        (link,) = house.outside.links
        refused = rules.failed(rules.closed(setup_of(link.entry), NOW), NOW, "home: 401.", Cause.KEY)
        await StoredBreakers(house.db).change("home", lambda _: refused)
    (found,) = await findings(tmp_path)
    assert (found.name, found.health) == ("home", Health.FAILED)
    assert "open since 2026-11-22 12:00:00 UTC: home: 401." in found.detail
    assert await findings(tmp_path, BRAINARR__PROVIDER_CHAIN__0__API_KEY="right") == []
