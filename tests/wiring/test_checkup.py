"""What doctor says of breakers and feeds, which it reads and never changes."""

from pathlib import Path

import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause
from brainarr.domain.deliveries import DeliveryState
from brainarr.domain.outage import begun
from brainarr.domain.recommendation import Status
from brainarr.llm.breaker import setup_of
from brainarr.service.doctor import Finding, Health, examine
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import request_run
from brainarr.store import deliveries
from brainarr.store.breakers import StoredBreakers
from brainarr.store.recommendations import insert_recommendations
from brainarr.wiring.build import open_house
from brainarr.wiring.checkup import open_checkup
from tests.conftest import NOW
from tests.servers import RedisServer, free_port
from tests.store.given import recommended

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


async def test_what_holds_a_list_back_is_said(tmp_path: Path) -> None:
    lidarr = {"BRAINARR__LIDARR__URL": f"http://127.0.0.1:{free_port()}", "BRAINARR__LIDARR__API_KEY": "key"}

    async def feed(environ: dict[str, str]) -> Finding:
        async with open_checkup(tmp_path, CHAIN | environ) as checks:
            (found,) = [check for check in checks if isinstance(check, Finding) and check.role == "feed"]
        return found

    async with open_house(tmp_path, CHAIN) as house:
        db = house.db
        asked = await request_run(db, DEFAULT_LIST, clock=house.clock)
        async with db.transaction() as connection:
            found = (recommended(1, album=11),)
            await insert_recommendations(connection, asked.id, 1, found, Status.APPROVED, house.clock())
            await deliveries.lock_state(connection, "default")
            away = DeliveryState(outage=begun("lidarr: away (503).", house.clock()))
            await deliveries.write_state(connection, "default", away)
    held = await feed(lidarr)
    assert held.health is Health.NOTE
    assert held.detail.startswith("1 item is held: Lidarr's metadata server is away since")
    # Nobody can be asked, so nothing is held.
    assert (await feed({})).health is Health.OK


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
