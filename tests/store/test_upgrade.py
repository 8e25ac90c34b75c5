"""Migrations with data in the tables: up, down, up again, and never without a backup."""

import asyncio
import errno
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Table, insert, select, text

from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind
from brainarr.domain.names import search_text
from brainarr.domain.recommendation import Recommendation
from brainarr.errors import ConfigurationError, StorageError
from brainarr.store import tables
from brainarr.store.archive import DATABASE, Origin, unpack
from brainarr.store.backup import SHELF, Backup, list_backups
from brainarr.store.blocks import BlockKind, blocks_of
from brainarr.store.columns import String, Text, UtcTime
from brainarr.store.copying import tables_in
from brainarr.store.revisions import known_revisions, migrate
from brainarr.store.session import create_engine, database_url, open_database
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import EVERYTHING, NOW, Place
from tests.store.given import House, installed, mbid, recommended
from tests.store.rows import Content, rows, store, stored

ROOT = Path(__file__).parents[2]
NEWEST = "0021"
SINCE_THE_FIRST = {
    "deliveries",
    "delivery_states",
    "moved_mbids",
    "history",
    "breakers",
    "reservations",
    "notices",
    "blocks",
    "likings",
    "forgotten",
    "backtests",
    "jobs",
    "pauses",
    "api_keys",
    "tallies",
    "people",
    "sessions",
    "recommendation_tags",
    "prompts",
    "idempotency",
    "lidarr_events",
    "lidarr_watches",
    "lidarr_exclusions",
    "lidarr_links",
    "left_off",
}
# What an upgrade fills from other tables: test_history_migration.py, test_discover.py.
MADE_OF_OTHERS = {"history", "verdict_counts", "recommendation_tags"}
COLUMNS_SINCE_THE_FIRST = {
    "lists": {
        "kind": ListKind.DISCOVER,
        "instance": DEFAULT_INSTANCE,
        "terms": NO_TERMS,
        "sync_wanted_at": None,
        "retired_at": None,
    },
    "runs": {"overrides": None},
    "usage": {"run_id": None},
    # The voices, the year and the confidence of every sample, which stand in its facts too.
    "recommendations": {
        "settled_at": None,
        "sources": ("listenbrainz",),
        "place": None,
        "explored": False,
        "propensity": 1.0,
        "plays": None,
        "remedy": None,
        "attempts": 0,
        "tried_at": None,
        "given_up_at": None,
        "cleared_at": None,
        "lookup_failures": 0,
        "proven_at": None,
        "broke_at": None,
        "year": 2001,
        "confidence": 0.625,
        "monitored": None,
    },
    "library_state": {"own_tag": None, "changed_at": None},
}


def backups_in(folder: Path) -> list[Backup]:
    return list_backups(folder / SHELF.place)


async def execute(place: Place, *statements: str) -> None:
    """As nobody but a test would."""
    db = open_database(place.url, place.folder)
    try:
        async with db.transaction() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await db.dispose()


async def test_the_migrations_make_exactly_the_tables_of_the_code(house: House) -> None:
    engine = create_engine(database_url(house.url, house.folder))
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), tables.metadata)
        )
    await engine.dispose()
    assert differences == []


async def test_a_first_start_makes_the_database_and_a_second_changes_nothing(empty_place: Place) -> None:
    folder, url = empty_place
    first = await upgrade(url, folder, now=NOW)
    second = await upgrade(url, folder, now=NOW)
    assert (first.before, first.after, first.copy) == (None, NEWEST, None)
    assert not second.changed
    assert backups_in(folder) == []


