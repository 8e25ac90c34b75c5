"""What doctor says of breakers, which it reads and never changes."""

from pathlib import Path

import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause
from brainarr.llm.breaker import setup_of
from brainarr.service.doctor import Finding, Health, examine
from brainarr.store.breakers import StoredBreakers
from brainarr.wiring.build import open_house
from brainarr.wiring.checkup import open_checkup
from tests.conftest import NOW
from tests.servers import RedisServer, free_port

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


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_doctor_asks_redis_where_one_is_set(tmp_path: Path, redis: RedisServer, password: str) -> None:
    url = redis.url.replace("redis://", f"redis://:{password}@") if password else redis.url
    (found,) = await asked_of_redis(tmp_path, url)
    assert found.health is (Health.FAILED if password else Health.OK)
    assert password not in found.detail or not password


async def test_a_redis_that_is_away_is_noted_because_work_goes_on_without_it(tmp_path: Path) -> None:
    (found,) = await asked_of_redis(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    assert (found.health, found.detail) == (Health.NOTE, "it cannot be reached")
    assert "redis.url" in found.remedy
    async with open_checkup(tmp_path, CHAIN) as checks:
        assert all(check.role != "redis" for check in checks)


async def asked_of_redis(folder: Path, url: str) -> tuple[Finding, ...]:
    async with open_checkup(folder, CHAIN | {"BRAINARR__REDIS__URL": url}) as checks:
        return await examine([check for check in checks if check.role == "redis"])
