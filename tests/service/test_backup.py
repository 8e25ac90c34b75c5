"""Backing up, restoring and moving: the same rows come back on either database, or nothing is changed."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, select, text, update

from brainarr.domain.money import Limits
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Status
from brainarr.errors import ConfigurationError, Conflict, NotFound, StorageError
from brainarr.service import restore
from brainarr.service.backup import Backups, delete_backup, list_backups, make_backup, read_backup
from brainarr.service.lists import read_list
from brainarr.service.move import move_database
from brainarr.service.restore import restore_backup
from brainarr.service.runs import read_run, request_run
from brainarr.store import keyfile, tables
from brainarr.store import runs as run_rows
from brainarr.store.archive import Origin
from brainarr.store.backup import SHELF, Backup, Shelf
from brainarr.store.copying import replace_rows
from brainarr.store.revisions import migrate
from brainarr.store.runs import RunStatus
from brainarr.store.secrets import KEY_FILE
from brainarr.store.session import open_database
from brainarr.store.upgrade import downgrade
from brainarr.store.usage import StoredLedger, spent_since
from tests.conftest import NOW, Place, examples, sqlite_only
from tests.service.given import HERE, ran
from tests.store.given import URL, House, StandingClock, installed, recommended
from tests.store.rows import Content, rows, store, stored

patient = settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def backups_of(place: Place | House, keep: int = SHELF.keep) -> Backups:
    return Backups(place.url, place.folder, Shelf(SHELF.place, keep), StandingClock())


async def rename(house: House, name: str) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(update(tables.lists).values(name=name))


def call(microdollars: int) -> Usage:
    return Usage("model", "m", 1, 1, 0, microdollars, 1.0, "ok")


async def spent(house: House) -> int:
    async with house.db.reading() as connection:
        return await spent_since(connection, datetime.min.replace(tzinfo=UTC))


async def name_of(house: House) -> str:
    async with house.db.reading() as connection:
        return (await connection.execute(select(tables.lists.c.name))).scalar_one()


@patient
@given(content=rows)
@pytest.mark.thorough
async def test_any_rows_come_back_on_either_database(
    content: Content, on_sqlite: Place, on_postgres: Place
) -> None:
    """SQLite → backup → PostgreSQL → backup → SQLite."""
    # Of money that calls under way keep aside, the present counts.
    start = content | {"install": (await stored(on_postgres))["install"], "reservations": []}
    empty = {table: start[table] if table == "install" else [] for table in start}
    await store(on_sqlite, start)
    await store(on_postgres, empty)
    first = await make_backup(backups_of(on_sqlite))
    await restore_backup(backups_of(on_postgres), first.path)
    assert await stored(on_postgres) == start
    second = await make_backup(backups_of(on_postgres))
    assert second.manifest.rows == first.manifest.rows
    await store(on_sqlite, empty)
    await restore_backup(backups_of(on_sqlite), second.path)
    assert await stored(on_sqlite) == start
    # PostgreSQL goes on counting after what came along.
    async with installed(*on_postgres) as house, house.db.transaction() as connection:
        row = {"kind": "artist", "key": "another", "name": "Another", "at": NOW}
        made = await connection.execute(insert(tables.blocks).values(row).returning(tables.blocks.c.id))
        assert made.scalar_one() == len(start["blocks"]) + 1


async def test_a_backup_is_of_one_moment_while_others_write(house: House) -> None:
    """Two tables that always agree, changed without end: they agree in every backup."""
    begun, stop = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        for number in range(10_000):
            async with house.db.transaction() as connection:
                await connection.execute(update(tables.lists).values(name=str(number)))
                await asyncio.sleep(0)
                await connection.execute(update(tables.install).values(key_check=str(number)))
            begun.set()
            if stop.is_set():
                break

    writing = asyncio.create_task(write())
    await begun.wait()
    made = [await make_backup(backups_of(house)) for _ in range(4)]
    stop.set()
    await writing
    seen: list[tuple[str, str]] = []
    for number, backup in enumerate(made):
        shutil.unpack_archive(backup.path, house.folder / f"unpacked{number}")
        with closing(sqlite3.connect(house.folder / f"unpacked{number}" / "brainarr.db")) as file:
            seen += file.execute("SELECT name, key_check FROM lists, install").fetchall()
    assert all(name == check for name, check in seen)
    assert len(set(seen)) > 1


async def test_a_restore_brings_back_what_was_and_keeps_what_is(house: House) -> None:
    backups = backups_of(house)
    await ran(house, [recommended(1), recommended(2)])
    made = await make_backup(backups)
    await rename(house, "changed since")
    done = await restore_backup(backups, made.path)
    assert await name_of(house) == "Brainarr AI Recommendations"
    assert not done.other_key
    assert done.before is not None
    await restore_backup(backups, done.before.path)
    assert await name_of(house) == "changed since"
    origins = [backup.manifest.origin for backup in await list_backups(backups)]
    assert sorted(origins) == [Origin.BEFORE_RESTORE, Origin.BEFORE_RESTORE, Origin.MANUAL]


async def test_what_is_accepted_before_a_restore_replaces_the_rows_is_in_the_backup_before_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make_backup(backups_of(house))
    writing: list[asyncio.Task[None]] = []

    async def while_somebody_writes(backups: Backups, origin: Origin) -> Backup:
        before = await make_backup(backups, origin)
        writing.append(asyncio.create_task(rename(house, "meanwhile")))
        await asyncio.sleep(0.1)
        assert await name_of(house) == "Brainarr AI Recommendations"
        return before

    monkeypatch.setattr(restore, "make_backup", while_somebody_writes)
    await restore_backup(backups_of(house), made.path)
    await asyncio.gather(*writing)
    # Not lost between backup and restore: it waited, and came after.
    assert await name_of(house) == "meanwhile"


async def test_what_this_month_has_cost_stays_on_the_books(house: House) -> None:
    ledger, limits = StoredLedger(house.db, house.clock, 7), Limits(run=None, month=1_000)
    house.clock.advance(days=-40)
    await ledger.record(call(1))
    house.clock.advance(days=40)
    await ledger.record(call(10))
    stale = (await ledger.reserve(500, limits)).id
    made = await make_backup(backups_of(house))
    house.clock.advance(minutes=5)
    await ledger.record(call(200), stale)
    await ledger.record(call(200))
    flying = (await ledger.reserve(100, limits)).id
    for _ in range(2):
        await restore_backup(backups_of(house), made.path)
        assert (await ledger.reserve(491, limits)).month == 510
    await ledger.record(call(90), flying)
    assert await spent(house) == 501
    # Nothing is kept aside any more, and numbers go on after those that stayed.
    last = await ledger.reserve(500, limits)
    assert (last.id is not None, last.month) == (True, 500)


async def test_while_a_restore_is_under_way_readers_see_the_old_rows_then_the_new_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make_backup(backups_of(house))
    await rename(house, "old")
    seen: list[str] = []

    async def watched(*connections: object) -> dict[str, int]:
        counts = await replace_rows(*connections)  # type: ignore[arg-type]
        seen.append(await name_of(house))
        return counts

    monkeypatch.setattr(restore, "replace_rows", watched)
    await restore_backup(backups_of(house), made.path)
    assert [*seen, await name_of(house)] == ["old", "Brainarr AI Recommendations"]


async def test_a_restore_that_fails_half_way_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make_backup(backups_of(house))
    await rename(house, "present")
    key = (house.folder / KEY_FILE).read_bytes()

    async def fails(*connections: object) -> dict[str, int]:
        await replace_rows(*connections)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore, "replace_rows", fails)
    with pytest.raises(StorageError, match="disk is full"):
        await restore_backup(backups_of(house), made.path)
    assert await name_of(house) == "present"
    assert (house.folder / KEY_FILE).read_bytes() == key
    assert not list(house.folder.glob("secret.key.*"))
    assert not list((house.folder / SHELF.place).glob(".unfinished*"))


async def test_another_installations_backup_brings_its_key_along(house: House, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    (other_folder / "config.yaml").write_text("recommend: {max_recommendations: 7}\n")
    async with installed(other_folder) as other:
        key = (await read_list(other.db, other.secrets, "default")).key
        made = await make_backup(backups_of(other))
    done = await restore_backup(backups_of(house), made.path)
    assert done.other_key
    assert done.other_configuration
    assert not (house.folder / "config.yaml").exists()
    assert (house.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    async with installed(house.folder, house.url) as again:
        assert (await read_list(again.db, again.secrets, "default")).key == key
        assert again.api_key == other.api_key


async def test_killed_between_rows_and_key_the_next_start_finishes(house: House, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    async with installed(other_folder) as other:
        made = await make_backup(backups_of(other))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "take_over", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await restore_backup(backups_of(house), made.path)
    async with installed(house.folder, house.url) as again:
        assert again.api_key == other.api_key
    assert not list(house.folder.glob("secret.key.*"))


async def test_a_backup_without_its_key_is_refused_where_the_present_one_does_not_open_it(
    house: House,
) -> None:
    (house.folder / KEY_FILE).rename(house.folder / "kept")
    made = await make_backup(backups_of(house))
    (house.folder / KEY_FILE).write_bytes(Fernet.generate_key())
    await rename(house, "present")
    with pytest.raises(StorageError, match="open with another"):
        await restore_backup(backups_of(house), made.path)
    assert await name_of(house) == "present"
    (house.folder / "kept").replace(house.folder / KEY_FILE)
    assert not (await restore_backup(backups_of(house), made.path)).other_key


async def test_an_older_backup_is_upgraded_on_the_way(empty_place: Place, on_sqlite: Place) -> None:
    async with installed(*on_sqlite) as house:
        await ran(house, [recommended(1)])
        await house.db.dispose()
        await downgrade(house.url, house.folder, "0001", now=NOW)
        made = await make_backup(backups_of(house))
    assert made.manifest.revision == "0001"
    shutil.copy(made.path, empty_place.folder / "old.zip")
    done = await restore_backup(backups_of(empty_place), empty_place.folder / "old.zip")
    assert (done.before is None) == (empty_place.url != URL)
    async with installed(*empty_place) as house, house.db.reading() as connection:
        found = (await connection.execute(select(tables.recommendations.c.sources))).scalars().all()
    assert found == [("listenbrainz",)]


async def test_a_run_that_was_under_way_is_closed(house: House) -> None:
    asked = await request_run(house.db, "default", clock=house.clock)
    async with house.db.transaction() as connection:
        await run_rows.claim(connection, asked.id, HERE, NOW)
    made = await make_backup(backups_of(house))
    await restore_backup(backups_of(house), made.path)
    run = (await read_run(house.db, asked.id)).run
    assert (run.status, run.remedy) == (RunStatus.FAILED, "Start the run again.")
    assert (await request_run(house.db, "default", clock=house.clock)).created


@sqlite_only
async def test_scheduled_backups_go_in_time_and_a_persons_own_stay(house: House) -> None:
    clock = StandingClock()
    backups = Backups(house.url, house.folder, Shelf(Path("elsewhere"), 2), clock)
    for _ in range(4):
        await make_backup(backups)
        await make_backup(backups, Origin.SCHEDULED)
        clock.advance(days=7)
    found = await list_backups(backups)
    assert {backup.path.parent for backup in found} == {house.folder / "elsewhere"}
    scheduled = [one.manifest.made_at for one in found if one.manifest.origin is Origin.SCHEDULED]
    assert scheduled == [NOW + timedelta(days=21), NOW + timedelta(days=14)]
    assert len(found) == 6


@sqlite_only
async def test_a_file_that_is_there_is_never_overwritten(house: House) -> None:
    file = house.folder / "mine.zip"
    assert (await make_backup(backups_of(house), file=file)).path == file
    before = file.read_bytes()
    with pytest.raises(StorageError, match="there already"):
        await make_backup(backups_of(house), file=file)
    assert file.read_bytes() == before


@sqlite_only
async def test_a_backup_is_deleted_by_its_name_and_nothing_else_is(house: House) -> None:
    backups = backups_of(house)
    made = await make_backup(backups)
    for name in ("../brainarr.db", "nothing.zip", "brainarr.db"):
        with pytest.raises(NotFound):
            await delete_backup(backups, name)
    assert (await read_backup(backups, made.name)) == made
    await delete_backup(backups, made.name)
    assert await list_backups(backups) == []


@sqlite_only
async def test_files_that_go_while_somebody_looks_are_not_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ends its own backup, prunes or deletes between one look and the next."""
    backups = backups_of(house)
    gone = await make_backup(backups)
    (backups.place / ".unfinished-1-00").mkdir()
    look = Path.stat

    def too_late(path: Path, **options: bool) -> os.stat_result:
        found = look(path, **options)
        if path.name == gone.name and not options:
            path.unlink()
        if path.name == ".unfinished-1-00":
            path.rmdir()
            return look(path, **options)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", too_late)
        with pytest.raises(NotFound):
            await read_backup(backups, gone.name)
        made = await make_backup(backups, Origin.SCHEDULED)
        assert await list_backups(backups) == [made]