async def test_an_upgrade_makes_a_backup_first(empty_place: Place) -> None:
    folder, url = empty_place
    await upgrade(url, folder, now=NOW)
    await downgrade(url, folder, "0001", now=NOW)
    await execute(empty_place, "INSERT INTO settings VALUES ('kept', '1', false, '2026-01-01 00:00:00')")
    done = await upgrade(url, folder, now=NOW)
    assert done.before == "0001"
    assert done.copy is not None
    (aside := folder / "aside").mkdir()
    manifest = unpack(done.copy, aside)
    assert (manifest.revision, manifest.origin) == ("0001", Origin.BEFORE_CHANGE)
    with closing(sqlite3.connect(aside / DATABASE)) as copy:
        assert copy.execute("SELECT value FROM settings WHERE key = 'kept'").fetchall() == [("1",)]


async def test_only_the_newest_backups_of_upgrades_are_kept(empty_sqlite: Place) -> None:
    folder, url = empty_sqlite
    await upgrade(url, folder, now=NOW)
    for minute in range(SHELF.keep):
        await downgrade(url, folder, "0001", now=NOW.replace(minute=minute, second=1))
        await upgrade(url, folder, now=NOW.replace(minute=minute, second=2))
    kept = [backup.manifest.made_at for backup in backups_in(folder)]
    assert len(kept) == SHELF.keep
    assert kept[0] == NOW.replace(minute=SHELF.keep - 1, second=2)


async def test_an_upgrade_that_finds_the_disk_full_leaves_the_old_database(
    empty_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = empty_place
    await upgrade(url, folder, now=NOW)
    await downgrade(url, folder, "0001", now=NOW)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError) as caught:
        await upgrade(url, folder, now=NOW)
    assert "space" in caught.value.remedy
    monkeypatch.undo()
    assert [path.name for path in (folder / SHELF.place).iterdir()] == [backups_in(folder)[0].name]
    assert (await upgrade(url, folder, now=NOW)).before == "0001"


async def test_a_database_of_a_newer_version_is_refused(empty_place: Place) -> None:
    folder, url = empty_place
    await upgrade(url, folder, now=NOW)
    await execute(empty_place, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError) as caught:
        await upgrade(url, folder, now=NOW)
    assert "newer Brainarr" in caught.value.message
    assert "9999" in caught.value.message
    assert "Install that version" in caught.value.remedy


async def test_a_revision_that_does_not_exist_names_those_that_do(empty_sqlite: Place) -> None:
    folder, url = empty_sqlite
    await upgrade(url, folder, now=NOW)
    with pytest.raises(ConfigurationError, match="base, 0001, 0002, 0003"):
        await downgrade(url, folder, "0815", now=NOW)


async def test_what_was_blocked_before_there_were_blocks_stays_blocked(empty_place: Place) -> None:
    async with installed(*empty_place) as house:
        await house.db.dispose()
        await downgrade(house.url, house.folder, "0005", now=NOW)
        await execute(
            empty_place,
            "INSERT INTO runs (list_id, status, dry_run, trigger, requested_at) "
            f"VALUES (1, 'done', false, 'cli', '{NOW:%Y-%m-%d %H:%M:%S}')",
            *(
                "INSERT INTO recommendations "
                "(run_id, list_id, status, artist, artist_mbid, score, facts, created_at) VALUES "
                f"(1, 1, '{status}', '{mbid.title()}', '{mbid}', 0.5, '{{}}', '{NOW:%Y-%m-%d %H:%M:%S}')"
                for status, mbid in (("blocked", "one"), ("blocked", "one"), ("rejected", "two"))
            ),
        )
        await upgrade(house.url, house.folder, now=NOW)
        async with house.db.reading() as connection:
            (block,) = await blocks_of(connection)
    assert (block.kind, block.key, block.name, block.at) == (BlockKind.ARTIST, "one", "One", NOW)


async def test_a_downgrade_to_base_and_back_gives_an_empty_usable_database(empty_place: Place) -> None:
    async with installed(*empty_place) as house:
        await house.db.dispose()
        down = await downgrade(house.url, house.folder, "base", now=NOW)
        up = await upgrade(house.url, house.folder, now=NOW)
        assert (down.after, up.before, up.after) == (None, None, NEWEST)
        async with house.db.reading() as connection:
            assert (await connection.execute(select(tables.lists))).all() == []


