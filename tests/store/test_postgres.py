"""A real PostgreSQL with its troubles: restarts, killed connections, refusals; each said with a remedy."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update

from brainarr.errors import ConfigurationError, StorageError
from brainarr.service.lists import read_list
from brainarr.service.settings import write_settings
from brainarr.store import tables
from brainarr.store.session import database_url, open_database
from brainarr.store.upgrade import outlook
from tests.conftest import Place
from tests.servers import PostgresServer, free_port
from tests.store.given import House, installed


@pytest.fixture
async def house(on_postgres: Place) -> AsyncIterator[House]:
    async with installed(*on_postgres) as house:
        yield house


async def names(house: House) -> list[str]:
    async with house.db.reading() as connection:
        return list((await connection.execute(select(tables.lists.c.name))).scalars())


async def rename(house: House, name: str) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(update(tables.lists).values(name=name))


async def complaint(url: str, house: House) -> StorageError:
    db = open_database(url, house.folder)
    try:
        with pytest.raises(StorageError) as caught:
            async with db.reading() as connection:
                await connection.execute(text("SELECT 1"))
    finally:
        await db.dispose()
    assert PostgresServer.PASSWORD not in str(caught.value)
    return caught.value


async def test_after_a_restart_of_the_server_the_next_requests_work(
    house: House, postgres: PostgresServer
) -> None:
    await asyncio.gather(*(names(house) for _ in range(5)))
    postgres.stop()
    with pytest.raises(StorageError) as caught:
        await names(house)
    assert "cannot be reached" in caught.value.message
    assert "PostgreSQL runs" in caught.value.remedy
    postgres.start()
    await rename(house, "after")
    assert await asyncio.gather(*(names(house) for _ in range(5))) == [["after"]] * 5


async def test_a_killed_connection_stores_nothing_by_halves_and_the_next_one_works(
    house: House, postgres: PostgresServer
) -> None:
    before, name = await names(house), str(database_url(house.url, house.folder).database)
    with pytest.raises(StorageError) as caught:
        async with house.db.transaction() as connection:
            await connection.execute(update(tables.lists).values(name="half"))
            postgres.disconnect(name)
            await connection.execute(select(tables.lists))
    assert "went away" in caught.value.message
    assert await names(house) == before
    await rename(house, "whole")
    assert await names(house) == ["whole"]


async def test_a_writer_that_dies_gives_the_turn_to_those_who_wait(
    house: House, postgres: PostgresServer
) -> None:
    name = str(database_url(house.url, house.folder).database)
    other = open_database(house.url, house.folder)
    holds = asyncio.Event()

    async def hang() -> None:
        async with other.transaction() as connection:
            holds.set()
            await connection.execute(text("SELECT pg_sleep(60)"))

    hanging = asyncio.create_task(hang())
    await holds.wait()
    waiting = asyncio.create_task(rename(house, "mine"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' "
        f"AND datname = '{name}'"
    )
    async with asyncio.timeout(10):
        await waiting
    with pytest.raises(StorageError):
        await hanging
    await other.dispose()
    assert await names(house) == ["mine"]


@pytest.mark.parametrize(
    ("changed", "what", "remedy"),
    [
        ((":{password}@", ":wrong@"), "refuses the login", "password"),
        (("/{name}", "/elsewhere"), "no such database", "databases.md"),
        ((":{port}/", ":{free}/"), "cannot be reached", "host and port"),
        (("127.0.0.1", "nowhere.invalid"), "cannot be reached", "host and port"),
        (("/{name}", "/{name}?sslmode=require"), "does not encrypt", "sslmode"),
    ],
)
@pytest.mark.allow_hosts(["127.0.0.1", "nowhere.invalid"])
async def test_each_refusal_is_said_with_what_to_do(
    house: House, changed: tuple[str, str], what: str, remedy: str
) -> None:
    address = database_url(house.url, house.folder)
    known = {
        "password": PostgresServer.PASSWORD,
        "name": address.database,
        "port": address.port,
        "free": free_port(),
    }
    old, new = (part.format(**known) for part in changed)
    assert old in house.url
    error = await complaint(house.url.replace(old, new), house)
    assert what in error.message
    assert remedy in error.remedy


async def test_a_server_without_a_free_connection_says_so(house: House, postgres: PostgresServer) -> None:
    guest = house.url.replace(f"brainarr:{PostgresServer.PASSWORD}@", "guest:guest@")
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 0")
    try:
        error = await complaint(
            house.url.replace(f"brainarr:{PostgresServer.PASSWORD}@", "guest:guest@"), house
        )
        assert "no connection left" in error.message
        postgres.execute("ALTER ROLE guest CONNECTION LIMIT 5")
        db = open_database(guest)
        with pytest.raises(StorageError) as caught:
            async with db.reading() as connection:
                await connection.execute(select(tables.lists))
        await db.dispose()
        assert "lacks a right" in caught.value.message
    finally:
        postgres.execute("DROP ROLE guest")


async def test_a_reader_may_not_write(house: House) -> None:
    with pytest.raises(StorageError):
        async with house.db.reading() as connection:
            await connection.execute(update(tables.lists).values(name="no"))


async def test_no_secret_lies_readable_in_any_table(house: House) -> None:
    """Every row of every table as text, which is what a dump of the database holds."""
    feed_key = (await read_list(house.db, house.secrets, "default")).key
    await write_settings(
        house.db,
        house.secrets,
        {"lidarr.api_key": "sesame-open", "lidarr.url": "http://lidarr:8686"},
        secret_keys={"lidarr.api_key"},
        clock=house.clock,
    )
    connection = await asyncpg.connect(house.url)
    try:
        named = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{name}" t') for (name,) in named]
    finally:
        await connection.close()
    dump = "\n".join(row[0] for part in rows for row in part)
    assert "http://lidarr:8686" in dump
    assert not any(secret in dump for secret in (house.api_key, feed_key, "sesame-open"))


async def test_what_is_larger_than_a_column_of_numbers_is_an_error_that_stores_nothing(house: House) -> None:
    row = {"key": "a", "value": b"1", "expires_at": house.clock() + timedelta(days=1)}
    with pytest.raises(StorageError):
        async with house.db.transaction() as connection:
            await connection.execute(insert(tables.cache).values(row))
            await connection.execute(update(tables.lists).values(owner=2**40))
    async with house.db.reading() as connection:
        assert (await connection.execute(select(tables.cache))).all() == []


async def test_the_outlook_names_the_server(house: House) -> None:
    revised = await outlook(house.url, house.folder)
    assert revised.server.startswith("PostgreSQL 1")
    assert not revised.changed


async def test_every_documented_option_is_taken(house: House) -> None:
    db = open_database(f"{house.url}?sslmode=prefer&connect_timeout=3&application_name=mine", house.folder)
    async with db.reading() as connection:
        shown = (await connection.execute(text("SHOW application_name"))).scalar()
    await db.dispose()
    assert shown == "mine"


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_address_brings_it_down(query: str, name: str):
    for url in (
        f"postgresql://u:hunter2@h/b?{query}",
        f"postgresql://u:hunter2@{name}/b",
        f"sqlite:///{query}",
    ):
        try:
            open_database(url)
        except ConfigurationError as error:
            assert "hunter2" not in str(error)
            assert error.faults[0].key == "database.url"
