"""Transactions on a real SQLite file: nothing is lost, nothing is half stored, every error has a remedy."""

import asyncio
import random
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import Pool

from brainarr.domain.prompt import Usage
from brainarr.errors import ConfigurationError, StorageError
from brainarr.store import tables
from brainarr.store.session import create_engine, database_url, open_database
from brainarr.store.sqlite import CONNECTIONS
from brainarr.store.usage import StoredLedger, spent_since, start_of_month
from tests.conftest import sqlite_only
from tests.store.given import URL, House


async def test_of_fifty_concurrent_updates_none_is_lost(house: House) -> None:
    async def add_one() -> None:
        async with house.db.transaction() as connection:
            name = (await connection.execute(select(tables.lists.c.name))).scalar_one()
            # Others get their turn between reading and writing.
            await asyncio.sleep(0)
            count = int(name) if name.isdigit() else 0
            await connection.execute(update(tables.lists).values(name=str(count + 1)))

    await asyncio.gather(*(add_one() for _ in range(50)))
    async with house.db.reading() as connection:
        assert (await connection.execute(select(tables.lists.c.name))).scalar_one() == "50"


async def test_two_processes_worth_of_engines_lose_no_update_either(house: House) -> None:
    other = open_database(house.url, house.folder)
    call = Usage("home", "m", 1, 1, 0, 1, 0.1, "ok")
    ledgers = [StoredLedger(db, house.clock) for db in (house.db, other)]
    try:
        await asyncio.gather(*(ledger.record(call) for ledger in ledgers for _ in range(25)))
        async with house.db.reading() as connection:
            assert await spent_since(connection, start_of_month(house.clock())) == 50
    finally:
        await other.dispose()


async def test_a_crowd_shares_a_few_connections_that_stay_open(house: House) -> None:
    opened: list[object] = []

    def note(connection: object, _record: object) -> None:
        opened.append(connection)

    async def look() -> None:
        async with house.db.reading() as connection:
            await connection.execute(select(tables.lists.c.name))

    event.listen(Pool, "connect", note)
    try:
        for _ in range(3):
            await asyncio.gather(*(look() for _ in range(50)))
    finally:
        event.remove(Pool, "connect", note)
    assert 1 <= len(opened) <= CONNECTIONS


async def test_what_fails_half_way_leaves_nothing(house: House) -> None:
    row = {"key": "a", "value": "1", "secret": False, "updated_at": house.clock()}
    with pytest.raises(IntegrityError):
        async with house.db.transaction() as connection:
            await connection.execute(insert(tables.settings).values(row))
            await connection.execute(
                insert(tables.runs).values(
                    list_id=99, status="queued", dry_run=False, trigger="x", requested_at=house.clock()
                )
            )
    async with house.db.reading() as connection:
        assert (
            await connection.execute(select(tables.settings).where(tables.settings.c.key == "a"))
        ).first() is None


async def test_a_reader_waits_for_no_writer(house: House) -> None:
    async with house.db.transaction() as writing:
        await writing.execute(update(tables.lists).values(name="unfinished"))
        async with house.db.reading() as reading:
            assert (await reading.execute(select(tables.lists.c.name))).scalar_one() != "unfinished"


@sqlite_only
async def test_a_full_disk_is_said_with_a_remedy_and_leaves_nothing_half_stored(house: House) -> None:
    with pytest.raises(StorageError) as caught:
        async with house.db.transaction() as connection:
            pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            rows = [
                {"key": f"k{number}", "value": b"x" * 4096, "expires_at": house.clock() + timedelta(days=1)}
                for number in range(200)
            ]
            await connection.execute(insert(tables.cache), rows)
    assert "disk is full" in caught.value.message
    assert "space" in caught.value.remedy
    async with house.db.reading() as connection:
        assert (await connection.execute(select(tables.cache.c.key))).first() is None


async def test_a_folder_that_is_not_there_is_said_with_a_remedy(tmp_path: Path) -> None:
    db = open_database(URL, tmp_path / "missing")
    with pytest.raises(StorageError) as caught:
        async with db.reading():
            pass
    await db.dispose()
    assert "cannot be opened" in caught.value.message
    assert "folder" in caught.value.remedy


async def test_a_file_that_is_no_database_is_said_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "brainarr.db").write_bytes(b"certainly not a database, " * 100)
    db = open_database(URL, tmp_path)
    with pytest.raises(StorageError, match="not a database"):
        async with db.reading() as connection:
            await connection.execute(select(tables.lists))
    await db.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///brainarr.db?mode=ro",
        "mysql://u:hunter2@h/b",
        "postgresql://u:hunter2@h",
        "postgresql://u:hunter2@h:port/b",
        "postgresql://u:hunter2@h:99999/b",
        "postgresql://u:hunter2@h/b?sslmode=always",
        "postgresql://u:hunter2@h/b?sslrootcert=/nowhere.pem&sslmode=verify-full",
        "postgresql://u:hunter2@h/b?connect_timeout=soon",
        "postgresql://u:hunter2@h/b?pool_size=3",
    ],
)
def test_an_address_that_cannot_be_used_names_the_key_and_what_is_allowed(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_database(url, tmp_path)
    assert caught.value.faults[0].key == "database.url"
    assert "sqlite:///" in caught.value.faults[0].allowed
    assert "hunter2" not in str(caught.value)


async def test_a_transaction_cancelled_at_any_moment_gives_its_lock_back(house: House) -> None:
    async def add_and_look() -> None:
        async with house.db.transaction() as connection:
            row = {"key": "x", "value": "1", "secret": False, "updated_at": house.clock()}
            await connection.execute(insert(tables.settings).values(row))
            await connection.execute(select(tables.settings))
            await connection.execute(delete(tables.settings))

    rng = random.Random(1)
    for _ in range(150 if house.url == URL else 50):
        task = asyncio.create_task(add_and_look())
        for _ in range(rng.randrange(14)):
            await asyncio.sleep(0 if rng.random() < 0.7 else 0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(10):
            await add_and_look()


async def test_a_driver_that_was_stopped_is_closed_without_waiting_for_its_dead_thread(tmp_path: Path):
    # What SQLAlchemy does where a statement is cancelled before the closing it began comes to its turn.
    engine = create_engine(database_url(URL, tmp_path))
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        go_on = threading.Event()
        busy = asyncio.create_task(driver._execute(go_on.wait))
        await asyncio.sleep(0)
        driver.stop()
        closing = asyncio.create_task(driver.close())
        await asyncio.sleep(0)
        go_on.set()
        with suppress(ValueError):  # it was stopped before
            await asyncio.wait_for(closing, timeout=5)
        await busy
        await connection.invalidate()
    await engine.dispose()