async def test_of_a_database_that_was_never_started_there_is_nothing_to_back_up(empty_place: Place) -> None:
    if empty_place.url == URL:
        sqlite3.connect(empty_place.folder / "brainarr.db").close()
    with pytest.raises(StorageError, match="empty"):
        await make_backup(backups_of(empty_place))
    assert await list_backups(backups_of(empty_place)) == []


async def test_everything_moves_to_postgresql_and_back(on_sqlite: Place, empty_postgres: Place) -> None:
    async with installed(*on_sqlite) as house:
        await ran(house, [recommended(number) for number in range(1, 30)])
    before = await stored(on_sqlite)
    moved = await move_database(backups_of(on_sqlite), empty_postgres.url)
    assert "***" in moved.address
    assert "postgres-pass" not in moved.address
    there = Place(on_sqlite.folder, empty_postgres.url)
    assert await stored(there) == before
    async with installed(*there) as house:
        detail = await ran(house, [recommended(100)])
        assert detail.recommendations[0].status is Status.PENDING
    before = await stored(there)
    await move_database(backups_of(there), "sqlite:///back.db")
    assert await stored(Place(on_sqlite.folder, "sqlite:///back.db")) == before
    assert (on_sqlite.folder / "back.db").stat().st_mode & 0o777 == 0o600