START = """
import asyncio, sys
from pathlib import Path
from tests.store.given import installed

async def work(folder, url):
    print("ready", flush=True)
    sys.stdin.readline()
    async with installed(folder, url) as house:
        print(house.api_key)

asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
"""


async def test_processes_that_start_at_the_same_moment_on_nothing_all_come_up(empty_place: Place) -> None:
    folder, url = empty_place
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            START,
            str(folder),
            url,
            cwd=ROOT,
            env={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert len({out for out, _ in said}) == 1


patient = settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@patient
@given(content=rows)
@pytest.mark.thorough
async def test_whatever_is_stored_survives_a_downgrade_and_the_upgrade_after_it(
    content: Content, empty_place: Place
) -> None:
    folder, url = empty_place
    await upgrade(url, folder, now=NOW)
    await store(empty_place, content)
    await downgrade(url, folder, "0001", now=NOW)
    await upgrade(url, folder, now=NOW)
    expected = {
        table: []
        if table in SINCE_THE_FIRST
        else [row | COLUMNS_SINCE_THE_FIRST.get(table, {}) for row in content[table]]
        for table in content
    }
    expected["recommendations"] = [
        row
        | {"first_delivered_at": row["delivered_at"]}
        | {"names": search_text(row["artist"], *filter(None, [row["album"]])).replace("\0", "")}
        for row in expected["recommendations"]
    ]
    found = await stored(empty_place)
    assert {table: found[table] for table in found if table not in MADE_OF_OTHERS} == {
        table: expected[table] for table in found if table not in MADE_OF_OTHERS
    }
    await downgrade(url, folder, "base", now=NOW)


OLDER = [revision for revision in reversed(known_revisions()) if revision != NEWEST]


# From the oldest, an upgrade goes through all of them.
PLACES = [
    *(("empty_sqlite", revision) for revision in OLDER),
    *(("empty_postgres", revision) for revision in (OLDER if EVERYTHING else OLDER[:1])),
]


@pytest.mark.parametrize(("empty_place", "revision"), PLACES, indirect=["empty_place"])
async def test_the_data_of_every_earlier_revision_come_along(revision: str, empty_place: Place) -> None:
    folder, url = empty_place
    db = open_database(url, folder)
    try:
        async with db.transaction() as connection:
            await migrate(connection, revision)
            then = await tables_in(connection)
            for table in then:
                await connection.execute(insert(table), [row_of(table)])
        await db.dispose()
        await upgrade(url, folder, now=NOW)
        async with db.reading() as connection:
            for table in await tables_in(connection):
                if table.name in MADE_OF_OTHERS:
                    continue
                kept = [dict(row) for row in (await connection.execute(select(table))).mappings()]
                old = next((row_of(before) for before in then if before.name == table.name), None)
                assert [{name: row[name] for name in old or ()} for row in kept[:1]] == ([old] if old else [])
    finally:
        await db.dispose()


def row_of(table: Table) -> dict[str, Any]:
    """One row with every column that the table had: foreign keys point to row 1, JSON texts are lists."""
    values: dict[type, Any] = {int: 1, float: 0.5, bool: True, bytes: b"\x01"}
    return {
        column.name: NOW
        if isinstance(column.type, UtcTime)
        else TEXTS.get(column.name, "[]")
        if isinstance(column.type, String | Text)
        else values[column.type.python_type]
        for column in table.columns
    }


TEXTS = {"status": "done", "facts": '{"voices": []}', "artist": "Plaid", "artist_mbid": str(mbid(1))}


def test_a_recommendation_stored_before_its_newer_facts_is_still_read():
    stored = msgspec.json.decode(msgspec.json.encode(recommended(1)))
    for newer in ("seed_sources", "named_by"):
        del stored["evidence"][newer]
    del stored["worded_by"]
    assert msgspec.convert(stored, Recommendation) == recommended(1)
