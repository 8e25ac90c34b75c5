"""Migrations on files with data in them: up, down, up again, and never without a copy."""

import errno
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert, select

from brainarr.domain.circuit import Cause, Circuit, Mark, State
from brainarr.domain.recommendation import Progress, Recommendation, RunOverrides
from brainarr.errors import ConfigurationError, StorageError
from brainarr.store import tables
from brainarr.store.blocks import BlockKind, blocks_of
from brainarr.store.columns import JsonOf, UtcTime
from brainarr.store.session import create_engine, database_url, open_database
from brainarr.store.upgrade import COPIES_KEPT, downgrade, upgrade
from tests.conftest import NOW
from tests.store.given import URL, House, recommended

NEWEST = "0011"
SINCE_THE_FIRST = {
    "deliveries",
    "history",
    "breakers",
    "reservations",
    "notices",
    "blocks",
    "likings",
    "forgotten",
    "backtests",
}
COLUMNS_SINCE_THE_FIRST = {
    "runs": {"overrides": None},
    "usage": {"run_id": None},
    # The voices of every sample, which stand in its facts too.
    "recommendations": {
        "settled_at": None,
        "sources": ("listenbrainz",),
        "place": None,
        "explored": False,
        "propensity": 1.0,
        "plays": None,
    },
}


def beside(folder: Path, pattern: str) -> list[str]:
    return sorted(file.name for file in folder.glob(pattern))


async def test_the_migrations_make_exactly_the_tables_of_the_code(house: House) -> None:
    engine = create_engine(database_url(URL, house.folder))
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), tables.metadata)
        )
    await engine.dispose()
    assert differences == []


async def test_a_first_start_makes_the_database_and_a_second_changes_nothing(tmp_path: Path) -> None:
    first = await upgrade(URL, tmp_path, now=NOW)
    second = await upgrade(URL, tmp_path, now=NOW)
    assert (first.before, first.after, first.copy) == (None, NEWEST, None)
    assert not second.changed
    assert beside(tmp_path, "*.before-*") == []


async def test_an_upgrade_copies_the_old_file_aside_first(tmp_path: Path) -> None:
    await upgrade(URL, tmp_path, now=NOW)
    await downgrade(URL, tmp_path, "0001", now=NOW)
    with closing(sqlite3.connect(tmp_path / "brainarr.db")) as old:
        old.execute("INSERT INTO settings VALUES ('kept', '1', 0, '2026-01-01 00:00:00')")
        old.commit()
    done = await upgrade(URL, tmp_path, now=NOW)
    assert done.before == "0001"
    assert done.copy is not None
    with closing(sqlite3.connect(done.copy)) as copy:
        assert copy.execute("SELECT value FROM settings WHERE key = 'kept'").fetchall() == [("1",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


async def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    await upgrade(URL, tmp_path, now=NOW)
    for minute in range(COPIES_KEPT):
        await downgrade(URL, tmp_path, "0001", now=NOW.replace(minute=minute, second=1))
        await upgrade(URL, tmp_path, now=NOW.replace(minute=minute, second=2))
    assert len(beside(tmp_path, "brainarr.db.before-*")) == COPIES_KEPT


async def test_an_upgrade_that_finds_the_disk_full_leaves_the_old_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(URL, tmp_path, now=NOW)
    await downgrade(URL, tmp_path, "0001", now=NOW)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError) as caught:
        await upgrade(URL, tmp_path, now=NOW)
    assert "space" in caught.value.remedy
    monkeypatch.undo()
    assert beside(tmp_path, "*.part") == []
    assert (await upgrade(URL, tmp_path, now=NOW)).before == "0001"


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    await upgrade(URL, tmp_path, now=NOW)
    with closing(sqlite3.connect(tmp_path / "brainarr.db")) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    with pytest.raises(StorageError) as caught:
        await upgrade(URL, tmp_path, now=NOW)
    assert "newer Brainarr" in caught.value.message
    assert "9999" in caught.value.message
    assert "Install that version" in caught.value.remedy


async def test_a_revision_that_does_not_exist_names_those_that_do(tmp_path: Path) -> None:
    await upgrade(URL, tmp_path, now=NOW)
    with pytest.raises(ConfigurationError, match="base, 0001, 0002, 0003"):
        await downgrade(URL, tmp_path, "0815", now=NOW)


async def test_what_was_blocked_before_there_were_blocks_stays_blocked(house: House) -> None:
    await house.db.dispose()
    await downgrade(URL, house.folder, "0005", now=NOW)
    with closing(sqlite3.connect(house.folder / "brainarr.db")) as old:
        old.execute(
            "INSERT INTO runs (list_id, status, dry_run, trigger, requested_at) "
            "VALUES (1, 'done', 0, 'cli', ?)",
            (NOW.isoformat(" "),),
        )
        for status, mbid in (("blocked", "one"), ("blocked", "one"), ("rejected", "two")):
            old.execute(
                "INSERT INTO recommendations "
                "(run_id, list_id, status, artist, artist_mbid, score, facts, created_at) "
                "VALUES (1, 1, ?, ?, ?, 0.5, '{}', ?)",
                (status, mbid.title(), mbid, NOW.isoformat(" ")),
            )
        old.commit()
    await upgrade(URL, house.folder, now=NOW)
    async with house.db.reading() as connection:
        (block,) = await blocks_of(connection)
    assert (block.kind, block.key, block.name, block.at) == (BlockKind.ARTIST, "one", "One", NOW)


async def test_a_downgrade_to_base_and_back_gives_an_empty_usable_database(house: House) -> None:
    await house.db.dispose()
    down = await downgrade(URL, house.folder, "base", now=NOW)
    up = await upgrade(URL, house.folder, now=NOW)
    assert (down.after, up.before, up.after) == (None, None, NEWEST)
    async with house.db.reading() as connection:
        assert (await connection.execute(select(tables.lists))).all() == []


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
moments = st.datetimes(
    datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2100-01-01"), timezones=st.just(UTC)
)
samples: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(0, 2**31 - 1),
    float: st.floats(0, 1e6),
    bool: st.booleans(),
    bytes: st.binary(max_size=60),
}
json_samples: dict[str, st.SearchStrategy[Any]] = {
    "progress": st.builds(Progress, texts, texts, st.integers(0, 9), st.integers(0, 9)),
    "overrides": st.builds(RunOverrides, texts, st.lists(texts, max_size=2).map(tuple)),
    "preview": st.just((recommended(1), recommended(2, album=3))),
    "facts": st.just(recommended(4, album=5)),
    "circuit": st.builds(
        Circuit,
        st.sampled_from(State),
        moments,
        texts,
        texts,
        st.sampled_from(Cause),
        moments | st.none(),
        st.integers(0, 9),
        st.lists(st.builds(Mark, moments, st.booleans()), max_size=3).map(tuple),
    ),
    "carried": st.lists(st.integers(0, 2**31), max_size=4).map(tuple),
}