async def test_a_database_that_is_not_empty_is_no_target(on_sqlite: Place, empty_postgres: Place) -> None:
    db = open_database(empty_postgres.url)
    async with db.transaction() as connection:
        await connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    await db.dispose()
    with pytest.raises(Conflict, match="theirs") as caught:
        await move_database(backups_of(on_sqlite), empty_postgres.url)
    assert "postgres-pass" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="another database"):
        await move_database(backups_of(on_sqlite), on_sqlite.url)


async def test_a_move_that_fails_leaves_an_empty_target(
    on_sqlite: Place, empty_postgres: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainarr.service import move

    async def fails(*connections: object) -> dict[str, int]:
        await replace_rows(*connections)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(move, "replace_rows", fails)
    with pytest.raises(StorageError):
        await move_database(backups_of(on_sqlite), empty_postgres.url)
    monkeypatch.undo()
    assert (await move_database(backups_of(on_sqlite), empty_postgres.url)).rows["lists"] == 1


async def test_what_sqlite_never_minded_fits_into_postgresql(on_sqlite: Place, empty_postgres: Place) -> None:
    """Rows of a time when text was stored as it came."""
    with closing(sqlite3.connect(on_sqlite.folder / "brainarr.db")) as file:
        file.execute("UPDATE lists SET name = ?", ("n" * 300 + "\0",))
        file.commit()
    await move_database(backups_of(on_sqlite), empty_postgres.url)
    (row,) = (await stored(Place(on_sqlite.folder, empty_postgres.url)))["lists"]
    assert row["name"].startswith("nnnn")
    assert len(row["name"]) == 200


async def test_the_copier_refuses_when_rows_are_missing(
    on_sqlite: Place, empty_sqlite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_database("sqlite:///target.db", empty_sqlite.folder)
    async with installed(*on_sqlite) as house:
        with pytest.raises(StorageError, match="Not all rows"):
            async with house.db.reading() as old, other.transaction() as new:
                await migrate(new, "head")
                await new.execute(
                    text("CREATE TRIGGER lose AFTER INSERT ON lists BEGIN DELETE FROM lists; END")
                )
                await replace_rows(old, new)
    await other.dispose()
