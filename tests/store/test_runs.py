"""The rules of runs that the database itself keeps, whoever writes to it."""

from brainarr.store import runs
from brainarr.store.lists import list_named
from brainarr.store.runs import Process, RunStatus
from tests.store.given import House


async def test_the_database_itself_takes_one_open_run_of_a_list_only(house: House) -> None:
    async with house.db.transaction() as connection:
        wanted = await list_named(connection, "default")
        assert wanted is not None

        async def insert() -> int | None:
            at = house.clock()
            return await runs.insert_run(connection, wanted.id, dry_run=False, trigger="test", at=at)

        first = await insert()
        assert first is not None
        assert await insert() is None
        assert await runs.claim(connection, first, Process("here", 1, "this"), house.clock())
        assert await insert() is None
        assert await runs.close_run(connection, first, RunStatus.FAILED, house.clock())
        assert await insert() is not None


async def test_a_run_is_claimed_once(house: House) -> None:
    async with house.db.transaction() as connection:
        wanted = await list_named(connection, "default")
        assert wanted is not None
        at = house.clock()
        run_id = await runs.insert_run(connection, wanted.id, dry_run=False, trigger="test", at=at)
        assert run_id is not None
        claims = [await runs.claim(connection, run_id, Process("here", number, "x"), at) for number in (1, 2)]
        assert claims == [True, False]
