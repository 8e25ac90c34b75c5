"""What models were asked and answered: stored with its run, unless that is switched off, and forgotten."""

import msgspec
import pytest
from sqlalchemy import text

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Exchange, Memory, Outcome, RunResult
from brainarr.errors import NotFound
from brainarr.service.execution import execute_run
from brainarr.service.progress import OnProgress
from brainarr.service.retention import Retention, clean_up
from brainarr.service.runs import read_exchanges, request_run
from brainarr.store.runs import RunRow
from brainarr.store.session import open_database
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import NOW, Place
from tests.service.given import deps, result
from tests.store.given import House, installed

TOLD = (
    Exchange("home", "qwen3:8b", Outcome.UNREADABLE, "", "<library>", "no\0thing \ud800", "propose", 0, NOW),
    Exchange("cloud", "large", Outcome.OK, "You recommend.", "<library>", "{…}", "propose", 1, NOW),
)


async def told(house: House, *, keep: bool = True) -> int:
    """A run whose models were asked twice; its number."""

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        return msgspec.structs.replace(result(), exchanges=TOLD)

    asked = await request_run(house.db, "default", clock=house.clock)
    working = msgspec.structs.replace(deps(house, recommend), keep_prompts=keep)
    await execute_run(working, asked.id)
    return asked.id


async def test_they_are_kept_in_order_and_any_text_can_be_stored(house: House) -> None:
    read = (await read_exchanges(house.db, await told(house))).exchanges
    assert read == (msgspec.structs.replace(TOLD[0], answer="nothing "), TOLD[1])


async def test_nothing_is_kept_where_that_is_switched_off(house: House) -> None:
    assert (await read_exchanges(house.db, await told(house, keep=False))).exchanges == ()


async def test_they_are_forgotten_before_the_run_is(house: House) -> None:
    number = await told(house)
    house.clock.advance(days=29)
    assert (await clean_up(house.db, clock=house.clock)).prompts == 0
    house.clock.advance(days=2)
    assert (await clean_up(house.db, clock=house.clock)).prompts == 2
    assert (await read_exchanges(house.db, number)).exchanges == ()


async def test_they_go_with_a_run_that_is_forgotten(house: House) -> None:
    number = await told(house)
    await told(house)
    house.clock.advance(days=400)
    gone = await clean_up(house.db, Retention(prompts_days=None), clock=house.clock)
    assert gone.runs == 1
    with pytest.raises(NotFound):
        await read_exchanges(house.db, number)
    async with house.db.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM prompts"))).scalar_one() == 2


async def test_the_table_goes_and_comes_back_and_the_run_stays(empty_place: Place) -> None:
    async with installed(*empty_place) as house:
        number = await told(house)
    folder, url = empty_place
    await downgrade(url, folder, "0015", now=NOW)
    await upgrade(url, folder, now=NOW)
    db = open_database(url, folder)
    try:
        assert (await read_exchanges(db, number)).exchanges == ()
    finally:
        await db.dispose()