def values_of(table: Table, number: int) -> st.SearchStrategy[dict[str, Any]]:
    """A row of any content; keys are given, so that foreign keys hold."""
    columns: dict[str, st.SearchStrategy[Any]] = {}
    unique = {column for index in table.indexes if index.unique for column in index.columns}
    for column in table.columns:
        if column.foreign_keys or column.name == "id":
            columns[column.name] = st.just(number)
        elif column.primary_key or column.unique or (column in unique and not column.nullable):
            columns[column.name] = st.just(
                number if column.type.python_type is int else f"{column.name}{number}"
            )
        elif isinstance(column.type, UtcTime):
            columns[column.name] = moments
        elif isinstance(column.type, JsonOf):
            columns[column.name] = json_samples.get(column.name, st.lists(texts, max_size=3).map(tuple))
        elif column.name == "status":
            columns[column.name] = st.just("done")
        else:
            columns[column.name] = samples[column.type.python_type]
    return st.fixed_dictionaries(columns)


rows = st.integers(1, 3).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            table.name: st.tuples(*(values_of(table, number) for number in range(1, count + 1)))
            for table in tables.metadata.sorted_tables
        }
    )
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=rows)
async def test_whatever_is_stored_survives_a_downgrade_and_the_upgrade_after_it(
    content: dict[str, tuple[dict[str, Any], ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round-trip")
    await upgrade(URL, folder, now=NOW)
    db = open_database(URL, folder)
    try:
        async with db.transaction() as connection:
            for table in tables.metadata.sorted_tables:
                await connection.execute(insert(table), list(content[table.name]))
        await db.dispose()
        await downgrade(URL, folder, "0001", now=NOW)
        await upgrade(URL, folder, now=NOW)
        async with db.reading() as connection:
            for table in tables.metadata.sorted_tables:
                found = [dict(row._mapping) for row in await connection.execute(select(table))]
                added = COLUMNS_SINCE_THE_FIRST.get(table.name, {})
                known = () if table.name in SINCE_THE_FIRST else content[table.name]
                expected = [row | added for row in known]
                assert found == expected, table.name
    finally:
        await db.dispose()


def test_a_recommendation_stored_before_its_newer_facts_is_still_read():
    stored = msgspec.json.decode(msgspec.json.encode(recommended(1)))
    for newer in ("seed_sources", "named_by"):
        del stored["evidence"][newer]
    del stored["worded_by"]
    assert msgspec.convert(stored, Recommendation) == recommended(1)
